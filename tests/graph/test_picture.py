"""The picture of a graph says what the graph says: roles, causal and open paths, times."""

from __future__ import annotations

import subprocess
import sys

import matplotlib
import networkx as nx
import numpy as np
import pytest
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.colors import to_hex
from matplotlib.figure import Figure
from matplotlib.patches import FancyBboxPatch

from causalif.errors import DataError, NotIdentified
from causalif.graph.picture import plot_dag
from causalif.report import canvas

matplotlib.use("Agg")

MEDIATION = "A -> M -> Y; A -> Y; W -> {A M Y}"
M_BIAS = "U1 -> {A L}; U2 -> {L Y}; A -> Y"


def new_axes() -> Axes:
    return FigureCanvasAgg(Figure(figsize=(8, 6))).figure.subplots()


def draw(dag, *args, **options) -> Axes:
    return plot_dag(dag, *args, ax=new_axes(), **options)


def boxes(ax: Axes) -> dict[str, FancyBboxPatch]:
    """Name to box; a name is the text in it, in one line."""
    patches = {p.get_gid(): p for p in ax.patches if isinstance(p, FancyBboxPatch)}
    texts = [t for t in ax.texts if str(t.get_gid()).startswith("label-")]
    names = {t.get_text().replace("\n", " "): t.get_gid() for t in texts}
    return {name: patches[gid.replace("label", "node")] for name, gid in names.items()}


def middle(ax: Axes, name: str) -> tuple[float, float]:
    box = boxes(ax)[name]
    return box.get_x() + box.get_width() / 2, box.get_y() + box.get_height() / 2


def fill(ax: Axes, name: str) -> str:
    return to_hex(boxes(ax)[name].get_facecolor()).upper()


def arrows(ax: Axes, colour: str) -> set[tuple[str, str]]:
    """The arrows of a colour, each by the boxes that its two ends are nearest to."""
    at = {name: np.array(middle(ax, name)) for name in boxes(ax)}
    found = set()
    for line in ax.lines:
        if to_hex(line.get_color()).upper() == colour.upper():
            ends = line.get_xydata()[[0, -1]]
            near = [min(at, key=lambda name: np.hypot(*(at[name] - end))) for end in ends]
            found.add((near[0], near[1]))
    return found


def caption(ax: Axes) -> str:
    return " ".join(" ".join(t.get_text().split()) for t in ax.texts if t.get_gid() == "caption")


# ---------------------------------------------------------------- roles


def test_roles_are_coloured_and_explained():
    ax = draw(MEDIATION, "A", "Y", covariates="W")
    assert fill(ax, "A") == canvas.BLUE
    assert fill(ax, "Y") == canvas.INK
    assert len({fill(ax, name) for name in "AMYW"}) == 4
    words = [t.get_text() for t in ax.get_legend().get_texts()]
    assert words == ["exposure", "outcome", "mediator", "adjusted for", "causal path"]


def test_roles_come_from_the_marks_of_the_graph():
    dag = nx.DiGraph([("W", "A"), ("W", "Y"), ("A", "Y"), ("U", "W")])
    dag.nodes["A"]["role"] = "exposure"
    dag.nodes["Y"]["role"] = "outcome"
    dag.nodes["W"]["role"] = "adjusted"
    dag.nodes["U"]["latent"] = True
    ax = draw(dag)
    assert (fill(ax, "A"), fill(ax, "Y")) == (canvas.BLUE, canvas.INK)
    assert caption(ax) == "adjusting for {W} leaves no non-causal path open"
    assert boxes(ax)["U"].get_linestyle() != "-"
    assert boxes(ax)["W"].get_linestyle() in ("-", "solid")
    assert caption(draw(dag, covariates=())) == "open: A <- W -> Y"


def test_latent_is_added_to_what_is_marked():
    ax = draw(MEDIATION, "A", "Y", latent="W")
    assert boxes(ax)["W"].get_linestyle() not in ("-", "solid")
    assert "Not measured: W." in ax.get_label()


def test_mediators_can_be_named():
    dag = "A -> M1 -> M2 -> Y"
    assert fill(draw(dag, "A", "Y"), "M2") == fill(draw(dag, "A", "Y"), "M1") != "#FFFFFF"
    ax = draw(dag, "A", "Y", mediators="M1")
    assert fill(ax, "M2") == "#FFFFFF" != fill(ax, "M1")


def test_without_a_question_there_is_just_the_graph():
    ax = draw("A -> B -> C; A -> C")
    assert caption(ax) == ""
    assert ax.get_legend() is None
    assert arrows(ax, canvas.GREY) == {("A", "B"), ("B", "C"), ("A", "C")}


# ---------------------------------------------------------------- paths


def test_causal_arrows_are_heavy_and_the_others_are_not():
    ax = draw("Z -> A -> M -> Y; A -> Y; W -> {A Y}; Y -> C; M -> D", "A", "Y", covariates="W")
    assert arrows(ax, canvas.INK) == {("A", "M"), ("M", "Y"), ("A", "Y")}
    widths = {to_hex(line.get_color()): line.get_linewidth() for line in ax.lines}
    assert widths[canvas.INK] > widths[canvas.GREY.lower()]


@pytest.mark.parametrize(
    ("dag", "covariates", "words", "path"),
    [
        (MEDIATION, (), "open: A <- W -> Y", {("W", "A"), ("W", "Y")}),
        (MEDIATION, "W", "adjusting for {W} leaves no non-causal path open", set()),
        (M_BIAS, (), "no non-causal path is open", set()),
        (
            M_BIAS,
            "L",
            "open: A <- U1 -> L <- U2 -> Y, adjusting for {L}",
            {("U1", "A"), ("U1", "L"), ("U2", "L"), ("U2", "Y")},
        ),
        (
            "A -> Y; A -> C; Y -> C",
            "C",
            "open: A -> C <- Y, adjusting for {C}; {C} lies on a causal path or is changed by one",
            {("A", "C"), ("Y", "C")},
        ),
        ("A -> Y; A <-> Y", (), "open: A <-> Y", {("A", "Y")}),
    ],
)
def test_a_non_causal_path_that_stays_open_is_shown_and_named(dag, covariates, words, path):
    ax = draw(dag, "A", "Y", covariates=covariates)
    assert caption(ax) == words
    assert arrows(ax, canvas.VERMILLION) == path


def test_open_paths_are_looked_for_only_if_asked():
    ax = draw(MEDIATION, "A", "Y", open_paths=False)
    assert caption(ax) == ""
    assert arrows(ax, canvas.VERMILLION) == set()


def test_the_optimal_set_is_asked_for():
    ax = draw("W1 -> A; W1 -> W2 -> Y; A -> Y", "A", "Y", covariates="optimal")
    assert caption(ax) == "adjusting for {W2} leaves no non-causal path open"  # parents of Y
    with pytest.raises(NotIdentified):
        draw("U -> {A Y}; A -> Y", "A", "Y", covariates="optimal", latent="U")
    with pytest.raises(DataError, match="needs an exposure"):
        draw("A -> Y", covariates="optimal")


def test_two_headed_arrows_are_lines_not_boxes():
    ax = draw("A -> Y; A <-> Y; B <-> A", "A", "Y")
    assert sorted(boxes(ax)) == ["A", "B", "Y"]
    dashed = [line for line in ax.lines if line.is_dashed()]
    assert len(dashed) == 2
    assert "A <-> Y" in ax.get_label()
    assert "common cause not measured" in [t.get_text() for t in ax.get_legend().get_texts()]


# ---------------------------------------------------------------- places


def test_exposure_mediator_and_outcome_stand_level_confounders_above_colliders_below():
    ax = draw("Z -> A -> M -> Y; A -> Y; W -> {A Y}; V -> {M Y}; {A Y} -> C", "A", "Y")
    x, y = ({name: middle(ax, name)[k] for name in "ZAMYWVC"} for k in (0, 1))
    assert x["W"] < x["A"] < x["M"] < x["Y"] < x["C"]
    assert [y[name] for name in "ZMY"] == pytest.approx([y["A"]] * 3, abs=1e-6)
    assert min(y["W"], y["V"]) > y["A"] > y["C"]


def test_tiers_set_the_times():
    dag = "A -> B; C -> D; B -> D"
    ax = draw(dag, tiers=[["A"], ["B"], ["C"], ["D"]])
    x = [middle(ax, name)[0] for name in "ABCD"]
    assert x == sorted(x)
    assert len(set(x)) == 4
    named = draw(dag, tiers={"A": 0, "C": 0, "B": 2.5, "D": 9})
    assert middle(named, "A")[0] == middle(named, "C")[0] < middle(named, "B")[0]


@pytest.mark.parametrize(
    ("tiers", "message"),
    [
        ([["A"], ["Y"]], r"no time for \{M\}"),
        ([["A"], ["Y"], ["M"]], "M later than Y, but the graph has M -> Y"),
        ([["A"], ["M"], ["Y", "X"]], "'X' is not in the graph"),
        ({"A": 0, "M": 1, "Y": "late"}, "'late', which is no number"),
    ],
)
def test_tiers_must_name_all_nodes_and_no_arrow_may_go_back(tiers, message):
    with pytest.raises(DataError, match=message):
        draw("A -> M -> Y", tiers=tiers)


def test_places_of_the_graph_are_used_with_y_downward():
    dag = nx.DiGraph([("W", "A"), ("W", "Y"), ("A", "Y")])
    for node, place in {"W": (1, 0), "A": (0, 1), "Y": (2, 1)}.items():
        dag.nodes[node]["pos"] = place
    ax = draw(dag)
    assert middle(ax, "W")[1] > middle(ax, "A")[1] == middle(ax, "Y")[1]
    assert middle(ax, "A")[0] < middle(ax, "W")[0] < middle(ax, "Y")[0]
    del dag.nodes["W"]["pos"]  # not all: none is used
    other = draw(dag)
    assert middle(other, "W")[0] < middle(other, "A")[0]


# ---------------------------------------------------------------- names and figures


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"exposure": "B", "outcome": "Y"}, "exposure 'B' is not in the graph"),
        ({"exposure": "A", "outcome": "A"}, "'A' is both exposure and outcome"),
        ({"exposure": "A", "outcome": "Y", "covariates": "A"}, "covariate 'A' is the exposure"),
        ({"mediators": "N"}, "mediator 'N' is not in the graph"),
        ({"latent": ["V"]}, "latent 'V' is not in the graph"),
    ],
)
def test_names_are_checked(options, message):
    with pytest.raises(DataError, match=message):
        draw(MEDIATION, **options)


def test_the_graph_is_not_changed_and_nodes_may_be_anything():
    dag = nx.DiGraph([(1, (2, "b")), ((2, "b"), "y")])
    before = dict(dag.nodes(data=True)), list(dag.edges(data=True))
    ax = draw(dag, 1, "y")
    assert sorted(boxes(ax)) == ["(2, 'b')", "1", "y"]
    assert (dict(dag.nodes(data=True)), list(dag.edges(data=True))) == before


def test_a_figure_of_its_own_is_as_large_as_the_graph_asks_for():
    from matplotlib import pyplot

    small = plot_dag("A -> Y", "A", "Y", title="two nodes")
    chain = plot_dag(" -> ".join(f"node{k}" for k in range(12)))
    try:
        widths = [ax.figure.get_size_inches()[0] for ax in (small, chain)]
        assert widths[0] < 5 < 9 < widths[1]
        assert small.get_title(loc="left") == "two nodes"
        for ax in (small, chain):
            ax.figure.canvas.draw()
            sizes = {t.get_fontsize() for t in ax.texts if str(t.get_gid()).startswith("label")}
            assert 7 < min(sizes) <= max(sizes) < 12
    finally:
        pyplot.close(small.figure)
        pyplot.close(chain.figure)


SCRIPT = """
from causalif.graph.picture import plot_dag
from matplotlib.figure import Figure
ax = plot_dag("{sex age bmi} -> {A M1 M2 Y}; A -> {M1 M2} -> Y; A -> Y; sex <-> Y; {A Y} -> C",
    "A", "Y", covariates=["sex", "age"], ax=Figure().subplots())
print([line.get_xydata().tolist() for line in ax.lines], [t.get_text() for t in ax.texts])
"""


def test_the_picture_is_the_same_in_every_process():
    runs = [
        subprocess.run(
            [sys.executable, "-c", SCRIPT],
            env={"PYTHONHASHSEED": seed, "MPLBACKEND": "Agg"},
            capture_output=True,
            text=True,
            check=True,
        ).stdout
        for seed in ("1", "2")
    ]
    assert runs[0] == runs[1] != ""

"""Plots draw the frame's numbers, name their axes and keep their texts inside the figure."""

from __future__ import annotations

from itertools import pairwise

import matplotlib
import numpy as np
import pandas as pd
import pytest
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.patches import StepPatch
from matplotlib.text import Text

from causalif.errors import DataError
from causalif.report import canvas, plots

matplotlib.use("Agg")


@pytest.fixture
def ax() -> Axes:
    return new_axes()


def new_axes() -> Axes:
    figure = Figure(figsize=(6, 4), layout="constrained")
    FigureCanvasAgg(figure)
    return figure.subplots()


def tidy(terms: list[str], estimates, errors) -> pd.DataFrame:
    estimates, errors = np.asarray(estimates, float), np.asarray(errors, float)
    ends = {"conf_low": estimates - 2 * errors, "conf_high": estimates + 2 * errors}
    return pd.DataFrame({"term": terms, "estimate": estimates, "std_error": errors, **ends})


def find(ax: Axes, gid: str):
    (artist,) = [a for a in ax.get_children() if a.get_gid() == gid]
    return artist


def texts_of(ax: Axes) -> list[str]:
    return [t.get_text() for t in ax.texts]


def labels_of(ax: Axes) -> list[str]:
    return [t.get_text() for t in ax.get_yticklabels()]


NATURAL = tidy(["TE", "NDE", "NIE", "PM"], [-0.056, -0.04, -0.016, 28.6], [0.04, 0.04, 0.01, 310])
LOSSES = pd.DataFrame(
    {
        "nuisance": ["P(A | W)"] * 2 + ["E[Y | A, W]"] * 2,
        "learner": ["linear", "boosting"] * 2,
        "loss": [0.8, 0.9, 0.7, 1.1],
        "weight": [0.75, 0.25, 1.0, 0.0],
    }
)
BALANCE = pd.DataFrame(
    {"unadjusted": [0.05, -0.4, 0.3], "weighted": [0.01, 0.02, -0.2]}, index=["age", "sex", "educ"]
)
TWO = pd.DataFrame({"no": [0.1, 0.6, 0.995, 0.3], "yes": [0.9, 0.4, 0.005, 0.7]})
HAD = pd.Series(["yes", "no", "no", "yes"], name="treat")
INFLUENCE = pd.DataFrame(
    {"NDE": [3.0, -9.0, 0.0, 6.0], "NIE": [1.0, 1.0, -1.0, -1.0]}, list("abcd")
)

DRAWN = {
    "forest": lambda ax: plots.forest(NATURAL, ax=ax),
    "forest of ratios": lambda ax: plots.forest(tidy(["RR"], [1.4], [0.1]), null=1, ax=ax),
    "overlap": lambda ax: plots.overlap(TWO, HAD, floor=0.01, ax=ax),
    "overlap of three": lambda ax: plots.overlap(
        TWO.assign(maybe=0.2), HAD.replace({"no": "maybe"}), floor=0.01, ax=ax
    ),
    "balance": lambda ax: plots.balance(BALANCE, ax=ax),
    "influence": lambda ax: plots.influence(INFLUENCE, ax=ax),
    "learners": lambda ax: plots.learners(LOSSES, ax=ax),
}


@pytest.mark.parametrize("draw", DRAWN.values(), ids=DRAWN.keys())
def test_each_plot_returns_its_axes_with_both_named(draw, ax):
    assert draw(ax) is ax
    assert len(ax.get_xlabel()) > 5
    assert len(ax.get_ylabel()) > 3
    ax.figure.canvas.draw()


@pytest.mark.parametrize("draw", DRAWN.values(), ids=DRAWN.keys())
def test_every_text_lies_inside_the_figure(draw, ax):
    draw(ax)
    assert_inside(ax)


def assert_inside(ax: Axes) -> None:
    ax.figure.canvas.draw()
    renderer = ax.figure.canvas.get_renderer()
    page = ax.figure.bbox
    low, high = sorted(ax.get_ylim())
    rows = [t for t in ax.get_yticklabels() if low <= t.get_position()[1] <= high]
    texts = [*ax.texts, *rows, ax.title, ax.xaxis.label, ax.yaxis.label]
    for text in (t for t in texts if t.get_text()):
        box = text.get_window_extent(renderer)
        assert box.x0 >= page.x0 - 1, text.get_text()
        assert box.x1 <= page.x1 + 1, text.get_text()
        assert box.y0 >= page.y0 - 1, text.get_text()
        assert box.y1 <= page.y1 + 1, text.get_text()


@pytest.mark.parametrize("draw", DRAWN.values(), ids=DRAWN.keys())
def test_new_axes_are_made_and_nothing_is_shown(draw, monkeypatch):
    from matplotlib import pyplot

    monkeypatch.setattr(pyplot, "show", lambda *_, **__: pytest.fail("a plot called show()"))
    ax = draw(None)
    assert ax.figure.get_size_inches()[0] == 6
    pyplot.close(ax.figure)


# ---------------------------------------------------------------- forest


def test_forest_draws_the_numbers_of_the_frame_and_writes_them(ax):
    plots.forest(NATURAL, ax=ax)
    assert find(ax, "estimates").get_xdata().tolist() == [-0.056, -0.04, -0.016]
    segments = find(ax, "intervals").get_segments()
    assert [s[:, 0].tolist() for s in segments] == NATURAL.iloc[:3, 3:].to_numpy().tolist()
    assert texts_of(ax)[0] == "−0.056 (−0.136, 0.024)"


def test_forest_writes_a_share_apart_and_keeps_it_off_the_axis(ax):
    plots.forest(NATURAL.iloc[[3, 0, 1, 2]], ax=ax)
    assert labels_of(ax) == ["TE", "NDE", "NIE", "PM"]
    assert max(map(abs, ax.get_xlim())) < 1
    assert "29 (−591, 649)" in texts_of(ax)
    plots.forest(NATURAL, apart=(), ax=(wide := new_axes()))
    assert max(wide.get_xlim()) > 600


def test_infinite_ends_are_arrows_at_the_frame(ax):
    table = tidy(["a", "b"], [1.0, 2.0], [0.5, 0.5])
    table.loc[0, "conf_high"], table.loc[1, "conf_low"] = np.inf, -np.inf
    plots.forest(table, ax=ax)
    left, right = ax.get_xlim()
    assert np.isfinite([left, right]).all()
    assert find(ax, "endless-high").get_xydata().tolist() == [[right, 0]]
    assert find(ax, "endless-low").get_xydata().tolist() == [[left, 1]]
    first, second = find(ax, "intervals").get_segments()
    assert first[1, 0] == right
    assert second[0, 0] == left
    assert "1.00 (0.00, ∞)" in texts_of(ax)


def test_a_term_without_estimate_is_said_and_not_drawn(ax):
    table = tidy(["a", "b"], [np.nan, 2.0], [np.nan, 0.5])
    plots.forest(table, ax=ax)
    assert find(ax, "estimates").get_xydata().tolist() == [[2.0, 1]]
    assert {"n/a (n/a, n/a)", "not finite: not drawn"} <= set(texts_of(ax))
    ax.figure.canvas.draw()


def test_ratios_get_a_log_axis_with_readable_ticks_and_negative_numbers_do_not(ax):
    plots.forest(tidy(["RR"], [1.4], [0.1]), null=1, ax=ax)
    assert ax.get_xscale() == "log"
    ticks = [t for t in ax.get_xticks() if ax.get_xlim()[0] <= t <= ax.get_xlim()[1]]
    assert 1.0 in ticks
    assert len(ticks) >= 3
    other = plots.forest(tidy(["x"], [0.1], [0.1]), null=1, ax=new_axes())
    assert other.get_xscale() == "linear"


@pytest.mark.parametrize("spread", [1.01, 3.0, 50.0, 1e4, 1e12])
def test_ratio_axes_of_any_width_have_two_to_twelve_ticks(spread):
    from causalif.report.forest import _ratio_ticks

    assert 2 <= len(_ratio_ticks(0.9, 0.9 * spread)) <= 12


def test_one_term_and_twelve_terms_with_long_names_fit_six_by_four(ax):
    names = [f"through a_rather_long_mediator_name[and its level {k}] $x_{k}$" for k in range(12)]
    table = tidy(names, np.linspace(-1, 1, 12), np.full(12, 0.3))
    plots.forest(table.assign(words="a path-specific effect"), title="Twelve", ax=ax)
    assert_inside(ax)
    assert ax.get_window_extent().width > 0.2 * ax.figure.bbox.width
    boxes = [label.get_window_extent() for label in ax.get_yticklabels()]
    assert all(lower.y1 <= upper.y0 + 0.5 for upper, lower in pairwise(boxes))
    assert all("…" in label for label in labels_of(ax))
    assert len(set(labels_of(ax))) == 12
    one = plots.forest(table.head(1), ax=new_axes())
    assert_inside(one)


def test_words_stand_under_their_terms(ax):
    table = NATURAL.assign(words=["total effect", "natural direct effect", None, "PM"])
    plots.forest(table, ax=ax)
    assert labels_of(ax) == ["TE\ntotal effect", "NDE\nnatural direct effect", "NIE", "PM"]


def test_a_table_without_its_columns_or_rows_is_named():
    with pytest.raises(DataError, match=r"forest: no column 'conf_low'.*Did you mean 'confl_ow'"):
        plots.forest(NATURAL.rename(columns={"conf_low": "confl_ow"}))
    with pytest.raises(DataError, match="no rows"):
        plots.forest(NATURAL.head(0))


# ---------------------------------------------------------------- overlap


def heights(ax: Axes, half: str) -> np.ndarray:
    patch = find(ax, half)
    assert isinstance(patch, StepPatch)
    counts, *_ = patch.get_data()
    return counts


def test_overlap_mirrors_the_two_groups_each_in_percent(ax):
    plots.overlap(TWO, HAD, floor=0.01, ax=ax)
    edges = np.linspace(0, 1, 41)
    above, below = heights(ax, "above-0"), heights(ax, "below-0")
    assert above.sum() == pytest.approx(100)
    assert below.sum() == pytest.approx(-100)
    assert above[np.digitize(0.9, edges) - 1] == pytest.approx(50)
    assert below[np.digitize(0.005, edges) - 1] == pytest.approx(-50)
    assert ax.get_xlabel() == "P(treat = yes | covariates), a probability"


def test_overlap_says_which_share_lies_below_the_floor(ax):
    plots.overlap(TWO, HAD, floor=0.01, ax=ax)
    legend = [t.get_text() for t in ax.get_legend().get_texts()]
    assert "treat = yes (2 rows)" in legend
    assert "P(treat = yes) < 0.01: 25.0% of rows" in legend
    assert "P(treat = no) < 0.01: 0.0% of rows" in legend
    at = [line.get_xdata()[0] for line in ax.lines if "<" in str(line.get_label())]
    assert at == [0.01, 0.99]


def test_a_rare_exposure_fills_the_axis(ax):
    rng = np.random.default_rng(1)
    p = rng.uniform(0, 0.04, 500)
    had = pd.Series((rng.random(500) < p).astype(int))
    plots.overlap(pd.DataFrame({0: 1 - p, 1: p}), had, floor=0.01, ax=ax)
    assert 0.04 <= ax.get_xlim()[1] < 0.05
    assert (heights(ax, "below-0") < 0).sum() > 20


def test_more_levels_get_a_row_each_with_the_share_below_the_floor(ax):
    p = pd.DataFrame({"a": [0.02, 0.5, 0.3], "b": [0.48, 0.2, 0.4], "c": [0.5, 0.3, 0.3]})
    plots.overlap(p, pd.Series(["a", "b", "c"], name="dose"), floor=0.05, ax=ax)
    assert labels_of(ax) == ["a", "b", "c"]
    shares = ["33.3% of rows", "0.0% of rows", "0.0% of rows"]
    assert [t for t in texts_of(ax) if "%" in t] == shares
    first_bin = heights(ax, "above-0")[0]
    assert first_bin == pytest.approx(-0.44)  # row "a" is the only one that had a, P = 0.02
    assert heights(ax, "below-1").max() == pytest.approx(1.44)


def test_overlap_wants_matching_rows_and_known_levels():
    with pytest.raises(DataError, match="different row labels"):
        plots.overlap(TWO, HAD.iloc[::-1])
    with pytest.raises(DataError, match=r"level 'yess' has no column.*Did you mean 'yes'"):
        plots.overlap(TWO, HAD.replace({"yes": "yess"}))
    with pytest.raises(DataError, match="one column per exposure level"):
        plots.overlap(TWO[["yes"]], HAD)


# ---------------------------------------------------------------- balance, influence, learners


def test_balance_sorts_by_the_first_column_and_counts_beyond_the_threshold(ax):
    plots.balance(BALANCE, threshold=0.1, ax=ax)
    assert labels_of(ax) == ["sex", "educ", "age"]
    assert find(ax, "column-0").get_xdata().tolist() == [0.4, 0.3, 0.05]
    assert find(ax, "column-1").get_xdata().tolist() == [0.02, 0.2, 0.01]
    legend = [t.get_text() for t in ax.get_legend().get_texts()]
    assert legend == ["unadjusted (2 of 3 above 0.1)", "weighted (1 of 3 above 0.1)"]


def test_series_differ_in_marker_as_well_as_colour(ax):
    plots.balance(BALANCE.assign(matched=0.1, trimmed=0.2), ax=ax)
    looks = [find(ax, f"column-{k}") for k in range(4)]
    assert len({line.get_marker() for line in looks}) == 4
    assert len({line.get_markeredgecolor() for line in looks}) == 4


def test_differences_that_are_unknown_keep_their_row(ax):
    plots.balance(BALANCE.assign(weighted=np.nan), ax=ax)
    assert labels_of(ax) == ["sex", "educ", "age"]
    none = plots.balance(BALANCE * np.nan, ax=new_axes())
    assert labels_of(none) == ["age", "sex", "educ"]
    none.figure.canvas.draw()


def test_influence_is_sorted_divided_by_n_and_named(ax):
    plots.influence(INFLUENCE, label_rows=2, ax=ax)
    assert find(ax, "pull").get_xydata().tolist() == [[1, -2.25], [2, 0], [3, 0.75], [4, 1.5]]
    assert sorted(texts_of(ax)) == ["row b", "row d"]
    # 81 of 9 + 81 + 0 + 36
    assert ax.get_title(loc="left").startswith("The most extreme row carries 64%")
    assert "NDE" in ax.get_ylabel()


def test_influence_of_a_thousand_rows_counts_the_top_ten(ax):
    values = pd.DataFrame({"x": np.r_[np.full(10, 10.0), np.full(990, -1.0)]})
    plots.influence(values, ax=ax)
    # 10 * 100 of 10 * 100 + 990
    assert ax.get_title(loc="left").startswith("The most extreme 10 rows carry 50%")


def test_names_of_extreme_rows_do_not_cover_one_another(ax):
    values = pd.DataFrame({"x": np.r_[np.zeros(95), [9.0, 9.01, 9.02, 9.03, 9.04]]})
    plots.influence(values, label_rows=5, ax=ax)
    ax.figure.canvas.draw()
    boxes = sorted((Text.get_window_extent(t) for t in ax.texts), key=lambda box: box.y0)
    assert len(boxes) == 5
    assert all(low.y1 <= high.y0 + 0.5 for low, high in pairwise(boxes))


def test_influence_draws_the_term_that_was_asked_for(ax):
    plots.influence(INFLUENCE, term="NIE", ax=ax)
    assert find(ax, "pull").get_ydata().tolist() == [-0.25, -0.25, 0.25, 0.25]
    with pytest.raises(DataError, match=r"no term 'NEI'.*Did you mean 'NIE'"):
        plots.influence(INFLUENCE, term="NEI")


def test_no_influence_at_all_is_drawn_without_complaint(ax):
    plots.influence(INFLUENCE * 0, ax=ax)
    ax.figure.canvas.draw()
    assert "0%" in ax.get_title(loc="left")


def test_learners_stand_under_their_nuisance_with_their_weight(ax):
    plots.learners(LOSSES, ax=ax)
    names = ["P(A | W)", "linear", "boosting", "E[Y | A, W]", "linear", "boosting"]
    assert labels_of(ax) == names
    assert find(ax, "in-the-stack").get_xydata().tolist() == [[0.8, 1], [0.9, 2], [0.7, 4]]
    assert find(ax, "weight-0").get_xydata().tolist() == [[1.1, 5]]
    assert texts_of(ax)[:6] == ["", "0.75", "0.25", "", "1.00", "0.00"]


def test_a_learner_that_diverged_is_an_arrow_and_leaves_the_scale_alone(ax):
    plots.learners(LOSSES.assign(loss=[0.8, 1e9, np.inf, 1.1]), ax=ax)
    assert ax.get_xlim()[1] == 2.0
    assert find(ax, "far").get_xydata().tolist() == [[2.0, 2], [2.0, 4]]
    assert "∞" in texts_of(ax)


def test_folds_of_one_learner_share_a_line(ax):
    plots.learners(pd.concat([LOSSES, LOSSES.assign(loss=LOSSES["loss"] + 0.05)]), ax=ax)
    assert len(labels_of(ax)) == 6
    assert find(ax, "weight-0").get_xydata().tolist() == [[1.1, 5], [pytest.approx(1.15), 5]]


# ---------------------------------------------------------------- words


def test_dollars_and_leading_underscores_are_drawn_as_they_stand(ax):
    table = BALANCE.rename(columns={"weighted": "_w"}, index={"sex": "income[$1k-$2k]"})
    plots.balance(table, ax=ax)
    ax.figure.canvas.draw()
    assert len(ax.get_legend().get_texts()) == 2
    assert labels_of(ax)[0] == r"income[\$1k-\$2k]"


@pytest.mark.parametrize(
    ("value", "places", "text"),
    [
        (-0.0004, 3, "0.000"),
        (1234.5, 0, "1234"),
        (3e9, 1, "3e+09"),
        (-1.25, 2, "−1.25"),
    ],
)
def test_numbers_are_written_for_readers(value, places, text):
    assert canvas.number(value, places) == text

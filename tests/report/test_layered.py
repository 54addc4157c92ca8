"""Layers: what is drawn is measured, box by box and arrow by arrow."""

from __future__ import annotations

import itertools
import re

import matplotlib
import networkx as nx
import numpy as np
import pandas as pd
import pytest
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.patches import FancyBboxPatch, Polygon
from matplotlib.text import Text

from causalif.errors import DataError
from causalif.report import legend, lettering, network
from causalif.report.layout import columns, ordering, routes
from causalif.report.layout.layered import layered

matplotlib.use("Agg")


def new_axes(width: float = 8, height: float = 6) -> Axes:
    return FigureCanvasAgg(Figure(figsize=(width, height))).figure.subplots()


def random_dag(n: int, m: int, seed: int) -> np.ndarray:
    """Arrows along a random order of the nodes, each pair as likely."""
    rng = np.random.default_rng(seed)
    order = rng.permutation(n)
    pairs = np.array(list(itertools.combinations(range(n), 2)))
    return order[pairs[rng.choice(len(pairs), size=m, replace=False)]]


def frames(n: int, pairs: np.ndarray, **given) -> tuple[pd.DataFrame, pd.DataFrame]:
    nodes = pd.DataFrame({"label": [f"V{k}" for k in range(n)], "role": "", "latent": False})
    nodes["adjusted"] = False
    arrows = pd.DataFrame(np.reshape(pairs, (-1, 2)), columns=["tail", "head"])
    return nodes.assign(**given), arrows.assign(kind="plain", two_headed=False)


def boxes_of(ax: Axes) -> dict[int, np.ndarray]:
    """Row number of a node to (left, bottom, right, top)."""
    found = {}
    for patch in (p for p in ax.patches if isinstance(p, FancyBboxPatch)):
        if str(patch.get_gid()).startswith("node-"):
            x, y = patch.get_x(), patch.get_y()
            corners = x, y, x + patch.get_width(), y + patch.get_height()
            found[int(patch.get_gid()[5:])] = np.array(corners)
    return found


def centre(box: np.ndarray) -> np.ndarray:
    return (box[:2] + box[2:]) / 2


def lines_of(ax: Axes) -> dict[int, np.ndarray]:
    """Number of an arrow to the points of its line, from tail to the tip of its head."""
    tips, found = tips_of(ax), {}
    for line in ax.lines:
        k = int(line.get_gid().removeprefix("arrow-"))
        ends = [tips[gid] for gid in (f"head-{k}-1", f"head-{k}-0") if gid in tips]
        found[k] = np.vstack([*ends[:-1], line.get_xydata(), ends[-1]])
    return found


def tips_of(ax: Axes) -> dict[str, np.ndarray]:
    return {p.get_gid(): p.get_xy()[0] for p in ax.patches if isinstance(p, Polygon)}


def dense(line: np.ndarray) -> np.ndarray:
    pieces = [
        np.linspace(a, b, 2 + int(np.hypot(*(b - a)) / 2)) for a, b in itertools.pairwise(line)
    ]
    return np.concatenate(pieces)


def faults(ax: Axes, pairs: np.ndarray) -> tuple[int, int]:
    """Pairs of boxes that overlap, and arrows that pass through a box not their own."""
    boxes = boxes_of(ax)
    overlaps = sum(
        bool((a[:2] < b[2:]).all() and (b[:2] < a[2:]).all())
        for a, b in itertools.combinations(boxes.values(), 2)
    )
    low, high = (
        np.array([box[ends] for box in boxes.values()]) for ends in (slice(2), slice(2, 4))
    )
    crossing = 0
    for k, line in lines_of(ax).items():
        points = dense(line)[:, None]
        hit = ((points > low) & (points < high)).all(axis=2).any(axis=0)
        hit[pairs[k]] = False
        crossing += bool(hit.any())
    return overlaps, crossing


# ---------------------------------------------------------------- what is drawn


@pytest.mark.parametrize("seed", range(5))
def test_thirty_nodes_no_box_on_another_and_no_arrow_through_one(seed):
    pairs = random_dag(30, 45, seed)
    ax = network.network(*frames(30, pairs), ax=new_axes())
    assert len(boxes_of(ax)) == 30
    assert len(lines_of(ax)) == 45
    assert faults(ax, pairs) == (0, 0)


def test_fifty_random_graphs_of_ten_to_twenty_nodes(record_property):
    found = []
    for seed in range(50):
        rng = np.random.default_rng(1000 + seed)
        n = int(rng.integers(10, 21))
        pairs = random_dag(n, int(rng.integers(n, 2 * n)), seed)
        role = np.where(np.arange(n) == pairs[0, 0], "exposure", "")
        role = np.where(np.arange(n) == pairs[-1, 1], "outcome", role)
        side = rng.integers(-1, 2, n) * (role == "")
        labels = [" ".join(["name"] * int(k)) for k in rng.integers(1, 5, n)]
        given = {"role": role, "label": labels}
        # Half of them with a baseline, and with nodes that must stay above or below it.
        given |= {"side": side} if seed % 2 else {"role": ""}
        nodes, arrows = frames(n, pairs, **given)
        arrows["two_headed"] = rng.random(len(pairs)) < 0.1 * (seed % 3)
        found.append(faults(network.network(nodes, arrows, ax=new_axes()), pairs))
    record_property("share without a fault", float(np.mean([f == (0, 0) for f in found])))
    assert found == [(0, 0)] * 50


def test_the_measure_finds_faults():
    # Three boxes in a row at given places: a straight line through the middle one is a fault.
    ax = network.network(*frames(3, [[0, 2]], x=[0, 1, 2], y=0), ax=new_axes())
    assert faults(ax, np.array([[0, 2]])) == (0, 0)
    line = next(a for a in ax.get_children() if a.get_gid() == "arrow-0")
    line.set_data(*np.array([centre(boxes_of(ax)[k]) for k in (0, 2)]).T)
    assert faults(ax, np.array([[0, 2]])) == (0, 1)
    box = next(a for a in ax.get_children() if a.get_gid() == "node-1")
    box.set_x(boxes_of(ax)[0][0])
    assert faults(ax, np.array([[0, 2]]))[0] == 1


@pytest.mark.parametrize("seed", range(3))
def test_arrows_begin_and_end_at_the_borders_of_their_boxes(seed):
    pairs = random_dag(15, 25, seed)
    ax = network.network(*frames(15, pairs), ax=new_axes())
    boxes = boxes_of(ax)
    for k, line in lines_of(ax).items():
        for end, node in ((line[0], pairs[k][0]), (line[-1], pairs[k][1])):
            beyond = np.maximum(boxes[node][:2] - end, end - boxes[node][2:])
            away = np.hypot(*np.maximum(beyond, 0))
            # Corners are round: there the border is up to 0.41 of its radius further in.
            assert beyond.max() > -0.42 * routes.ROUND
            assert away < 3.0


def test_names_stay_inside_their_boxes_at_any_size():
    labels = ["body mass index", "highest_degree_of_the_mother", "$x$ and $y$", "région", "W" * 40]
    labels += ["A", "体重指数", "", " ", "a.b.c.d.e.f.g.h.i.j.k.l.m.n.o.p"]
    ax = new_axes(12, 8)
    nodes, arrows = frames(len(labels), [[0, 1], [1, 2], [2, 3], [3, 4]], label=labels)
    nodes["label"] = nodes["label"].replace("体重指数", "weight")  # no glyph, a warning
    network.network(nodes, arrows, ax=ax)
    for size in ((12, 8), (3, 2)):
        ax.figure.set_size_inches(size)
        ax.figure.canvas.draw()
        shown = [t for t in ax.get_children() if isinstance(t, lettering.Lettering)]
        assert len(shown) == len(labels)
        for text in shown:
            box = next(
                p for p in ax.get_children() if p.get_gid() == f"node-{text.get_gid()[6:]}"
            ).get_window_extent()
            words = Text.get_window_extent(text)
            assert box.x0 <= words.x0 <= words.x1 <= box.x1
            assert box.y0 - 1 <= words.y0 <= words.y1 <= box.y1 + 1


def test_signs_of_east_asia_get_room_whatever_the_font():
    assert lettering.measured("体重指数", 10)[0] >= 40


@pytest.mark.parametrize("name", ["$a$", "_x_", "a\\$b", "x^2 $\\frac{1}{2}$"])
def test_names_are_no_mathematics(name):
    ax = network.network(*frames(1, [], label=name), ax=new_axes())
    ax.figure.canvas.draw()
    (text,) = [t for t in ax.get_children() if isinstance(t, lettering.Lettering)]
    assert re.sub(r"\s", "", text.get_text()) == re.sub(r"\s", "", name)
    assert not text.get_parse_math()


def test_legend_title_and_caption_keep_clear_of_the_graph():
    roles = ["exposure", "outcome", "mediator", "", "", ""]
    nodes, arrows = frames(6, [[0, 2], [2, 1], [3, 0], [3, 1], [4, 1], [4, 2], [5, 3]])
    nodes = nodes.assign(role=roles, latent=[False] * 5 + [True], adjusted=[False] * 4 + [True] * 2)
    arrows["kind"] = ["causal", "causal", "open", "open", "plain", "plain", "plain"]
    ax = network.network(nodes, arrows, title="A title", caption="open: " + 30 * "word ")
    try:
        ax.figure.canvas.draw()
        drawn = [ax.transData.transform(box.reshape(2, 2)) for box in boxes_of(ax).values()]
        low, high = np.min(drawn, axis=(0, 1)), np.max(drawn, axis=(0, 1))
        around = ax.get_legend().get_window_extent()
        caption = Text.get_window_extent(ax.texts[0])
        title = Text.get_window_extent(ax._left_title)
        assert around.y1 < low[1] < high[1] < caption.y0 < caption.y1 < title.y0
        figure = ax.figure.bbox
        for box in (around, caption, title):
            assert 0 <= box.x0 <= box.x1 <= figure.x1
            assert 0 <= box.y0 <= box.y1 <= figure.y1
        said = [t.get_text() for t in ax.get_legend().get_texts()]
        boxes = ["exposure", "outcome", "mediator", "adjusted for", "not measured"]
        assert said == [*boxes, "causal path", "open non-causal path"]
    finally:
        from matplotlib import pyplot

        pyplot.close(ax.figure)


def test_an_arc_stays_apart_from_the_arrow_between_the_same_two():
    nodes, arrows = frames(3, [[0, 1], [1, 2], [0, 2], [0, 2]])
    arrows["two_headed"] = [False, False, False, True]
    lines = lines_of(network.network(nodes, arrows, ax=new_axes()))
    straight, arc = lines[2], lines[3]
    middle = arc[len(arc) // 2]
    assert np.hypot(*(dense(straight) - middle).T).min() > 10
    assert arc[0][0] < arc[-1][0]
    ax = network.network(nodes, arrows, ax=new_axes())
    assert sorted(tips_of(ax)) == ["head-0-0", "head-1-0", "head-2-0", "head-3-0", "head-3-1"]
    assert next(a for a in ax.get_children() if a.get_gid() == "arrow-3").is_dashed()


@pytest.mark.parametrize(
    ("n", "pairs"), [(1, []), (5, []), (2, [[0, 1]]), (7, [[0, 1], [2, 3], [3, 4]])]
)
def test_few_nodes_no_arrows_and_parts(n, pairs):
    ax = network.network(*frames(n, pairs), ax=new_axes())
    ax.figure.canvas.draw()
    assert faults(ax, np.array(pairs).reshape(-1, 2)) == (0, 0)
    with pytest.raises(DataError, match="no rows"):
        network.network(*frames(0, []), ax=new_axes())


def test_axes_that_share_a_scale_are_refused():
    shared = Figure().subplots(1, 2, sharex=True)
    with pytest.raises(DataError, match="without sharex, sharey"):
        network.network(*frames(2, [[0, 1]]), ax=shared[0])


def test_two_hundred_nodes_are_drawn():
    pairs = random_dag(200, 400, 1)
    ax = network.network(*frames(200, pairs), ax=new_axes(15, 10))
    assert len(boxes_of(ax)) == 200
    overlaps, crossing = faults(ax, pairs)
    assert overlaps == 0
    assert crossing == 0


def test_places_given_are_kept_and_boxes_do_not_overlap():
    x, y = [0.0, 1.0, 2.0, 1.0], [0.0, 0.0, 0.0, 0.5]
    pairs = np.array([[0, 1], [1, 2], [0, 2], [3, 0], [3, 2]])
    ax = network.network(*frames(4, pairs, x=x, y=y), ax=new_axes())
    assert faults(ax, pairs) == (0, 0)
    at = np.array([centre(boxes_of(ax)[k]) for k in range(4)])
    shape = np.column_stack([x, y])
    scale = (at[2] - at[0])[0] / 2
    assert np.allclose((at - at[0]) / scale, shape - shape[0])


def test_two_nodes_at_one_place_do_not_fail():
    ax = network.network(*frames(3, [[0, 1], [1, 2]], x=[0, 0, 1], y=[0, 0, 1]), ax=new_axes())
    ax.figure.canvas.draw()


def test_the_same_graph_gives_the_same_picture():
    pairs = random_dag(20, 35, 3)
    one, two = (network.network(*frames(20, pairs), ax=new_axes()) for _ in range(2))
    for k, box in boxes_of(one).items():
        assert np.array_equal(box, boxes_of(two)[k])
    for k, line in lines_of(one).items():
        assert np.array_equal(line, lines_of(two)[k])


def test_words_for_those_who_cannot_see():
    nodes, arrows = frames(4, [[0, 1], [2, 1], [0, 3]], label=["a", "y", "w", "u"])
    nodes = nodes.assign(role=["exposure", "outcome", "", ""], latent=[False] * 3 + [True])
    nodes["adjusted"] = [False, False, True, False]
    arrows["two_headed"] = [False, False, True]
    assert legend.in_words(nodes, arrows) == (
        "Causal graph. Exposure: a. Outcome: y. Adjusted for: w. Not measured: u. "
        "Arrows: a -> y, w -> y, a <-> u."
    )


# ---------------------------------------------------------------- columns and order


@pytest.mark.parametrize("seed", range(10))
def test_columns_are_as_few_as_the_longest_path_and_arrows_lead_right(seed):
    pairs = random_dag(25, 40, seed)
    column = columns.by_rank(25, pairs, np.zeros((0, 2), dtype=int))
    assert (column[pairs[:, 1]] > column[pairs[:, 0]]).all()
    assert column.min() == 0
    dag = nx.DiGraph(pairs.tolist())
    assert column.max() == nx.dag_longest_path_length(dag)
    for node in dag:
        if not dag.pred[node]:  # a source stands next to its first child
            assert column[node] == min(column[child] for child in dag.succ[node]) - 1


@pytest.mark.parametrize("seed", range(5))
def test_tiers_go_from_left_to_right_whatever_is_inside(seed):
    pairs = random_dag(15, 25, seed)
    depth = columns.by_rank(15, pairs, np.zeros((0, 2), dtype=int))
    tiers = (depth // 2).astype(float) * 10
    column = columns.by_tier(15, pairs, tiers)
    assert (column[pairs[:, 1]] > column[pairs[:, 0]]).all()
    later = tiers[:, None] > tiers
    assert ((column[:, None] > column) | ~later).all()


@pytest.mark.parametrize("seed", range(5))
def test_crossings_are_counted_as_pairs_of_lines_that_cross(seed):
    rng = np.random.default_rng(seed)
    column = np.repeat([0, 1, 2], 5)
    links = [(a, b) for a in range(10) for b in range(5 * (a // 5) + 5, 5 * (a // 5) + 10)]
    links = np.array(links)[rng.random(len(links)) < 0.4]
    place = np.concatenate([rng.permutation(5) for _ in range(3)])
    slow = sum(
        column[a] == column[c] and (place[a] - place[c]) * (place[b] - place[d]) < 0
        for (a, b), (c, d) in itertools.combinations(links.tolist(), 2)
    )
    assert ordering.count_crossings(column, links, place) == slow


@pytest.mark.parametrize("seed", range(10))
def test_a_tree_is_drawn_without_crossings(seed):
    rng = np.random.default_rng(seed)
    parent = np.array([rng.integers(0, k) for k in range(1, 30)])
    pairs = np.column_stack([parent, np.arange(1, 30)])
    column = columns.by_rank(30, pairs, np.zeros((0, 2), dtype=int))
    sides = np.zeros(30, dtype=int)
    items = columns.cut(np.full((30, 2), 20.0), pairs, column, sides, sides[:29])
    order = ordering.ordered(items.column, items.side, items.links, items.boxes)
    place = np.zeros(len(items.column))
    for column_items in order:
        place[column_items] = np.arange(len(column_items))
    assert ordering.count_crossings(items.column, items.links, place) == 0


def test_baseline_above_and_below():
    # 0 -> 1 -> 2 with a cause 3 of all three and a consequence 4 of the first and the last.
    pairs = np.array([[0, 1], [1, 2], [0, 2], [3, 0], [3, 1], [3, 2], [0, 4], [2, 4]])
    sizes = np.full((5, 2), 24.0)
    layout = layered(sizes, pairs, side=np.array([0, 0, 0, -1, 1]), baseline=[0, 2])
    y = layout.centres[:, 1]
    assert y[:3] == pytest.approx(y[0], abs=1e-6)
    assert y[3] - y[0] >= 24
    assert y[0] - y[4] >= 24


# ---------------------------------------------------------------- lines


@pytest.mark.parametrize("seed", range(20))
def test_a_taut_line_passes_its_gates_and_no_line_is_shorter(seed):
    rng = np.random.default_rng(seed)
    x = np.cumsum(rng.uniform(1, 3, 8))
    low = rng.uniform(-4, 4, 8)
    high = low + rng.uniform(0.2, 4, 8)
    low[[0, -1]] = high[[0, -1]] = 0.0
    turns = routes._taut(np.column_stack([x, low, high]))
    y = np.interp(x, *turns.T)
    assert (low - 1e-9 <= y).all()
    assert (y <= high + 1e-9).all()
    # Independent: the shortest path over a grid of heights in each gate.
    grids = [np.linspace(a, b, 201) for a, b in zip(low, high, strict=True)]
    cost = np.zeros(201)
    for k in range(7):
        step = np.hypot(x[k + 1] - x[k], grids[k + 1][:, None] - grids[k])
        cost = (cost + step).min(axis=1)
    length = np.hypot(*np.diff(turns, axis=0).T).sum()
    assert length <= cost.min() + 1e-9
    assert length == pytest.approx(cost.min(), rel=1e-3)


def test_clearance_is_the_distance_to_a_box_with_round_corners():
    box = np.array([[0.0, 0.0]]), np.array([[20.0, 20.0]])
    # Beside a corner: the middle of its arc is at (5, 5), its radius 5.
    point = np.array([[11.0, 13.0], [11.0, 13.0]])
    assert routes.clearance(point, *box) == pytest.approx(np.hypot(6, 8) - 5)
    through = np.array([[-30.0, 0.0], [30.0, 0.0]])
    assert routes.clearance(through, *box) == pytest.approx(-10, abs=2)
    assert routes.clearance(point + 500, *box) == routes.FAR


@pytest.mark.parametrize(
    "text", ["body mass index", "a_b_c", "x" * 70, "income[$15k-$24k]", "a  b"]
)
def test_wrapping_loses_no_letters(text):
    lines = lettering.wrapped(text).split("\n")
    assert max(map(len, lines)) <= lettering.LONGEST
    if len(text) <= 64:
        assert re.sub(r"\s", "", "".join(lines)) == re.sub(r"\s", "", text)

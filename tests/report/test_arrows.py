"""Probable arrows: widths, shades, heads and numbers are measured; so is the matrix."""

from __future__ import annotations

import matplotlib
import numpy as np
import pandas as pd
import pytest
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.colors import to_rgb
from matplotlib.figure import Figure
from matplotlib.patches import FancyBboxPatch
from matplotlib.text import Text

from causalif.errors import DataError
from causalif.report import arrows, legend, matrix, network
from causalif.report.numbers import write_numbers

matplotlib.use("Agg")


def new_axes(width: float = 9, height: float = 6) -> Axes:
    return FigureCanvasAgg(Figure(figsize=(width, height))).figure.subplots()


def frames(probability: np.ndarray, **given) -> tuple[pd.DataFrame, pd.DataFrame]:
    """A graph with every arrow of some probability; nodes are in the order of their rows."""
    d = len(probability)
    nodes = pd.DataFrame({"label": [f"V{k}" for k in range(d)], "role": "", "latent": False})
    nodes = nodes.assign(adjusted=False, order=range(d), **given)
    tail, head = np.nonzero(probability)
    found = pd.DataFrame({"tail": tail, "head": head, "kind": "plain", "two_headed": False})
    return nodes, found.assign(probability=probability[tail, head])


def random_probabilities(d: int, pairs: int, seed: int) -> np.ndarray:
    rng = np.random.default_rng(seed)
    found = np.zeros((d, d))
    upper = np.column_stack(np.triu_indices(d, 1))
    for i, j in upper[rng.choice(len(upper), pairs, replace=False)]:
        joined, forward = rng.uniform(0.2, 1), rng.choice([1.0, 0.7, 0.5])
        found[i, j], found[j, i] = joined * forward, joined * (1 - forward)
    return found


def part(ax: Axes, gid: str):
    (found,) = [a for a in ax.get_children() if a.get_gid() == gid]
    return found


def tip(ax: Axes, k: int) -> np.ndarray:
    return part(ax, f"head-{k}-0").get_xy()[0]


def box(ax: Axes, k: int) -> np.ndarray:
    patch = part(ax, f"node-{k}")
    x, y = patch.get_x(), patch.get_y()
    return np.array([x, y, x + patch.get_width(), y + patch.get_height()])


def away(point: np.ndarray, edges: np.ndarray) -> float:
    """Distance of a point from a box."""
    return float(np.hypot(*np.maximum(0, np.maximum(edges[:2] - point, point - edges[2:]))))


TWO_WAYS = np.array([[0, 0.9, 0.35], [0, 0, 0.1], [0.6, 0, 0]])  # 0 -> 1, 0 <-> 2, 1 -> 2


def test_arrows_are_as_wide_and_as_dark_as_they_are_probable():
    nodes, found = frames(TWO_WAYS)
    ax = network.network(nodes, found, ax=new_axes())
    lines = [part(ax, f"arrow-{k}") for k in range(len(found))]
    widths = np.array([line.get_linewidth() for line in lines])
    expected = np.array([arrows.width(p) for p in found["probability"]])
    assert np.allclose(widths / expected, (widths / expected)[0])  # one scale for all
    darkness = [1 - np.mean(to_rgb(line.get_color())) for line in lines]
    order = np.argsort(found["probability"])
    assert (np.diff(widths[order]) > 0).all()
    assert (np.diff(np.array(darkness)[order]) > 0).all()


def test_both_directions_of_a_pair_share_a_line_and_each_ends_in_its_own_head():
    nodes, found = frames(TWO_WAYS)
    ax = network.network(nodes, found, ax=new_axes())
    rows = {(a, b): k for k, (a, b) in enumerate(zip(found["tail"], found["head"], strict=True))}
    there, back = rows[0, 2], rows[2, 0]
    assert away(tip(ax, there), box(ax, 2)) < 3
    assert away(tip(ax, back), box(ax, 0)) < 3
    ends = [part(ax, f"arrow-{k}").get_xydata()[0] for k in (there, back)]
    assert np.allclose(*ends)  # where the halves meet
    assert away(ends[0], box(ax, 0)) == pytest.approx(away(ends[0], box(ax, 2)), abs=8)
    written = {k: part(ax, f"number-{k}").get_text() for k in rows.values()}
    assert written == {k: f"{TWO_WAYS[pair]:.2f}" for pair, k in rows.items()}


@pytest.mark.parametrize("d", [5, 11, 20])
def test_every_arrow_has_a_head_at_its_node_a_number_and_no_box_in_its_way(d):
    probability = random_probabilities(d, round(1.5 * d), seed=d)
    nodes, found = frames(probability)
    ax = network.network(nodes, found, ax=new_axes(12, 8), numbers=True)
    ax.figure.canvas.draw()
    boxes = {k: box(ax, k) for k in range(d)}
    numbers = []
    for k, (tail, head) in enumerate(found[["tail", "head"]].to_numpy().tolist()):
        assert away(tip(ax, k), boxes[head]) < 3
        line = part(ax, f"arrow-{k}").get_xydata()
        foreign = [edges for node, edges in boxes.items() if node not in (tail, head)]
        assert min(away(point, edges) for point in line for edges in foreign) > 0
        numbers.append(Text.get_window_extent(part(ax, f"number-{k}")))
    drawn = [part(ax, f"node-{k}").get_window_extent() for k in range(d)]
    covered = sum(one.overlaps(other) for one in numbers for other in drawn)
    twice = sum(a.overlaps(b) for k, a in enumerate(numbers) for b in numbers[:k])
    assert covered == 0
    assert twice <= len(numbers) // 20


def test_strong_arrows_lead_to_the_right_and_many_columns_are_avoided():
    chain = np.zeros((10, 10))
    chain[range(9), range(1, 10)] = 0.2  # ten columns, if they led
    chain[0, 9] = 0.9
    ax = network.network(*frames(chain), ax=new_axes())
    left = [box(ax, k)[0] for k in range(10)]
    assert left[0] < left[9]
    assert len({round(x) for x in left}) <= 6
    strong = network.network(*frames(np.where(chain > 0, 0.9, 0)), ax=new_axes(16))
    places = [box(strong, k)[0] for k in range(10)]
    assert places == sorted(places)


def test_an_improbable_arrow_back_to_an_earlier_column_ends_at_its_head():
    probability = np.zeros((7, 7))
    probability[[0, 1, 2, 3, 5], [1, 2, 3, 4, 6]] = 0.9
    probability[4, 5] = 0.2  # seven columns, if it led
    nodes, found = frames(probability)
    ax = network.network(nodes, found, ax=new_axes())
    k = int(np.flatnonzero(found["tail"] == 4)[0])
    assert box(ax, 5)[2] < box(ax, 4)[0]
    assert away(tip(ax, k), box(ax, 5)) < 3
    assert away(part(ax, f"arrow-{k}").get_xydata()[0], box(ax, 4)) < 3


def test_numbers_keep_clear_of_boxes_and_of_one_another():
    lines = [np.array([[0.0, y], [200.0, y]]) for y in (0.0, 3.0)]
    boxes = np.array([[70.0, -20.0, 130.0, 20.0]])
    ax = new_axes()
    write_numbers(ax, lines, [0.5, 0.7], boxes, size=8.0)
    one, other = (np.array(part(ax, f"number-{k}").get_position()) for k in (0, 1))
    for x, y in (one, other):
        assert not (60 < x < 140 and abs(y) < 24)
    assert abs(one - other)[0] > 16 or abs(one - other)[1] > 8


def test_tiers_are_columns():
    nodes, found = frames(TWO_WAYS, tier=[2.0, 1.0, 3.0])
    found = found[found["tail"] != 0].assign(tail=[1, 1], head=[2, 0])
    ax = network.network(nodes, found.reset_index(drop=True), ax=new_axes())
    assert box(ax, 1)[0] < box(ax, 0)[0] < box(ax, 2)[0]


def test_the_legend_and_the_words_say_what_is_drawn():
    nodes, found = frames(TWO_WAYS, role=["exposure", "", "outcome"])
    nodes["label"] = ["<b>", "$x$", "_y"]
    found.loc[0, "kind"] = "causal"
    ax = network.network(nodes, found, ax=new_axes())
    said = [text.get_text() for text in ax.get_legend().get_texts()]
    assert said == ["exposure", "outcome", "on a stable pathway", "probability 1", "0.5", "0.1"]
    keys = [line.get_linewidth() for line in ax.get_legend().get_lines()[1:]]
    assert keys == [arrows.width(p) for p in (1, 0.5, 0.1)]
    assert "<b> -> $x$ (0.90), <b> -> _y (0.35)" in legend.in_words(nodes, found)
    shown = [t for t in ax.texts if str(t.get_gid()).startswith("label")]
    assert [t.get_text() for t in shown] == ["<b>", "$x$", "_y"]
    ax.figure.canvas.draw()


def test_no_arrows_and_many_arrows():
    ax = network.network(*frames(np.zeros((4, 4))), ax=new_axes())
    assert len([p for p in ax.patches if isinstance(p, FancyBboxPatch)]) == 4
    ax.figure.canvas.draw()
    many = random_probabilities(20, 70, seed=1)
    ax = network.network(*frames(many), ax=new_axes(14, 9))
    assert not [t for t in ax.texts if str(t.get_gid()).startswith("number")]


# ---------------------------------------------------------------- matrix


def test_the_matrix_shades_and_writes_from_row_to_column():
    names = ["<b>", "$x$", "a_very_long_name_that_is_cut_in_the_middle"]
    table = pd.DataFrame(TWO_WAYS, index=names, columns=names)
    ax = matrix.matrix(table, ax=new_axes(5, 5))
    cells = part(ax, "cells").get_array()
    assert np.array_equal(cells.filled(0), TWO_WAYS)
    assert cells.mask.tolist() == np.eye(3, dtype=bool).tolist()
    written = {text.get_gid(): text.get_text() for text in ax.texts}
    expected = {"cell-0-1": ".90", "cell-0-2": ".35", "cell-1-2": ".10", "cell-2-0": ".60"}
    assert written == expected
    assert (ax.get_xlabel(), ax.get_ylabel()) == ("to", "from")
    labels = [label.get_text() for label in ax.get_yticklabels()]
    assert labels[:2] == ["<b>", r"\$x\$"]
    assert len(labels[2]) == 24
    ax.figure.canvas.draw()


def test_what_is_no_matrix_of_probabilities():
    table = pd.DataFrame([[0.0, 1.2], [0.0, 0.0]], index=["A", "B"], columns=["A", "B"])
    with pytest.raises(DataError, match="probabilities from 0 to 1"):
        matrix.matrix(table)
    with pytest.raises(DataError, match="different names"):
        matrix.matrix(table.rename(columns={"B": "C"}))
    with pytest.raises(DataError, match="no rows"):
        matrix.matrix(pd.DataFrame())

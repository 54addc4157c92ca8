"""Pathways: intervals, bars and shares have the lengths of the table's numbers."""

from __future__ import annotations

from itertools import pairwise

import matplotlib
import numpy as np
import pandas as pd
import pytest
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.colors import to_hex
from matplotlib.figure import Figure

from causalif.errors import DataError
from causalif.report import canvas, plots
from causalif.report.pathways import QUIET, in_lines

matplotlib.use("Agg")

TABLE = pd.DataFrame(
    {
        "path": ["total", "A -> M -> Y", "A -> Y", "A -> <b> -> $x$ -> Y"],
        "stability": [1.0, 0.93, 0.4, 0.02],
        "mc_error": [0.0, 0.01, 0.02, 0.0],
        "effect": [0.7, 0.5, 0.1, np.nan],
        "within_var": [0.01, 0.003, 0.0, np.nan],
        "between_var": [0.0, 0.001, 0.02, np.nan],
        "conf_low": [0.5, 0.4, 0.0, np.nan],
        "conf_high": [0.9, 0.62, 0.4, np.nan],
    }
)


def new_axes(width: float = 8, height: float = 4) -> Axes:
    figure = Figure(figsize=(width, height), layout="constrained")
    FigureCanvasAgg(figure)
    return figure.subplots()


def part(ax: Axes, gid: str):
    (found,) = [a for a in ax.get_children() if a.get_gid() == gid]
    return found


def long_table(rows: int) -> pd.DataFrame:
    middle = [f"a_rather_long_mediator_{k}" for k in range(rows)]
    paths = [f"sleep_quality -> {m} -> {m}_again -> cardiovascular_health" for m in middle]
    values = {"stability": np.linspace(1, 0.1, rows), "mc_error": 0.0, "effect": 1.0}
    ends = {"conf_low": -1.0, "conf_high": 3.0, "within_var": 1.0, "between_var": 2.0}
    return pd.DataFrame({"path": paths, **values, **ends})


def test_intervals_bars_and_threshold_are_those_of_the_table():
    ax = plots.pathways(TABLE, stable=["A -> M -> Y"], threshold=0.6, first=1, ax=new_axes())
    segments = [s[:, 0].tolist() for s in part(ax, "intervals").get_segments()]
    assert segments == [[0.5, 0.9], [0.4, 0.62], [0.0, 0.4]]
    assert part(ax, "effects").get_xydata().tolist() == [[0.7, 0], [0.5, 1], [0.1, 2]]
    (beside,) = ax.child_axes
    assert [bar.get_width() for bar in beside.patches] == TABLE["stability"].tolist()
    colours = [to_hex(bar.get_facecolor()).upper() for bar in beside.patches]
    assert colours == [QUIET, canvas.BLUE, QUIET, QUIET]
    assert part(beside, "threshold").get_xdata() == [0.6, 0.6]
    errors = [s[:, 0].tolist() for s in part(beside, "mc-errors").get_segments()]
    assert errors == [pytest.approx([0.9104, 0.9496]), pytest.approx([0.3608, 0.4392])]
    assert beside.get_ylim() == ax.get_ylim()
    assert part(ax, "apart").get_ydata() == [0.5, 0.5]


def test_numbers_and_names_are_written_as_they_stand():
    ax = plots.pathways(TABLE, ax=new_axes())
    texts = [text.get_text() for text in ax.texts]
    assert texts[:4] == [
        *("0.70 (0.50, 0.90)", "0.50 (0.40, 0.62)", "0.10 (0.00, 0.40)"),
        "not estimated",
    ]
    assert texts[4] == "Effect (95% interval)"
    labels = [label.get_text() for label in ax.get_yticklabels()]
    assert labels == ["total", "A → M → Y", "A → Y", r"A → <b> → \$x\$ → Y"]
    numbers = [text.get_text() for text in ax.child_axes[0].texts]
    assert numbers == ["1.00", "0.93", "0.40", "0.02", "", "Stability"]
    ax.figure.canvas.draw()


def test_without_threshold_or_any_effect_there_are_bars():
    ax = plots.pathways(TABLE.tail(1), ax=new_axes())
    assert [bar.get_width() for bar in ax.child_axes[0].patches] == [0.02]
    assert not [a for a in ax.child_axes[0].get_children() if a.get_gid() == "threshold"]
    assert len(part(ax, "intervals").get_segments()) == 0
    ax.figure.canvas.draw()


@pytest.mark.parametrize("size", [(8, 4), (6, 4), (9, 7)])
@pytest.mark.parametrize("draw", [plots.pathways, plots.shares])
def test_thirteen_long_pathways_fit(draw, size):
    ax = draw(long_table(13), ax=new_axes(*size))
    ax.figure.canvas.draw()
    page = ax.figure.bbox
    names = [label.get_window_extent() for label in ax.get_yticklabels()]
    texts = [t.get_window_extent() for each in (ax, *ax.child_axes) for t in each.texts]
    for found in (*names, *texts, ax.xaxis.label.get_window_extent()):
        assert page.x0 - 1 <= found.x0 <= found.x1 <= page.x1 + 1
        assert page.y0 - 1 <= found.y0 <= found.y1 <= page.y1 + 1
    assert all(low.y1 <= high.y0 + 1 for high, low in pairwise(names))
    assert ax.get_window_extent().width > 0.15 * page.width
    if ax.child_axes:
        left = ax.child_axes[0].get_window_extent().x0
        assert max(t.get_window_extent().x1 for t in ax.texts) <= left


def test_a_figure_of_its_own_grows_with_its_rows():
    from matplotlib import pyplot

    heights = []
    for rows in (2, 13):
        ax = plots.pathways(long_table(rows))
        heights.append(ax.figure.get_size_inches()[1])
        pyplot.close(ax.figure)
    assert heights[0] < 3.5 < 5 < heights[1]


def test_long_pathways_take_several_lines():
    path = " -> ".join(["exposure", "a" * 40, "b" * 20, "outcome"])
    lines = in_lines(path).split("\n")
    assert all(len(line) <= 36 for line in lines)
    assert "…" in lines[0]
    assert lines[1] == f"→ {'b' * 20} → outcome"


def test_a_table_without_its_columns_is_named():
    with pytest.raises(DataError, match="pathways: no column 'stability'"):
        plots.pathways(TABLE.drop(columns="stability"))
    with pytest.raises(DataError, match="shares: no column 'between_var'"):
        plots.shares(TABLE.drop(columns="between_var"))
    with pytest.raises(DataError, match="no rows"):
        plots.pathways(TABLE.head(0))


# ---------------------------------------------------------------- shares


def test_shares_add_up_to_a_hundred_and_are_those_of_the_variance():
    ax = plots.shares(TABLE, first=1, ax=new_axes(6, 4))
    widths = np.array([patch.get_width() for patch in ax.patches]).reshape(2, 3)
    assert widths.sum(axis=0) == pytest.approx(100)
    assert widths[0] == pytest.approx([100, 75, 0])
    lefts = [patch.get_x() for patch in ax.patches[3:]]
    assert lefts == pytest.approx(widths[0])
    said = [text.get_text() for text in ax.get_legend().get_texts()]
    assert said == ["within graphs", "between graphs"]
    assert [t.get_text() for t in ax.texts][:3] == ["0.100", "0.063", "0.141"]
    assert len(ax.get_yticklabels()) == 3  # the last has no effect
    assert ax.patches[3].get_hatch()  # told apart without colour
    ax.figure.canvas.draw()


def test_absolute_variances():
    ax = plots.shares(TABLE, absolute=True, ax=new_axes(6, 4))
    widths = np.array([patch.get_width() for patch in ax.patches]).reshape(2, 3)
    expected = TABLE[["within_var", "between_var"]].head(3).to_numpy().T
    assert np.allclose(widths, expected)
    assert ax.get_xlim()[1] > 0.02


def test_no_variance_at_all():
    nothing = TABLE.head(1).assign(within_var=0.0)
    ax = plots.shares(nothing, ax=new_axes(6, 4))
    assert [patch.get_width() for patch in ax.patches] == [0, 0]
    plots.shares(nothing, absolute=True, ax=new_axes()).figure.canvas.draw()
    with pytest.raises(DataError, match="no rows"):
        plots.shares(TABLE.tail(1), ax=new_axes())

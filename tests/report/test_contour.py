"""The contour plot draws the numbers it is given: measured from the axes."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from pytest import approx

from causalif.errors import DataError
from causalif.report.contour import contour

X, Y = np.linspace(0, 0.4, 161), np.linspace(0, 0.3, 121)
SURFACE = 1 - 20 * np.outer(Y, X)
POINTS = pd.DataFrame(
    {
        "covariate": ["age", "sex"],
        "exposure_r2": [0.1, 0.02],
        "outcome_r2": [0.05, 0.15],
    }
)


@pytest.fixture
def ax() -> Axes:
    figure = Figure(figsize=(6, 4), layout="constrained")
    FigureCanvasAgg(figure)
    return figure.subplots()


def find(ax: Axes, gid: str) -> list:
    return [a for a in ax.get_children() if a.get_gid() == gid]


def full(ax: Axes) -> Axes:
    return contour(
        X, Y, SURFACE, robustness=np.sqrt(0.05), points=POINTS, title="NIE at worst", ax=ax
    )


def test_the_thick_line_runs_where_the_surface_is_null(ax):
    full(ax)
    (null,) = find(ax, "null")
    (lines,) = find(ax, "lines")
    (path,) = null.get_paths()
    x, y = path.vertices[path.codes != 79].T
    assert len(x) > 20
    assert 1 - 20 * x * y == approx(0, abs=2e-3)
    assert null.get_linewidths()[0] > 2 * lines.get_linewidths()[0]
    assert not np.isclose(lines.levels, 0).any()


@pytest.mark.parametrize(("sign", "null"), [(1, 0.0), (-1, 0.0), (1, 0.5)])
def test_the_grey_area_is_beyond_the_null(ax, sign, null):
    contour(X, Y, sign * SURFACE, null=null, ax=ax)
    (beyond,) = find(ax, "beyond")
    (path,) = beyond.get_paths()
    assert path.contains_point((0.39, 0.29))
    assert not path.contains_point((0.05, 0.05))


def test_without_a_null_in_reach_none_is_drawn(ax):
    contour(X, Y, 5 + SURFACE, ax=ax)
    assert find(ax, "null") == find(ax, "beyond") == []


def test_points_stand_at_their_shares_and_are_named(ax):
    full(ax)
    for k, (x, y) in enumerate([(0, 0), (0.1, 0.05), (0.02, 0.15)]):
        (point,) = find(ax, f"point-{k}")
        assert (point.get_xdata()[0], point.get_ydata()[0]) == (x, y)
    labels = ax.get_legend_handles_labels()[1]
    assert labels[0] == "as estimated: 1.00"
    assert labels[1] == "robustness value: 22.4%"
    assert labels[2:] == ["as strong as age", "as strong as sex"]


def test_the_robustness_value_stands_on_the_thick_line(ax):
    full(ax)
    (cross,) = find(ax, "robustness")
    x, y = cross.get_xdata()[0], cross.get_ydata()[0]
    assert x == y
    assert 1 - 20 * x * y == approx(0, abs=1e-12)


def test_points_have_markers_of_their_own(ax):
    many = pd.DataFrame({"covariate": list("abcdefgh"), "exposure_r2": 0.01, "outcome_r2": 0.01})
    contour(X, Y, SURFACE, points=many, ax=ax)
    markers = [line.get_marker() for line in ax.lines]
    assert len(markers) == len(set(markers)) == 7  # six covariates and the estimate


def test_texts_lie_inside_and_do_not_cover_each_other(ax):
    full(ax)
    ax.figure.canvas.draw()
    renderer, page = ax.figure.canvas.get_renderer(), ax.figure.bbox
    boxes = [
        text.get_window_extent(renderer)
        for text in (ax.xaxis.label, ax.yaxis.label, ax._left_title, ax.get_legend())
    ]
    for box in boxes:
        assert page.x0 - 1 <= box.x0 <= box.x1 <= page.x1 + 1
        assert page.y0 - 1 <= box.y0 <= box.y1 <= page.y1 + 1
    title, legend = boxes[2:]
    assert legend.y1 <= title.y0 + 1
    assert ax.get_window_extent(renderer).y1 <= legend.y0 + 1
    numbers = [text.get_window_extent(renderer) for text in ax.texts]
    assert len(numbers) >= 3
    for k, one in enumerate(numbers):
        assert not any(one.overlaps(other) for other in numbers[:k])


def test_axes_are_shares_named_as_asked(ax):
    full(ax)
    assert ax.get_xlim() == (0, 0.4)
    assert ax.get_ylim() == approx((0, 0.3))
    ax.figure.canvas.draw()
    assert all(label.get_text().endswith("%") for label in ax.get_xticklabels())


def test_a_name_with_a_dollar_stays_as_it_is(ax):
    points = POINTS.assign(covariate=["$15k-$24k", "sex"])
    contour(X, Y, SURFACE, points=points, xlabel="income $", ax=ax)
    ax.figure.canvas.draw()
    assert ax.get_legend_handles_labels()[1][1] == r"as strong as \$15k-\$24k"


@pytest.mark.parametrize(
    ("surface", "points", "words"),
    [
        (SURFACE.T, None, "surface of shape"),
        (np.full_like(SURFACE, np.nan), None, "finite surface"),
        (SURFACE, POINTS.drop(columns="covariate"), "no column 'covariate'"),
    ],
)
def test_what_cannot_be_drawn_is_refused(ax, surface, points, words):
    with pytest.raises(DataError, match=words):
        contour(X, Y, surface, points=points, ax=ax)

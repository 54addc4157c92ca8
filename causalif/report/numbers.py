"""Numbers on lines, each where it covers least of anything else."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
from matplotlib.axes import Axes

from causalif.report import canvas
from causalif.report.lettering import Lettering, measured

Floats = npt.NDArray[np.float64]

ALONG = (0.5, 0.42, 0.58, 0.34, 0.66, 0.26, 0.74)  # where a number may stand on its arrow
HEAD, BESIDE = 4.0, 3.0  # points: half a head, and between a line and a number beside it
# What it costs to cover a box, another number, a head; a point of a line costs 1.
ON_BOX, ON_NUMBER, ON_HEAD, OFF_LINE, HIDES_LINE = 1000.0, 500.0, 20.0, 12.0, 50.0


def write_numbers(
    ax: Axes, found: Sequence[Floats], probability: Sequence[float], boxes: Floats, size: float
) -> None:
    """Write each probability on its arrow, where it covers least of anything else.

    Parameters
    ----------
    found : sequence of arrays, shape (k, 2)
        The arrows, towards their heads.
    probability : sequence of float
    boxes : array, shape (n, 4)
        Left, bottom, right and top of what must not be covered.
    size : float
        Of the letters, in units of the axes.
    """
    taken = np.vstack([boxes, *(_around(line[-1], np.full(2, HEAD)) for line in found)])
    cost = np.r_[np.full(len(boxes), ON_BOX), np.full(len(found), ON_HEAD)]
    dense = [_dense(line) for line in found]
    for k in np.argsort([-p for p in probability], kind="stable").tolist():
        text = f"{probability[k]:.2f}"
        reach = np.array(measured(text, size)) / 2
        others = np.concatenate([np.zeros((0, 2)), *dense[:k], *dense[k + 1 :]])
        place = _clearest(dense[k], reach, taken, cost, others)
        taken, cost = np.vstack([taken, _around(place, reach)]), np.r_[cost, ON_NUMBER]
        paper = {"facecolor": "white", "edgecolor": "none", "pad": 0.4, "alpha": 0.85}
        number = Lettering(*place.tolist(), text, height=size, color=canvas.INK, zorder=2.7,
                           bbox=paper)  # fmt: skip
        number.set_gid(f"number-{k}")
        ax.add_artist(number)


def _around(place: Floats, reach: Floats) -> Floats:
    return np.r_[place - reach, place + reach]


def _clearest(line: Floats, reach: Floats, taken: Floats, cost: Floats, others: Floats) -> Floats:
    """The place on a line, or else beside it, at which a text covers least."""
    best, least = line[0], np.inf
    for share in ALONG:
        k = round(share * (len(line) - 1))
        across, up = np.abs(line[max(k - 3, 0)] - line[min(k + 3, len(line) - 1)])
        aside = (reach + BESIDE) * ((1, 0) if up > across else (0, 1))
        for offset, extra in ((0 * aside, 0.0), (aside, OFF_LINE), (-aside, OFF_LINE)):
            box = _around(line[k] + offset, reach)
            covered = ((taken[:, :2] < box[2:]) & (box[:2] < taken[:, 2:])).all(axis=1)
            crossed = ((others > box[:2]) & (others < box[2:])).all(axis=1)
            hidden = ((line > box[:2]) & (line < box[2:])).all(axis=1).mean()
            found = (
                extra + cost[covered].sum() + crossed.sum() + HIDES_LINE * max(hidden - 0.5, 0.0)
            )
            if found < least:
                best, least = line[k] + offset, found
    return best


def _dense(line: Floats) -> Floats:
    at = np.concatenate([[0.0], np.cumsum(np.hypot(*np.diff(line, axis=0).T))])
    wanted = np.linspace(0, at[-1], 2 + int(at[-1]))
    return np.column_stack([np.interp(wanted, at, line[:, k]) for k in (0, 1)])

"""The contour plot of a sensitivity analysis: which numbers go to the drawing."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from causalif.report.contour import contour

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from causalif.effects.sensitivity.analysis import Sensitivity

POINTS = 201  # per axis
LEAST, MOST = 0.02, 0.98  # the frame ends between these shares


def draw(found: Sensitivity, term: str, ax: Axes | None) -> Axes:
    """The estimate moved by the largest bias towards the null, over both shares."""
    row = list(found.table["term"]).index(term)
    estimate, value = (float(found.table[c][row]) for c in ("estimate", "robustness_value"))
    points = _benchmarks(found, term)
    x, y = (
        np.linspace(0, _end(value, points[name]), POINTS) for name in ("exposure_r2", "outcome_r2")
    )
    sign = 1.0 if estimate >= found.null else -1.0
    bias = float(found.reach.values.iloc[row]) * np.sqrt(np.outer(y, x / (1 - x)))
    return contour(
        x,
        y,
        estimate - sign * bias,
        null=found.null,
        robustness=value if value < MOST else None,
        points=points,
        xlabel=f"Share that the confounder explains of what is left of {found.sides[row]}",
        ylabel=f"Share of what is left of {found.outcome}",
        title=f"{term} at worst, by the strength of a confounder",
        ax=ax,
    )


def _benchmarks(found: Sensitivity, term: str) -> pd.DataFrame:
    """Of one term, the strongest first."""
    if found.benchmarks is None:
        return pd.DataFrame(columns=["covariate", "exposure_r2", "outcome_r2"], dtype=float)
    mine = found.benchmarks[found.benchmarks["term"] == term]
    return mine.sort_values("bias_bound", ascending=False, kind="stable")


def _end(value: float, strengths: pd.Series) -> float:
    """Where an axis ends: beyond the robustness value and every benchmark."""
    beyond = [1.6 * value, *(1.15 * strengths.astype(float))]
    return float(np.clip(max(beyond), LEAST, MOST))

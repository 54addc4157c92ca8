"""Plots of results: each takes a frame, draws on one Axes and returns it.

All of them read in black and white, and at 6 by 4 inches. Labels stand beside the frame:
make your own figure with ``layout="constrained"`` and they will have their room.
"""

from __future__ import annotations

from causalif.report.curve import curve
from causalif.report.diagnostics import balance, learners
from causalif.report.forest import forest
from causalif.report.matrix import matrix
from causalif.report.overlap import overlap
from causalif.report.pathways import pathways
from causalif.report.pull import influence
from causalif.report.shares import shares

__all__ = [
    "balance",
    "curve",
    "forest",
    "influence",
    "learners",
    "matrix",
    "overlap",
    "pathways",
    "shares",
]

"""Utilities and gaps of predictions, each with its influence and its slope."""

from __future__ import annotations

from causalif.fairness.measures.fixed import Fixed
from causalif.fairness.measures.parts import FEW, Measured
from causalif.fairness.measures.reading import read_fixed
from causalif.fairness.measures.table import MEASURES, Measure, check_measure
from causalif.fairness.measures.terms import by_group, measure

__all__ = [
    "FEW",
    "MEASURES",
    "Fixed",
    "Measure",
    "Measured",
    "by_group",
    "check_measure",
    "measure",
    "read_fixed",
]

"""Sufficient dimension reduction as a differentiable function of averages."""

from __future__ import annotations

from causalif.fairness.reduction.evidence import DimensionEvidence
from causalif.fairness.reduction.reduce import reduce_dimension
from causalif.fairness.reduction.result import Reduction

__all__ = ["DimensionEvidence", "Reduction", "reduce_dimension"]

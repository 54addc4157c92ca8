"""Fairness: representations without a sensitive attribute, gaps, and what causes them."""

from __future__ import annotations

from causalif.fairness.curve import TradeoffCurve
from causalif.fairness.decomposition import decompose_gap
from causalif.fairness.gaps import GapEstimate, gap
from causalif.fairness.measures import MEASURES
from causalif.fairness.parts import GapDecomposition
from causalif.fairness.tradeoff import fairness_tradeoff
from causalif.fairness.transformer import FairSubspace

__all__ = [
    "MEASURES",
    "FairSubspace",
    "GapDecomposition",
    "GapEstimate",
    "TradeoffCurve",
    "decompose_gap",
    "fairness_tradeoff",
    "gap",
]

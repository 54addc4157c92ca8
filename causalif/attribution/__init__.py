"""Which rows drive an answer: what dropping them does, and whether few overturn it."""

from __future__ import annotations

from importlib import import_module
from typing import Any

from causalif.attribution.robustness import RobustnessResult, sign_robustness
from causalif.attribution.rows import group_influence, leverages, row_influence
from causalif.attribution.valuation import ValuationResult, kairos

__all__ = [
    "RobustnessResult",
    "ValuationResult",
    "group_influence",
    "kairos",
    "leverages",
    "row_influence",
    "sign_robustness",
]


def __getattr__(name: str) -> Any:
    if name == "neural":  # torch is loaded with it
        return import_module("causalif.attribution.neural")
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")

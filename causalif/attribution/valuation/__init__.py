"""KAIROS: what a row of data is worth, by how near it brings the data to a reference."""

from __future__ import annotations

from causalif.attribution.valuation.ask import kairos
from causalif.attribution.valuation.result import ValuationResult

__all__ = ["ValuationResult", "kairos"]

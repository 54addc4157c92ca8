"""Fitted models of other packages, read as sums over rows."""

from __future__ import annotations

from causalif.attribution.readers.read import read_model

__all__ = ["read_model"]

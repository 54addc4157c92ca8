"""An answer is an estimate together with its influence on every row."""

from __future__ import annotations

from causalif.estimate.combine import combine
from causalif.estimate.core import Estimate

__all__ = ["Estimate", "combine"]

"""Whether few rows overturn an answer."""

from __future__ import annotations

from causalif.attribution.robustness.ask import sign_robustness
from causalif.attribution.robustness.result import RobustnessResult

__all__ = ["RobustnessResult", "sign_robustness"]

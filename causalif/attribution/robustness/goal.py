"""What is to be overturned: the sign of a value, its significance, or both."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

GOALS = ("sign", "significance", "both")


@dataclass(frozen=True)
class Goal:
    """A margin that is positive at first, and is to fall below zero.

    The margin is `slope` times the value plus `spread` times its standard error and the quantile.

    Attributes
    ----------
    name : {"sign", "significance", "both"}
    slope : {-1, 1}
    spread : {-1, 0, 1}
    significant : bool
        Whether the value was significant at first.
    """

    name: str
    slope: int
    spread: int
    significant: bool

    def margin(self, value: np.ndarray, half_width: np.ndarray) -> np.ndarray:
        """Of values with intervals of these half widths; NaN counts as out of reach."""
        found = self.slope * value + (self.spread * half_width if self.spread else 0.0)
        return np.where(np.isnan(found), np.inf, found)

    @property
    def in_words(self) -> str:
        """What the margin below zero would mean."""
        if self.name == "significance":
            return "the interval would hold zero" if self.significant else "it would be significant"
        return "the sign would be another" + (", and significant" if self.name == "both" else "")


def goal_of(name: str, value: float, half_width: float) -> Goal:
    """The goal, given where the value stands.

    Examples
    --------
    >>> goal_of("significance", 2.0, 1.0).margin(np.array(2.0), np.array(1.0)).item()
    1.0
    >>> goal_of("significance", 2.0, 3.0).margin(np.array(2.0), np.array(3.0)).item()
    1.0
    """
    sign = 1 if value >= 0 else -1
    significant = abs(value) > half_width
    if name == "sign":
        return Goal(name, sign, 0, significant)
    if name == "both":
        return Goal(name, sign, 1, significant)
    return Goal(name, sign if significant else -sign, -1 if significant else 1, significant)

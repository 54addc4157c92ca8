"""Times to an event, as an outcome holds them."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Literal

import numpy as np


@dataclass(frozen=True)
class Survival:
    """Times to an event, some of them censored, and what is asked of them.

    Attributes
    ----------
    time : ndarray, shape (n,)
        When the event happened, or the follow-up ended.
    event : ndarray of bool, shape (n,)
        Whether it happened. An event comes before a censoring at the same time.
    horizon : float
        By when; later events do not count.
    summary : {"risk", "restricted_mean"}
        Whether the event happened by the horizon, or the time to it counted up to there.
    """

    time: np.ndarray
    event: np.ndarray
    horizon: float
    summary: Literal["risk", "restricted_mean"]

    @property
    def lost(self) -> np.ndarray:
        """Whether the follow-up ended before the event and the horizon, shape (n,)."""
        return ~self.event & (self.time < self.horizon)

    @property
    def known(self) -> np.ndarray:
        """The outcome where it was seen; what was seen of it where it was not, shape (n,)."""
        if self.summary == "risk":
            return (self.event & (self.time <= self.horizon)).astype(float)
        return np.minimum(self.time, self.horizon)

    def take(self, rows: np.ndarray) -> Survival:
        """The same for some of the rows."""
        return replace(self, time=self.time[rows], event=self.event[rows])

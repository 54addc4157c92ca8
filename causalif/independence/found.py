"""What one test found."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True)
class Found:
    """One test of one independence; NaN where it cannot be made, with the reason.

    Attributes
    ----------
    method : {"partial_correlation", "classification"}
    estimate : float
        Correlation of what is left of the two columns; the one most clearly not zero, where
        columns have more than two levels.
    std_error : float
        Of that correlation.
    statistic : float
        z or t where `df` is 1, else Hotelling's T squared.
    df : int
        Numbers that are zero together under independence.
    p_value : float
    reason : str
        Why there is none.
    """

    method: str
    estimate: float
    std_error: float
    statistic: float
    df: int
    p_value: float
    reason: str = ""


def untestable(method: str, reason: str) -> Found:
    """A test that these data do not allow."""
    return Found(method, np.nan, np.nan, np.nan, 0, np.nan, reason)

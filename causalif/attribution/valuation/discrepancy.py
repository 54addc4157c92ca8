"""Maximum mean discrepancy of data from a reference, and what each row does to it."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True)
class Means:
    """Kernel means that every value is a function of.

    Attributes
    ----------
    to_reference, to_data : ndarray, shape (n,)
        r_i and c_i: the mean kernel between a row and the reference, and between it and the data
        (itself included).
    own : ndarray or float
        k(x_i, x_i).
    reference : float
        The mean kernel within the reference.
    """

    to_reference: np.ndarray
    to_data: np.ndarray
    own: np.ndarray | float
    reference: float

    @property
    def squared(self) -> float:
        """The squared discrepancy, S - 2 B + R; not below zero but for rounding."""
        return float(self.to_data.mean() - 2 * self.to_reference.mean() + self.reference)

    def values(self) -> np.ndarray:
        """2 (r_i - c_i + S - B): how fast the squared discrepancy falls as a row gets more weight.

        They sum to zero.
        """
        within, between = self.to_data.mean(), self.to_reference.mean()
        return 2 * (self.to_reference - self.to_data + within - between)

    def leave_one_out(self) -> np.ndarray:
        """The squared discrepancy without each row less that with it, exactly."""
        n = len(self.to_data)
        within, between = self.to_data.mean(), self.to_reference.mean()
        left = (n**2 * within - 2 * n * self.to_data + self.own) / (n - 1) ** 2
        apart = (n * between - self.to_reference) / (n - 1)
        return (left - within) - 2 * (apart - between)

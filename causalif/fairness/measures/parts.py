"""A measure is a ratio of two averages; its influence and its slope follow from the parts."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.special import expit, logit
from scipy.stats import norm

FEW = 10  # rows that a group's value is an average over


@dataclass(frozen=True)
class Measured:
    """Values of a measure, and how they move.

    Attributes
    ----------
    names : tuple of str, length k
    values : ndarray, shape (k,)
    influence : ndarray, shape (n, k)
        Of each row, with predictions held fixed: centred, unweighted.
    slope : ndarray, shape (n, k)
        Derivative with respect to the linear predictor of each row: a change ds of them changes
        the values by slope' ds.
    """

    names: tuple[str, ...]
    values: np.ndarray
    influence: np.ndarray
    slope: np.ndarray


@dataclass(frozen=True)
class Predictions:
    """Outcomes and linear predictors of some rows.

    Attributes
    ----------
    outcome, linear, weights : ndarray, shape (m,)
    logistic : bool
    threshold : float
        Of the probability.
    """

    outcome: np.ndarray
    linear: np.ndarray
    weights: np.ndarray
    logistic: bool
    threshold: float

    @property
    def mean(self) -> np.ndarray:
        """Probabilities, or predictions of numbers."""
        return expit(self.linear) if self.logistic else self.linear

    @property
    def mean_slope(self) -> np.ndarray:
        """Their derivatives."""
        mean = self.mean
        return mean * (1 - mean) if self.logistic else np.ones_like(mean)

    @property
    def decision(self) -> np.ndarray:
        """One from the threshold on."""
        return (self.linear >= self._cut).astype(float)

    @property
    def decision_slope(self) -> np.ndarray:
        """The derivative of a decision that is smoothed by a normal kernel around the threshold.

        A decision jumps; averages of decisions have a derivative all the same, the density of
        linear predictors at the threshold. Its bandwidth is 1.06 s m^(-1/5), s their standard
        deviation.
        """
        width = bandwidth(self.linear, self.weights)
        return norm.pdf((self.linear - self._cut) / width) / width

    @property
    def _cut(self) -> float:
        return float(logit(self.threshold))


def bandwidth(numbers: np.ndarray, weights: np.ndarray) -> float:
    """Silverman's rule for a normal kernel."""
    mean = np.average(numbers, weights=weights)
    spread = float(np.sqrt(np.average((numbers - mean) ** 2, weights=weights)))
    return max(1.06 * spread * len(numbers) ** -0.2, 1e-8)


@dataclass(frozen=True)
class Ratio:
    """Parts of E[top] / E[bottom], and their derivatives in the linear predictor, shape (m,)."""

    top: np.ndarray
    bottom: np.ndarray
    top_slope: np.ndarray
    bottom_slope: np.ndarray


@dataclass(frozen=True)
class Part:
    """One number with influence and slope over the rows it was computed from, shape (m,).

    `events` says how many of these rows the number is an average over: of a true positive rate
    those with the favourable outcome, of an area under the curve the rarer kind.
    """

    value: float
    influence: np.ndarray
    slope: np.ndarray
    events: int


def evaluate(ratio: Ratio, weights: np.ndarray, rows: int) -> Part | None:
    """A ratio of averages; None where its bottom is zero.

    Parameters
    ----------
    ratio : Ratio
        On m of all rows.
    weights : ndarray, shape (m,)
    rows : int
        How many there are in all, n: averages are over these.
    """
    bottom = float(weights @ ratio.bottom) / rows
    if bottom <= 0:
        return None
    value = float(weights @ ratio.top) / rows / bottom
    influence = (ratio.top - value * ratio.bottom) / bottom
    slope = weights * (ratio.top_slope - value * ratio.bottom_slope) / bottom / rows
    events = int(np.count_nonzero(weights * ratio.bottom))
    return Part(value, influence, slope, events)

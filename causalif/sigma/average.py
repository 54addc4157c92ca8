"""Averages over graphs: a mixture of normals, one for each graph's estimate."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy.special import ndtr

STEPS = 200  # of bisection: more than a double can tell apart


@dataclass(frozen=True)
class Mixture:
    """What is believed of an effect: in each graph a normal law, a graph without it an atom at 0.

    Attributes
    ----------
    weights : ndarray, shape (k,)
        Of sum one.
    values, variances : ndarray, shape (k,)
        The estimate within each graph and its sampling variance.

    References
    ----------
    .. [1] Hoeting, Madigan, Raftery & Volinsky (1999), Bayesian model averaging: a tutorial,
           Statistical Science 14, 382-417, equations 1 to 3.

    Examples
    --------
    >>> two = Mixture(np.array([0.5, 0.5]), np.array([0.0, 2.0]), np.array([0.0, 1.0]))
    >>> two.value, two.within, two.between
    (1.0, 0.5, 1.0)
    """

    weights: np.ndarray
    values: np.ndarray
    variances: np.ndarray

    @property
    def value(self) -> float:
        """The average over graphs."""
        return float(self.weights @ self.values)

    @property
    def within(self) -> float:
        """Variance within graphs: the average of their sampling variances."""
        return float(self.weights @ self.variances)

    @property
    def between(self) -> float:
        """Variance between graphs."""
        return float(self.weights @ (self.values - self.value) ** 2)

    @property
    def std_error(self) -> float:
        """The root of the whole variance."""
        return float(np.sqrt(self.within + self.between))

    def below(self, point: float) -> float:
        """The probability of values up to a point, atoms included."""
        spread = np.sqrt(self.variances)
        apart = point - self.values
        with np.errstate(divide="ignore", invalid="ignore"):
            shares = np.where(spread > 0, ndtr(apart / spread), apart >= 0)
        return float(self.weights @ shares)

    def quantile(self, probability: float) -> float:
        """The least point up to which there is this probability.

        Examples
        --------
        >>> atom = Mixture(np.array([0.9, 0.1]), np.array([0.0, 5.0]), np.array([0.0, 1.0]))
        >>> atom.quantile(0.5)
        0.0
        """
        for atom in np.unique(self.values[self.variances == 0]):
            here = float(self.weights[(self.values == atom) & (self.variances == 0)].sum())
            upto = self.below(float(atom))
            if upto - here < probability <= upto:
                return float(atom)
        reach = 40 * np.sqrt(self.variances.max(initial=0.0)) + 1e-12
        low, high = float(self.values.min() - reach), float(self.values.max() + reach)
        for _ in range(STEPS):
            middle = (low + high) / 2
            if self.below(middle) >= probability:
                high = middle
            else:
                low = middle
        return high

    def interval(self, level: float) -> tuple[float, float]:
        """Quantiles that leave the same probability on either side."""
        return self.quantile((1 - level) / 2), self.quantile((1 + level) / 2)

    def against(self) -> float:
        """The weight of graphs whose estimate has the other sign than the average."""
        return float(self.weights[np.sign(self.values) == -np.sign(self.value)].sum())


def average_of(mixtures: Sequence[Mixture]) -> Mixture:
    """The law of the mean of independent draws, one from each mixture.

    Examples
    --------
    >>> one = Mixture(np.array([1.0]), np.array([2.0]), np.array([4.0]))
    >>> both = average_of([one, one])
    >>> both.value, both.within
    (2.0, 2.0)
    """
    found = mixtures[0]
    for other in mixtures[1:]:
        weights = np.outer(found.weights, other.weights).ravel()
        values = np.add.outer(found.values, other.values).ravel()
        variances = np.add.outer(found.variances, other.variances).ravel()
        found = Mixture(weights, values, variances)
    count = len(mixtures)
    return Mixture(found.weights, found.values / count, found.variances / count**2)

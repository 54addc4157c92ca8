"""Averages over graphs: a mixture of normals, one for each graph's estimate."""

from __future__ import annotations

from collections.abc import Hashable, Sequence
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
    keys : tuple, of length k
        What each estimate is of, to find it again in another half of the rows.

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
    keys: tuple[Hashable, ...] = ()

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


ABSENT = "absent"  # the key of graphs without the effect

NO_EFFECT = Mixture(np.ones(1), np.zeros(1), np.zeros(1), (ABSENT,))


def merged(mixtures: Sequence[Mixture]) -> Mixture:
    """One mixture from halves of the rows, each with its own graphs and estimates.

    The weight of a graph is the mean over halves, its estimate their average with these
    weights: two halves estimate one effect, so that its variance falls, but there is one
    graph, and what halves leave open of it stays open.

    Examples
    --------
    >>> one = Mixture(np.array([1.0]), np.array([2.0]), np.array([4.0]), ("graph",))
    >>> two = Mixture(np.array([1.0]), np.array([3.0]), np.array([4.0]), ("graph",))
    >>> merged([one, two])
    Mixture(weights=array([1.]), values=array([2.5]), variances=array([2.]), keys=('graph',))
    """
    parts: dict[Hashable, list[tuple[float, float, float]]] = {}
    for one in mixtures:
        rows = zip(one.keys, one.weights, one.values, one.variances, strict=True)
        for key, *row in rows:
            parts.setdefault(key, []).append((float(row[0]), float(row[1]), float(row[2])))
    weights, values, variances = [], [], []
    for rows in parts.values():
        share = np.array([row[0] for row in rows])
        weights.append(share.sum() / len(mixtures))
        share = share / share.sum() if share.sum() > 0 else np.full(len(share), 1 / len(share))
        values.append(share @ [row[1] for row in rows])
        variances.append(share**2 @ [row[2] for row in rows])
    return Mixture(np.array(weights), np.array(values), np.array(variances), tuple(parts))

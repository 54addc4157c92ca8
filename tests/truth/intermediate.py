"""Laws with exposure-induced confounders L: truth and oracle of the interventional effects.

W uniform, A Bernoulli, L Gaussian or Bernoulli given (A, W), M Gaussian given (A, L, W) with a
mean linear in L, Y Gaussian with a mean of low degree in L and M. The inner integrals are
Gauss-Hermite sums (exact to degree seven; sums for a binary L), the outer mean is taken over
scrambled Sobol points. Nothing here uses the package.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from itertools import product

import numpy as np
import pandas as pd
from scipy.special import expit
from scipy.stats import norm, qmc

Array = np.ndarray
WORLDS = ((0, 0), (0, 1), (1, 1))  # level of the mediator, level of the outcome


@dataclass(frozen=True)
class IntermediateLaw:
    """The structural functions of (W, A, L, M, Y).

    Attributes
    ----------
    binary : tuple of bool
        Per intermediate: Bernoulli with `intermediate` as its log-odds, or Gaussian.
    propensity : W -> P(A=1 | W)
    intermediate : (a, W) -> (n, q)
    mediator : (a, W) -> (n,), the mean of M at L = 0
    loading : q floats, the slopes of M in L
    outcome : (a, L, M, W) -> (n,)
    """

    name: str
    binary: tuple[bool, ...]
    propensity: Callable[[Array], Array]
    intermediate: Callable[[Array, Array], Array]
    mediator: Callable[[Array, Array], Array]
    loading: tuple[float, ...]
    outcome: Callable[[Array, Array, Array, Array], Array]
    covariates: int = 2

    @property
    def roles(self) -> dict[str, object]:
        return {
            "exposure": "a",
            "outcome": "y",
            "mediators": "m",
            "covariates": [f"w{k + 1}" for k in range(self.covariates)],
            "intermediates": [f"l{k + 1}" for k in range(len(self.binary))],
        }

    def sample(self, n: int, seed: int) -> pd.DataFrame:
        rng = np.random.default_rng(seed)
        w = rng.uniform(-1.7, 1.7, (n, self.covariates))
        a = (rng.uniform(size=n) < self.propensity(w)).astype(int)
        centre = self.intermediate(a, w)
        drawn = [rng.uniform(size=n) < expit(c) if b else c + rng.normal(size=n)
                 for c, b in zip(centre.T, self.binary, strict=True)]  # fmt: skip
        l = np.column_stack(drawn).astype(float)  # noqa: E741
        m = self.mediator(a, w) + l @ np.array(self.loading) + rng.normal(size=n)
        y = self.outcome(a, l, m, w) + rng.normal(size=n)
        columns = {f"w{k + 1}": w[:, k] for k in range(self.covariates)} | {"a": a}
        columns |= {f"l{k + 1}": l[:, k] for k in range(len(self.binary))}
        return pd.DataFrame(columns | {"m": m, "y": y})

    def _law_of_l(self, a: Array, w: Array):
        """Nodes (n, q) and weights (n,) of the law of L given (a, W)."""
        centre = self.intermediate(a, w)
        nodes, weights = np.polynomial.hermite_e.hermegauss(4)
        weights = weights / weights.sum()
        each = []
        for c, b in zip(centre.T, self.binary, strict=True):
            p = expit(c)
            each.append(
                [(np.zeros(len(c)), 1 - p), (np.ones(len(c)), p)]
                if b
                else [(c + x, np.full(len(c), v)) for x, v in zip(nodes, weights, strict=True)]
            )
        for combination in product(*each):
            values, shares = zip(*combination, strict=True)
            yield np.column_stack(values), np.prod(shares, axis=0)

    def _law_of_m(self, a: Array, w: Array):
        """Nodes and weights of the law of M given (a, W)."""
        nodes, weights = np.polynomial.hermite_e.hermegauss(4)
        for l, share in self._law_of_l(a, w):  # noqa: E741
            for x, v in zip(nodes, weights / weights.sum(), strict=True):
                yield self.mediator(a, w) + l @ np.array(self.loading) + x, share * v

    def density_of_m(self, m: Array, a: Array, w: Array, given: Array | None = None) -> Array:
        """p(M | a, W), or p(M | a, L, W)."""
        slope, discrete = np.array(self.loading), np.array(self.binary)
        if given is not None:
            return norm.pdf(m, self.mediator(a, w) + given @ slope)
        centre, total = self.intermediate(a, w), np.zeros(len(m))
        spread = np.sqrt(1 + (slope[~discrete] ** 2).sum())
        at = self.mediator(a, w) + centre[:, ~discrete] @ slope[~discrete]
        p = expit(centre[:, discrete])
        for values in product((0, 1), repeat=int(discrete.sum())):
            share = np.prod(np.where(values, p, 1 - p), axis=1)
            total += share * norm.pdf(m, at + np.array(values) @ slope[discrete], spread)
        return total

    def average_over_l(self, a: Array, m: Array, w: Array) -> Array:
        return sum(s * self.outcome(a, at, m, w) for at, s in self._law_of_l(a, w))

    def average_over_m(self, b: Array, a: Array, l: Array, w: Array) -> Array:  # noqa: E741
        return sum(s * self.outcome(a, l, m, w) for m, s in self._law_of_m(b, w))

    def theta(self, b: Array, a: Array, w: Array) -> Array:
        """sum_m p(m | b, W) sum_l p(l | a, W) mu(a, l, m, W)."""
        return sum(s * self.average_over_m(b, a, at, w) for at, s in self._law_of_l(a, w))

    def truth(self) -> dict[str, float]:
        return _truth(self)

    def oracle(self, data: pd.DataFrame) -> dict[str, tuple[float, float]]:
        """One-step estimate and standard error with the true nuisances."""
        w = data[self.roles["covariates"]].to_numpy()
        l = data[self.roles["intermediates"]].to_numpy()  # noqa: E741
        exposure, m, y = (data[name].to_numpy() for name in ("a", "m", "y"))
        g, n = self.propensity(w), len(data)
        values = {}
        for b, a in WORLDS:
            at_a, at_b = np.full(n, a), np.full(n, b)
            g_a, g_b = (g if level else 1 - g for level in (a, b))
            ratio = self.density_of_m(m, at_b, w) / self.density_of_m(m, at_a, w, l)
            theta = self.theta(at_b, at_a, w)
            values[b, a] = (
                (exposure == a) / g_a * ratio * (y - self.outcome(at_a, l, m, w))
                + (exposure == a) / g_a * (self.average_over_m(at_b, at_a, l, w) - theta)
                + (exposure == b) / g_b * (self.average_over_l(at_a, m, w) - theta)
                + theta
            )
        return {
            k: (float(v.mean()), float(v.std() / np.sqrt(n))) for k, v in _terms(values).items()
        }


@cache
def _truth(law: IntermediateLaw) -> dict[str, float]:
    w = 1.7 * (2 * qmc.Sobol(law.covariates, seed=0).random(2**13) - 1)
    at = {level: np.full(len(w), level) for level in (0, 1)}
    return _terms({(b, a): float(law.theta(at[b], at[a], w).mean()) for b, a in WORLDS})


def _terms(values):
    return {
        "OE": values[1, 1] - values[0, 0],
        "IDE": values[0, 1] - values[0, 0],
        "IIE": values[1, 1] - values[0, 1],
    }


def _outcome(a: Array, l: Array, m: Array, w: Array) -> Array:  # noqa: E741
    first = l[:, 0]
    return (
        1 + 0.5 * a + 0.6 * m + 0.4 * a * m + 0.5 * first + 0.3 * first * m
        + 0.5 * l[:, 1:].sum(axis=1) + np.sin(2 * w[:, 0]) + 0.4 * w[:, 1] ** 2
    )  # fmt: skip


def _propensity(w: Array) -> Array:
    return expit(0.6 * np.sin(2 * w[:, 0]) - 0.4 * w[:, 1])


def _mediator(a: Array, w: Array) -> Array:
    return 0.5 * a + 0.4 * np.sin(2 * w[:, 0]) + 0.3 * a * w[:, 1]


ONE_BINARY = IntermediateLaw(
    "one binary intermediate",
    (True,),
    _propensity,
    lambda a, w: (-0.3 + 0.9 * a + 0.6 * w[:, 0])[:, None],
    _mediator,
    (0.7,),
    _outcome,
)
ONE_CONTINUOUS = IntermediateLaw(
    "one continuous intermediate",
    (False,),
    _propensity,
    lambda a, w: (0.6 * a + 0.5 * w[:, 0] + 0.3 * a * w[:, 1])[:, None],
    _mediator,
    (0.4,),
    _outcome,
)
TWO_CONTINUOUS = IntermediateLaw(
    "two continuous intermediates",
    (False, False),
    _propensity,
    lambda a, w: np.column_stack([0.6 * a + 0.5 * w[:, 0], 0.4 * a * w[:, 1] + 0.3 * w[:, 0] ** 2]),
    _mediator,
    (0.35, 0.3),
    _outcome,
)
BINARY_AND_CONTINUOUS = IntermediateLaw(
    "a binary and a continuous intermediate",
    (True, False),
    _propensity,
    lambda a, w: np.column_stack(
        [-0.3 + 0.9 * a + 0.6 * w[:, 0], 0.4 * a * w[:, 1] + 0.3 * w[:, 0]]
    ),
    _mediator,
    (0.7, 0.3),
    _outcome,
)
INTERMEDIATE_LAWS = {
    law.name: law for law in (ONE_BINARY, ONE_CONTINUOUS, TWO_CONTINUOUS, BINARY_AND_CONTINUOUS)
}

"""Laws of (W, A, M, Y) for effects with the mediator set: curves, and averages over its own law.

W uniform on (-1.7, 1.7)^2, A Bernoulli, M Gaussian or of three levels given (A, W), Y Gaussian
with mean  base(w) + m slope(w) + bend(m) + a (change(m) + 0.4 w1).  Averages over the law of M
are taken over 2^18 scrambled Sobol points. Nothing here uses the package.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cache

import numpy as np
import pandas as pd
from scipy.special import expit, softmax
from scipy.stats import norm, qmc

Array = np.ndarray
LEVELS = np.arange(3.0)


@dataclass(frozen=True)
class HeldLaw:
    """The law; `change` is what of the controlled direct effect hangs on m."""

    name: str
    discrete: bool
    change: Callable[[Array], Array]

    roles = {"exposure": "a", "outcome": "y", "mediators": "m", "covariates": ["w1", "w2"]}  # noqa: RUF012
    dag = "a -> m -> y; a -> y; {w1 w2} -> {a m y}"

    def propensity(self, w: Array) -> Array:
        return expit(0.6 * np.sin(2 * w[:, 0]) - 0.4 * w[:, 1])

    def centre(self, a: Array, w: Array) -> Array:
        return 0.6 * a + 0.4 * w[:, 0] + 0.3 * w[:, 1] ** 2 - 0.3

    def shares(self, a: Array, w: Array) -> Array:
        """P(M = 0, 1, 2 | a, w), shape (n, 3)."""
        return softmax(np.outer(0.8 * self.centre(a, w), LEVELS - 1), axis=1)

    def density(self, m: Array, a: Array, w: Array) -> Array:
        if self.discrete:
            return self.shares(a, w)[np.arange(len(m)), m.astype(int)]
        return norm.pdf(m, self.centre(a, w))

    def outcome(self, a: Array, m: Array, w: Array) -> Array:
        return (
            np.sin(2 * w[:, 0]) + 0.4 * w[:, 1] ** 2 + m * (0.6 + 0.4 * w[:, 1])
            + 0.2 * m**2 + a * (self.change(m) + 0.4 * w[:, 0])
        )  # fmt: skip

    def sample(self, n: int, seed: int) -> pd.DataFrame:
        rng = np.random.default_rng(seed)
        w = rng.uniform(-1.7, 1.7, (n, 2))
        a = (rng.uniform(size=n) < self.propensity(w)).astype(int)
        m = self._mediator(a, w, rng.uniform(size=n))
        y = self.outcome(a, m, w) + rng.normal(size=n)
        return pd.DataFrame({"w1": w[:, 0], "w2": w[:, 1], "a": a, "m": m, "y": y})

    def _mediator(self, a: Array, w: Array, uniform: Array) -> Array:
        if self.discrete:
            return (uniform[:, None] > self.shares(a, w).cumsum(axis=1)).sum(axis=1).astype(float)
        return self.centre(a, w) + norm.ppf(uniform)

    def cloud(self) -> tuple[Array, Array]:
        """Many draws of W and of M, each from its own law."""
        return _cloud(self)

    def controlled(self, a: int, m: Array) -> Array:
        """E[Y(a, m)], from the moments of W: E w1 = E w2 = 0, E w2^2 = 1.7^2 / 3."""
        return 0.4 * 1.7**2 / 3 + 0.6 * m + 0.2 * m**2 + a * self.change(m)

    def density_ratio(self, m: Array, w: Array) -> Array:
        """p(m) / p(m | w)."""
        draws = self.cloud()[0][:4096]
        one, zero = np.ones(len(draws)), np.zeros(len(draws))
        g = self.propensity(draws)

        def marginal(value: float) -> float:
            at = np.full(len(draws), value)
            mixed = g * self.density(at, one, draws) + (1 - g) * self.density(at, zero, draws)
            return float(mixed.mean())

        grid = LEVELS if self.discrete else np.linspace(m.min(), m.max(), 300)
        p_m = np.interp(m, grid, [marginal(value) for value in grid])
        own = self.propensity(w)
        at = {a: self.density(m, np.full(len(m), a), w) for a in (0, 1)}
        return p_m / (own * at[1] + (1 - own) * at[0])

    # -- the average over the law of M ------------------------------------------------------

    def weighted_truth(self) -> float:
        return float(self.change(self.cloud()[1]).mean())

    def weighted_oracle(self, data: pd.DataFrame) -> tuple[float, float]:
        """One-step estimate and standard error with the true nuisances."""
        values = self._oracle_values(data, np.ones(len(data)), lambda m: np.ones(len(m)))
        return float(values.mean()), float(values.std() / np.sqrt(len(data)))

    # -- the fit of a curve -----------------------------------------------------------------

    def fit_truth(self, basis: Callable[[Array], Array], point: float) -> float:
        """At a point, the least squares fit to `change` over the law of M."""
        m = self.cloud()[1]
        beta, *_ = np.linalg.lstsq(basis(m), self.change(m), rcond=None)
        return float(basis(np.array([point]))[0] @ beta)

    def fit_oracle(
        self, data: pd.DataFrame, basis: Callable[[Array], Array], point: float
    ) -> tuple[float, float]:
        rows, at = basis(data["m"].to_numpy()), basis(np.array([point]))[0]
        h = np.linalg.solve(rows.T @ rows / len(rows), at)
        values = self._oracle_values(data, rows @ h, lambda m: basis(m) @ h)
        beta = np.linalg.lstsq(rows, self.change(data["m"].to_numpy()), rcond=None)[0]
        spread = values - (rows @ h) * (rows @ beta)
        return float(values.mean()), float(spread.std() / np.sqrt(len(data)))

    def _oracle_values(
        self, data: pd.DataFrame, h: Array, factor: Callable[[Array], Array]
    ) -> Array:
        """Values whose mean is the one-step estimate of sum_m p(m) h(m) {psi_1(m) - psi_0(m)}."""
        w, m = data[["w1", "w2"]].to_numpy(), data["m"].to_numpy()
        a, y = data["a"].to_numpy(), data["y"].to_numpy()
        g, ratio, total = self.propensity(w), self.density_ratio(m, w), np.zeros(len(a))
        own = {k: self.density(m, np.full(len(m), k), w) for k in (0, 1)}
        given_w = g * own[1] + (1 - g) * own[0]
        for level, sign, share in ((1, 1, g), (0, -1, 1 - g)):
            at_level = np.full(len(a), level)
            p = share * own[level] / given_w  # P(A = level | m, w)
            total += sign * (a == level) / p * ratio * h * (y - self.outcome(at_level, m, w))
        draws = self.cloud()[1]
        weight = factor(draws)
        over_m = (weight * self.change(draws)).mean() + 0.4 * w[:, 0] * weight.mean()
        over_w = h * self.change(m)
        return total + over_m + over_w - over_w.mean()


@cache
def _cloud(law: HeldLaw) -> tuple[Array, Array]:
    points = qmc.Sobol(4, seed=2).random_base2(18)
    w = 1.7 * (2 * points[:, :2] - 1)
    a = (points[:, 2] < law.propensity(w)).astype(float)
    return w, law._mediator(a, w, np.clip(points[:, 3], 1e-12, 1 - 1e-12))


THREE_LEVELS = HeldLaw("mediator of three levels", True, lambda m: 0.5 + 0.6 * m - 0.3 * m**2)
CONTINUOUS = HeldLaw("continuous mediator", False, lambda m: 0.5 + 0.5 * m + 0.3 * np.sin(2 * m))
HELD_LAWS = {law.name: law for law in (THREE_LEVELS, CONTINUOUS)}

"""Laws with continuous covariates and mediators, their truth and their oracle.

The truth is E_W of a regression known in closed form or by Gauss-Hermite quadrature; the
outer mean is taken over 2^19 scrambled Sobol points. The oracle uses the true nuisances in
the efficient influence function written out here, without the package.
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


@dataclass(frozen=True)
class ContinuousLaw:
    """W uniform on (-1.7, 1.7)^p; A Bernoulli; M Gaussian given A, W; Y Gaussian or binary.

    Attributes
    ----------
    propensity : W -> P(A=1 | W)
    mediator_mean : (a, W) -> (n, q)
    outcome_mean : (a, M, W) -> (n,)
    """

    name: str
    covariates: int
    mediators: int
    propensity: Callable[[Array], Array]
    mediator_mean: Callable[[Array, Array], Array]
    outcome_mean: Callable[[Array, Array, Array], Array]
    binary: bool = False
    mediator_sd: float = 1.0
    outcome_sd: float = 1.0

    def _covariates(self, uniform: Array) -> Array:
        return 1.7 * (2 * uniform - 1)

    def sample(self, n: int, seed: int) -> pd.DataFrame:
        rng = np.random.default_rng(seed)
        w = self._covariates(rng.uniform(size=(n, self.covariates)))
        a = (rng.uniform(size=n) < self.propensity(w)).astype(int)
        noise = rng.normal(size=(n, self.mediators))
        m = self.mediator_mean(a, w) + self.mediator_sd * noise
        mean = self.outcome_mean(a, m, w)
        if self.binary:
            y = (rng.uniform(size=n) < mean).astype(int)
        else:
            y = mean + self.outcome_sd * rng.normal(size=n)
        columns = {f"w{k + 1}": w[:, k] for k in range(self.covariates)}
        columns |= {"a": a} | {f"m{k + 1}": m[:, k] for k in range(self.mediators)} | {"y": y}
        return pd.DataFrame(columns)

    @property
    def roles(self) -> dict[str, object]:
        return {
            "exposure": "a",
            "outcome": "y",
            "mediators": [f"m{k + 1}" for k in range(self.mediators)],
            "covariates": [f"w{k + 1}" for k in range(self.covariates)],
        }

    def nested_mean(self, a: int, b: int, w: Array) -> Array:
        """E[mu(a, M, W) | A = b, W = w] by Gauss-Hermite quadrature."""
        nodes, weights = np.polynomial.hermite_e.hermegauss(21 if self.mediators == 1 else 13)
        weights = weights / weights.sum()
        centre = self.mediator_mean(np.full(len(w), b), w)
        level, total = np.full(len(w), a), np.zeros(len(w))
        for k in product(range(len(nodes)), repeat=self.mediators):
            m = centre + self.mediator_sd * nodes[list(k)]
            total += np.prod(weights[list(k)]) * self.outcome_mean(level, m, w)
        return total

    def means(self) -> dict[tuple[int, int], float]:
        """Mean of each world (level of the mediators, level of the outcome)."""
        return _means(self)

    def truth(self) -> dict[str, float]:
        return _effects(self.means())

    def oracle(self, data: pd.DataFrame) -> dict[str, tuple[float, float]]:
        """One-step estimate and standard error with the true nuisances."""
        w = data[self.roles["covariates"]].to_numpy()
        m = data[self.roles["mediators"]].to_numpy()
        a, y = data["a"].to_numpy(), data["y"].to_numpy()
        g = np.column_stack([1 - self.propensity(w), self.propensity(w)])
        density = np.column_stack(
            [
                norm.logpdf(m, self.mediator_mean(np.full(len(w), b), w), self.mediator_sd).sum(1)
                for b in (0, 1)
            ]
        )
        values = {}
        for b, c in ((0, 0), (0, 1), (1, 1)):  # mediators at b, outcome at c
            nested = self.nested_mean(c, b, w)
            if b == c:
                values[b, c] = (a == c) / g[:, c] * (y - nested) + nested
                continue
            mu = self.outcome_mean(np.full(len(w), c), m, w)
            ratio = np.exp(density[:, b] - density[:, c])
            values[b, c] = (
                (a == c) / g[:, c] * ratio * (y - mu) + (a == b) / g[:, b] * (mu - nested) + nested
            )
        effects = _effects(values)
        return {
            term: (float(v.mean()), float(v.std() / np.sqrt(len(v)))) for term, v in effects.items()
        }


def _effects(means):
    return {
        "TE": means[1, 1] - means[0, 0],
        "NDE": means[0, 1] - means[0, 0],
        "NIE": means[1, 1] - means[0, 1],
    }


@cache
def _means(law: ContinuousLaw) -> dict[tuple[int, int], float]:
    points = qmc.Sobol(law.covariates, seed=1).random_base2(19 if law.mediators == 1 else 16)
    w = law._covariates(points)
    return {(b, c): float(law.nested_mean(c, b, w).mean()) for b, c in ((0, 0), (0, 1), (1, 1))}


# Two laws on which the defaults were chosen ...
SMOOTH = ContinuousLaw(
    "smooth",
    4,
    1,
    lambda w: expit(0.6 * w[:, 0] - 0.5 * w[:, 1] ** 2 + 0.4 * w[:, 2] + 0.4),
    lambda a, w: np.column_stack([0.7 * a + np.sin(1.5 * w[:, 0]) + 0.4 * w[:, 1] * w[:, 2]]),
    lambda a, m, w: (
        0.5 * a
        + 0.6 * m[:, 0]
        + 0.3 * a * m[:, 0]
        + 0.5 * w[:, 0] ** 2
        + 0.5 * w[:, 1]
        - 0.4 * np.cos(2 * w[:, 3])
    ),
)
STEPS = ContinuousLaw(
    "steps",
    4,
    1,
    lambda w: expit(1.0 * (w[:, 0] > 0.3) - 0.8 * (w[:, 1] > -0.2) + 0.3 * w[:, 2]),
    lambda a, w: np.column_stack([0.6 * a + 1.0 * (w[:, 0] > 0.3) - 0.5 * np.abs(w[:, 2])]),
    lambda a, m, w: (
        0.4 * a + 0.5 * m[:, 0] + 1.2 * (w[:, 1] > -0.2) * (0.5 + a) + 0.5 * np.maximum(w[:, 3], 0)
    ),
)
# ... and the laws on which they are reported.
WAVES = ContinuousLaw(
    "waves",
    5,
    1,
    lambda w: expit(0.5 * np.sin(2 * w[:, 0]) + 0.5 * w[:, 1] - 0.4 * w[:, 2] * w[:, 3]),
    lambda a, w: np.column_stack([0.8 * a * (1 + 0.4 * w[:, 1]) + 0.6 * w[:, 0] ** 2 - 0.6]),
    lambda a, m, w: (
        0.4 * a
        + 0.7 * np.sin(m[:, 0])
        + 0.3 * a * m[:, 0]
        + 0.6 * np.sin(2 * w[:, 0])
        + 0.5 * np.abs(w[:, 1])
        + 0.3 * w[:, 2] * w[:, 4]
    ),
)
TWO = ContinuousLaw(
    "two mediators",
    4,
    2,
    lambda w: expit(0.5 * w[:, 0] + 0.5 * np.abs(w[:, 1]) - 0.5 * (w[:, 2] > 0)),
    lambda a, w: np.column_stack(
        [0.6 * a + 0.5 * w[:, 0] * w[:, 1], -0.4 * a + 0.7 * np.maximum(w[:, 2], 0) + 0.3 * w[:, 3]]
    ),
    lambda a, m, w: (
        0.5 * a
        + 0.5 * m[:, 0]
        - 0.4 * m[:, 1]
        + 0.25 * m[:, 0] * m[:, 1]
        + 0.3 * a * m[:, 0]
        + 0.5 * w[:, 0] ** 2
        + 0.4 * (w[:, 2] > 0)
    ),
)
BINARY = ContinuousLaw(
    "binary outcome",
    4,
    1,
    lambda w: expit(0.5 * w[:, 0] - 0.5 * np.abs(w[:, 1]) + 0.2),
    lambda a, w: np.column_stack([0.7 * a + 0.6 * np.cos(2 * w[:, 0]) + 0.3 * w[:, 2]]),
    lambda a, m, w: expit(
        -0.7
        + 0.6 * a
        + 0.6 * m[:, 0]
        + 0.5 * w[:, 0] ** 2
        - 0.5 * w[:, 1]
        + 0.3 * w[:, 2] * w[:, 3]
    ),
    binary=True,
)
CHOSEN_ON = {law.name: law for law in (SMOOTH, STEPS)}
REPORTED_ON = {law.name: law for law in (WAVES, TWO, BINARY)}

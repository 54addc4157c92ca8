"""A law of two ordered mediators, M1 -> M2: truth and oracle of path-specific effects.

W uniform on (-1.7, 1.7)^3, everything else Gaussian but A. Inner means by Gauss-Hermite sums
(the outcome is smooth), the outer one over scrambled Sobol points. The package is not used.
"""

from __future__ import annotations

from functools import cache

import numpy as np
import pandas as pd
from scipy.special import expit
from scipy.stats import norm, qmc

Array = np.ndarray
NAME = "two ordered mediators"
ROLES = {
    "exposure": "a",
    "outcome": "y",
    "mediators_in_order": [["m1"], ["m2"]],
    "covariates": ["w1", "w2", "w3"],
}
TERMS = ("TE", "direct", "through m2", "through m1")
NODES, SHARES = np.polynomial.hermite_e.hermegauss(9)
SHARES = SHARES / SHARES.sum()


def propensity(w: Array) -> Array:
    return expit(0.5 * np.sin(2 * w[:, 0]) + 0.4 * w[:, 1] - 0.3 * w[:, 2])


def first(a: Array, w: Array) -> Array:
    return 0.6 * a + 0.5 * w[:, 0] ** 2 - 0.5 + 0.3 * a * w[:, 1]


def second(a: Array, m1: Array, w: Array) -> Array:
    return 0.4 * a + 0.5 * m1 + 0.4 * np.sin(2 * w[:, 2])


def outcome(a: Array, m1: Array, m2: Array, w: Array) -> Array:
    return (
        0.5 * a + 0.4 * m1 + 0.6 * np.sin(m2) + 0.3 * a * m2
        + np.sin(2 * w[:, 0]) + 0.4 * np.abs(w[:, 1])
    )  # fmt: skip


def sample(n: int, seed: int) -> pd.DataFrame:
    rng = np.random.default_rng(seed)
    w = rng.uniform(-1.7, 1.7, (n, 3))
    a = (rng.uniform(size=n) < propensity(w)).astype(int)
    m1 = first(a, w) + rng.normal(size=n)
    m2 = second(a, m1, w) + rng.normal(size=n)
    y = outcome(a, m1, m2, w) + rng.normal(size=n)
    columns = {f"w{k + 1}": w[:, k] for k in range(3)}
    return pd.DataFrame(columns | {"a": a, "m1": m1, "m2": m2, "y": y})


def over_second(a2: int, a: int, m1: Array, w: Array) -> Array:
    """E[mu(a, m1, M2, W) | a2, m1, W]."""
    at, own = np.full(len(w), a2), np.full(len(w), a)
    centre = second(at, m1, w)
    return sum(s * outcome(own, m1, centre + x, w) for x, s in zip(NODES, SHARES, strict=True))


def over_both(a1: int, a2: int, a: int, w: Array) -> Array:
    centre = first(np.full(len(w), a1), w)
    return sum(s * over_second(a2, a, centre + x, w) for x, s in zip(NODES, SHARES, strict=True))


@cache
def truth() -> dict[str, float]:
    w = 1.7 * (2 * qmc.Sobol(3, seed=3).random_base2(15) - 1)
    return _terms({world: float(over_both(*world, w).mean()) for world in WORLDS})


# (level of M1, level of M2, level of the outcome)
WORLDS = ((0, 0, 0), (0, 0, 1), (0, 1, 1), (1, 1, 1))


def _terms(values):
    none, own, later, every = (values[world] for world in WORLDS)
    return dict(zip(TERMS, (every - none, own - none, later - own, every - later), strict=True))


def oracle(data: pd.DataFrame) -> dict[str, tuple[float, float]]:
    """One-step estimate and standard error with the true nuisances (Zhou 2022, Theorem 1)."""
    w = data[["w1", "w2", "w3"]].to_numpy()
    a, m1, m2, y = (data[name].to_numpy() for name in ("a", "m1", "m2", "y"))
    share = propensity(w)
    g = {1: share, 0: 1 - share}
    n = len(data)
    p1 = {k: norm.pdf(m1, first(np.full(n, k), w)) for k in (0, 1)}
    p2 = {k: norm.pdf(m2, second(np.full(n, k), m1, w)) for k in (0, 1)}
    values = {}
    for one, two, own in WORLDS:
        mu2 = outcome(np.full(n, own), m1, m2, w)
        mu1, mu0 = over_second(two, own, m1, w), over_both(one, two, own, w)
        values[one, two, own] = (
            (a == own) / g[own] * p1[one] / p1[own] * p2[two] / p2[own] * (y - mu2)
            + (a == two) / g[two] * p1[one] / p1[two] * (mu2 - mu1)
            + (a == one) / g[one] * (mu1 - mu0)
            + mu0
        )
    return {k: (float(v.mean()), float(v.std() / np.sqrt(n))) for k, v in _terms(values).items()}

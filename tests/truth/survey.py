"""A clustered, weighted sample of the law "waves" in which some outcomes are missing.

Rows are drawn with a chance that hangs on w1 (weights undo it), lie in clusters of five that
share a part of the outcome, and have an outcome with a chance that hangs on a, m and w2.
"""

from __future__ import annotations

import numpy as np
import pandas as pd
from scipy.special import expit
from scipy.stats import norm

from tests.truth.continuous import WAVES

NAME = "clustered, weighted, 15% of outcomes missing"
PER_CLUSTER, SHARED = 5, 0.5
OPTIONS = {"weights": "weight", "clusters": "cluster", "missing": "ipw"}


def seen(a: np.ndarray, m: np.ndarray, w: np.ndarray) -> np.ndarray:
    """P(outcome observed | a, m, w): .85 on average."""
    return expit(1.9 + 0.4 * a - 0.5 * m - 0.4 * w[:, 1])


def sample(n: int, seed: int) -> pd.DataFrame:
    rng = np.random.default_rng(seed)
    pool = WAVES.sample(4 * n, seed)
    chance = expit(0.8 * pool["w1"])
    drawn = pool[rng.uniform(size=len(pool)) < chance].head(n).reset_index(drop=True)
    drawn["weight"] = 1 / expit(0.8 * drawn["w1"])
    drawn["cluster"] = np.arange(n) // PER_CLUSTER
    drawn["y"] += SHARED * rng.normal(size=n)[drawn["cluster"]]
    w = drawn[WAVES.roles["covariates"]].to_numpy()
    unseen = rng.uniform(size=n) > seen(drawn["a"].to_numpy(), drawn["m1"].to_numpy(), w)
    return drawn.assign(y=drawn["y"].where(~unseen))


def oracle(data: pd.DataFrame) -> dict[str, tuple[float, float]]:
    """One-step estimate and clustered standard error with the true nuisances."""
    w, m = data[WAVES.roles["covariates"]].to_numpy(), data[["m1"]].to_numpy()
    a, y, n = data["a"].to_numpy(), data["y"].fillna(0).to_numpy(), len(data)
    share = WAVES.propensity(w)
    g = np.column_stack([1 - share, share])
    density = np.column_stack(
        [norm.logpdf(m, WAVES.mediator_mean(np.full(n, b), w)).sum(axis=1) for b in (0, 1)]
    )
    observed = data["y"].notna() / seen(a, m[:, 0], w)
    values = {}
    for b, c in ((0, 0), (0, 1), (1, 1)):  # mediator at b, outcome at c
        mu, nested = WAVES.outcome_mean(np.full(n, c), m, w), WAVES.nested_mean(c, b, w)
        ratio = np.exp(density[:, b] - density[:, c])
        values[b, c] = (
            observed * (a == c) / g[:, c] * ratio * (y - mu)
            + (a == b) / g[:, b] * (mu - nested)
            + nested
        )
    effects = {
        "TE": values[1, 1] - values[0, 0],
        "NDE": values[0, 1] - values[0, 0],
        "NIE": values[1, 1] - values[0, 1],
    }
    weights = data["weight"] / data["weight"].mean()
    found = {}
    for term, rows in effects.items():
        mean = np.average(rows, weights=weights)
        sums = (weights * (rows - mean)).groupby(data["cluster"]).sum()
        count = len(sums)
        found[term] = (float(mean), float(np.sqrt(count / (count - 1) * (sums**2).sum()) / n))
    return found

"""Laws with an unmeasured cause of exposure and outcome, and a mediator that it leaves alone."""

from __future__ import annotations

import numpy as np
import pandas as pd
from scipy.special import expit

ARROWS = "U [latent]; U -> {a y}; a -> m -> y; w -> {a m y}"
TRUTH = 0.8


def sample(n: int, seed: int, curved: bool = False, measured: bool = False) -> pd.DataFrame:
    """U = +-1, W Gaussian; M depends on (A, W), Y on (M, U, W).

    The effect of A on Y is E[(1 + 0.3 U) (E[M | 1, W] - E[M | 0, W])] = 0.8 in both laws: U
    and W are independent with mean zero, and sin(2 W) has mean zero as well.
    """
    rng = np.random.default_rng(seed)
    u, w = rng.choice([-1.0, 1.0], n), rng.normal(size=n)
    a = (rng.uniform(size=n) < expit(0.8 * u + 0.5 * (np.abs(w) if curved else w))).astype(int)
    if curved:
        m = 0.8 * a * (1 + 0.4 * np.sin(2 * w)) + 0.4 * w**2 + rng.normal(size=n)
    else:
        m = 0.8 * a + 0.5 * w + rng.normal(size=n)
    y = (1 + 0.3 * u) * m + u + 0.5 * w + 0.3 * w**2 * curved + rng.normal(size=n)
    data = pd.DataFrame({"w": w, "a": a, "m": m, "y": y})
    return data.assign(U=u) if measured else data

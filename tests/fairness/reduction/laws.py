"""Laws with a known subspace, for studies of dimension reduction: two of p columns matter."""

from __future__ import annotations

import numpy as np


def groups(rng, rows, width, *, means=((0.0, 0.0), (1.2, 0.8), (2.4, 0.0))):
    """Normal x within three levels, whose means differ along columns 1 and 2."""
    level = rng.integers(0, 3, rows)
    x = rng.normal(size=(rows, width))
    x[:, :2] += np.array(means)[level]
    return x, level


def spreads(rng, rows, width):
    """Normal x within two levels; column 1 differs in mean, column 2 in variance."""
    level = rng.integers(0, 2, rows)
    x = rng.normal(size=(rows, width))
    x[:, 0] += 1.5 * level
    x[:, 1] *= 1 + level
    return x, level


def rational(rng, rows, width):
    """Li (1991), equation 6.3: x1 / (0.5 + (x2 + 1.5)^2) with noise of sd 0.5."""
    x = rng.normal(size=(rows, width))
    noise = 0.5 * rng.normal(size=rows)
    return x, x[:, 0] / (0.5 + (x[:, 1] + 1.5) ** 2) + noise


def saddle(rng, rows, width):
    """Curvature in columns 1 and 2, and a line in 3, with noise of sd 1."""
    x = rng.normal(size=(rows, width))
    return x, x[:, 0] ** 2 - 0.6 * x[:, 1] ** 2 + x[:, 2] + rng.normal(size=rows)


def line(rng, rows, width):
    """A line in columns 1 and 2 with noise of sd 1: one direction."""
    x = rng.normal(size=(rows, width))
    return x, x[:, 0] + x[:, 1] + rng.normal(size=rows)

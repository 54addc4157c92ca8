"""Laws with a known subspace, for studies of dimension reduction: two of p columns matter."""

from __future__ import annotations

import numpy as np


def groups(rng, rows, width, *, means=((0.0, 0.0), (1.2, 0.8), (2.4, 0.0))):
    """Normal x within three levels, whose means differ along columns 1 and 2."""
    level = rng.integers(0, 3, rows)
    x = rng.normal(size=(rows, width))
    x[:, :2] += np.array(means)[level]
    return x, level


def spreads(rng, rows, width, *, shift=1.5):
    """Normal x within two levels; column 1 differs in mean, column 2 in variance.

    SAVE's eigenvalues are 0.36 and 0.13. With a shift of 1 the second is 0.04: too weak for the
    ladle in one of ten samples of 2,000, and for standard errors at 1,000 rows (1.7 of the
    spread). DR's are 0.72 and 0.53, so near each other that its loadings, though not its
    subspace, are hard to tell apart at 1,000 rows (1.2 of the spread): `apart` is for it.
    """
    level = rng.integers(0, 2, rows)
    x = rng.normal(size=(rows, width))
    x[:, 0] += shift * level
    x[:, 1] *= 1 + level
    return x, level


def apart(rng, rows, width):
    """The same with a shift of 1: DR's eigenvalues are 0.72 and 0.16."""
    return spreads(rng, rows, width, shift=1.0)


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

"""How many directions target and attribute share, where those that are found are never the same.

Of a direction in both subspaces each estimate is off in its own way, so that the cosine between
them falls short of one by the noise of both, by much where columns are many.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from scipy.stats import gamma

from causalif.fairness.reduction.moments import Gradient
from causalif.fairness.subspaces import Subspaces

LEVEL = 0.001  # several pairs are tested, and terms of second order left out
ROUNDING = 1e-12
FARTHEST = 0.5  # squared sine: past 45 degrees most of a direction is its own

Influence = Callable[[Gradient], np.ndarray]  # of some rows on functions of the averages


def count_shared(spaces: Subspaces, near_shared: float, n: int, influence: Influence) -> int:
    """How many pairs of directions are nearly one, or one but for chance.

    Parameters
    ----------
    spaces : Subspaces
    near_shared : float
        The cosine from which two directions count as one.
    n : int
        Rows behind the subspaces.
    influence : callable
        From gradients to influence, shape (rows, m), of some or all of these rows.

    Returns
    -------
    int
        Pairs whose cosine is at least `near_shared`, or as far below one as noise would bring it
        in one of a thousand samples; one past 45 degrees never counts.

    Notes
    -----
    With s the direction of a pair that is one, and P_Y and P_A the projections, its squared sine
    is |Z|^2 to first order, Z being the error of (P_Y - P_A) s off both subspaces. Its covariance
    V follows from the influence; |Z|^2 has mean tr V and variance 2 tr V^2, and is taken for gamma.
    """
    for k, cosine in enumerate(spaces.cosines):
        squared_sine = 1 - cosine**2
        if cosine >= near_shared or squared_sine < ROUNDING:
            continue
        if squared_sine > FARTHEST:
            return k
        rows = influence(difference_gradients(spaces, k))
        covariance = rows.T @ rows / len(rows) / n
        mean, variance = np.trace(covariance), 2 * (covariance**2).sum()
        if squared_sine > gamma.ppf(1 - LEVEL, mean**2 / variance, scale=variance / mean):
            return k
    return len(spaces.cosines)


def difference_gradients(spaces: Subspaces, k: int) -> Gradient:
    """Gradients of (P_Y - P_A) s, s the direction of a pair, in a basis off both subspaces."""
    target, sensitive = spaces.target_projection, spaces.sensitive_projection
    of_target = np.linalg.eigh(target)[1][:, -spaces.target_dim :]
    of_sensitive = np.linalg.eigh(sensitive)[1][:, -spaces.sensitive_dim :]
    left, _, right = np.linalg.svd(of_sensitive.T @ of_target)
    between = of_target @ right[k] + of_sensitive @ left[:, k]
    # Pairs up to this one count as shared here, so that what parts them is off both subspaces.
    inside = spaces.target_dim + spaces.sensitive_dim - k - 1
    basis = np.linalg.eigh(target + sensitive)[1][:, : len(target) - inside].T
    outer = np.einsum("jk,l->jkl", basis, between / np.linalg.norm(between))
    symmetric = (outer + np.swapaxes(outer, 1, 2)) / 2
    return spaces.pull_both(symmetric, -symmetric)

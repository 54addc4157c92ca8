"""A ridge on a covariance, as what noise of that variance in every column would do."""

from __future__ import annotations

import numpy as np

from causalif.fairness.reduction.moments import Gradient, Moments


def ridged(moments: Moments, ridge: float) -> Moments:
    """Averages as if every column had independent noise of variance `ridge` added.

    Every cell's variance gains `ridge` on its diagonal, so that differences between cells, which
    kernels are made of, stay as they were.

    Examples
    --------
    >>> plain = Moments(np.array([1.0]), np.zeros((1, 2)), np.ones((1, 2, 2)))
    >>> ridged(plain, 0.5).covariance
    array([[1.5, 1. ],
           [1. , 1.5]])
    """
    noise = ridge * np.eye(moments.first.shape[1])
    return Moments(
        moments.share, moments.first, moments.second + moments.share[:, None, None] * noise
    )


def from_ridged(gradient: Gradient, ridge: float) -> Gradient:
    """Gradients with respect to plain averages, from those with respect to ridged ones.

    The second moments depend on shares by the ridge; `common` would add the same to all rows.
    """
    if gradient.second is None or ridge == 0:
        return gradient
    added = ridge * np.einsum("mhjj->mh", gradient.second)
    return Gradient(gradient.share + added, gradient.first, gradient.second, gradient.common)

"""Sliced average variance estimation: how far the variances of slices lie from the whole's."""

from __future__ import annotations

import numpy as np

from causalif.fairness.reduction.base import Cut, Kernel, both_sides, root
from causalif.fairness.reduction.moments import Gradient, Moments


def _covariances(moments: Moments) -> np.ndarray:
    means = moments.first / moments.share[:, None]
    return moments.second / moments.share[:, None, None] - means[:, :, None] * means[:, None, :]


def variances(cut: Cut) -> Kernel:
    """SAVE: the sum over slices of p (V - V_h)^2, V the variance of the stratum (the identity)."""
    inside, around = cut.sliced(), cut.stratified()
    outer, pull_root = root(cut.moments)
    cores = _covariances(around)[cut.stratum_of_slice] - _covariances(inside)
    apart = outer @ cores @ outer
    matrix = np.einsum("h,hjk,hkl->jl", inside.share, apart, apart)

    def pullback(gradient: np.ndarray) -> Gradient:
        by_share = np.einsum("mjk,hjl,hlk->mh", gradient, apart, apart)
        by_apart = inside.share[:, None, None] * both_sides(gradient[:, None] @ apart)
        by_root = both_sides(by_apart @ outer @ cores).sum(axis=1)
        turned = outer @ by_apart @ outer
        owner = cut.stratum_of_slice == np.arange(cut.strata)[:, None]
        of_strata = np.einsum("sh,mhjk->msjk", owner.astype(float), turned)
        slices, strata = _from_covariances(inside, -turned), _from_covariances(around, of_strata)
        direct = Gradient(
            cut.spread(by_share + slices.share, strata.share),
            cut.spread(slices.first, strata.first),
            cut.spread(_second(slices), _second(strata)),
        )
        return direct + pull_root(by_root)

    return Kernel(matrix, pullback)


def _second(gradient: Gradient) -> np.ndarray:
    assert gradient.second is not None
    return gradient.second


def _from_covariances(moments: Moments, turned: np.ndarray) -> Gradient:
    """From gradients of each cell's covariance, shape (m, c, p, p), to those of its averages."""
    p, b = moments.share, moments.first
    along = np.einsum("mhjk,hk->mhj", turned, b)
    share = (
        -np.einsum("mhjk,hjk->mh", turned, moments.second) / p**2
        + 2 * np.einsum("mhj,hj->mh", along, b) / p**3
    )
    return Gradient(share, -2 * along / p[:, None] ** 2, turned / p[:, None, None])

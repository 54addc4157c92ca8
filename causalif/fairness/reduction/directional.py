"""Directional regression: means and variances of slices at once."""

from __future__ import annotations

import numpy as np

from causalif.fairness.reduction.base import Cut, Kernel, both_sides, root
from causalif.fairness.reduction.between import between as sir_kernel
from causalif.fairness.reduction.moments import Gradient


def directional_regression(cut: Cut) -> Kernel:
    """2 E A^2 + 2 M^2 + 2 tr(M) M - 2 I, with A = E[z z' | slice] and M the kernel of SIR."""
    inside = cut.sliced()
    outer, pull_root = root(cut.moments)
    between = sir_kernel(cut)
    mean = cut.moments.mean
    tilt = inside.first[:, :, None] * mean / inside.share[:, None, None]
    cores = (
        inside.second / inside.share[:, None, None]
        - tilt
        - np.swapaxes(tilt, 1, 2)
        + np.outer(mean, mean)
    )
    squares = outer @ cores @ outer
    sir = between.matrix
    p, identity = inside.share, np.eye(len(outer))
    matrix = (
        2 * np.einsum("h,hjk,hkl->jl", p, squares, squares)
        + 2 * sir @ sir
        + 2 * np.trace(sir) * sir
        - 2 * identity
    )

    def pullback(gradient: np.ndarray) -> Gradient:
        inner = np.einsum("mjk,jk->m", gradient, sir)[:, None, None]
        by_sir = 2 * both_sides(gradient @ sir) + 2 * inner * identity
        by_sir += 2 * np.trace(sir) * gradient
        by_square = 2 * p[:, None, None] * both_sides(gradient[:, None] @ squares)
        turned = outer @ by_square @ outer
        on_mean = turned @ mean
        share = (
            2 * np.einsum("mjk,hjl,hlk->mh", gradient, squares, squares)
            - np.einsum("mhjk,hjk->mh", turned, inside.second) / p**2
            + 2 * np.einsum("mhj,hj->mh", on_mean, inside.first) / p**2
        )
        by_mean = 2 * (on_mean - np.einsum("mhjk,hk->mhj", turned, inside.first / p[:, None])).sum(
            axis=1
        )
        first = -2 * on_mean / p[:, None] + by_mean[:, None, :]
        nothing = np.zeros((len(gradient), cut.strata))
        empty = np.zeros((*nothing.shape, len(mean)))
        direct = Gradient(
            cut.spread(share, nothing),
            cut.spread(first, empty),
            cut.spread(turned / p[:, None, None], empty[..., None] * mean),
        )
        by_root = both_sides(by_square @ outer @ cores).sum(axis=1)
        return direct + pull_root(by_root) + between.pullback(by_sir)

    return Kernel(matrix, pullback)

"""Sliced inverse regression: how far the means of slices lie apart."""

from __future__ import annotations

import numpy as np

from causalif.fairness.reduction.base import Cut, Kernel, both_sides, root
from causalif.fairness.reduction.moments import Gradient, Moments


def between(cut: Cut) -> Kernel:
    """SIR: W (sum over slices of b b'/p, less the same of strata) W, b the first moments."""
    inside, around = cut.sliced(), cut.stratified()
    outer, pull_root = root(cut.moments)
    core = _squares(inside) - _squares(around)
    matrix = outer @ core @ outer

    def pullback(gradient: np.ndarray) -> Gradient:
        turned = outer @ gradient @ outer
        shares = _square_shares(inside, turned), -_square_shares(around, turned)
        firsts = _square_firsts(inside, turned), -_square_firsts(around, turned)
        direct = Gradient(cut.spread(*shares), cut.spread(*firsts))
        return direct + pull_root(both_sides(gradient @ outer @ core))

    return Kernel(matrix, pullback)


def _squares(moments: Moments) -> np.ndarray:
    return (moments.first.T / moments.share) @ moments.first


def _square_shares(moments: Moments, turned: np.ndarray) -> np.ndarray:
    b = moments.first
    return -np.einsum("hj,mjk,hk->mh", b, turned, b) / moments.share**2


def _square_firsts(moments: Moments, turned: np.ndarray) -> np.ndarray:
    return 2 * np.einsum("mjk,hk->mhj", turned, moments.first / moments.share[:, None])

"""Kernel matrices whose leading eigenvectors span what a response depends on, with pullbacks.

In the coordinates z = W (x - mean), W the inverse root of the covariance. A kernel is a function
of averages within cells; its pullback takes gradients with respect to the matrix to gradients
with respect to these averages, W and the mean included.
"""

from __future__ import annotations

from collections.abc import Callable, Collection
from dataclasses import dataclass

import numpy as np

from causalif.errors import DataError
from causalif.fairness.reduction.moments import Gradient, Moments
from causalif.fairness.reduction.spectral import inverse_root

Pullback = Callable[[np.ndarray], Gradient]


@dataclass(frozen=True)
class Kernel:
    """A symmetric matrix in standardised coordinates, and its pullback.

    Attributes
    ----------
    matrix : ndarray, shape (p, p)
    pullback : callable
        From gradients, shape (m, p, p), symmetric, to a `Gradient` of m functions.
    """

    matrix: np.ndarray
    pullback: Pullback

    def __add__(self, other: Kernel) -> Kernel:
        return Kernel(
            self.matrix + other.matrix,
            lambda gradient: self.pullback(gradient) + other.pullback(gradient),
        )


def root(moments: Moments) -> tuple[np.ndarray, Pullback]:
    """W, the inverse root of the covariance, and its pullback to the averages."""
    value, derivative = inverse_root(moments.covariance)
    cells = len(moments.share)

    def pullback(gradient: np.ndarray) -> Gradient:
        common = derivative(gradient)
        first = np.repeat((-2 * common @ moments.mean)[:, None, :], cells, axis=1)
        return Gradient(np.zeros((len(gradient), cells)), first, common=common)

    return value, pullback


def kernel(
    method: str,
    moments: Moments,
    slices: np.ndarray,
    *,
    strata: np.ndarray | None = None,
    use: Collection[int] | None = None,
) -> Kernel:
    """The kernel of a response, by itself or within strata.

    Parameters
    ----------
    method : {"sir", "save", "dr"}
        Sliced inverse regression, sliced average variance estimation, directional regression.
    moments : Moments
        Of c cells.
    slices : ndarray of int, shape (c,)
        The slice, or level, of the response in each cell.
    strata : ndarray of int, shape (c,), optional
        Slices are compared with others of the same stratum; not with "dr".
    use : collection of int, optional
        Only these strata.

    Returns
    -------
    Kernel

    Raises
    ------
    DataError
        "dr" within strata.

    References
    ----------
    .. [1] Li (1991), Journal of the American Statistical Association 86(414):316-327.
    .. [2] Cook & Weisberg (1991), Journal of the American Statistical Association 86:328-332.
    .. [3] Li & Wang (2007), Journal of the American Statistical Association 102(479):997-1008.
    .. [4] Chiaromonte, Cook & Li (2002), Annals of Statistics 30(2):475-497.

    Examples
    --------
    >>> rng = np.random.default_rng(1)
    >>> level = rng.integers(0, 2, 400)
    >>> x = rng.normal(size=(400, 2)) + np.outer(level, [2.0, 0.0])
    >>> from causalif.fairness.reduction.moments import cell_moments
    >>> found = kernel("sir", cell_moments(x, level, 2), np.array([0, 1]))
    >>> bool(abs(np.linalg.eigh(found.matrix)[1][0, -1]) > 0.95)
    True
    """
    within = np.zeros(len(slices), dtype=int) if strata is None else strata
    used = np.isin(within, list(within if use is None else use))
    pairs, group = np.unique(np.column_stack([within, slices])[used], axis=0, return_inverse=True)
    groups = np.full(len(slices), -1)
    groups[used] = np.ravel(group)
    levels, stratum = np.unique(pairs[:, 0], return_inverse=True)
    of_cell = np.where(used, np.ravel(stratum)[groups], -1)
    cut = Cut(moments, groups, len(pairs), of_cell, len(levels), np.ravel(stratum))
    if method == "dr":
        if strata is not None:
            raise DataError(
                'reduction="dr" compares slices of all rows, not within levels of the target. Take '
                '"sir" or "save" with this notion.'
            )
        return _directional_regression(cut)
    return _between(cut) if method == "sir" else _variances(cut)


@dataclass(frozen=True)
class Cut:
    """Cells put together to slices, and these to strata; -1 for a cell that is not used."""

    moments: Moments
    slice_of: np.ndarray
    slices: int
    stratum_of: np.ndarray
    strata: int
    stratum_of_slice: np.ndarray

    def sliced(self) -> Moments:
        """The averages of slices."""
        return self.moments.grouped(self.slice_of, self.slices)

    def stratified(self) -> Moments:
        """The averages of strata."""
        return self.moments.grouped(self.stratum_of, self.strata)

    def spread(self, by_slice: np.ndarray, by_stratum: np.ndarray) -> np.ndarray:
        """From gradients of slices and strata, shape (m, s, ...), to those of cells."""
        nothing = np.zeros_like(by_slice[:, :1])
        return (
            np.concatenate([by_slice, nothing], axis=1)[:, self.slice_of]
            + np.concatenate([by_stratum, nothing], axis=1)[:, self.stratum_of]
        )


def _between(cut: Cut) -> Kernel:
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
        return direct + pull_root(_both_sides(gradient @ outer @ core))

    return Kernel(matrix, pullback)


def _squares(moments: Moments) -> np.ndarray:
    return (moments.first.T / moments.share) @ moments.first


def _square_shares(moments: Moments, turned: np.ndarray) -> np.ndarray:
    b = moments.first
    return -np.einsum("hj,mjk,hk->mh", b, turned, b) / moments.share**2


def _square_firsts(moments: Moments, turned: np.ndarray) -> np.ndarray:
    return 2 * np.einsum("mjk,hk->mhj", turned, moments.first / moments.share[:, None])


def _both_sides(gradient: np.ndarray) -> np.ndarray:
    """The gradient with respect to a symmetric matrix that stands on both sides."""
    return gradient + np.swapaxes(gradient, -1, -2)


def _covariances(moments: Moments) -> np.ndarray:
    means = moments.first / moments.share[:, None]
    return moments.second / moments.share[:, None, None] - means[:, :, None] * means[:, None, :]


def _variances(cut: Cut) -> Kernel:
    """SAVE: the sum over slices of p (V - V_h)^2, V the variance of the stratum (the identity)."""
    inside, around = cut.sliced(), cut.stratified()
    outer, pull_root = root(cut.moments)
    cores = _covariances(around)[cut.stratum_of_slice] - _covariances(inside)
    apart = outer @ cores @ outer
    matrix = np.einsum("h,hjk,hkl->jl", inside.share, apart, apart)

    def pullback(gradient: np.ndarray) -> Gradient:
        by_share = np.einsum("mjk,hjl,hlk->mh", gradient, apart, apart)
        by_apart = inside.share[:, None, None] * _both_sides(gradient[:, None] @ apart)
        by_root = _both_sides(by_apart @ outer @ cores).sum(axis=1)
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


def _directional_regression(cut: Cut) -> Kernel:
    """2 E A^2 + 2 M^2 + 2 tr(M) M - 2 I, with A = E[z z' | slice] and M the kernel of SIR."""
    inside = cut.sliced()
    outer, pull_root = root(cut.moments)
    between = _between(cut)
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
        by_sir = 2 * _both_sides(gradient @ sir) + 2 * inner * identity
        by_sir += 2 * np.trace(sir) * gradient
        by_square = 2 * p[:, None, None] * _both_sides(gradient[:, None] @ squares)
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
        by_root = _both_sides(by_square @ outer @ cores).sum(axis=1)
        return direct + pull_root(by_root) + between.pullback(by_sir)

    return Kernel(matrix, pullback)

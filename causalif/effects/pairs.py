"""Averages over the product of two marginal laws, each row's part of one beside all of the other.

The mean is sum_z1 p(z1) h(z1) sum_z2 p(z2) mu(a, z1, z2), with h one but for curves: of the
weighted controlled direct effect, and of the curve of controlled direct effects. With
r = p(z1) p(z2) / p(z1, z2) its efficient influence function is

    1(A = a) / p(a | Z) r h(Z1) {Y - mu(a, Z)}
        + h(Z1) sum_z2 p(z2) mu(a, Z1, z2) + sum_z1 p(z1) h(z1) mu(a, z1, Z2)

up to the constant: two averages, for a row is a draw from either law.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from causalif.data.design import Design
from causalif.effects.options import Settings
from causalif.effects.potential import PotentialMean, Residual, potential_mean
from causalif.nuisance.cells import cells_of
from causalif.nuisance.crossfit import Nuisances
from causalif.nuisance.folds import seed_for
from causalif.nuisance.record import Mean

FEWEST_SHIFTS = 20  # three gave the same error; what is left is noise in the interaction of mu
MOST_PAIRS = 200_000  # up to which every row meets all others of its fold
ROWS_AT_ONCE = 400_000


@dataclass(frozen=True)
class Shifts:
    """A balanced set of pairs within folds: every row as often first as second.

    Attributes
    ----------
    partners : ndarray of int, shape (n, s)
        The rows whose z1 are set beside each row's z2.
    givers : ndarray of int, shape (n, s)
        The rows whose z2 are set beside each row's z1, by the same shifts.
    """

    partners: np.ndarray
    givers: np.ndarray


def balanced_shifts(folds: np.ndarray, seed: int) -> Shifts:
    """Pairs (i, i + s) around each fold, for some shifts s, or for all in small folds.

    Main effects of z1 and z2 are averaged exactly, as each row serves equally often.

    Examples
    --------
    >>> found = balanced_shifts(np.full(3, -1), seed=1)
    >>> np.sort(found.partners, axis=1).tolist()
    [[0, 1, 2], [0, 1, 2], [0, 1, 2]]
    """
    rng, n = np.random.default_rng(seed), len(folds)
    members = [rng.permutation(np.flatnonzero(folds == fold)) for fold in np.unique(folds)]
    count = min(max(FEWEST_SHIFTS, MOST_PAIRS // n), *(len(rows) for rows in members))
    partners, givers = np.empty((2, n, count), dtype=np.intp)
    for rows in members:
        shifts = rng.permutation(len(rows))[:count]
        places = np.arange(len(rows))[:, None]
        partners[rows] = rows[(places + shifts) % len(rows)]
        givers[rows] = rows[(places - shifts) % len(rows)]
    return Shifts(partners, givers)


def shifts_of(nuisances: Nuisances) -> Shifts:
    """The pairs of an analysis: one set, so that two worlds share its noise."""
    scheme = nuisances.scheme
    return balanced_shifts(scheme.folds, seed_for(scheme.entropy, "shifts"))


def at_pairs(
    nuisances: Nuisances, mean: Mean, first: tuple[str, ...], shifts: Shifts
) -> np.ndarray:
    """A regression at each row with the columns `first` of its partners, shape (n, s)."""
    n, count = shifts.partners.shape
    step = max(ROWS_AT_ONCE // n, 1)
    parts = list[np.ndarray]()
    for start in range(0, count, step):
        donors = shifts.partners[:, start : start + step]
        rows = np.repeat(np.arange(n), donors.shape[1])
        found = nuisances.at(mean, drawn=(first, rows, donors.reshape(-1)))
        parts.append(found.reshape(donors.shape))
    return np.concatenate(parts, axis=1)


def density_ratio(
    nuisances: Nuisances, design: Design, first: tuple[str, ...], second: tuple[str, ...]
) -> np.ndarray:
    """p(z1) p(z2) / p(z1, z2), shape (n,): by classifying the levels of one part if they are few.

    Otherwise by telling rows from rows whose z1 was dealt out anew.
    """
    for part, other in ((first, second), (second, first)):
        cells = cells_of(design, part)
        if cells is not None:
            marginal = np.bincount(cells.codes, weights=design.weights) / design.n
            given = nuisances.shares(cells, other)[np.arange(design.n), cells.codes]
            return marginal[cells.codes] / np.maximum(given, nuisances.floor)
    return nuisances.dependence(first, second)


@dataclass(frozen=True)
class Averages:
    """How the two averages of a surface over pairs, and its overall mean, are taken.

    The surface has 2 s columns: the regression at a row's pairs, then at those that lend it
    their z2. Each array holds the shares of the columns, shape (n, 2 s).

    Attributes
    ----------
    over_first : ndarray
        sum_z1 p(z1) h(z1) of it, at a row's own z2.
    over_either : ndarray
        Half of that, and half of h(z1) sum_z2 p(z2) of it at a row's own z1.
    """

    shifts: Shifts
    over_first: np.ndarray
    over_either: np.ndarray

    @classmethod
    def of(cls, shifts: Shifts, sampling: np.ndarray, factor: np.ndarray) -> Averages:
        """Averages with `sampling` weights and `factor` h(z1), each of shape (n,)."""
        first = _shares(sampling[shifts.partners]) * factor[shifts.partners]
        second = _shares(sampling[shifts.givers]) * factor[:, None]
        nothing = np.zeros_like(first)
        over_either = np.column_stack([first, second]) / 2
        return cls(shifts, np.column_stack([first, nothing]), over_either)

    def surface(self, beside: np.ndarray) -> np.ndarray:
        """The columns, from a regression at pairs of shape (n, s)."""
        return np.column_stack([beside, beside[self.shifts.givers, np.arange(beside.shape[1])]])


def _shares(weights: np.ndarray) -> np.ndarray:
    return weights / weights.sum(axis=1, keepdims=True)


def own_and(mu: np.ndarray, surface: np.ndarray, shares: np.ndarray) -> tuple[np.ndarray, ...]:
    """A surface with a row's own value before it: (surface, subtract, hand on)."""
    nothing = np.zeros((len(mu), 1))
    own = np.column_stack([nothing + 1, np.zeros_like(shares)])
    return np.column_stack([mu, surface]), own, np.column_stack([nothing, shares])


def marginal_product_mean(
    outcome: np.ndarray, residuals: Sequence[Residual], settings: Settings, sampling: np.ndarray
) -> PotentialMean:
    """One mean by any of the four methods; the last residual hands on `over_either`."""
    return potential_mean(
        outcome,
        residuals,
        method=settings.method,
        stabilize=False,
        sampling=sampling,
        laws=2,
    )

"""Rows, and the sums over pairs that their values are made of; adding and removing rows."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

import numpy as np
import pandas as pd

from causalif.attribution.valuation.discrepancy import Means
from causalif.attribution.valuation.encoding import Coordinates
from causalif.attribution.valuation.kernels import PAIRS, Landmarks, chunks, gauss, sums
from causalif.attribution.valuation.labels import Expected
from causalif.errors import DataError


@dataclass(frozen=True)
class Reference:
    """What data are compared with, and how.

    Attributes
    ----------
    coordinates : Coordinates
    rows : ndarray, shape (m, d)
    group : ndarray of int, shape (m,)
        Labels that only pairs of the same count of; zeros where labels do not enter the kernel.
    groups : int
    bandwidth : float
    apart : bool
        Whether each group is compared with its own part of the reference alone.
    landmarks : Landmarks or None
        None: all pairs.
    label, classes, expected
        The label's column, its levels in the reference, and a model of it; None without.
    feature_weight : float
        Of the features' part beside the label's residual.
    """

    coordinates: Coordinates
    rows: np.ndarray
    group: np.ndarray
    groups: int
    bandwidth: float
    apart: bool
    landmarks: Landmarks | None
    label: str | None
    classes: tuple[Any, ...]
    expected: Expected | None
    feature_weight: float

    @cached_property
    def within(self) -> np.ndarray:
        """The mean kernel within the reference, or within each of its groups."""
        if self.landmarks is None:
            total = sums(self.rows, self.rows, self.bandwidth, labels=(self.group, self.group))
        else:
            total = self.by_landmarks(self.rows, self.group, self.own_totals)
        by_group = np.bincount(self.group, total, self.groups)
        counts = np.bincount(self.group, minlength=self.groups)
        if self.apart:
            return by_group / np.maximum(counts, 1) ** 2
        return np.array([by_group.sum() / len(self.rows) ** 2])

    @cached_property
    def own_totals(self) -> np.ndarray:
        """Of the reference's own rows."""
        return self.totals(self.rows, self.group)

    def totals(self, rows: np.ndarray, group: np.ndarray) -> np.ndarray:
        """Of each group the sum of k_M over its rows, shape (groups, M)."""
        assert self.landmarks is not None
        return np.array([self.landmarks.total(rows[group == k]) for k in range(self.groups)])

    def by_landmarks(self, rows: np.ndarray, group: np.ndarray, totals: np.ndarray) -> np.ndarray:
        """Of each row the sum of the kernel over the rows in `totals` of its own group."""
        assert self.landmarks is not None
        scores = self.landmarks.scores(rows, self.landmarks.inverse @ totals.T)
        return scores[np.arange(len(rows)), group]

    def kernel_with_self(self, rows: np.ndarray) -> np.ndarray:
        """k(x, x), as the kernel that is used has it."""
        if self.landmarks is None:
            return np.ones(len(rows))
        near, inverse = self.landmarks, self.landmarks.inverse
        found = np.empty(len(rows))
        for part in chunks(len(rows), PAIRS // len(near.points)):
            common = gauss(rows[part], near.points, near.bandwidth)
            found[part] = np.einsum("ij,ij->i", common @ inverse, common)
        return found

    def sums_to(self, rows: np.ndarray, group: np.ndarray) -> np.ndarray:
        """Of each row the sum of the kernel over the reference."""
        if self.landmarks is None:
            return sums(rows, self.rows, self.bandwidth, labels=(group, self.group))
        return self.by_landmarks(rows, group, self.own_totals)


@dataclass(frozen=True)
class State:
    """Rows of data with their sums.

    Attributes
    ----------
    index : Index, length n
    rows : ndarray or None, shape (n, d)
        None where they are not kept.
    group : ndarray of int, shape (n,)
        As in the reference; one more for labels that it has not.
    to_reference, to_data : ndarray, shape (n,)
        Sums of the kernel over the reference, and over the data, of the same group.
    own : ndarray, shape (n,)
        The kernel of each row with itself.
    totals : ndarray or None, shape (groups, M)
        Sums of k_M, where there are landmarks.
    residual : ndarray or None, shape (n,)
        Of the label.
    """

    index: pd.Index[Any]
    rows: np.ndarray | None
    group: np.ndarray
    to_reference: np.ndarray
    to_data: np.ndarray
    own: np.ndarray
    totals: np.ndarray | None
    residual: np.ndarray | None

    @property
    def kept(self) -> np.ndarray:
        """The rows.

        Raises
        ------
        DataError
            They are not kept.
        """
        if self.rows is None:
            raise DataError(
                "rows that were read a part at a time are not kept, so that none can be added or "
                "removed. Give them as a data frame, or value other parts by themselves."
            )
        return self.rows

    def plus(self, other: State, reference: Reference) -> State:
        """With other rows, whose own sums are of themselves alone."""
        to_data = np.concatenate([self.to_data, other.to_data])
        totals = self.totals
        if totals is None or other.totals is None:
            mine, theirs = _crossed(self, other, reference.bandwidth)
            to_data += np.concatenate([mine, theirs])
        else:
            totals = totals + other.totals
        joined = State(
            self.index.append(other.index),
            np.vstack([self.kept, other.kept]),
            np.concatenate([self.group, other.group]),
            np.concatenate([self.to_reference, other.to_reference]),
            to_data,
            np.concatenate([self.own, other.own]),
            totals,
            None
            if self.residual is None or other.residual is None
            else np.concatenate([self.residual, other.residual]),
        )
        return joined.with_sums(reference)

    def less(self, places: np.ndarray, reference: Reference) -> State:
        """Without the rows at these places."""
        kept = np.setdiff1d(np.arange(len(self.kept)), places)
        gone, left = self._take(places), self._take(kept)
        if self.totals is None:
            mine, _ = _crossed(left, gone, reference.bandwidth)
            return replace(left, to_data=left.to_data - mine)
        lost = reference.totals(gone.kept, gone.group)
        return replace(left, totals=self.totals - lost).with_sums(reference)

    def means(self, reference: Reference) -> list[tuple[np.ndarray, Means]]:
        """Places of rows that are compared together, and their kernel means."""
        within = reference.within
        if not reference.apart:
            means = Means(
                self.to_reference / len(reference.rows),
                self.to_data / len(self.index),
                self.own,
                float(within[0]),
            )
            return [(np.arange(len(self.index)), means)]
        found = []
        counts = np.bincount(reference.group, minlength=reference.groups)
        for k in np.unique(self.group):
            places = np.flatnonzero(self.group == k)
            means = Means(
                self.to_reference[places] / max(1, counts[k]),
                self.to_data[places] / len(places),
                self.own[places],
                float(within[k]),
            )
            found.append((places, means))
        return found

    def with_sums(self, reference: Reference) -> State:
        """With sums over the data by its totals, where there are landmarks."""
        if self.totals is None:
            return self
        found = reference.by_landmarks(self.kept, self.group, self.totals)
        return replace(self, to_data=found)

    def _take(self, places: np.ndarray) -> State:
        return replace(
            self,
            index=self.index[places],
            rows=self.kept[places],
            group=self.group[places],
            to_reference=self.to_reference[places],
            to_data=self.to_data[places],
            own=self.own[places],
            residual=None if self.residual is None else self.residual[places],
        )


def state_of(
    index: pd.Index[Any],
    rows: np.ndarray,
    group: np.ndarray,
    residual: np.ndarray | None,
    reference: Reference,
) -> State:
    """Rows by themselves."""
    to_reference, own = reference.sums_to(rows, group), reference.kernel_with_self(rows)
    if reference.landmarks is None:
        to_data = sums(rows, rows, reference.bandwidth, labels=(group, group))
        return State(index, rows, group, to_reference, to_data, own, None, residual)
    totals = reference.totals(rows, group)
    empty = np.zeros(len(rows))
    return State(index, rows, group, to_reference, empty, own, totals, residual).with_sums(
        reference
    )


def _crossed(one: State, other: State, bandwidth: float) -> tuple[np.ndarray, np.ndarray]:
    """Sums of the kernel between two sets of rows, over the other and over the one."""
    mine, theirs = np.empty(len(one.kept)), np.zeros(len(other.kept))
    for part in chunks(len(one.kept), max(1, PAIRS // max(1, len(other.kept)))):
        values = gauss(one.kept[part], other.kept, bandwidth)
        values *= one.group[part, None] == other.group
        mine[part] = values.sum(axis=1)
        theirs += values.sum(axis=0)
    return mine, theirs

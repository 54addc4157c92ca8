"""What the rows of a sample share: labels, weights, clusters, strata; and variances from them."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import pandas as pd

from causalif.errors import DataError, first_rows


@dataclass(frozen=True, eq=False)
class Rows:
    """The rows of a sample; estimates on the same `Rows` keep their covariance.

    Attributes
    ----------
    index : Index, length n
        Row labels.
    weights : ndarray or None, shape (n,)
        Sampling weights with mean one.
    clusters, strata : ndarray or None, shape (n,)
        Labels; clusters are nested in strata, whatever their numbering.
    """

    index: pd.Index[Any]
    weights: np.ndarray | None = None
    clusters: np.ndarray | None = None
    strata: np.ndarray | None = None

    def __post_init__(self) -> None:
        for labels in (self.weights, self.clusters, self.strata):
            if labels is not None:
                labels.flags.writeable = False

    def __setstate__(self, state: dict[str, Any]) -> None:
        self.__dict__.update(state)
        self.__post_init__()

    @property
    def n(self) -> int:
        """The number of rows."""
        return len(self.index)

    @cached_property
    def stratum(self) -> np.ndarray:
        """Integer codes of the strata, shape (n,); all zero without strata."""
        return np.zeros(self.n, dtype=np.intp) if self.strata is None else codes(self.strata)

    @cached_property
    def unit(self) -> np.ndarray:
        """Integer codes of the primary sampling units (clusters, or rows), shape (n,)."""
        if self.clusters is None:
            return np.arange(self.n)
        cluster = codes(self.clusters)
        return codes(self.stratum * (cluster.max() + 1) + cluster)

    @property
    def n_units(self) -> int:
        """The number of primary sampling units: clusters, or rows without them."""
        return int(self.unit.max()) + 1

    @cached_property
    def stratum_of_unit(self) -> np.ndarray:
        """The stratum code of each primary sampling unit, shape (n_units,)."""
        stratum = np.empty(self.n_units, dtype=np.intp)
        stratum[self.unit] = self.stratum
        return stratum

    def mean(self, values: np.ndarray) -> np.ndarray:
        """The weighted mean of each column."""
        return np.average(values, axis=0, weights=self.weights)

    def contributions(self, influence: np.ndarray) -> np.ndarray:
        """Independent contributions C to the estimates, so that their covariance is C'C.

        Parameters
        ----------
        influence : ndarray, shape (n, k)
            Per row, unweighted.

        Returns
        -------
        ndarray, shape (n_units, k)

        References
        ----------
        .. [1] Binder (1983), International Statistical Review 51(3):279-292.
        """
        parts = (influence - self.mean(influence)) / self.n
        if self.weights is not None:
            parts = parts * self.weights[:, None]
        if self.clusters is not None:
            parts = _sum_by(self.unit, self.n_units, parts)
        if self.strata is not None:
            return _centred_in_strata(parts, self.stratum_of_unit)
        if self.clusters is not None:
            return parts * np.sqrt(self.n_units / (self.n_units - 1))
        return parts

    def positions_in(self, other: Rows) -> np.ndarray | None:
        """Where each of these rows stands in `other`; None where the order is the same.

        Raises
        ------
        DataError
            The labels differ, or are not unique and differ in order.
        """
        if self.index.equals(other.index):
            return None
        if not (self.index.is_unique and other.index.is_unique):
            raise DataError(
                "not the same rows: row labels are duplicated, so rows can be matched only when "
                "both estimates list them in the same order. Give the data a unique index "
                "(data.reset_index(drop=True)) before the analyses."
            )
        positions = other.index.get_indexer(self.index)
        missing = self.index[positions < 0]
        if len(missing) or self.n != other.n:
            extra = other.index.difference(self.index, sort=False)
            shown = first_rows([*missing[:3], *extra[:3]])
            raise DataError(
                f"not the same rows: {len(missing)} of the {self.n} rows of one estimate are "
                f"absent from the other, which has {len(extra)} of its own ({shown}). Run both "
                "analyses on the same rows of the data."
            )
        return positions

    def take(self, positions: np.ndarray | None) -> Rows:
        """The same rows in another order."""
        if positions is None:
            return self

        def part(values: np.ndarray | None) -> np.ndarray | None:
            return None if values is None else values[positions]

        return Rows(
            self.index[positions], part(self.weights), part(self.clusters), part(self.strata)
        )

    def check_same_sampling(self, other: Rows) -> None:
        """Refuse rows with other weights, clusters or strata (rows in the same order).

        Raises
        ------
        DataError
            Weights, clusters or strata differ.
        """
        if self is other:
            return
        ones = np.ones(self.n)
        mine = ones if self.weights is None else self.weights
        theirs = ones if other.weights is None else other.weights
        differing = [] if np.allclose(mine, theirs, rtol=1e-9, atol=0) else ["weights"]
        for word in ("clusters", "strata"):
            if not _same_partition(getattr(self, word), getattr(other, word)):
                differing.append(word)
        if differing:
            raise DataError(
                f"not the same rows: the estimates have unequal {' and '.join(differing)}. "
                "Give both analyses the same weights=, clusters= and strata=."
            )


def codes(labels: np.ndarray) -> np.ndarray:
    """Integer codes of labels in order of appearance."""
    return pd.factorize(labels)[0].astype(np.intp)


def _sum_by(code: np.ndarray, groups: int, values: np.ndarray) -> np.ndarray:
    columns = [np.bincount(code, weights=column, minlength=groups) for column in values.T]
    return np.stack(columns, axis=1) if columns else np.empty((groups, 0))


def _centred_in_strata(parts: np.ndarray, stratum: np.ndarray) -> np.ndarray:
    size = np.bincount(stratum).astype(float)
    means = _sum_by(stratum, len(size), parts) / size[:, None]
    lonely = size == 1
    means[lonely] = parts.mean(axis=0)
    factor = np.where(lonely, 1.0, size / np.where(lonely, 1.0, size - 1))
    return (parts - means[stratum]) * np.sqrt(factor[stratum])[:, None]


def _same_partition(left: np.ndarray | None, right: np.ndarray | None) -> bool:
    if left is None or right is None:
        return left is right
    return bool(np.array_equal(codes(left), codes(right)))

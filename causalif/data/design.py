"""Frozen design arrays: what every estimator reads instead of the user's frame."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

import numpy as np
import pandas as pd

from causalif.data.fields import Adjustment, Column, Exposure, Outcome
from causalif.data.subgroups import Subgroups

__all__ = ["Adjustment", "Column", "Design", "Exposure", "Outcome", "products"]


@dataclass(frozen=True)
class Design:
    """All that an analysis needs of the data, encoded once and never changed.

    Attributes
    ----------
    index : Index, length n
        The user's row labels, in the user's order.
    exposure, outcome : Exposure, Outcome
    columns : mapping of str to Column
        Every mediator, covariate and intermediate, by name.
    mediators : tuple of tuples of str
        Ordered groups of names; one group for `mediate`.
    covariates, intermediates : tuple of str
    weights : ndarray or None, shape (n,)
        Sampling weights with mean one.
    clusters, strata : ndarray of int or None, shape (n,)
    notes : tuple of str
        Decisions a reader should know: references, imputed columns, events.
    adjustment : Adjustment or None
        Which covariates a graph chose or found valid, and why; None without a graph.
    by : Subgroups or None
        Groups in each of which the effect is asked for.
    complete : ndarray of bool or None, shape (n,)
        Rows in which every mediator and intermediate was seen; None where that is all. In the
        others these columns hold the values of complete rows.
    """

    index: pd.Index
    exposure: Exposure
    outcome: Outcome
    columns: Mapping[str, Column]
    mediators: tuple[tuple[str, ...], ...] = ()
    covariates: tuple[str, ...] = ()
    intermediates: tuple[str, ...] = ()
    weights: np.ndarray | None = None
    clusters: np.ndarray | None = None
    strata: np.ndarray | None = None
    notes: tuple[str, ...] = field(default=())
    adjustment: Adjustment | None = None
    by: Subgroups | None = None
    complete: np.ndarray | None = None

    @property
    def informative(self) -> np.ndarray:
        """Rows with an observed outcome, all mediators and a positive weight, shape (n,)."""
        weighted = True if self.weights is None else self.weights > 0
        whole = True if self.complete is None else self.complete
        return self.outcome.observed & weighted & whole

    @property
    def n(self) -> int:
        """The number of rows."""
        return len(self.index)

    def matrix(self, names: tuple[str, ...]) -> np.ndarray:
        """The encoded columns of these names side by side, shape (n, p)."""
        if not names:
            return np.empty((self.n, 0))
        parts = [self.columns[name].values for name in names]
        if self.by is not None and self.by.crossed and self.by.name in names:
            groups, late = self.columns[self.by.name].values, set(self._late)
            inner = [self.columns[name].values for name in names if name in late]
            parts += [products(groups, values) for values in inner]
        return np.column_stack(parts)

    @property
    def _late(self) -> tuple[str, ...]:
        """What comes after the exposure."""
        mediators = (name for group in self.mediators for name in group)
        return (*self.intermediates, *mediators)

    def crossed(self) -> Design:
        """The design whose matrices hold products of the subgroups with mediators, if any."""
        return self if self.by is None else replace(self, by=replace(self.by, crossed=True))

    def holding(self, names: tuple[str, ...], row: tuple[float, ...]) -> Design:
        """The same design with these columns at one value in every row, encoded side by side."""
        columns, start = dict(self.columns), 0
        for name in names:
            width = columns[name].values.shape[1]
            values = np.tile(row[start : start + width], (self.n, 1))
            columns[name] = replace(columns[name], values=values)
            start += width
        return replace(self, columns=columns)

    def borrowing(self, names: tuple[str, ...], rows: np.ndarray, donors: np.ndarray) -> Design:
        """Some rows (positions, shape (m,)), with these columns from as many donors."""
        taken = self.take(rows)
        swapped = {
            n: replace(self.columns[n], values=self.columns[n].values[donors]) for n in names
        }
        return replace(taken, columns={**taken.columns, **swapped})

    def take(self, rows: np.ndarray) -> Design:
        """The same design on some of its rows (positions or a mask)."""

        def part(values: np.ndarray | None) -> np.ndarray | None:
            return None if values is None else values[rows]

        weights = part(self.weights)
        return replace(
            self,
            index=self.index[rows],
            exposure=replace(self.exposure, codes=self.exposure.codes[rows]),
            outcome=self.outcome.take(rows),
            columns={k: replace(c, values=c.values[rows]) for k, c in self.columns.items()},
            weights=None if weights is None else weights / weights.mean(),
            clusters=part(self.clusters),
            strata=part(self.strata),
            by=None if self.by is None else self.by.take(rows),
            complete=part(self.complete),
        )


def products(left: np.ndarray, right: np.ndarray) -> np.ndarray:
    """Every column times every other, shape (n, p q).

    Examples
    --------
    >>> products(np.array([[1.0, 2.0]]), np.array([[3.0, 4.0]]))
    array([[3., 4., 6., 8.]])
    """
    return (left[:, :, None] * right[:, None, :]).reshape(len(left), -1)

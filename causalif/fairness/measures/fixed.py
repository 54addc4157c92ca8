"""Measures of predictions that are held fixed, as estimates: the terms, and each group's own."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pandas as pd

from causalif.estimate import Estimate
from causalif.fairness.groups import Groups
from causalif.fairness.measures.parts import Part, Predictions
from causalif.fairness.measures.table import MEASURES
from causalif.fairness.measures.terms import by_group, measure


@dataclass(frozen=True)
class Fixed:
    """A measure asked of predictions: all that is needed to evaluate it, on any of the rows.

    Attributes
    ----------
    measure : str
    told : Predictions
        Of all n rows, with weights of mean one.
    groups : Groups
    index : Index, length n
    sampling : mapping of str to ndarray or None
        Clusters and weights, as `Estimate` takes them.
    """

    measure: str
    told: Predictions
    groups: Groups
    index: pd.Index[Any]
    sampling: Mapping[str, Any]

    def terms(self) -> Estimate:
        """The gaps, or the value of all rows.

        Raises
        ------
        DataError
            Groups without the event that the measure needs.
        """
        told = self.told
        found = measure(
            self.measure,
            told.outcome,
            told.linear,
            self.groups,
            logistic=told.logistic,
            threshold=told.threshold,
            weights=told.weights,
        )
        title = f"{self.measure.replace('_', ' ')} between groups of {self.groups.name}"
        if MEASURES[self.measure].kind == "utility":
            title = MEASURES[self.measure].words
        return self._estimate(dict(zip(found.names, found.influence.T, strict=True)), found.values,
                              title)  # fmt: skip

    def by_group(self) -> tuple[Estimate, pd.DataFrame]:
        """Each group's own value, and a table of groups: group, n, events, estimate, std_error."""
        asked = MEASURES[self.measure]
        found: dict[str, tuple[np.ndarray, Part]] = {}
        for ending, page in asked.pages.items():
            parts = by_group(page, self.told, self.groups, asked)
            for level, one in zip(self.groups.levels, parts, strict=True):
                found[f"{level} ({ending})" if ending else str(level)] = one
        columns = {name: np.zeros(len(self.index)) for name in found}
        for name, (rows, part) in found.items():
            columns[name][rows] = part.influence
        values = np.array([part.value for _, part in found.values()])
        estimate = self._estimate(columns, values, asked.value)
        table = pd.DataFrame(
            {
                "group": list(found),
                "n": [len(rows) for rows, _ in found.values()],
                "events": [part.events for _, part in found.values()],
                "estimate": values,
                "std_error": estimate.std_error.to_numpy(),
            }
        )
        return estimate, table

    def take(self, rows: np.ndarray) -> Fixed:
        """The same question of some of the rows, given by mask or by position."""
        told, weights = self.told, self.told.weights[rows]
        kept = replace(
            told,
            outcome=told.outcome[rows],
            linear=told.linear[rows],
            weights=weights / (weights.mean() or 1.0),  # all zero: named when it is evaluated
        )
        sampling = {key: None if one is None else one[rows] for key, one in self.sampling.items()}
        groups = replace(self.groups, codes=self.groups.codes[rows])
        return Fixed(self.measure, kept, groups, self.index[rows], sampling)

    def _estimate(
        self, columns: Mapping[str, np.ndarray], values: np.ndarray, label: str
    ) -> Estimate:
        influence = pd.DataFrame(columns, index=self.index)
        return Estimate(values, influence, names=list(columns), label=label, **self.sampling)

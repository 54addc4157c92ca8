"""What a search asks of an answer: its value without some units, exactly and by a guess."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property
from typing import Protocol

import numpy as np
from scipy.stats import norm, t

from causalif.attribution.model import Model, inverse
from causalif.attribution.removal import UNIDENTIFIED, Removal
from causalif.attribution.units import Units
from causalif.estimate import Estimate


class Target(Protocol):
    """An answer, as a search sees it: `units` that can be left out, by position."""

    @property
    def units(self) -> Units:
        """What can be left out."""
        ...

    @property
    def exact_singles(self) -> bool:
        """Whether guesses of one unit more are exact."""
        ...

    def value(self, removed: np.ndarray) -> tuple[float, float]:
        """Value and half width of its interval without these units; NaN: not determined."""
        ...

    def guesses(self, removed: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """The same as guessed for one unit more, of all units; NaN for those removed."""
        ...

    def first_order(self) -> np.ndarray:
        """By how much each unit moves the value, to first order."""
        ...


@dataclass(frozen=True)
class Coefficient:
    """A coefficient of a model.

    Attributes
    ----------
    model : Model
    place : int
        Of the coefficient among all.
    units : Units
    level : float
        Of intervals.
    """

    model: Model
    place: int
    units: Units
    level: float

    @property
    def exact_singles(self) -> bool:
        """Whether guesses are exact: of squared losses and single rows."""
        return self.model.quadratic and self.units.are_rows

    def value(self, removed: np.ndarray) -> tuple[float, float]:
        """Fitted again without these units."""
        kept = self._kept(removed)
        found = self.model.fitted(kept) if len(kept) else None
        if found is None:
            return np.nan, np.nan
        part = replace(self.model.take(kept), coefficients=found)
        return float(np.ravel(found)[self.place]), self._half_width(part)

    def guesses(self, removed: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """By one Newton step from the fit without these units."""
        kept = self._kept(removed)
        values = np.full(len(self.units.rows), np.nan)
        widths = values.copy()
        found = self.model.fitted(kept)
        if found is None:
            return values, widths
        part = replace(self.model.take(kept), coefficients=found)
        removal = Removal(part)
        before = float(np.ravel(found)[self.place])
        if self.units.are_rows:
            changes, leverage = removal.single(rescaled=True)
            values[kept] = before + changes[:, self.place]
            widths[kept] = self._widths(part, removal, leverage)
            return values, widths
        position = np.full(len(self.model.design), -1)
        position[kept] = np.arange(len(kept))
        width = self._half_width(part)
        for unit in np.setdiff1d(np.arange(len(values)), removed):
            change = removal.together(position[self.units.rows[unit]])
            values[unit], widths[unit] = before + change[self.place], width
        return values, widths

    def first_order(self) -> np.ndarray:
        """By influence."""
        changes, _ = Removal(self.model).single(rescaled=False)
        return self.units.sums(changes[:, [self.place]])[:, 0]

    def _kept(self, removed: np.ndarray) -> np.ndarray:
        kept = np.ones(len(self.model.design), dtype=bool)
        for unit in removed:
            kept[self.units.rows[unit]] = False
        return np.flatnonzero(kept)

    def _half_width(self, part: Model) -> float:
        if part.inference is None:
            return 0.0
        rows = part.everything()
        first, second = part.at(rows)
        freedom = len(rows) - part.size
        if freedom < 1:
            return np.nan
        found = inverse(part.penalised(part.hessian(rows)), part.free)
        scale = _pearson(first, second).sum() / freedom if part.inference.dispersion else 1.0
        variance = scale * found[self.place, self.place]
        return float(self._quantile(part, freedom) * np.sqrt(max(variance, 0.0)))

    def _widths(self, part: Model, removal: Removal, leverage: np.ndarray) -> np.ndarray:
        """Half widths without each row: exact of squared losses."""
        if part.inference is None or part.classes > 1:
            return np.full(len(leverage), self._half_width(part))
        rows = part.everything()
        first, second = part.at(rows)
        left = np.where(1 - leverage > UNIDENTIFIED, 1 - leverage, np.nan)
        turned = part.design @ removal.inverse[:, self.place]
        variance = removal.inverse[self.place, self.place]
        variance = variance + second[:, 0, 0] * turned**2 / left
        freedom = len(rows) - part.size - 1
        if freedom < 1:
            return np.full(len(rows), np.nan)
        if part.inference.dispersion:
            squares = _pearson(first, second)
            variance = variance * (squares.sum() - squares / left) / freedom
        return self._quantile(part, freedom) * np.sqrt(np.maximum(variance, 0.0))

    def _quantile(self, part: Model, freedom: int) -> float:
        tail = (1 + self.level) / 2
        student = part.inference is not None and part.inference.student
        return float(t.ppf(tail, freedom) if student else norm.ppf(tail))


def _pearson(first: np.ndarray, second: np.ndarray) -> np.ndarray:
    """Squared Pearson residuals: with canonical links the slope squared by the curvature."""
    curved = second[:, 0, 0]
    return first[:, 0] ** 2 / np.where(curved > 0, curved, 1.0)


@dataclass(frozen=True)
class Term:
    """A term of an `Estimate` that can be fitted again."""

    estimate: Estimate
    name: str
    units: Units
    level: float

    @property
    def exact_singles(self) -> bool:
        """Never: nuisances move."""
        return False

    def value(self, removed: np.ndarray) -> tuple[float, float]:
        """Fitted again without these units, folds and seeds kept."""
        kept = np.ones(self.estimate.n, dtype=bool)
        for unit in removed:
            kept[self.units.rows[unit]] = False
        again = self.estimate.refit(kept)
        low, high = again.confint(self.level).loc[self.name]
        value = float(again.values[self.name])
        width = high - value if value < 0 else value - low
        return value, float(width)

    def guesses(self, removed: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """With nuisances and standard error held as they are."""
        value, width = self._now
        values = value + self.first_order()
        values[removed] = np.nan
        return values, np.full(len(values), width)

    def first_order(self) -> np.ndarray:
        """By influence, nuisances held fixed."""
        weights = self.estimate.weights
        pull = np.ones(self.estimate.n) if weights is None else np.asarray(weights)
        moved = -(pull * self.estimate.influence[self.name].to_numpy()) / pull.sum()
        return self.units.sums(moved[:, None])[:, 0]

    @cached_property
    def _now(self) -> tuple[float, float]:
        return self.value(np.array([], dtype=int))

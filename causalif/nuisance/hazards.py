"""Hazards of the event and of censoring, cross-fitted period by period on people at risk."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from causalif.data.design import Design
from causalif.nuisance.censoring import (
    AtRisk,
    Periods,
    at_risk,
    made_whole,
    remaining_mean,
    staying,
)
from causalif.nuisance.fits import Fit, Regression, Scheme, cross_fit
from causalif.nuisance.library import Library, Role

# Up to this number each period has a hazard of its own; more share a line with bends.
FEW_PERIODS = 12
FEWEST_LEAVING = 5  # in a period with a hazard of its own
LEAVING_PER_COLUMN = 20  # for each bend, up to three, and each slope of an exposure level


@dataclass(frozen=True)
class Censoring:
    """What making up for censored outcomes rested on.

    Attributes
    ----------
    least : float
        The least probability of not being censored that some row is weighed by, unfloored.
    below : int
        Rows weighed by one below the floor.
    floor : float
    losses : tuple of mappings
        As `Nuisances.losses`.
    """

    least: float
    below: int
    floor: float
    losses: tuple[Mapping[str, Any], ...]


def make_up_for_censoring(
    design: Design, library: Library, *, scheme: Scheme, floor: float
) -> tuple[Design, Censoring | None]:
    """The design with an outcome of the same mean given all else, observed in every row.

    Both hazards are fitted to people's periods at risk, the whole of a person in one fold,
    on exposure, time and every column of the design. A row's own outcome has no part in its
    own hazards; it has a small one in those of other folds, from which the regression that
    serves the row is learnt.

    Parameters
    ----------
    design : Design
        Returned as it is where no outcome is censored.
    library : Library
        The role "missing" fits the hazard of censoring, "outcome" that of the event.
    scheme : Scheme
    floor : float
        Of the probability of not being censored.

    References
    ----------
    .. [1] Rubin & van der Laan (2007), A doubly robust censoring unbiased transformation,
           International Journal of Biostatistics 3 (1), article 4.
    """
    survival = design.outcome.survival
    if survival is None or not survival.lost.any():
        return design, None
    periods = Periods.of(survival)
    sets = at_risk(survival, periods)
    by = _ByPeriod(design, library, scheme, periods)
    censoring = by.hazard("censored", "missing", sets.of_censoring, sets.censoring)
    event = by.hazard("event", "outcome", sets.of_event, sets.event)
    stays = staying(censoring, floor)
    whole = made_whole(survival, periods, stays, remaining_mean(survival, periods, event))
    outcome = replace(design.outcome, values=whole)
    least, below = _weighed(sets, staying(censoring, 0.0), floor)
    notes = (*design.notes, f"Least probability of not being censored before: {least:.3g}.")
    record = Censoring(least, below, floor, tuple(by.losses))
    return replace(design, outcome=outcome, notes=notes), record


def _weighed(sets: AtRisk, stays: np.ndarray, floor: float) -> tuple[float, int]:
    """The least probability that divides anything in some row, and rows below the floor."""
    used = np.where(sets.of_censoring, stays, 1.0).min(axis=1)
    return float(used.min()), int((used < floor).sum())


class _ByPeriod:
    """Regressions on rows times periods."""

    def __init__(self, design: Design, library: Library, scheme: Scheme, periods: Periods) -> None:
        self.design, self.library, self.scheme = design, library, scheme
        self.periods = periods
        self.losses: list[Mapping[str, Any]] = []

    def hazard(self, what: str, role: Role, risk: np.ndarray, leaves: np.ndarray) -> np.ndarray:
        """P(leaving so in a period | still there, V), shape (n, k); 0 where nobody does."""
        hazard = np.zeros((self.design.n, len(self.periods.ends)))
        kept = np.flatnonzero(leaves.any(axis=0))
        if len(kept):
            fit = self._fit(what, role, kept, risk[:, kept], leaves[:, kept])
            shares = fit.predictions[0][:, 1].reshape(-1, len(kept))
            hazard[:, kept] = np.clip(shares, 0.0, 1.0)
            given = ", ".join((self.design.exposure.whole, *self.design.columns))
            name = f"P({what} | at risk, {given})"
            self.losses += [{"nuisance": name, **loss} for loss in fit.losses]
        return hazard

    def _fit(
        self, what: str, role: Role, kept: np.ndarray, risk: np.ndarray, leaves: np.ndarray
    ) -> Fit:
        features = self._features(kept, leaves.sum(axis=0))
        train, weights = np.flatnonzero(risk.ravel()), self.design.weights
        regression = Regression(
            ("hazard", what),
            role,
            features,
            [features],
            train,
            leaves.ravel()[train].astype(np.int64),
            2,
            None if weights is None else np.repeat(weights, len(kept)),
        )
        scheme = replace(self.scheme, folds=np.repeat(self.scheme.folds, len(kept)))
        return cross_fit(regression, self.library.candidates(role, "probability"), scheme)

    def _features(self, kept: np.ndarray, leaving: np.ndarray) -> np.ndarray:
        """A row per person and period: exposure, time, time by exposure, all columns."""
        design, n, k = self.design, self.design.n, len(kept)
        codes = design.exposure.codes[:, None]
        dummies = (codes == np.arange(1, len(design.exposure.levels))).astype(float)
        time = (self.periods.middle[kept] / self.periods.ends[-1])[:, None]
        shared = np.tile(np.column_stack([time, _shape_of(time, leaving)]), (n, 1))
        dummies, own = (np.repeat(part, k, axis=0) for part in (dummies, self._columns))
        slopes = dummies * shared[:, :1]
        if leaving.sum() < LEAVING_PER_COLUMN * slopes.shape[1]:
            slopes = slopes[:, :0]
        return np.column_stack([dummies, shared, slopes, own])

    @property
    def _columns(self) -> np.ndarray:
        return self.design.matrix(tuple(self.design.columns))


def _shape_of(time: np.ndarray, leaving: np.ndarray) -> np.ndarray:
    """How a hazard may vary over time beyond a straight line."""
    if len(time) <= FEW_PERIODS:
        own = np.flatnonzero(leaving >= FEWEST_LEAVING)[2:]  # two are the line's
        return (np.arange(len(time))[:, None] == own).astype(float)
    bends = min(3, int(leaving.sum()) // LEAVING_PER_COLUMN)
    return np.maximum(time - np.quantile(time, np.arange(1, bends + 1) / (bends + 1)), 0.0)

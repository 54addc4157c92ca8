"""Mediators seen in some rows only: complete rows stand for the others, which lend efficiency.

With R = 1 in complete rows, pi = P(R = 1 | V) given what is seen of every row (V: exposure,
covariates, and the outcome where it is seen), w the sampling weights, and phi the centred
influence values of an effect in complete rows weighted by w / pi, the influence function is

    h + R / pi (phi - h),    h = E[phi | R = 1, V].

Where no complete row lacks the outcome, and others lack both, rows are lost in two stages: first
the outcome given exposure and covariates, then the mediators given the outcome too. Each stage
is one such step, the last stage first.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from causalif.data.design import Design, products
from causalif.nuisance.fits import Fit, Regression, Scheme, cross_fit
from causalif.nuisance.library import Library, Role, resolve


@dataclass(frozen=True)
class Stage:
    """A step at which rows are lost.

    Attributes
    ----------
    kept : ndarray of bool, shape (n,)
    probability : ndarray, shape (n,)
        Of being kept, once kept so far; raised to the floor.
    raw : ndarray, shape (n,)
        The same before.
    regressions : _Regressions
        On what is known of the rows that came so far.
    losses : tuple of mappings
    """

    kept: np.ndarray
    probability: np.ndarray
    raw: np.ndarray
    regressions: _Regressions
    losses: tuple[Mapping[str, Any], ...]

    def of_those_before(self, key: tuple[Any, ...], values: np.ndarray) -> np.ndarray:
        """From values in the rows that are kept to values in all that came so far."""
        rows = np.flatnonzero(self.kept)
        fitted = self.regressions.fit(key, "outcome", rows, values[rows]).predictions[0]
        return fitted + np.where(self.kept, (values - fitted) / self.probability, 0.0)


@dataclass(frozen=True)
class SecondPhase:
    """The complete rows of a design, and how they stand for all.

    Attributes
    ----------
    rows : Design
        The complete rows, with sampling weights over the probability of being complete.
    complete : ndarray of bool, shape (n,)
    stages : tuple of Stage
    floor : float
    weights : ndarray or None, shape (n,)
        Sampling weights of all rows.
    """

    rows: Design
    complete: np.ndarray
    stages: tuple[Stage, ...]
    floor: float
    weights: np.ndarray | None

    @property
    def least(self) -> float:
        """The least probability of a complete row of being so, unfloored."""
        return float(np.prod([stage.raw for stage in self.stages], axis=0)[self.complete].min())

    @property
    def below(self) -> int:
        """Rows below the floor at some stage that they came to."""
        came, below = np.full(len(self.complete), True), np.full(len(self.complete), False)
        for stage in self.stages:
            below |= came & (stage.raw < self.floor)
            came = stage.kept
        return int(below.sum())

    @property
    def losses(self) -> list[Mapping[str, Any]]:
        """As `Nuisances.losses`."""
        return [loss for stage in self.stages for loss in stage.losses]

    @property
    def effective_rows(self) -> float:
        """How many rows of equal weight the complete rows are worth."""
        weights = self.rows.weights
        assert weights is not None
        return float(weights.sum() ** 2 / (weights**2).sum())

    def scheme(self) -> Scheme:
        """Folds of the complete rows, and how to fit them."""
        whole = self.stages[0].regressions.scheme
        return replace(whole, folds=whole.folds[self.complete])

    def of_all(self, name: str, uncentred: np.ndarray) -> tuple[float, np.ndarray]:
        """What the other rows add to the mean of the complete ones, and influence values of all.

        Parameters
        ----------
        name : str
            Of the mean, which seeds the regressions.
        uncentred : ndarray, shape (complete rows,)

        Notes
        -----
        The regression of phi on V sees phis that other folds' models gave, in which the rows
        that it is to predict had a part. It adds to the estimate with weights of mean zero
        given V, so that this is of smaller order.

        References
        ----------
        .. [1] Robins, Rotnitzky & Zhao (1994), JASA 89, 846-866.
        .. [2] Rose & van der Laan (2011), International Journal of Biostatistics 7 (1),
               article 17: two-phase sampling.
        """
        values = np.zeros(len(self.complete))
        values[self.complete] = uncentred - np.average(uncentred, weights=self.rows.weights)
        for k in range(len(self.stages) - 1, -1, -1):
            values = self.stages[k].of_those_before(("second phase", k, name), values)
        return float(np.average(values, weights=self.weights)), values


def second_phase(
    design: Design, library: Library, *, scheme: Scheme, floor: float
) -> SecondPhase | None:
    """The complete rows of a design and their weights; None where every row is complete.

    Parameters
    ----------
    design : Design
    library : Library
        The role "missing" fits the probability of being complete, "outcome" the regression of
        influence values.
    scheme : Scheme
    floor : float
        Of that probability.
    """
    complete = design.complete
    if complete is None:
        return None
    seen, every = design.outcome.observed, np.full(design.n, True)
    in_turn = not seen.all() and not (complete & ~seen).any()
    late = _late(design)
    steps = [("complete", late, every, complete)]
    if in_turn:  # whether the outcome was seen has then no part in the last step
        steps = [
            ("outcome seen", late[:, :0], every, seen),
            ("complete", late[:, 1:], seen, complete),
        ]
    stages: list[Stage] = []
    for what, known, came, kept in steps:
        regressions = _Regressions(
            _features(design, library, known), library, scheme, design.weights
        )
        outcome = [design.outcome.name] if known.shape[1] else []
        given = ", ".join([design.exposure.name, *outcome, *design.covariates])
        stages.append(_stage(f"P({what} | {given})", regressions, came, kept, floor))
    sampling = np.ones(design.n) if design.weights is None else design.weights
    chance = np.prod([stage.probability for stage in stages], axis=0)
    weights = (sampling / chance)[complete]
    rows = replace(design.take(complete), weights=weights / weights.mean(), complete=None)
    return SecondPhase(rows, complete, tuple(stages), floor, design.weights)


def _stage(
    what: str, regressions: _Regressions, came: np.ndarray, kept: np.ndarray, floor: float
) -> Stage:
    rows = np.flatnonzero(came)
    fit = regressions.fit((what,), "missing", rows, kept[rows].astype(np.int64), classes=2)
    raw = fit.predictions[0][:, 1]
    losses = tuple({"nuisance": what, **loss} for loss in fit.losses)
    return Stage(kept, np.maximum(raw, floor), raw, regressions, losses)


def _features(design: Design, library: Library, late: np.ndarray) -> np.ndarray:
    """Exposure, covariates and what is known of the outcome, shape (n, p).

    With the products of exposure and outcome for learners that make none themselves.
    """
    arms = design.exposure.arm_codes()
    dummies = (arms[:, None] == np.arange(1, arms.max() + 1)).astype(float)
    parts = [dummies, late, design.matrix(design.covariates)]
    if library.interactions:
        parts.append(products(dummies, late))
    return np.column_stack(parts)


def _late(design: Design) -> np.ndarray:
    """The outcome: after whether it was seen, if not everywhere; or event and time.

    Times are ranked, for one long time would sway a straight line; and what they say of the
    outcome by the horizon stands beside them, for no straight line finds that.
    """
    outcome, survival = design.outcome, design.outcome.survival
    if survival is not None:
        place = np.searchsorted(np.sort(survival.time), survival.time) / design.n
        return np.column_stack([survival.event, place, survival.known, survival.lost])
    if outcome.observed.all():
        return outcome.values[:, None]
    return np.column_stack([outcome.observed, np.where(outcome.observed, outcome.values, 0.0)])


@dataclass(frozen=True)
class _Regressions:
    """Regressions on what is known of every row."""

    features: np.ndarray
    library: Library
    scheme: Scheme
    weights: np.ndarray | None

    def fit(
        self,
        key: tuple[Any, ...],
        role: Role,
        train: np.ndarray,
        target: np.ndarray,
        *,
        classes: int = 0,
    ) -> Fit:
        regression = Regression(
            key, role, self.features, [self.features], train, target, classes, self.weights
        )
        library = self.library
        if not classes and not library.regressors:  # the user's learner is a classifier
            library = replace(library, regressors=resolve("glm").regressors)
        kind = "probability" if classes else "regression"
        return cross_fit(regression, library.candidates(role, kind), self.scheme)

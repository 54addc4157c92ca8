"""Mediators seen in some rows only: complete rows stand for the others, which lend efficiency.

With R = 1 in complete rows, pi = P(R = 1 | V) given what is seen of every row (V: exposure,
covariates, and the outcome where it is seen), w the sampling weights, and phi the centred
influence values of an effect in complete rows weighted by w / pi, the influence function is

    R / pi phi - (R / pi - 1) E[phi | R = 1, V].
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
class SecondPhase:
    """The complete rows of a design, and how they stand for all.

    Attributes
    ----------
    rows : Design
        The complete rows, with sampling weights over the probability of being complete.
    complete : ndarray of bool, shape (n,)
    probability : ndarray, shape (n,)
        Of being complete, raised to the floor.
    least : float
        The least such probability of a complete row, unfloored.
    below : int
        Rows below the floor.
    floor : float
    losses : tuple of mappings
        As `Nuisances.losses`.
    """

    rows: Design
    complete: np.ndarray
    probability: np.ndarray
    least: float
    below: int
    floor: float
    losses: tuple[Mapping[str, Any], ...]
    _regressions: _Regressions

    @property
    def effective_rows(self) -> float:
        """How many rows of equal weight the complete rows are worth."""
        weights = self.rows.weights
        assert weights is not None
        return float(weights.sum() ** 2 / (weights**2).sum())

    def scheme(self) -> Scheme:
        """Folds of the complete rows, and how to fit them."""
        whole = self._regressions.scheme
        return replace(whole, folds=whole.folds[self.complete])

    def of_all(self, name: str, uncentred: np.ndarray) -> tuple[float, np.ndarray]:
        """Influence values of every row, and what they add to the mean of the complete rows.

        Parameters
        ----------
        name : str
            Of the mean, which seeds the regression.
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
        phi = uncentred - np.average(uncentred, weights=self.rows.weights)
        fit = self._regressions.fit(
            ("second phase", name), "outcome", np.flatnonzero(self.complete), phi
        )
        ratio = self.complete / self.probability
        values = (1 - ratio) * fit.predictions[0]
        values[self.complete] += ratio[self.complete] * phi
        return float(np.average(values, weights=self._regressions.weights)), values


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
    regressions = _Regressions(always_seen(design, library), library, scheme, design.weights)
    fit = regressions.fit(
        ("complete",), "missing", np.arange(design.n), complete.astype(np.int64), classes=2
    )
    raw = fit.predictions[0][:, 1]
    probability = np.maximum(raw, floor)
    sampling = np.ones(design.n) if design.weights is None else design.weights
    weights = (sampling / probability)[complete]
    rows = replace(design.take(complete), weights=weights / weights.mean(), complete=None)
    what = f"P(complete | {', '.join(_names(design))})"
    return SecondPhase(
        rows=rows,
        complete=complete,
        probability=probability,
        least=float(raw[complete].min()),
        below=int((raw < floor).sum()),
        floor=floor,
        losses=tuple({"nuisance": what, **loss} for loss in fit.losses),
        _regressions=regressions,
    )


def always_seen(design: Design, library: Library) -> np.ndarray:
    """What is known of every row: exposure, covariates, the outcome where it was seen.

    Returns
    -------
    ndarray, shape (n, p)
        With the products of exposure and outcome for learners that make none themselves.
    """
    arms = design.exposure.arm_codes()
    dummies = (arms[:, None] == np.arange(1, arms.max() + 1)).astype(float)
    late = _late(design)
    parts = [dummies, late, design.matrix(design.covariates)]
    if library.interactions:
        parts.append(products(dummies, late))
    return np.column_stack(parts)


def _late(design: Design) -> np.ndarray:
    """The outcome: with an indicator where it was not seen; of a time, whether it is an event."""
    outcome, survival = design.outcome, design.outcome.survival
    if survival is not None:
        return np.column_stack([survival.event, survival.time])
    if outcome.observed.all():
        return outcome.values[:, None]
    return np.column_stack([outcome.observed, np.where(outcome.observed, outcome.values, 0.0)])


def _names(design: Design) -> list[str]:
    return [design.exposure.name, design.outcome.name, *design.covariates]


@dataclass(frozen=True)
class _Regressions:
    """Regressions on what is known of every row."""

    features: np.ndarray
    library: Library
    scheme: Scheme
    weights: np.ndarray | None

    def fit(
        self,
        key: tuple[str, ...],
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

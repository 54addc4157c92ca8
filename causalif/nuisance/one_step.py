"""Parametric learners that are fitted again by one Newton step from where they were."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Any, Self

import numpy as np
from scipy.special import expit
from sklearn.base import BaseEstimator, ClassifierMixin, RegressorMixin, clone

from causalif.errors import DataError
from causalif.estimate import Estimate
from causalif.nuisance.glm import Linear, Logistic, LogisticFraction
from causalif.nuisance.library import Learners, Library
from causalif.nuisance.penalised import Fit


@dataclass(frozen=True)
class Start:
    """One fit of all rows: coefficients of a column of ones and the features of its basis.

    Attributes
    ----------
    model : fitted learner
    rows : ndarray of int, shape (m,)
        Positions of what it was fitted to.
    design : ndarray, shape (m, r)
    residuals, curvature : ndarray, shape (m,)
        First derivative of each row's log-likelihood in its linear predictor, and minus the
        second; sampling weights included.
    """

    model: Any
    rows: np.ndarray
    design: np.ndarray
    residuals: np.ndarray
    curvature: np.ndarray

    def hessian(self) -> np.ndarray:
        """Of minus the log-likelihood, shape (r, r)."""
        return (self.design * self.curvature[:, None]).T @ self.design

    def moved(self, change: np.ndarray) -> Any:
        """The model with other coefficients."""
        (fit,) = self.model.fits_
        other: Any = clone(self.model)
        other._keep(self.model.basis_, [Fit(fit.intercept + change[0], fit.coef + change[1:], 0.0)])
        if hasattr(self.model, "classes_"):
            other.classes_ = self.model.classes_
        return other


@dataclass
class Starts:
    """Where each fit of an analysis ended, by the seed that tells its fits apart.

    Attributes
    ----------
    fits : dict
        None where one Newton step is not defined, as of several classes: those are fitted again.
    recording : bool
        Whether fits are being made in full and noted.
    moved : (seed, change), optional
        A fit that is held at coefficients of its own.
    """

    fits: dict[int | None, Start | None] = field(default_factory=dict)
    recording: bool = True
    moved: tuple[int | None, np.ndarray] | None = None

    def __deepcopy__(self, memo: dict[int, Any]) -> Self:
        """The same notes for every clone of a learner."""
        return self


class _OneStep(BaseEstimator):
    """A plain regression: in full while starts are recorded, later one step from its start.

    Parameters
    ----------
    learner : Linear, Logistic or LogisticFraction
    starts : Starts
    random_state, training_rows : optional
        Set by the analysis: a seed made of what is fitted on which fold, and positions.
    """

    def __init__(
        self, learner: Any, starts: Starts, random_state: Any = None, training_rows: Any = None
    ) -> None:
        self.learner = learner
        self.starts = starts
        self.random_state = random_state
        self.training_rows = training_rows

    def fit(self, X: np.ndarray, y: np.ndarray, sample_weight: np.ndarray | None = None) -> Self:
        """Fit on all rows, or move by one Newton step from the recorded coefficients."""
        starts, seed = self.starts, self.random_state
        learner: Any = clone(self.learner)
        if starts.recording:
            self.model_ = learner.fit(X, y, sample_weight)
            again = seed in starts.fits
            starts.fits[seed] = None if again else self._noted(X, y, sample_weight)
            return self
        start = starts.fits.get(seed)
        if start is None:
            self.model_ = learner.fit(X, y, sample_weight)
        elif starts.moved is not None and starts.moved[0] == seed:
            self.model_ = start.moved(starts.moved[1])
        else:
            now = _start(start.model, self.training_rows, X, y, sample_weight)
            inverse = np.linalg.pinv(now.hessian(), rcond=1e-12, hermitian=True)
            self.model_ = start.moved(inverse @ (now.design.T @ now.residuals))
        return self

    def _noted(self, X: np.ndarray, y: np.ndarray, weights: np.ndarray | None) -> Start | None:
        model = self.model_
        at_its_best = len(model.fits_) == 1 and model.fits_[0].converged
        if not at_its_best or model.fits_[0].penalty > 0:
            return None
        return _start(model, self.training_rows, X, y, weights)

    def predict(self, X: np.ndarray) -> np.ndarray:
        """As the learner does."""
        return self.model_.predict(X)


class _OneStepRegressor(RegressorMixin, _OneStep):
    pass


class _OneStepClassifier(ClassifierMixin, _OneStep):
    @property
    def classes_(self) -> np.ndarray:
        """Those of the learner."""
        return self.model_.classes_

    def predict_proba(self, X: np.ndarray) -> np.ndarray:
        """As the learner does."""
        return self.model_.predict_proba(X)


@dataclass(frozen=True)
class Stepping:
    """An analysis that can be made again cheaply.

    Attributes
    ----------
    found : Estimate
        The analysis in full.
    starts : Starts
    again : callable
        From a mask of rows to the estimate of these, nuisances one Newton step away.
    debiased : bool
        Whether the estimate is an average of its influence at the nuisances found; of plug-in and
        weighting estimators it is not.
    """

    found: Estimate
    starts: Starts
    again: Callable[[np.ndarray], Estimate]
    debiased: bool

    def at(self, seed: int | None, change: np.ndarray) -> Estimate:
        """With the coefficients of one fit changed, and what was fitted to its predictions."""
        self.starts.moved = (seed, change)
        try:
            return self.again(np.full(self.found.n, True))
        finally:
            self.starts.moved = None


def one_step_library(library: Library, starts: Starts) -> Library:
    """The same parametric learners, with recorded starts.

    Raises
    ------
    DataError
        A learner is not parametric.
    """

    def swapped(learners: Learners) -> Learners:
        return tuple((name, _swap(library, learner, starts)) for name, learner in learners)

    return replace(
        library,
        regressors=swapped(library.regressors),
        classifiers=swapped(library.classifiers),
        fractional=swapped(library.fractional),
        roles=tuple((role, one_step_library(own, starts)) for role, own in library.roles),
    )


def _swap(library: Library, learner: Any, starts: Starts) -> Any:
    if isinstance(learner, Logistic):
        return _OneStepClassifier(learner, starts)
    if isinstance(learner, Linear | LogisticFraction):
        return _OneStepRegressor(learner, starts)
    raise DataError(
        f"learners={library.name!r} are not parametric ({type(learner).__name__} is no plain "
        "linear or logistic regression), so that one Newton step of them is not defined. Hold "
        'nuisances fixed (method="if"), fit again (method="refit"), or estimate with '
        'learners="glm".'
    )


def _start(model: Any, rows: Any, X: np.ndarray, y: np.ndarray, weights: Any) -> Start:
    features = model.basis_.transform(np.asarray(X, dtype=float))
    design = np.column_stack([np.ones(len(features)), features])
    (fit,) = model.fits_
    linear = fit.intercept + features @ fit.coef
    weight = np.ones(len(design)) if weights is None else np.asarray(weights, dtype=float)
    logistic = not isinstance(model, Linear)
    mean = expit(linear) if logistic else linear
    target = np.asarray(y, dtype=float)
    if isinstance(model, Logistic):
        target = (np.asarray(y) == model.classes_[-1]).astype(float)
    second = weight * mean * (1 - mean) if logistic else weight
    return Start(model, np.asarray(rows), design, weight * (target - mean), second)

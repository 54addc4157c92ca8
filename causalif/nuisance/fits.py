"""One nuisance on every training fold: fit the library, predict held-out rows, weigh it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import BrokenExecutor
from dataclasses import dataclass, replace
from pickle import PicklingError
from typing import Any

import numpy as np

from causalif.errors import FitError
from causalif.nuisance import fitting
from causalif.nuisance.stacking import simplex_weights, simplex_weights_logloss

# From here on a leave-fold-out fit from per-fold Gram matrices is cheaper than separate fits.
MANY_ROWS = 10_000


@dataclass(frozen=True)
class Regression:
    """What is regressed on what.

    Attributes
    ----------
    key : tuple
        Identifies the nuisance; seeds derive from it.
    role : {"outcome", "exposure", "intermediate", "missing"}
        Whose learners are used.
    features : ndarray, shape (n, p)
    views : sequence of ndarray, shape (n, p)
        Features at which to predict; the first must be the features as they are.
    train : ndarray of int
        Rows to learn from.
    target : ndarray, shape (len(train),) or (len(train), n_folds)
        Class codes when `classes`; a column per fold for targets fitted fold by fold.
    classes : int
        0 for a regression.
    weights : ndarray or None, shape (n,)
    """

    key: tuple[Any, ...]
    role: str
    features: np.ndarray
    views: Sequence[np.ndarray]
    train: np.ndarray
    target: np.ndarray
    classes: int
    weights: np.ndarray | None


@dataclass(frozen=True)
class Scheme:
    """Folds, seeds and workers of an analysis; fold -1 is never held out."""

    folds: np.ndarray
    entropy: int
    n_jobs: int | None = 1

    @property
    def n_folds(self) -> int:
        """The number of models per nuisance."""
        return max(int(self.folds.max()) + 1, 1)

    def parallel(self, calls: Iterable[tuple[Callable[..., Any], tuple[Any, ...]]]) -> list[Any]:
        """Run the calls in order, or through joblib's current backend, on one thread each.

        One thread, because sums over threads differ in their last digits, and because
        small fits spend more time waiting for other threads than they save.
        """
        from threadpoolctl import threadpool_limits

        if self.n_jobs in (None, 1):
            with threadpool_limits(1):
                return [function(*arguments) for function, arguments in calls]
        from joblib import Parallel, delayed

        try:
            found: Any = Parallel(n_jobs=self.n_jobs)(
                delayed(_on_one_thread)(function, arguments) for function, arguments in calls
            )
            return found
        except (PicklingError, BrokenExecutor) as error:
            raise FitError(
                f"the fits could not be handed to n_jobs={self.n_jobs} workers: {error} Use "
                "n_jobs=1, or learners that can be pickled."
            ) from error


@dataclass(frozen=True)
class Fit:
    """A nuisance fitted on every training fold, with the weights of its library.

    Attributes
    ----------
    tasks : tuple of Task, one per learner
        How each learner was called; for messages when it predicts.
    models : tuple (n_folds) of tuple (learners) of fitted estimators
    weights : ndarray, shape (learners,)
        Non-negative, sum one: short stacking on the held-out predictions.
    predictions : ndarray, shape (views, n) or (views, n, classes)
        Held-out predictions of the weighted library.
    losses : tuple of dict
        learner, loss, relative (to the best constant), weight.
    """

    tasks: tuple[fitting.Task, ...]
    models: tuple[tuple[Any, ...], ...]
    weights: np.ndarray
    predictions: np.ndarray
    losses: tuple[dict[str, Any], ...]

    def held_out(self, features: np.ndarray, folds: np.ndarray, scheme: Scheme) -> np.ndarray:
        """Predictions at these features, each row's by the model of its fold, shape (m,)."""
        if scheme.n_folds == 1:
            return self.by_fold(features, scheme)[:, 0]
        parts = [folds == fold for fold in range(scheme.n_folds)]
        calls = (
            (_stacked, (self.tasks, models, self.weights, features[rows], fold))
            for fold, (models, rows) in enumerate(zip(self.models, parts, strict=True))
        )
        found = np.empty(len(features))
        for rows, values in zip(parts, scheme.parallel(calls), strict=True):
            found[rows] = values
        return found

    def by_fold(self, features: np.ndarray, scheme: Scheme) -> np.ndarray:
        """Predictions at these features by the models of every fold, shape (m, n_folds)."""
        calls = (
            (_stacked, (self.tasks, models, self.weights, features, fold))
            for fold, models in enumerate(self.models)
        )
        return np.column_stack(scheme.parallel(calls))


def cross_fit(regression: Regression, learners: Sequence[tuple[str, Any]], scheme: Scheme) -> Fit:
    """Fit every learner on every training fold and weigh them by their held-out loss.

    References
    ----------
    .. [1] Ahrens, Hansen, Schaffer & Wiemann (2025), Model averaging and double machine
           learning, Journal of Applied Econometrics: short stacking.
    """
    templates = [_template(regression, name, learner, scheme) for name, learner in learners]
    jobs: list[tuple[int, fitting.Task]] = []
    for position, template in enumerate(templates):
        at_once = len(regression.train) >= MANY_ROWS and hasattr(template.learner, "fit_folds")
        every = range(scheme.n_folds)
        for which in [tuple(every)] if at_once else [(fold,) for fold in every]:
            jobs.append((position, replace(template, which=which)))
    results = scheme.parallel(
        (fitting.run, (task, regression.features, regression.views)) for _, task in jobs
    )

    shape = (len(learners), len(regression.views), len(regression.features))
    held_out = np.empty((*shape, regression.classes) if regression.classes else shape)
    models: list[list[Any]] = [[None] * len(learners) for _ in range(scheme.n_folds)]
    for (position, task), (fitted, predicted) in zip(jobs, results, strict=True):
        for fold, model, by_view in zip(task.which, fitted, predicted, strict=True):
            rows = fitting.held_out_rows(scheme.folds, fold, scheme.n_folds)
            models[fold][position] = model
            for view, values in enumerate(by_view):
                held_out[position, view, rows] = values
    weights, losses = _weigh(regression, [name for name, _ in learners], held_out[:, 0], scheme)
    return Fit(
        tuple(replace(task, train=task.train[:0], target=task.target[:0]) for task in templates),
        tuple(tuple(by_learner) for by_learner in models),
        weights,
        np.tensordot(weights, held_out, axes=1),
        losses,
    )


def _on_one_thread(function: Callable[..., Any], arguments: tuple[Any, ...]) -> Any:
    from threadpoolctl import threadpool_limits

    with threadpool_limits(1):
        return function(*arguments)


def _template(regression: Regression, name: str, learner: Any, scheme: Scheme) -> fitting.Task:
    weights = regression.weights
    return fitting.Task(
        name=name,
        role=regression.role,
        learner=learner,
        train=regression.train,
        target=regression.target,
        folds=scheme.folds,
        which=(),
        n_folds=scheme.n_folds,
        entropy=scheme.entropy,
        key=regression.key,
        classes=regression.classes,
        weights=None if weights is None else weights[regression.train],
    )


def _stacked(
    tasks: Sequence[fitting.Task],
    models: Sequence[Any],
    weights: np.ndarray,
    features: np.ndarray,
    fold: int,
) -> np.ndarray:
    """One fold's weighted library; the second class' probability for a classification."""
    total = np.zeros(len(features))
    for task, model, weight in zip(tasks, models, weights, strict=True):
        if weight > 0:
            values = fitting.predict(model, features, task, fold)
            total += weight * (values[:, 1] if task.classes else values)
    return total


def _weigh(
    regression: Regression, names: Sequence[str], held_out: np.ndarray, scheme: Scheme
) -> tuple[np.ndarray, tuple[dict[str, Any], ...]]:
    """One weight vector for all folds, and the losses it was chosen by."""
    train, target = regression.train, regression.target
    own = target if target.ndim == 1 else target[np.arange(len(train)), scheme.folds[train]]
    sampling = None if regression.weights is None else regression.weights[train]
    predicted = held_out[:, train]
    if regression.classes:
        losses, constant = _log_losses(predicted, own, sampling), _entropy(own, sampling)
        weigh = simplex_weights_logloss
        predicted = np.moveaxis(predicted, 0, 1)
    else:
        losses = np.average((predicted - own) ** 2, axis=1, weights=sampling)
        centre = np.average(own, weights=sampling)
        constant = float(np.average((own - centre) ** 2, weights=sampling))
        weigh = simplex_weights
        predicted = predicted.T
    weights = np.ones(1) if len(names) == 1 else weigh(predicted, own, sampling)
    rows = zip(names, losses, weights, strict=True)
    return weights, tuple(
        {
            "learner": name,
            "loss": float(loss),
            "relative": float(loss / constant) if constant > 0 else 1.0,
            "weight": float(weight),
        }
        for name, loss, weight in rows
    )


def _log_losses(
    predicted: np.ndarray, codes: np.ndarray, sampling: np.ndarray | None
) -> np.ndarray:
    chosen = np.clip(predicted[:, np.arange(len(codes)), codes], 1e-12, None)
    return np.average(-np.log(chosen), axis=1, weights=sampling)


def _entropy(codes: np.ndarray, sampling: np.ndarray | None) -> float:
    shares = np.bincount(codes, weights=sampling)
    shares = shares[shares > 0] / shares.sum()
    return float(-(shares * np.log(shares)).sum())

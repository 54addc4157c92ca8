"""One fit of one learner: seeds, weights, one-class folds, and errors that say where."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from causalif.errors import FitError
from causalif.nuisance.folds import seed_for
from causalif.nuisance.library import fit_with_weights

CHUNK = 200_000
PRECISION = 1e-3  # of probabilities, which may have been computed in 32 bits


@dataclass(frozen=True)
class Task:
    """Everything a worker needs to fit one learner on some folds and predict held-out rows.

    Attributes
    ----------
    name, role : str
        Of the learner; for messages.
    learner : estimator
        Unfitted.
    train : ndarray of int
        Rows of the features on which it may be trained.
    target : ndarray, shape (len(train),) or (len(train), n_folds)
        A column per fold where the target itself was fitted fold by fold.
    folds : ndarray of int, shape (n,)
    which : tuple of int
        The folds this task serves: one, or all for a learner with `fit_folds`.
    n_folds, entropy : int
    key : tuple
        Identifies the nuisance; seeds derive from it.
    classes : int
        0 for a regression; else the number of classes.
    weights : ndarray or None, shape (len(train),)
    """

    name: str
    role: str
    learner: Any
    train: np.ndarray
    target: np.ndarray
    folds: np.ndarray
    which: tuple[int, ...]
    n_folds: int
    entropy: int
    key: tuple[Any, ...]
    classes: int
    weights: np.ndarray | None


def run(task: Task, features: np.ndarray, views: Sequence[np.ndarray]) -> tuple[list[Any], Any]:
    """Fit, and predict the held-out rows of each fold under each view of the features.

    Parameters
    ----------
    task : Task
    features : ndarray, shape (n, p)
    views : sequence of ndarray, shape (n, p)
        The features as they are, or with the exposure set to a level.

    Returns
    -------
    models : list, one per fold of the task
    predictions : list per fold of list per view of ndarray, shape (m,) or (m, classes)
    """
    models = _fit(task, features)
    predictions: list[list[np.ndarray]] = []
    for fold, model in zip(task.which, models, strict=True):
        rows = held_out_rows(task.folds, fold, task.n_folds)
        predictions.append([predict(model, view[rows], task, fold) for view in views])
    return models, predictions


def held_out_rows(folds: np.ndarray, fold: int, n_folds: int) -> np.ndarray:
    """Mask of the rows that the model of this fold predicts; all when nothing is held out."""
    return np.full(len(folds), True) if n_folds == 1 else folds == fold


def _fit(task: Task, features: np.ndarray) -> list[Any]:
    if len(task.which) > 1:
        try:
            return _seeded(task, fold=-1).fit_folds(
                features[task.train],
                task.target,
                task.folds[task.train],
                sample_weight=task.weights,
                n_folds=task.n_folds,
            )
        except Exception as error:
            raise _failure(task, "all", error) from error
    fold = max(task.which)  # the only one
    keep = task.folds[task.train] != fold
    target = task.target if task.target.ndim == 1 else task.target[:, fold]
    weights = None if task.weights is None else task.weights[keep]
    try:
        learner = _seeded(task, fold)
        if hasattr(learner, "training_rows"):
            learner.set_params(training_rows=task.train[keep])
        if task.classes and len(np.unique(target[keep])) < 2:
            from sklearn.dummy import DummyClassifier

            learner = DummyClassifier(strategy="prior")
        return [
            fit_with_weights(learner, features[task.train[keep]], target[keep], weights, task.role)
        ]
    except Exception as error:
        raise _failure(task, fold, error) from error


def _seeded(task: Task, fold: int) -> Any:
    from sklearn.base import clone

    learner: Any = clone(task.learner)
    seeds = {
        name: seed_for(task.entropy, *task.key, task.name, fold)
        for name, value in learner.get_params().items()
        if (name == "random_state" or name.endswith("__random_state")) and value is None
    }
    return learner.set_params(**seeds) if seeds else learner


def predict(model: Any, features: np.ndarray, task: Task, fold: int) -> np.ndarray:
    """Predictions in chunks, so that no learner's work space grows with n."""
    try:
        parts = [
            _predict_chunk(model, features[start : start + CHUNK], task.classes)
            for start in range(0, max(len(features), 1), CHUNK)
        ]
    except Exception as error:
        raise _failure(task, fold, error) from error
    values = parts[0] if len(parts) == 1 else np.concatenate(parts)
    bad = ~np.isfinite(values)
    what = f"{int(bad.sum())} missing or infinite predictions"
    if not bad.any() and task.classes and len(values):
        bad = (values < -PRECISION) | (abs(values.sum(axis=1, keepdims=True) - 1) > PRECISION)
        what = f"{int(bad.any(axis=1).sum())} predictions that are no probabilities"
    if bad.any():
        raise FitError(
            f"{task.role} learner {task.name!r} ({type(model).__name__}) gave {what} in fold "
            f"{fold + 1} of {task.n_folds}. Use another learner for this role: "
            f"learners={{{task.role!r}: ...}}."
        )
    return values


def _predict_chunk(model: Any, features: np.ndarray, classes: int) -> np.ndarray:
    if not len(features):
        return np.empty((0, classes)) if classes else np.empty(0)
    if not classes:
        return np.asarray(model.predict(features), dtype=float).reshape(len(features))
    found = np.asarray(model.predict_proba(features), dtype=float)
    known = np.asarray(getattr(model, "classes_", range(classes)), dtype=np.int64)
    if found.shape != (len(features), len(known)):
        raise ValueError(f"predict_proba gave shape {found.shape} for {len(known)} classes")
    values = np.zeros((len(features), classes))
    values[:, known] = found
    return values


def _failure(task: Task, fold: int | str, error: Exception) -> FitError:
    where = "in all folds" if fold == "all" else f"in fold {int(fold) + 1} of {task.n_folds}"
    return FitError(
        f"{task.role} learner {task.name!r} ({type(task.learner).__name__}) failed {where}: "
        f"{type(error).__name__}: {str(error).rstrip('.')}. Mend it, or use another for this role: "
        f"learners={{{task.role!r}: ...}}."
    )

"""Linear predictors along the ladder and the line, and the influence of their coefficients."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from causalif.fairness.downstream import LinearModel, fit_linear, sensitivities
from causalif.fairness.learning import Choices, Learned, learn
from causalif.fairness.others import other_model
from causalif.fairness.problem import Problem
from causalif.fairness.reduction.moments import influence
from causalif.nuisance.progress import progress_bar

UNMITIGATED = -1  # on the ladder: all features, as they are


@dataclass(frozen=True)
class Rung:
    """The model with so many shared directions, on all rows.

    Attributes
    ----------
    linear : ndarray, shape (n,)
        Linear predictors, of rows held out where there are folds.
    influence : ndarray or None, shape (n, 1 + p)
        Of intercept and coefficients, the estimated representation included; None where
        another learner's predictions are held fixed.
    """

    linear: np.ndarray
    influence: np.ndarray | None


def climb(
    problem: Problem,
    learned: Learned,
    shared: Sequence[int],
    choices: Choices,
    *,
    learner: Any,
    keep_residual: bool,
    folds: int,
    rng: np.random.Generator,
    progress: bool | None,
) -> dict[int, Rung]:
    """Fit the models with these numbers of shared directions.

    Parameters
    ----------
    problem : Problem
    learned : Learned
        On all rows.
    shared : sequence of int
        `UNMITIGATED` stands for all features.
    choices : Choices
        With the dimensions that were chosen on all rows.
    learner : estimator or None
        Another learner than the linear or logistic model.
    keep_residual : bool
    folds : int
        1: the rows that are fitted are also predicted.
    rng : Generator
    progress : bool or None

    Returns
    -------
    dict of int to Rung
    """
    linear = {k: np.empty(len(problem.values)) for k in shared}
    found: dict[int, Rung] = {}
    with progress_bar(progress, folds + len(shared), "fit") as bar:
        kept = {k: None if k == UNMITIGATED else k for k in shared}
        for train, test in _parts(problem, folds, rng):
            apart = learned if folds == 1 else _learned(problem, train, choices, rng)
            for k in shared:
                fitted = (
                    _model(problem, apart, train, k, keep_residual).linear
                    if learner is None
                    else other_model(
                        problem,
                        apart,
                        train,
                        kept[k],
                        keep_residual,
                        learner,
                    )
                )
                linear[k][test] = fitted(problem.values[test])
            bar.update()
        for k in shared:
            moved = None
            if learner is None:
                model = _model(problem, learned, np.arange(len(problem.values)), k, keep_residual)
                moved = _influence(problem, learned, model, k, keep_residual)
            found[k] = Rung(linear[k], moved)
            bar.update()
    return found


def fixed(choices: Choices, learned: Learned) -> Choices:
    """The same with the dimensions that were found, so that every fold has them."""
    spaces = learned.subspaces
    return replace(
        choices,
        target_dim=spaces.target_dim,
        sensitive_dim=spaces.sensitive_dim,
        apart=spaces.apart,
    )


def _parts(
    problem: Problem, folds: int, rng: np.random.Generator
) -> list[tuple[np.ndarray, np.ndarray]]:
    """Rows to fit and rows to predict: folds with each group and outcome in its share."""
    rows = np.arange(len(problem.values))
    if folds == 1:
        return [(rows, rows)]
    strata = problem.groups.codes * (1 + problem.target.codes.max()) + problem.target.codes
    place = np.empty(len(rows), dtype=int)
    place[np.lexsort((rng.random(len(rows)), strata))] = rows % folds
    return [(rows[place != fold], rows[place == fold]) for fold in range(folds)]


def _learned(
    problem: Problem, rows: np.ndarray, choices: Choices, rng: np.random.Generator
) -> Learned:
    return learn(
        problem.values[rows],
        problem.target.codes[rows],
        [codes[rows] for codes in problem.codes],
        choices,
        weights=_of(problem.weights, rows),
        rng=rng,
    )


def _of(weights: np.ndarray | None, rows: np.ndarray) -> np.ndarray | None:
    return None if weights is None else weights[rows] / weights[rows].mean()


def _model(
    problem: Problem, learned: Learned, rows: np.ndarray, shared: int, keep_residual: bool
) -> LinearModel:
    width = len(learned.root)
    projection = (
        np.eye(width)
        if shared == UNMITIGATED
        else learned.subspaces.representation(shared, keep_residual=keep_residual)[0]
    )
    return fit_linear(
        problem.values[rows],
        problem.outcome[rows],
        learned.root,
        projection,
        logistic=problem.logistic,
        weights=_of(problem.weights, rows),
    )


def _influence(
    problem: Problem, learned: Learned, model: LinearModel, shared: int, keep_residual: bool
) -> np.ndarray:
    """Of all coefficients: directly, and through the representation."""
    moved = sensitivities(model, problem.values, problem.outcome, learned.root, problem.weights)
    gradient = learned.pull_root(moved.root)
    if shared != UNMITIGATED:
        _, pullback = learned.subspaces.representation(shared, keep_residual=keep_residual)
        gradient = gradient + pullback(moved.projection)
    through = influence(problem.values, learned.cell, learned.moments, gradient, problem.weights)
    return moved.direct + through

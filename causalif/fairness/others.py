"""Any scikit-learn learner on a representation."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from scipy.special import logit

from causalif.errors import DataWarning, FitError, warn
from causalif.fairness.leakage import recovered
from causalif.fairness.learning import Learned
from causalif.fairness.problem import Problem
from causalif.fairness.representation import named_directions

SURE = 1e-6  # predictions of 0 and 1 have no logit
MOST_ROWS = 5000  # on which it is asked what can be won back


def other_model(
    problem: Problem,
    learned: Learned,
    rows: np.ndarray,
    shared: int | None,
    keep_residual: bool,
    learner: Any,
) -> Callable[[np.ndarray], np.ndarray]:
    """Fit a learner on a representation of some rows; linear predictors of any.

    Parameters
    ----------
    problem : Problem
    learned : Learned
    rows : ndarray of int
    shared : int or None
        None: all features.
    keep_residual : bool
    learner : estimator
        A classifier with ``predict_proba`` for a binary outcome; else a regressor.

    Returns
    -------
    callable
        From standardised features, shape (m, p), to linear predictors, shape (m,).

    Raises
    ------
    FitError
        The learner failed.
    """
    from sklearn.base import clone

    lift = (
        np.eye(len(learned.root))
        if shared is None
        else named_directions(learned, shared, keep_residual=keep_residual)[1]
    ).T
    weights = None if problem.weights is None else problem.weights[rows]
    if not lift.shape[1]:  # all that tells of the target is shared: the mean is left
        mean = float(np.average(problem.outcome[rows], weights=weights))
        constant = float(logit(mean)) if problem.logistic else mean
        return lambda values: np.full(len(values), constant)
    given = {} if weights is None else {"sample_weight": weights}
    try:
        fresh: Any = clone(learner)
        fitted = fresh.fit(problem.values[rows] @ lift, problem.outcome[rows], **given)
    except Exception as error:
        raise FitError(f"{learner!r} failed on a representation: {error}") from error

    def linear(values: np.ndarray) -> np.ndarray:
        if not problem.logistic:
            return np.asarray(fitted.predict(values @ lift), dtype=float)
        told = np.asarray(fitted.predict_proba(values @ lift))[:, 1]
        return logit(np.clip(told, SURE, 1 - SURE))

    return linear


def warn_if_won_back(
    problem: Problem, learned: Learned, learner: Any, rng: np.random.Generator
) -> None:
    """Say how well the groups can be told from the whole complement by a learner that bends."""
    if type(learner).__module__.startswith("sklearn.linear_model"):
        return
    rows = np.arange(len(problem.values))
    if len(rows) > MOST_ROWS:
        rows = np.sort(rng.choice(rows, MOST_ROWS, replace=False))
    _, loadings = named_directions(learned, 0, keep_residual=True)
    told = recovered(problem.values[rows] @ loadings.T, problem.groups.codes[rows], rng)
    warn(
        f"{type(learner).__name__} is not linear in the representation, and keep_residual=True "
        f"leaves it all but straight lines: boosting tells {problem.groups.name} from it with an "
        f"area of {told:.2f} under the curve (0.5 is guessing). Leave keep_residual out, or see "
        ".leakage().",
        DataWarning,
    )

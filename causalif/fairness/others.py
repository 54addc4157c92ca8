"""Any scikit-learn learner on a representation."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from scipy.special import logit

from causalif.errors import FitError
from causalif.fairness.learning import Learned
from causalif.fairness.problem import Problem
from causalif.fairness.representation import named_directions

SURE = 1e-6  # predictions of 0 and 1 have no logit


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

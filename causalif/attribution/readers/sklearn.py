"""Fits of scikit-learn: linear, ridge and logistic regression, also at the end of a pipeline."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
from scipy.sparse import issparse

from causalif.attribution.model import Model
from causalif.attribution.readers import losses
from causalif.errors import DataError, Problems

SUPPORTED = "LinearRegression, Ridge and LogisticRegression (penalty l2 or none)"


def read_sklearn(fit: Any, X: Any, y: Any, sample_weight: Any) -> Model:
    """A fitted estimator and the rows that it was fitted to.

    The steps of a pipeline before the last are held fixed.

    Raises
    ------
    DataError
        Another kind of estimator, no rows, rows that do not fit.
    """
    if X is None or y is None:
        raise DataError(
            f"a {type(fit).__name__} keeps no rows: give those that it was fitted to as X= and y=."
        )
    labels = X.index if isinstance(X, pd.DataFrame | pd.Series) else None
    names: list[str] | None = None
    given: Any = X
    if hasattr(fit, "steps"):
        names = _names_out(fit)
        given, fit = fit[:-1].transform(X), fit[-1]
    kind = type(fit).__name__
    if kind not in ("LinearRegression", "Ridge", "LogisticRegression"):
        raise DataError(f"rows of a {kind} of scikit-learn cannot be read. Known are {SUPPORTED}.")
    values = np.asarray(given.toarray() if issparse(given) else given, dtype=float)
    outcome = np.asarray(y)
    _check(fit, values, outcome, sample_weight)
    weights = np.ones(len(values)) if sample_weight is None else np.asarray(sample_weight, float)
    names = names or [str(name) for name in getattr(fit, "feature_names_in_", [])]
    names = names or [f"x{k}" for k in range(values.shape[1])]
    intercept = bool(fit.fit_intercept)
    design = np.column_stack([values, np.ones(len(values))]) if intercept else values
    columns = (*names, "intercept") if intercept else tuple(names)
    slopes = np.atleast_2d(np.asarray(fit.coef_, dtype=float))
    found = slopes
    if intercept:
        found = np.column_stack([slopes, np.broadcast_to(fit.intercept_, len(slopes))])
    penalty = np.full(design.shape[1], _penalty(fit))
    penalty[slopes.shape[1] :] = 0.0
    index = pd.RangeIndex(len(values)) if labels is None else labels
    shared: dict[str, Any] = {"penalty": penalty, "labels": index, "kind": kind}
    if kind != "LogisticRegression":
        derivatives = losses.squared(outcome.astype(float), weights, np.zeros(len(values)))
        return Model(
            design, found, derivatives=derivatives, names=columns, quadratic=True, **shared
        )
    classes = list(fit.classes_)
    codes = pd.Index(classes).get_indexer(pd.Index(outcome))
    if isinstance(fit.class_weight, dict):
        weights = weights * np.array([fit.class_weight.get(one, 1.0) for one in classes])[codes]
    if len(found) == 1:
        derivatives = losses.logistic((codes == 1).astype(float), weights, np.zeros(len(values)))
        return Model(design, found, derivatives=derivatives, names=columns, **shared)
    derivatives = losses.categorical(codes, weights, len(classes), reference=False)
    long = tuple(f"{level}: {column}" for level in classes for column in columns)
    free = int((penalty == 0).sum())
    return Model(design, found, derivatives=derivatives, names=long, free=free, **shared)


def _penalty(fit: Any) -> float:
    """Of half the squared coefficients, against the sum of losses."""
    kind = type(fit).__name__
    if kind == "LinearRegression":
        return 0.0
    if kind == "Ridge":
        return float(np.asarray(fit.alpha))  # of the whole square, against whole squares
    return 0.0 if fit.penalty is None else 1.0 / float(fit.C)


def _check(fit: Any, values: np.ndarray, outcome: np.ndarray, sample_weight: Any) -> None:
    problems = Problems()
    kind = type(fit).__name__
    width = np.atleast_2d(fit.coef_).shape[1] if hasattr(fit, "coef_") else None
    if width is None:
        problems.add(f"the {kind} is not fitted.", "Call .fit(X, y) first.")
    elif values.ndim != 2 or values.shape[1] != width:
        problems.add(f"X has shape {values.shape}, and the {kind} has {width} coefficients.")
    if outcome.shape != (len(values),):
        problems.add(f"y has shape {outcome.shape} for {len(values)} rows of X.")
    if sample_weight is not None and np.shape(sample_weight) != (len(values),):
        problems.add(f"sample_weight has shape {np.shape(sample_weight)} for {len(values)} rows.")
    if kind == "Ridge" and np.size(fit.alpha) > 1:
        problems.add("a Ridge with several alphas cannot be read.", "Fit one for each.")
    if getattr(fit, "positive", False):
        problems.add(f"a {kind} with positive=True has bounds.", "Fit without.")
    if kind == "LogisticRegression":
        _check_logistic(problems, fit, outcome)
    problems.raise_if_any()


def _check_logistic(problems: Problems, fit: Any, outcome: np.ndarray) -> None:
    if (fit.penalty not in ("l2", None, "deprecated")) or getattr(fit, "l1_ratio", None):
        problems.add("a LogisticRegression with an l1 penalty has no second derivative at zero.",
                     'Take penalty="l2".')  # fmt: skip
    if fit.class_weight == "balanced":
        problems.add('class_weight="balanced" hangs on all rows.',
                     "Give the weights as sample_weight, or as a dict.")  # fmt: skip
    if fit.solver == "liblinear" and fit.fit_intercept:
        problems.add("the solver liblinear penalises the intercept too.", 'Take solver="lbfgs".')
    if hasattr(fit, "classes_") and outcome.ndim == 1:
        unknown = set(np.unique(outcome).tolist()) - set(np.asarray(fit.classes_).tolist())
        if unknown:
            problems.add(f"y has the class {next(iter(unknown))!r}, which the fit had not.")


def _names_out(pipeline: Any) -> list[str] | None:
    try:
        return [str(name) for name in pipeline[:-1].get_feature_names_out()]
    except (AttributeError, ValueError, NotImplementedError):
        return None

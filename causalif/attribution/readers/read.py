"""Which reader a fitted model is for."""

from __future__ import annotations

from typing import Any

from causalif.attribution.model import Model
from causalif.errors import ConvergenceWarning, DataError, warn

UNSETTLED = 1e-3  # of a coefficient's move to the optimum, in its standard deviations


def read_model(
    fit: Any, *, X: Any = None, y: Any = None, sample_weight: Any = None, compact: bool = True
) -> Model:
    """A fitted model of statsmodels or scikit-learn as a sum over rows, at its optimum.

    With `compact` in fewer coordinates where there are more columns than rows.

    Raises
    ------
    DataError
        Neither; a kind that cannot be read; rows that do not fit; no optimum.

    Warns
    -----
    ConvergenceWarning
        The fit was not at its optimum.
    """
    from causalif.attribution.readers import sklearn, statsmodels

    if hasattr(fit, "model") and hasattr(fit, "params"):
        if X is not None or y is not None or sample_weight is not None:
            raise DataError(
                "a fit of statsmodels keeps its rows: leave X, y and sample_weight out."
            )
        found = statsmodels.read_statsmodels(fit)
    elif hasattr(fit, "get_params") and hasattr(fit, "fit"):
        found = sklearn.read_sklearn(fit, X, y, sample_weight)
    else:
        raise DataError(
            f"a {type(fit).__name__} cannot be read. Give an Estimate, a fit of statsmodels "
            f"({statsmodels.SUPPORTED}) or of scikit-learn ({sklearn.SUPPORTED})."
        )
    return _settled(found.compact() if compact else found)


def _settled(model: Model) -> Model:
    settled = model.settled()
    hessian = model.penalised(model.hessian(model.everything()))
    step = (settled.coefficients - model.coefficients).ravel()
    moved = float(step @ hessian @ step) ** 0.5
    if moved > UNSETTLED:
        warn(
            f"this {model.kind} had not converged: its optimum is {moved:.2g} standard errors "
            "away, and is what rows are taken from. Fit with a smaller tol, or more iterations.",
            ConvergenceWarning,
        )
    return settled

"""`row_influence` and `group_influence`: what an answer would be without some rows."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd

from causalif.attribution.readers import read_model
from causalif.attribution.removal import CHUNK, Removal
from causalif.attribution.units import Units, positions, read_units
from causalif.errors import DataWarning, Problems, check_choice, first_rows, warn
from causalif.estimate import Estimate

METHODS = ("if", "rif", "newton", "refit")
HIGH = 0.9  # leverage


def row_influence(
    fit: Any,
    *,
    method: str = "if",
    groups: Any = None,
    X: Any = None,
    y: Any = None,
    sample_weight: Any = None,
    chunk_size: int = CHUNK,
    n_jobs: int = 1,
    progress: bool | None = None,
) -> pd.DataFrame:
    """What each row does to every coefficient or estimate: the value without it less that with it.

    Parameters
    ----------
    fit : fitted model or Estimate
        Of statsmodels OLS, WLS, GLM, Logit, Probit, Poisson or MNLogit; of scikit-learn
        LinearRegression, Ridge or LogisticRegression, alone or at the end of a pipeline (its other
        steps are held fixed); or a result of this package.
    method : {"if", "rif", "newton", "refit"}, default "if"
        "if": first order. "rif": rescaled, one Newton step without the row, which is as cheap and
        far nearer. "newton": the same of a row; of a group one step without all of it. "refit":
        fitted again, the truth. Of an Estimate "if" holds nuisances fixed. The others need a
        result that carries its recipe: "rif" and "newton" one whose nuisances are parametric
        (``learners="glm"``), which then move by their rescaled influence, or one Newton step.
    groups : sequence, shape (n,), optional
        Labels: whole groups are left out, and are the rows of the answer.
    X, y : optional
        The rows that a scikit-learn model was fitted to.
    sample_weight : sequence, shape (n,), optional
        Its weights.
    chunk_size : int, default 32768
        Rows at once.
    n_jobs : int, default 1
        Processes that fit again.
    progress : bool, optional
        Show a bar while fitting again; by default where somebody looks.

    Returns
    -------
    DataFrame, shape (rows or groups, terms)

    Raises
    ------
    DataError
        A model that cannot be read, rows that do not fit, a method that the answer has not.

    Warns
    -----
    DataWarning
        Rows without which coefficients are not determined (NaN); with "rif" rows of leverage
        above 0.9 in models with curved losses.

    Notes
    -----
    With H the Hessian of the penalised loss, g and H_i the gradient and Hessian of a row: "if" is
    H^-1 g, "rif" is (H - H_i)^-1 g. Of linear models "rif" and "newton" are exact. A penalty stays
    as it is in total when rows go.

    Of an Estimate "rif" takes two runs of the analysis for each coefficient of its nuisances,
    "newton" and "refit" one for each row or group.

    References
    ----------
    .. [1] Rubinstein & Hopkins (2025), Rescaled influence functions: accurate data attribution in
           high dimension. NeurIPS.
    .. [2] Cook & Weisberg (1982), Residuals and Influence in Regression, chapter 3.

    Examples
    --------
    >>> import statsmodels.api as sm
    >>> x = sm.add_constant(np.array([0.0, 1, 2, 3, 10]))
    >>> fit = sm.OLS(np.array([0.0, 1, 2, 3, 0]), x).fit()
    >>> without = fit.params[1] + cif.row_influence(fit, method="rif")["x1"]
    >>> without.round(3).tolist()  # without the last row the slope is 1
    [-0.2, -0.101, -0.066, -0.076, 1.0]
    """
    _check_method(method)
    if isinstance(fit, Estimate):
        from causalif.attribution import estimates

        return estimates.row_influence(fit, method, groups, n_jobs=n_jobs, progress=progress)
    model = read_model(fit, X=X, y=y, sample_weight=sample_weight)
    removal = Removal(model, chunk_size)
    units = read_units(groups, model.labels)
    changes = _changes(removal, units, method, n_jobs, progress)
    found = pd.DataFrame(model.lifted(changes), index=units.labels, columns=list(model.names))
    _warn_of_lost(found, "row" if groups is None else "group")
    return found


def _changes(
    removal: Removal, units: Units, method: str, n_jobs: int, progress: bool | None
) -> np.ndarray:
    if method == "refit":
        from causalif.attribution.parallel import each

        return each(removal.again, units.rows, n_jobs=n_jobs, progress=progress)
    if not units.are_rows and method != "if":
        return np.array([removal.together(rows) for rows in units.rows])
    changes, leverage = removal.single(rescaled=method != "if")
    if method != "if" and not removal.model.quadratic:
        high = removal.model.labels[leverage > HIGH]
        if len(high):
            warn(
                f"{len(high)} rows have a leverage above {HIGH:g} ({first_rows(list(high))}): one "
                'Newton step may be far off. Look at them with method="refit".',
                DataWarning,
            )
    return units.sums(changes)


def group_influence(
    fit: Any,
    rows: Any,
    *,
    method: str | None = None,
    X: Any = None,
    y: Any = None,
    sample_weight: Any = None,
) -> pd.Series[Any]:
    """What a set of rows does together: each value without it less that with it.

    Parameters
    ----------
    fit, X, y, sample_weight
        As in `row_influence`.
    rows : sequence
        Row labels, or a boolean mask of length n.
    method : {"newton", "rif", "if", "refit"}, optional
        "newton": one step without the whole set. "rif" and "if": the sum over its rows. By default
        "newton", and of an Estimate "if". Of an Estimate with parametric nuisances "newton" is
        near the truth; the sum of "rif" is often no better than "if".

    Returns
    -------
    Series, length terms

    Raises
    ------
    DataError
        As in `row_influence`; labels that no row has, no rows, all rows.

    Examples
    --------
    >>> import statsmodels.api as sm
    >>> x = sm.add_constant(np.array([0.0, 1, 2, 3, 10, 10]))
    >>> fit = sm.OLS(np.array([0.0, 1, 2, 3, 0, 0]), x).fit()
    >>> (fit.params[1] + cif.group_influence(fit, [4, 5])["x1"]).round(6)
    np.float64(1.0)
    """
    if method is None:
        method = "if" if isinstance(fit, Estimate) else "newton"
    _check_method(method)
    if isinstance(fit, Estimate):
        from causalif.attribution import estimates

        return estimates.group_influence(fit, rows, method)
    model = read_model(fit, X=X, y=y, sample_weight=sample_weight)
    chosen = positions(rows, model.labels)
    removal = Removal(model)
    of_set: dict[str, Callable[[], np.ndarray]] = {
        "if": lambda: removal.single(rescaled=False)[0][chosen].sum(axis=0),
        "rif": lambda: removal.single(rescaled=True)[0][chosen].sum(axis=0),
        "newton": lambda: removal.together(chosen),
        "refit": lambda: removal.again(chosen),
    }
    found = pd.Series(model.lifted(of_set[method]()), index=list(model.names))
    _warn_of_lost(found.to_frame().T, "set")
    return found


def leverages(
    fit: Any, *, X: Any = None, y: Any = None, sample_weight: Any = None
) -> pd.Series[float]:
    """The leverage of each row, between 0 and 1: how much of its own fit it makes.

    Of several classes the largest over their combinations. They sum to the number of
    coefficients (where nothing is penalised and there is one predictor).

    Parameters
    ----------
    fit, X, y, sample_weight
        As in `row_influence`.

    Examples
    --------
    >>> import statsmodels.api as sm
    >>> fit = sm.OLS([0.0, 1, 2, 3], sm.add_constant(np.array([0.0, 0, 0, 1]))).fit()
    >>> cif.attribution.leverages(fit).round(3).tolist()
    [0.333, 0.333, 0.333, 1.0]
    """
    model = read_model(fit, X=X, y=y, sample_weight=sample_weight)
    return pd.Series(Removal(model).single(rescaled=False)[1], index=model.labels, name="leverage")


def _check_method(method: str) -> None:
    problems = Problems()
    check_choice(problems, "method", method, METHODS)
    problems.raise_if_any()


def _warn_of_lost(found: pd.DataFrame, unit: str) -> None:
    lost = found.index[found.isna().any(axis=1)]
    if len(lost):
        warn(
            f"without {len(lost)} {unit}{'s' if len(lost) > 1 else ''} "
            f"({first_rows(list(lost))}) coefficients are not determined, as where it alone has a "
            "level of a category: NaN there.",
            DataWarning,
        )

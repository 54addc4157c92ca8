"""Fits of statsmodels: OLS, WLS, GLM, Logit, Probit, Poisson, MNLogit."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from causalif.attribution.model import Inference, Model
from causalif.attribution.readers import losses
from causalif.errors import DataError

SUPPORTED = "OLS, WLS, GLM, Logit, Probit, Poisson and MNLogit"


def read_statsmodels(fit: Any) -> Model:
    """A results object of statsmodels.

    Raises
    ------
    DataError
        Another kind of model.
    """
    model = fit.model
    name = type(model).__name__
    design = np.asarray(model.exog, dtype=float)
    outcome = np.asarray(model.endog, dtype=float)
    n = len(design)
    offset, weights = np.zeros(n), np.ones(n)
    labels = _labels(model, n)
    columns = tuple(str(column) for column in model.exog_names)
    coefficients = np.asarray(fit.params, dtype=float)
    shared: dict[str, Any] = {"penalty": np.zeros(design.shape[1]), "labels": labels, "kind": name}
    if name == "MNLogit":
        codes = np.asarray(model.endog, dtype=int)
        classes = int(model.J)
        derivatives = losses.categorical(codes, weights, classes, reference=True)
        levels = [str(level) for level in list(model._ynames_map.values())[1:]]
        names = tuple(f"{level}: {column}" for level in levels for column in columns)
        return Model(design, coefficients.T, derivatives=derivatives, names=names,
                     inference=_inference(fit, name), **shared)  # fmt: skip
    quadratic = name in ("OLS", "WLS")
    if quadratic:
        weights = np.broadcast_to(np.asarray(model.weights, dtype=float), (n,)).copy()
        derivatives = losses.squared(outcome, weights, offset)
    elif name == "GLM":
        derivatives = _glm(model, outcome)
    elif name in ("Logit", "Probit", "Poisson"):
        derivatives = _discrete(model, name, outcome)
    else:
        raise DataError(f"rows of a {name} of statsmodels cannot be read. Known are {SUPPORTED}.")
    return Model(
        design,
        coefficients[None, :],
        derivatives=derivatives,
        names=columns,
        quadratic=quadratic,
        inference=_inference(fit, name),
        **shared,
    )


def _inference(fit: Any, name: str) -> Inference | None:
    """Of classical standard errors, where they are functions of our second derivatives."""
    if getattr(fit, "cov_type", "nonrobust") != "nonrobust":
        return None
    if name in ("OLS", "WLS"):
        return Inference(dispersion=True, student=bool(fit.use_t))
    if name != "GLM":
        return Inference(dispersion=False, student=bool(fit.use_t))
    family = fit.model.family
    if not _canonical(family):
        return None
    fixed = type(family).__name__ in ("Binomial", "Poisson", "NegativeBinomial")
    return Inference(dispersion=not fixed, student=bool(fit.use_t))


CANONICAL = {
    "Binomial": "Logit",
    "Poisson": "Log",
    "Gaussian": "Identity",
    "Gamma": "InversePower",
    "InverseGaussian": "InverseSquared",
}


def _canonical(family: Any) -> bool:
    """Whether observed and expected second derivatives are the same."""
    return CANONICAL.get(type(family).__name__) == type(family.link).__name__


def _glm(model: Any, outcome: np.ndarray) -> Any:
    offset = _offset(model, len(outcome))
    weights = np.asarray(model.freq_weights * model.var_weights, dtype=float)
    weights = np.broadcast_to(weights, outcome.shape).copy()
    family = model.family
    if type(family).__name__ == "Binomial":
        # statsmodels divides the variance by the number of trials of each row.
        weights = weights * np.asarray(model.n_trials, dtype=float)
        family = type(family)(link=family.link)
    return losses.exponential_family(family, outcome, weights, offset)


def _discrete(model: Any, name: str, outcome: np.ndarray) -> Any:
    import statsmodels.api as sm

    offset, weights = _offset(model, len(outcome)), np.ones(len(outcome))
    if name == "Logit":
        return losses.logistic(outcome, weights, offset)
    if name == "Poisson":
        return losses.poisson(outcome, weights, offset)
    family = sm.families.Binomial(link=sm.families.links.Probit())
    return losses.exponential_family(family, outcome, weights, offset)


def _offset(model: Any, n: int) -> np.ndarray:
    """Offset and log exposure."""
    total = np.zeros(n)
    if getattr(model, "offset", None) is not None:
        total = total + np.asarray(model.offset, dtype=float)
    if getattr(model, "exposure", None) is not None:  # in logarithms already
        total = total + np.asarray(model.exposure, dtype=float)
    return np.broadcast_to(total, (n,)).copy()


def _labels(model: Any, n: int) -> pd.Index[Any]:
    found = getattr(model.data, "row_labels", None)
    return pd.RangeIndex(n) if found is None else pd.Index(found)

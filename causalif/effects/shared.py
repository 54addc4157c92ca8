"""The options that every effect shares: their defaults and their words, once."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping, Sized
from typing import Any, TypeVar

import numpy as np

from causalif.errors import did_you_mean

ROLES = (
    "exposure", "outcome", "mediators", "mediators_in_order", "covariates", "intermediates",
    "adjustment", "dag", "estimand", "decomposition", "at", "df",
)  # fmt: skip
DEFAULTS: Mapping[str, Any] = {
    "method": "onestep",
    "learners": "auto",
    "folds": 5,
    "repeats": None,
    "reference": None,
    "levels": None,
    "clusters": None,
    "strata": None,
    "weights": None,
    "missing": "error",
    "event": None,
    "horizon": None,
    "event_summary": "risk",
    "by": None,
    "scale": "difference",
    "truncate": None,
    "stabilize": True,
    "seed": None,
    "n_jobs": 1,
    "progress": None,
}

OF_THE_DATA = (
    "levels", "reference", "clusters", "strata", "weights", "missing", "folds",
    "event", "horizon", "event_summary", "by",
)  # fmt: skip

SHARED = """method : {"onestep", "tmle", "plugin", "ipw"}, default "onestep"
        One-step (efficient influence function), targeted maximum likelihood, plain
        regression, or weighting alone. The errors of the last two are those of the efficient
        influence function, which they attain only with well-estimated nuisances.
    learners : "auto", "glm", estimator or dict, default "auto"
        "auto" stacks mean, GLM, spline ridge and boosted trees by held-out loss; "glm" is
        linear and logistic regression with exposure-mediator products; or scikit-learn
        estimators: one, or ``{"outcome": .., "exposure": .., "missing": ..}``.
    folds : int, default 5
        Cross-fitting folds; 1 turns it off (not with "auto", which needs held-out rows).
    repeats : int, optional
        Fresh draws of the folds to average over; by default a rule in n (see output).
    reference : level, optional
        Exposure level to compare with; by default the first.
    levels : sequence, optional
        Exposure levels to compare, the reference first; needed for a continuous exposure.
    clusters, strata, weights : str or array of length n, optional
        Sampling design: whole clusters stay in one fold; weights are made mean one.
    missing : {"error", "ipw", "impute"}, default "error"
        "ipw" weights for a missing outcome, and for mediators (or intermediates) seen in some
        rows only: complete rows stand for the others, given exposure, covariates and outcome
        (a sampling plan by strata is met if they are covariates). "impute" fills covariates
        and mediators with the median and an indicator.
    event : str, optional
        For an outcome that is a time: the column that is 1 where the event happened then, 0
        where the follow-up ended (censored). An event comes before a censoring at the same
        time. Given the exposure and every column that is named, censoring must say nothing of
        the event; the answer is right if the hazard of either is.
    horizon : float, optional
        With `event`: the time by which the event counts, in the units of the outcome.
    event_summary : {"risk", "restricted_mean"}, default "risk"
        With `event`: the probability of the event by the horizon, or the mean time to it
        counted up to the horizon.
    by : str, optional
        A column of 2 to 10 values: every term is given in each group ("TE [sex=female]"), with
        the covariance of all of them, and ``.equality()`` tests that it is the same in all. The
        column joins the covariates. ``learners="glm"`` has its products with exposure and
        mediators.
    scale : {"difference", "ratio", "odds_ratio"}, default "difference"
        Ratios are stored as logarithms; ``.tidy(exponentiate=True)`` gives the ratios.
    truncate : float, optional
        Floor of exposure probabilities, 0 for none; by default 1 / (sqrt(n) log n).
    stabilize : bool, default True
        Divide weights by their mean (Hajek).
    seed : int or numpy.random.Generator, optional
        Same seed, same numbers, whatever `n_jobs`.
    n_jobs : int, default 1
        Workers, through joblib.
    progress : bool, optional
        Show a bar; by default when stderr is a terminal or a notebook."""


def complete(options: Mapping[str, Any]) -> dict[str, Any]:
    """The given options over the defaults; an unknown keyword is an error, as in Python.

    Numbers of numpy become Python's, so that ``folds=np.int64(5)`` is 5 everywhere, and a
    column that is named in a list of one, or by a number, is named by its text.

    Raises
    ------
    TypeError
        A keyword that no effect takes.

    Examples
    --------
    >>> complete({"by": ["sex"]})["by"], complete({"event": 3})["event"]
    ('sex', '3')
    """
    for name in options:
        if name not in DEFAULTS:
            others = "It belongs to other effects."
            hint = others if name in ROLES else did_you_mean(name, [*ROLES, *DEFAULTS])
            raise TypeError(f"got an unexpected keyword argument {name!r}. {hint}")
    plain = {k: v.item() if isinstance(v, np.generic) else v for k, v in options.items()}
    return {**DEFAULTS, **plain, **{k: _as_name(plain[k]) for k in ("by", "event") if k in plain}}


def _as_name(value: Any) -> Any:
    """One column as every check meets it; what is none stays for them to refuse."""
    if isinstance(value, list | tuple) and len(value) == 1:  # pyright: ignore
        (value,) = value  # pyright: ignore
    return str(value) if isinstance(value, int | float) else value


def of_the_data(given: Mapping[str, Any]) -> dict[str, Any]:
    """The options that say how the data are read, for `build_design`."""
    return {name: given[name] for name in OF_THE_DATA}


def is_none(names: Any) -> bool:
    """Whether no column is named."""
    sized = isinstance(names, Sized) and not isinstance(names, str)
    return names is None or (sized and len(names) == 0)


_F = TypeVar("_F", bound=Callable[..., Any])


def documented(function: _F) -> _F:
    """Write the shared options into a function's docstring and signature."""
    if function.__doc__:
        function.__doc__ = function.__doc__.replace("{shared}", SHARED)
    own = inspect.signature(function, eval_str=False)
    kept = [p for p in own.parameters.values() if p.kind is not p.VAR_KEYWORD]
    shared = [
        inspect.Parameter(name, inspect.Parameter.KEYWORD_ONLY, default=default)
        for name, default in DEFAULTS.items()
    ]
    function.__signature__ = own.replace(parameters=[*kept, *shared])  # type: ignore[attr-defined]
    return function

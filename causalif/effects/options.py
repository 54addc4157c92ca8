"""The options that every effect shares: their meaning, defaults and checks, once."""

from __future__ import annotations

import inspect
import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, TypeVar

import numpy as np

from causalif.data.design import Design
from causalif.data.survival import check_event
from causalif.errors import DataError, Problems, check_choice, did_you_mean
from causalif.nuisance.folds import entropy_of
from causalif.nuisance.library import Library, resolve

METHODS = ("onestep", "tmle", "plugin", "ipw")
ROLES = ("exposure", "outcome", "mediators", "covariates", "dag")
FEW_CLUSTERS = 100  # below it one split of them is one of many that would answer otherwise
SCALES = ("difference", "ratio", "odds_ratio")
MISSING = ("error", "ipw", "impute")

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


@dataclass(frozen=True)
class Settings:
    """Checked options, as the engine reads them (data roles are in the `Design`)."""

    method: str
    library: Library
    folds: int
    repeats: int
    scale: str
    floor: float
    stabilize: bool
    entropy: int
    n_jobs: int | None
    progress: bool | None
    collapse: bool = True


def complete(options: Mapping[str, Any]) -> dict[str, Any]:
    """The given options over the defaults; an unknown keyword is an error, as in Python.

    Numbers of numpy become Python's, so that ``folds=np.int64(5)`` is 5 everywhere.

    Raises
    ------
    TypeError
        A keyword that no effect takes.
    """
    for name in options:
        if name not in DEFAULTS:
            raise TypeError(
                f"got an unexpected keyword argument {name!r}. "
                f"{did_you_mean(name, [*ROLES, *DEFAULTS])}"
            )
    plain = {k: v.item() if isinstance(v, np.generic) else v for k, v in options.items()}
    return {**DEFAULTS, **plain}


def check_options(options: Mapping[str, Any], problems: Problems) -> Library:
    """Note every problem with the options; nothing is raised yet."""
    check_choice(problems, "method", options["method"], METHODS)
    check_choice(problems, "scale", options["scale"], SCALES)
    check_choice(problems, "missing", options["missing"], MISSING)
    check_event(options, problems)
    folds, repeats, floor = options["folds"], options["repeats"], options["truncate"]
    if not _is_count(folds) or folds > 1000:
        problems.add(f"folds={folds!r} is not a whole number from 1 (no cross-fitting) to 1000.")
    if repeats is not None and not _is_count(repeats):
        problems.add(f"repeats={repeats!r} is not a whole number from 1 up.")
    if floor is not None and not (_is_real(floor) and 0 <= floor < 0.5):
        problems.add(f"truncate={floor!r} is not within [0, 0.5); it is a floor of probabilities.")
    if not isinstance(options["stabilize"], bool):
        problems.add(f"stabilize={options['stabilize']!r} is neither True nor False.")
    jobs = options["n_jobs"]
    if jobs is not None and (not isinstance(jobs, int) or isinstance(jobs, bool) or jobs == 0):
        problems.add(f"n_jobs={jobs!r} is not a whole number other than 0 (-1: all cores).")
    if not isinstance(options["progress"], bool | None):
        problems.add(f"progress={options['progress']!r} is not None, True or False.")
    if not isinstance(options["seed"], np.random.Generator):  # a check must not draw from it
        try:
            entropy_of(options["seed"])
        except DataError as error:
            problems.add(str(error))
    library = resolve(options["learners"], problems)
    if folds == 1 and any(part.name == "auto" for part in _used(library, options)):
        problems.add(
            "folds=1 leaves no held-out rows to weight the learners of learners='auto' (the "
            "default of every role).",
            "Use folds=5 (the default), learners='glm', or name a learner for each role.",
        )
    return library


def _used(library: Library, options: Mapping[str, Any]) -> list[Library]:
    """The libraries of the roles that an analysis meets."""
    roles = dict(library.roles)
    censored = options["missing"] != "error" or options["event"] is not None
    asked = ["exposure", *(["missing"] if censored else [])]
    return [library, *(roles[role] for role in asked if role in roles)]


def settings_from(options: Mapping[str, Any], library: Library, design: Design) -> Settings:
    """Checked options and the defaults that depend on the number of rows and clusters."""
    floor, repeats, n = options["truncate"], options["repeats"], design.n
    if repeats is None:
        groups = None if design.clusters is None else len(np.unique(design.clusters))
        repeats = default_repeats(n, int(options["folds"]), library, groups)
    return Settings(
        method=options["method"],
        library=library,
        folds=int(options["folds"]),
        repeats=repeats,
        scale=options["scale"],
        floor=default_floor(n) if floor is None else float(floor),
        stabilize=options["stabilize"],
        entropy=entropy_of(options["seed"]),
        n_jobs=options["n_jobs"],
        progress=options["progress"],
    )


def default_floor(n: int) -> float:
    """Floor of exposure probabilities: 1 / (sqrt(n) log n).

    Examples
    --------
    >>> round(default_floor(2000), 5)
    0.00294
    """
    return min(0.1, 1 / (math.sqrt(n) * math.log(max(n, 3))))


def default_repeats(n: int, folds: int, library: Library, clusters: int | None = None) -> int:
    """How often the folds are drawn afresh: the split's own noise matters in small samples.

    Of few clusters, which folds keep whole, the split decides for every learner.

    Examples
    --------
    >>> from causalif.nuisance.library import resolve
    >>> [default_repeats(n, 5, resolve("auto")) for n in (500, 5000)]
    [3, 1]
    >>> default_repeats(5000, 5, resolve("glm"), clusters=30)
    3
    """
    if folds == 1:
        return 1
    if clusters is not None and clusters < FEW_CLUSTERS:
        return 3
    return 3 if n <= 1000 and library.name == "auto" else 1


def _is_count(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and value >= 1


def _is_real(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)


def of_the_data(given: Mapping[str, Any]) -> dict[str, Any]:
    """The options that say how the data are read, for `build_design`."""
    return {name: given[name] for name in OF_THE_DATA}


def is_none(names: Any) -> bool:
    """Whether no column is named."""
    return names is None or (isinstance(names, list | tuple | set) and not names)


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

"""The options that every effect shares, checked once and made settings."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from causalif.data.survival import check_event
from causalif.errors import DataError, Problems, check_choice
from causalif.nuisance.folds import entropy_of
from causalif.nuisance.library import Library, resolve

METHODS = ("onestep", "tmle", "plugin", "ipw")
FEW_CLUSTERS = 100  # below it one split of them is one of many that would answer otherwise
SCALES = ("difference", "ratio", "odds_ratio")
MISSING = ("error", "ipw", "impute")


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


def settings_from(
    options: Mapping[str, Any], library: Library, n: int, clusters: np.ndarray | None = None
) -> Settings:
    """Checked options and the defaults that depend on the number of rows and clusters."""
    floor, repeats = options["truncate"], options["repeats"]
    if repeats is None:
        groups = None if clusters is None else len(np.unique(clusters))
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

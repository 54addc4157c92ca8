"""Which learners "auto", "glm" and a user's own choice mean, checked before any fit."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, Literal

from sklearn.base import is_classifier
from sklearn.dummy import DummyClassifier, DummyRegressor

from causalif.errors import DataError, Problems, did_you_mean
from causalif.nuisance.adapters import (
    FractionalFromClassifier,
    ProbabilityFromRegressor,
    fit_with_weights,
    no_weights,
    weight_keyword,
)
from causalif.nuisance.glm import Linear, Logistic, LogisticFraction
from causalif.nuisance.ridge import SplineRidge, SplineRidgeClassifier, SplineRidgeLogit
from causalif.nuisance.trees import Trees, TreesClassifier

__all__ = ["Library", "fit_with_weights", "resolve"]

Role = Literal["outcome", "exposure", "intermediate", "missing"]
Kind = Literal["regression", "probability", "fraction"]
Learners = tuple[tuple[str, Any], ...]

ROLES = ("outcome", "exposure", "intermediate", "missing")
WORDS = ("auto", "glm")


@dataclass(frozen=True)
class Library:
    """The learners of every role, and how the exposure enters the outcome regressions.

    Attributes
    ----------
    name : str
        As the user gave it, for reports.
    regressors, classifiers, fractional : tuple of (str, estimator)
        Unfitted; for numeric targets, for classes, for targets in [0, 1].
    pooled : bool
        One outcome regression for all exposure levels, not one per level.
    interactions : bool
        A pooled regression is given products of exposure and mediators.
    pooled_nested : bool
        The same for regressions of a regression on fewer predictors.
    roles : tuple of (str, Library)
        Other learners for some roles.
    """

    name: str
    regressors: Learners
    classifiers: Learners
    fractional: Learners
    pooled: bool
    interactions: bool
    pooled_nested: bool = False
    roles: tuple[tuple[str, Library], ...] = ()

    def candidates(self, role: Role, kind: Kind) -> Learners:
        """Unfitted learners for one nuisance.

        Parameters
        ----------
        role : {"outcome", "exposure", "intermediate", "missing"}
        kind : {"regression", "probability", "fraction"}

        Returns
        -------
        tuple of (str, estimator)

        Raises
        ------
        DataError
            The user's learner cannot do this.

        Examples
        --------
        >>> [name for name, _ in resolve("auto").candidates("exposure", "probability")]
        ['mean', 'glm', 'spline_ridge', 'trees']
        """
        library = dict(self.roles).get(role, self)
        chosen = {
            "regression": library.regressors,
            "probability": library.classifiers,
            "fraction": library.fractional,
        }[kind]
        if not chosen:
            raise DataError(_cannot(library, role, kind))
        return chosen


def resolve(learners: Any, problems: Problems | None = None) -> Library:
    """Read the argument `learners` of every effect.

    Parameters
    ----------
    learners : {"auto", "glm"}, estimator, or mapping of role to either
        Roles are outcome, exposure, intermediate and missing; those left out have the
        default learners. An estimator for the outcome may be a regressor or a
        classifier; the other roles need `predict_proba`.
    problems : Problems, optional
        Receives the problems, which are then raised with those of the rest of the call.

    Returns
    -------
    Library

    Raises
    ------
    DataError
        With every problem found, unless `problems` takes them.

    Examples
    --------
    >>> resolve("gml")
    Traceback (most recent call last):
    causalif.errors.DataError: learners='gml' is not known. Did you mean 'glm'?
    """
    found = Problems() if problems is None else problems
    if isinstance(learners, Mapping):
        library = _from_mapping(learners, found)
    else:
        library = _from_one(learners, ROLES, found)
    if problems is None:
        found.raise_if_any()
    return library


def _auto() -> Library:
    return Library(
        name="auto",
        regressors=(
            ("mean", DummyRegressor()),
            ("glm", Linear()),
            ("spline_ridge", SplineRidge()),
            ("trees", Trees()),
        ),
        classifiers=(
            ("mean", DummyClassifier(strategy="prior")),
            ("glm", Logistic(quiet=True)),
            ("spline_ridge", SplineRidgeClassifier()),
            ("trees", TreesClassifier()),
        ),
        fractional=(
            ("mean", DummyRegressor()),
            ("glm", LogisticFraction(quiet=True)),
            ("spline_ridge", SplineRidgeLogit()),
            ("trees", Trees()),
        ),
        pooled=False,
        interactions=False,
    )


def _glm() -> Library:
    return Library(
        name="glm",
        regressors=(("glm", Linear()),),
        classifiers=(("glm", Logistic()),),
        fractional=(("glm", LogisticFraction()),),
        pooled=True,
        interactions=True,
    )


def _from_mapping(learners: Mapping[Any, Any], problems: Problems) -> Library:
    for role in learners:
        if role not in ROLES:
            problems.add(f"learners: {role!r} is not a role.", did_you_mean(role, ROLES))
    if not learners:
        problems.add("learners={} names no learner.", f"Known roles: {', '.join(ROLES)}.")
    given = {
        role: _from_one(learners[role], (role,), problems) for role in ROLES if role in learners
    }
    outcome = given.get("outcome", _auto())
    others = {role: given.get(role, _auto()) for role in ROLES if role != "outcome"}
    name = ", ".join(f"{role}: {library.name}" for role, library in given.items())
    return replace(outcome, name=name, roles=tuple(others.items()))


def _from_one(learner: Any, roles: tuple[str, ...], problems: Problems) -> Library:
    if isinstance(learner, str):
        if learner in WORDS:
            return _auto() if learner == "auto" else _glm()
        shown = f"{{{roles[0]!r}: {learner!r}}}" if len(roles) == 1 else repr(learner)
        problems.add(f"learners={shown} is not known.", did_you_mean(learner, WORDS))
        return _auto()
    if not _is_estimator(learner, roles, problems):
        return _auto()
    name = type(learner).__name__
    probabilities = hasattr(learner, "predict_proba")
    needing = [role for role in roles if role != "outcome" or _is_classifier(learner)]
    if needing and not probabilities:
        problems.add(
            f"learners: {name} has no predict_proba, which the {_listed(needing)} "
            f"{'needs' if len(needing) == 1 else 'need'}.",
            f"Give a classifier that predicts probabilities: learners={{{needing[0]!r}: ...}}.",
        )
    if not probabilities:
        both = ((name, ProbabilityFromRegressor(learner)),)
        return Library(name, ((name, learner),), both, ((name, learner),), True, False, True)
    fraction = ()
    if weight_keyword(learner) is not None:
        fraction = ((name, FractionalFromClassifier(learner)),)
    return Library(name, (), ((name, learner),), fraction, True, False, True)


def _is_estimator(learner: Any, roles: tuple[str, ...], problems: Problems) -> bool:
    which = f"{roles[0]} " if len(roles) == 1 else ""
    shown = learner.__name__ if isinstance(learner, type) else type(learner).__name__
    if isinstance(learner, type):
        problems.add(
            f"learners: the {which}learner {shown} is a class, not an estimator.",
            f"Write {shown}().",
        )
        return False
    lacking = [
        method for method in ("fit", "predict", "get_params") if not hasattr(learner, method)
    ]
    if lacking:
        problems.add(
            f"learners: the {which}learner of type {shown} has no {' and no '.join(lacking)}.",
            'Give "auto", "glm", or an estimator in the manner of scikit-learn.',
        )
    return not lacking


def _is_classifier(learner: Any) -> bool:
    try:
        return is_classifier(learner)
    except (AttributeError, TypeError):  # it learns in the manner of scikit-learn, untagged
        return False


def _listed(words: list[str]) -> str:
    return words[0] if len(words) == 1 else f"{', '.join(words[:-1])} and {words[-1]}"


def _cannot(library: Library, role: str, kind: str) -> str:
    if kind == "fraction":
        learner = library.classifiers[0][1]
        return no_weights(learner, role, "a regression of probabilities on covariates needs them")
    return (
        f"learners: the {role} learner {library.classifiers[0][0]} is a classifier, and the "
        f"outcome is continuous. Give a regressor: learners={{{role!r}: ...}}."
    )

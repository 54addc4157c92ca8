"""What the coverage benchmark can be run on: a law, an analysis, its truth and its oracle."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import pandas as pd

import causalif as cif
from tests.truth import ordered, survey
from tests.truth.continuous import CHOSEN_ON, REPORTED_ON, WAVES, ContinuousLaw
from tests.truth.held_mediator import HELD_LAWS, HeldLaw
from tests.truth.intermediate import INTERMEDIATE_LAWS, IntermediateLaw

Found = dict[str, tuple[float, float]]  # an estimate and its standard error, by term
EFFECTS = ("TE", "NDE", "NIE")
POINTS = (-1.0, 0.0, 1.0)
WHOLE = "whole curve"


@dataclass(frozen=True)
class Study:
    """One row of the table for every term.

    Attributes
    ----------
    name : str
    sample : (n, seed) -> DataFrame
    analyse : (data, options) -> Estimate
    read : (estimate) -> terms with their estimates and standard errors
    truth : (estimate) -> truth by term; of a curve it hangs on the knots
    oracle : (data, estimate) -> the same terms with the true nuisances
    """

    name: str
    sample: Callable[[int, int], pd.DataFrame]
    analyse: Callable[[pd.DataFrame, dict[str, Any]], cif.Estimate]
    truth: Callable[[cif.Estimate], dict[str, float]]
    oracle: Callable[[pd.DataFrame, cif.Estimate], Found]


def mediation(law: ContinuousLaw) -> Study:
    """Total, natural direct and natural indirect effect."""
    return Study(
        law.name,
        law.sample,
        lambda data, options: cif.mediate(data, **law.roles, **options)[list(EFFECTS)],
        lambda found: law.truth(),
        lambda data, found: law.oracle(data),
    )


def interventional(law: IntermediateLaw) -> Study:
    """Overall, interventional direct and interventional indirect effect."""
    return Study(
        law.name,
        law.sample,
        lambda data, options: cif.mediate(data, **law.roles, estimand="interventional", **options),
        lambda found: law.truth(),
        lambda data, found: law.oracle(data),
    )


def weighted(law: HeldLaw) -> Study:
    """The weighted controlled direct effect, adjusted for all direct causes of the outcome."""
    return Study(
        f"WCDE, {law.name}",
        law.sample,
        lambda data, options: cif.weighted_direct_effect(data, "a", "y", dag=law.dag, **options),
        lambda found: {"WCDE": law.weighted_truth()},
        lambda data, found: {"WCDE": law.weighted_oracle(data)},
    )


def curve(law: HeldLaw) -> Study:
    """The curve of controlled direct effects at three points."""

    def truth(found: cif.Estimate) -> dict[str, float]:
        basis = found.recipe.estimand.curve.basis
        values = [law.fit_truth(basis, point) for point in POINTS]
        return dict(zip(found.names, values, strict=True))

    def oracle(data: pd.DataFrame, found: cif.Estimate) -> Found:
        basis = found.recipe.estimand.curve.basis
        values = [law.fit_oracle(data, basis, point) for point in POINTS]
        return dict(zip(found.names, values, strict=True))

    return Study(
        f"CDE curve, {law.name}",
        law.sample,
        lambda data, options: cif.controlled_direct_effect(
            data, **law.roles, at={"m": list(POINTS)}, **options
        ),
        truth,
        oracle,
    )


PATHS = Study(
    f"path-specific, {ordered.NAME}",
    ordered.sample,
    lambda data, options: cif.path_specific_effects(data, **ordered.ROLES, **options),
    lambda found: ordered.truth(),
    lambda data, found: ordered.oracle(data),
)
SURVEY = Study(
    survey.NAME,
    survey.sample,
    lambda data, options: cif.mediate(data, **WAVES.roles, **survey.OPTIONS, **options)[
        list(EFFECTS)
    ],
    lambda found: WAVES.truth(),
    lambda data, found: survey.oracle(data),
)


def _by_name(*studies: Study) -> dict[str, Study]:
    return {study.name: study for study in studies}


STUDIES = {
    "chosen": _by_name(*map(mediation, CHOSEN_ON.values())),
    "reported": _by_name(*map(mediation, REPORTED_ON.values())),
    "estimands": _by_name(
        *map(interventional, INTERMEDIATE_LAWS.values()),
        *map(weighted, HELD_LAWS.values()),
        curve(HELD_LAWS["continuous mediator"]),
        PATHS,
        SURVEY,
    ),
}
EVERY = {name: study for part in STUDIES.values() for name, study in part.items()}

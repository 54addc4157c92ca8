"""When a set of covariates identifies an effect: one criterion per estimand."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping

from causalif.graph.conditions import Condition, adjustment_conditions
from causalif.graph.dag import Question, shown_set
from causalif.graph.search import Node
from causalif.graph.sequential import SEQUENTIAL, sequential_conditions
from causalif.graph.task import PAIRS
from causalif.graph.wcde import weighted_conditions


def _by_adjustment(question: Question, covariates: Collection[Node]) -> Iterator[Condition]:
    """The adjustment criterion for each pair that the estimand asks for."""
    for exposure, outcome in PAIRS[question.estimand](question):
        yield from adjustment_conditions(question.dag, exposure, outcome, covariates)


CRITERIA: Mapping[str, Callable[[Question, Collection[Node]], Iterator[Condition]]] = {
    **dict.fromkeys(PAIRS, _by_adjustment),
    "wcde": weighted_conditions,
    **dict.fromkeys(SEQUENTIAL, sequential_conditions),
}


def conditions(question: Question, covariates: Collection[Node]) -> Iterator[Condition]:
    """Every condition of the estimand's criterion; those that hold for all sets as well."""
    taken = {*question.exposure, *question.outcome}
    if question.estimand in ("natural", "cde", *SEQUENTIAL):
        taken |= {*question.mediators, *question.intermediates}
    roles = taken & set(covariates)
    yield Condition(
        "no covariate is the exposure, the outcome or a mediator of the effect",
        not roles,
        f"{shown_set(roles)} has another role" if roles else "",
    )
    hidden = set(covariates) - question.observed
    yield Condition(
        "every covariate is measured",
        not hidden,
        f"{shown_set(hidden)} is latent" if hidden else "",
    )
    if not roles:
        yield from CRITERIA[question.estimand](question, covariates)

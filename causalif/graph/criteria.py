"""When a set of covariates identifies an effect: one criterion per estimand."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping

from causalif.graph.conditions import Condition, adjustment_conditions
from causalif.graph.dag import Question, shown_set
from causalif.graph.search import Node
from causalif.graph.wcde import weighted_conditions


def _total(question: Question, covariates: Collection[Node]) -> Iterator[Condition]:
    yield from adjustment_conditions(question.dag, question.exposure, question.outcome, covariates)


def _controlled(question: Question, covariates: Collection[Node]) -> Iterator[Condition]:
    """Exposure and mediators are set together: one joint exposure."""
    joint = (*question.exposure, *question.mediators)
    yield from adjustment_conditions(question.dag, joint, question.outcome, covariates)


def _natural(question: Question, covariates: Collection[Node]) -> Iterator[Condition]:
    """One set for each arrow: exposure to mediators, to outcome, and mediators to outcome.

    Together they exclude that anything the exposure changes drives both mediators and
    outcome, so that no cross-world independence is left to assume beside the graph's.

    References
    ----------
    .. [1] Shpitser & VanderWeele (2011), International Journal of Biostatistics 7, 16.
    """
    dag, exposure, outcome = question.dag, question.exposure, question.outcome
    mediators = question.mediators
    yield from adjustment_conditions(dag, exposure, outcome, covariates)
    if mediators:
        yield from adjustment_conditions(dag, exposure, mediators, covariates)
        joint = (*exposure, *mediators)
        yield from adjustment_conditions(dag, joint, outcome, covariates)


CRITERIA: Mapping[str, Callable[[Question, Collection[Node]], Iterator[Condition]]] = {
    "total": _total,
    "natural": _natural,
    "cde": _controlled,
    "wcde": weighted_conditions,
}


def conditions(question: Question, covariates: Collection[Node]) -> Iterator[Condition]:
    """Every condition of the estimand's criterion; those that hold for all sets as well."""
    taken = {*question.exposure, *question.outcome}
    if question.estimand in ("natural", "cde"):
        taken |= set(question.mediators)
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

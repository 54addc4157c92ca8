"""From a causal graph to the columns of an analysis: chosen, checked or refused, before any fit."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Any

from causalif.data.call import Call
from causalif.data.design import Adjustment, Design
from causalif.data.frames import read_frame
from causalif.data.roles import as_names, mediator_groups
from causalif.effects.graph_question import Names, check_order, put_in_order, question_of
from causalif.errors import DataWarning, NotIdentified, Problems, warn
from causalif.graph.conditions import Condition
from causalif.graph.criteria import conditions
from causalif.graph.dag import (
    Question,
    is_two_headed,
    mediators_between,
    shown_set,
)
from causalif.graph.failure import effect_name, remedy, stays_open
from causalif.graph.front_door import front_door_set
from causalif.graph.optimal import optimal_set, widest_set
from causalif.graph.search import Node, descendants
from causalif.graph.sequential import SEQUENTIAL

LEAST = {
    "known": "of all valid sets the one of least asymptotic variance (Henckel, Perkovic & Maathuis "
    "2022)",
    "latent": "no minimal valid set has a smaller asymptotic variance (Smucler, Sapienza & "
    "Rotnitzky 2022)",
    "natural": "what stands next to the outcome, and what else the arrows from the exposure to the "
    "mediators need (no set is best in every law)",
    "interventional": "what tells of the outcome, and what else is needed (no set is best in every "
    "law); the mediators are drawn given these",
    "sequential": "what tells of the outcome, and what else is needed (no set is known to be best)",
    "wcde": "of all sets that meet the conditions for a weighted controlled direct effect the one "
    "of least asymptotic variance (Lin, Guo & Gan 2025)",
}


@dataclass(frozen=True)
class Identified:
    """A call with the columns that a graph gives it, and why.

    Attributes
    ----------
    call : Call
    adjustment : Adjustment
    remarks : tuple of str
        What else the graph says that a reader should know; also given as warnings.
    intermediates : list of str
        The intermediates of the call.
    order : str
        How the graph orders the mediators, where none are named.
    """

    call: Call
    adjustment: Adjustment
    remarks: tuple[str, ...]
    intermediates: list[str]
    order: str = ""

    @property
    def by_front_door(self) -> bool:
        """Whether mediators identify the effect, for want of covariates."""
        return self.adjustment.strategy == "front door"

    def note_in(self, design: Design) -> Design:
        """The design with the reasons beside its other notes."""
        for remark in self.remarks:
            warn(remark, DataWarning)
        order = (f"graph: {self.order}",) if self.order else ()
        notes = (*design.notes, f"graph: {self.adjustment.reason}", *order, *self.remarks)
        return replace(design, notes=notes, adjustment=self.adjustment)


def identify(
    dag: Any,
    call: Call,
    criterion: str,
    problems: Problems,
    *,
    ordered: bool = False,
    front_door: bool = False,
    intermediates: Any = None,
) -> Identified | None:
    """Choose the covariates of a call from a graph, or check those that it names.

    Parameters
    ----------
    dag : DiGraph, str or edges
        Whatever `read_dag` reads; each node is a column of data, or marked latent.
    call : Call
        Its covariates are None where the graph is to choose.
    criterion : {"total", "natural", "cde", "wcde", "interventional", "sequential"}
    problems : Problems
        Receives what is wrong with the graph.
    ordered : bool, default False
        Each item of the mediators is a group of its own; without any the graph gives them.
    front_door : bool, default False
        Try the front door where no covariates serve.
    intermediates : str or list of str, optional

    Returns
    -------
    Identified or None
        None where there are problems, which building the design will raise.

    Raises
    ------
    NotIdentified
        The covariates named do not serve, or no measured ones do.
    """
    frame = read_frame(call.data, problems)
    names = Names(frame, call)
    groups = mediator_groups(call.mediators, ordered, frame, problems, call.terms)
    covariates = None
    if call.covariates is not None:
        covariates = as_names(call.covariates, "covariates", frame, problems)
    between = as_names(intermediates, "intermediates", frame, problems)
    question = question_of(
        dag,
        names,
        groups,
        covariates or (),
        criterion,
        problems,
        ordered=ordered,
        intermediates=between,
    )
    if question is None or problems:
        return None
    check_order(question)
    order = ""
    if ordered and not any(groups):
        question, order = put_in_order(question, names, covariates)
        groups = [list(names.behind(map(str, group))) for group in question.groups]
    if any(groups):
        call = replace(call, mediators=groups if ordered else groups[0])
    if covariates is None:
        found = _choose(question, names, front_door)
    else:
        found = _check(question, names, covariates, front_door)
    if found.strategy == "front door":
        call = replace(call, mediators=list(found.mediators))
    call = replace(call, covariates=list(found.covariates))
    return Identified(call, found, tuple(_remarks(question)), between, order)


def _choose(question: Question, names: Names, front_door: bool) -> Adjustment:
    """The best set of covariates; without any, the front door."""
    try:
        best = optimal_set(question)
    except NotIdentified:
        found = front_door_set(question) if front_door else None
        if found is None:
            raise
        mediators, covariates = map(names.of, found)
        given = f" given {_listed(covariates)}" if covariates else ""
        why = (
            f"no measured covariates identify {effect_name(question)}, for "
            f"{stays_open(question, _broken(question, widest_set(question)))[:-1]}; it is "
            f"estimated by the front door, through {_listed(mediators)}{given}."
        )
        return _adjustment(question, "front door", covariates, mediators, why)
    chosen = names.of(best)
    whole = replace(question, observed=frozenset(question.dag))
    kind = "known" if best == optimal_set(whole) else "latent"
    if question.estimand in LEAST:
        kind = question.estimand
    what = f"adjusted for {_listed(chosen)}: {LEAST[kind]}" if chosen else "nothing to adjust for"
    return _adjustment(question, "covariates", chosen, (), f"{what}.{_others(question, best)}")


def _check(
    question: Question, names: Names, covariates: Sequence[str], front_door: bool
) -> Adjustment:
    """The covariates named, where they identify the effect."""
    nodes = names.behind(covariates)
    broken = _broken(question, nodes)
    if broken:
        first = broken[0]
        why = stays_open(question, broken) if first.path else f"{first.claim}, but {first.why}."
        raise NotIdentified(
            f"{shown_set(nodes)} does not identify {effect_name(question)}: {why} "
            f"{_way_out(question, names, broken, front_door)}"
        )
    why = f"the covariates named, {_listed(nodes) or 'none'}, identify {effect_name(question)}."
    if question.estimand in ("total", "cde"):
        best = names.of(optimal_set(question))
        if set(best) != set(nodes):
            why += f" {_listed(best) or 'None'} would give a variance at most as large."
    found = _adjustment(question, "covariates", tuple(covariates), (), why)
    return replace(found, chosen=False)


def _broken(question: Question, nodes: Collection[Node]) -> list[Condition]:
    return [condition for condition in conditions(question, nodes) if not condition.holds]


def _way_out(
    question: Question, names: Names, broken: Sequence[Condition], front_door: bool
) -> str:
    """What would serve instead of covariates that do not."""
    try:
        best = names.of(optimal_set(question))
    except NotIdentified:
        if front_door and front_door_set(question) is not None:
            return "No covariates do, but mediators (the front door): leave out covariates=."
        return remedy(question, _broken(question, widest_set(question)) or broken)
    if not best:
        return "Nothing has to be adjusted for: give covariates=[], or leave them out."
    return f"Adjust for {_listed(best)}, or leave out covariates= to have them chosen."


def _adjustment(
    question: Question, strategy: Any, covariates: Any, mediators: Any, reason: str
) -> Adjustment:
    hidden = [node for node in question.dag if node not in question.observed]
    latent = tuple(str(node) for node in hidden)
    named = [str(node) for node in hidden if not is_two_headed(node)]
    if named:
        reason += f" Latent: {_listed(named)}."
    return Adjustment(strategy, covariates, mediators, True, latent, reason)


def _others(question: Question, best: Collection[Node]) -> str:
    """Which measured nodes were left out, and why."""
    ends = {*question.exposure, *question.outcome}
    if question.estimand in ("natural", "cde", *SEQUENTIAL):
        ends |= {*question.mediators, *question.intermediates}
    left = [n for n in question.dag if n in question.observed and n not in best and n not in ends]
    after = descendants(question.dag, question.exposure)
    spare = _listed([str(node) for node in left if node not in after])
    changed = _listed([str(node) for node in left if node in after])
    return (f" Not needed: {spare}." if spare else "") + (
        f" Changed by {question.exposure[0]}, so left out: {changed}." if changed else ""
    )


def _remarks(question: Question) -> Iterable[str]:
    """Effects that the graph says are zero: an estimate then tests the graph."""
    (exposure,), (outcome,) = question.exposure, question.outcome
    if outcome not in descendants(question.dag, [exposure]):
        yield (
            f"by the graph {exposure} has no effect on {outcome}: no directed path leads there. "
            "An estimate other than zero speaks against the graph."
        )
    elif question.estimand in ("cde", "sequential"):
        if outcome not in descendants(question.dag, [exposure], walls=question.mediators):
            yield (
                f"by the graph all of the effect of {exposure} on {outcome} runs through "
                f"{_listed([str(node) for node in question.mediators])}. A controlled direct "
                "effect other than zero speaks against the graph."
            )
    elif question.estimand in ("natural", "interventional"):
        between = mediators_between(question.dag, question.exposure, question.outcome)
        outside = [str(node) for node in question.mediators if node not in between]
        if outside:
            yield (
                f"by the graph no effect of {exposure} on {outcome} runs through "
                f"{_listed(outside)}. An indirect effect other than zero speaks against the graph."
            )


def _listed(names: Sequence[str]) -> str:
    return ", ".join(names)

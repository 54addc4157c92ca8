"""From a causal graph to the columns of an analysis: chosen, checked or refused, before any fit."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from typing import Any

from causalif.data.call import Call
from causalif.data.design import Adjustment, Design
from causalif.data.frames import read_frame
from causalif.data.roles import as_names, mediator_groups
from causalif.effects.graph_question import Names, check_order, put_in_order, question_of
from causalif.effects.graph_words import listed, remarks, why_best
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
from causalif.graph.search import Node


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
    if question.estimand == "wcde":
        call = _parted(call, question, names)
    return Identified(call, found, tuple(remarks(question)), between, order)


def _parted(call: Call, question: Question, names: Names) -> Call:
    """The columns of a weighted direct effect, parted into mediators and covariates."""
    between = mediators_between(question.dag, question.exposure, question.outcome)
    nodes = {name: set(names.behind([name])) for name in call.covariates}
    first = [name for name, behind in nodes.items() if behind & between]
    rest = [name for name in nodes if name not in first]
    return replace(call, mediators=first or None, covariates=rest)


def _choose(question: Question, names: Names, front_door: bool) -> Adjustment:
    """The best set of covariates; without any, the front door."""
    try:
        best = optimal_set(question)
    except NotIdentified:
        found = front_door_set(question) if front_door else None
        if found is None:
            raise
        mediators, covariates = map(names.of, found)
        given = f" given {listed(covariates)}" if covariates else ""
        why = (
            f"no measured covariates identify {effect_name(question)}, for "
            f"{stays_open(question, _broken(question, widest_set(question)))[:-1]}; it is "
            f"estimated by the front door, through {listed(mediators)}{given}."
        )
        return _adjustment(question, "front door", covariates, mediators, why)
    chosen = names.of(best)
    return _adjustment(question, "covariates", chosen, (), why_best(question, best, chosen))


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
    why = f"the covariates named, {listed(nodes) or 'none'}, identify {effect_name(question)}."
    if question.estimand in ("total", "cde"):
        best = names.of(optimal_set(question))
        if set(best) != set(nodes):
            why += f" {listed(best) or 'None'} would give a variance at most as large."
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
    argument = "adjustment" if question.estimand == "wcde" else "covariates"
    if not best:
        return f"Nothing has to be adjusted for: give {argument}=[], or leave it out."
    return f"Adjust for {listed(best)}, or leave out {argument}= to have them chosen."


def _adjustment(
    question: Question, strategy: Any, covariates: Any, mediators: Any, reason: str
) -> Adjustment:
    hidden = [node for node in question.dag if node not in question.observed]
    latent = tuple(str(node) for node in hidden)
    named = [str(node) for node in hidden if not is_two_headed(node)]
    if named:
        reason += f" Latent: {listed(named)}."
    return Adjustment(strategy, covariates, mediators, True, latent, reason)

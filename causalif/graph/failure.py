"""Why no set serves, and what would help: the sentences of a refusal."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import replace
from itertools import pairwise

from causalif.errors import NotIdentified
from causalif.graph.conditions import Condition, shown_names
from causalif.graph.criteria import conditions
from causalif.graph.dag import TWO_HEADED, Question, is_two_headed, shown_path, shown_set
from causalif.graph.front_door import front_door_set
from causalif.graph.recanting import witness
from causalif.graph.search import (
    AGAINST,
    DESCENDANTS,
    Node,
    Step,
    ancestors,
    descendants,
    leave,
    walk,
)
from causalif.graph.sequential import (
    SEQUENTIAL,
    WITH_INTERMEDIATES,
    intermediates_for,
    possible_intermediates,
    widest_sequential_set,
    with_intermediates,
)
from causalif.graph.task import task_of

BOUNDS = "ask for bounds with sensitivity()"


def effect_name(question: Question) -> str:
    """What the question asks for, as in "the natural effects of a on y through m"."""
    ends = f"{shown_names(question.exposure)} on {shown_names(question.outcome)}"
    mediators = shown_names(question.mediators) if question.mediators else "no mediator"
    if question.groups:
        in_order = ", then ".join(shown_names(group) for group in question.groups)
        return f"the path-specific effects of {ends} through {in_order}"
    between = ""
    if question.intermediates:
        many = "s" if len(question.intermediates) > 1 else ""
        between = f" with the intermediate{many} {shown_names(question.intermediates)}"
    return {
        "total": f"the effect of {ends}",
        "natural": f"the natural effects of {ends} through {mediators}",
        "cde": f"the controlled direct effect of {ends} beside {mediators}",
        "wcde": f"the weighted controlled direct effect of {ends}",
        "interventional": f"the interventional effects of {ends} through {mediators}{between}",
        "sequential": f"the controlled direct effect of {ends} beside {mediators}{between}",
    }[question.estimand]


def reversed_order(question: Question) -> str:
    """What to say where the outcome leads to an exposure; empty where it does not."""
    dag, exposure = question.dag, question.exposure
    first = leave(dag, question.outcome, (False, True))
    found = walk(dag, first, DESCENDANTS, {}, until=set(exposure))
    if found.end is None:
        return ""
    return (
        f"reversed order: {shown_names(question.outcome)} comes before {found.end[0]} in the graph "
        f"({shown_path(found.path(found.end))}), which therefore cannot change it. "
        "Exchange exposure and outcome, or turn an arrow."
    )


def not_identified(question: Question, tried: Collection[Node]) -> NotIdentified:
    """The error for a question that no observed set answers.

    Parameters
    ----------
    question : Question
    tried : collection of nodes
        A set that would serve if any did.
    """
    broken = [condition for condition in conditions(question, tried) if not condition.holds]
    return NotIdentified(f"{none_serves(question, broken)} {remedy(question, broken)}")


def none_serves(question: Question, broken: Sequence[Condition]) -> str:
    """That no observed set serves, and the path that stays open."""
    effect = effect_name(question)
    return f"no set of observed covariates identifies {effect}: {stays_open(question, broken)}"


def stays_open(question: Question, broken: Sequence[Condition]) -> str:
    """The first broken condition as the end of a sentence, with the latent nodes that matter."""
    first = broken[0]
    if not first.path:
        return f"{first.why}."
    hidden = [node for node in passed(first.path) if node not in question.observed]
    named = [str(node) for node in hidden if not is_two_headed(node)]
    if not named:
        return f"{shown_path(first.path)} stays open."
    latent = f"{listed(named, 'and')} {'is' if len(named) == 1 else 'are'} latent"
    return f"{shown_path(first.path)} stays open and {latent}."


def remedy(question: Question, broken: Sequence[Condition]) -> str:
    """What to do where no observed set serves."""
    if found := _by_intermediates(question):
        return found
    paths = [condition.path for condition in broken if condition.path]
    held = question.estimand in ("natural", "cde", *SEQUENTIAL)
    mediators = question.mediators if held else ()
    fixed = {*question.exposure, *mediators}
    changed = descendants(question.dag, fixed) - fixed
    for path in paths:
        hidden = [n for n in passed(path) if n not in question.observed and n not in changed]
        if hidden:
            what = f"Measure {listed(map(measurable, hidden), 'or')}"
            return f"{what}, or {BOUNDS}.{_front_door(question)}"
    if question.groups:
        found = next((text for path in paths if (text := witness(question, path))), "")
        if found:
            return found
    between = [node for path in paths for node in passed(path) if node in changed]
    if not between:
        return f"Look at the arrows of this path again, or {BOUNDS}.{_front_door(question)}"
    cause = between[0]
    if question.estimand == "total":
        return f"{cause} lies between the exposures: ask for the effect of one of them at a time."
    exposure = shown_names(question.exposure)
    what = f"{cause} is changed by {exposure} and drives mediator and outcome alike"
    if cause not in question.observed:
        return f"{what}, and it is latent: measure it, or {BOUNDS}."
    joined = replace(question, mediators=(*question.mediators, cause))
    if question.estimand not in WITH_INTERMEDIATES or question.groups or _serves(joined):
        return f"{what}: take it among the mediators."
    named = with_intermediates(question, possible_intermediates(question))
    broken = [c for c in conditions(named, widest_sequential_set(named)) if not c.holds]
    still = stays_open(named, broken)
    return f"{what}, and intermediates do not help: {still} {remedy(named, broken)}"


def _by_intermediates(question: Question) -> str:
    """Which intermediates to name, where the effect is identified with some; else empty."""
    if question.groups or question.estimand not in (*WITH_INTERMEDIATES, *SEQUENTIAL):
        return ""
    found = intermediates_for(question)
    if not found:
        return "" if found is None or not question.intermediates else "Leave intermediates= out."
    one, names = len(found) == 1, [str(node) for node in found]
    exposure, given = shown_names(question.exposure), f"intermediates={names}"
    what = f"{listed(names, 'and')} {'is' if one else 'are'} changed by {exposure} and "
    what += _their_part(question, found)
    if question.estimand == "natural":
        also = ", or for a controlled direct effect with the same"
        also += f", or take {'it' if one else 'them'} among the mediators"
        joined = replace(question, mediators=(*question.mediators, *found))
        if not _serves(joined):
            also = also.rpartition(",")[0]
        return f"{what}: ask for interventional effects with {given}{also}."
    if question.estimand == "cde":
        return f"{what}: name {'it' if one else 'them'}, controlled_direct_effect(.., {given})."
    return f"{what}: give {given}."


def _their_part(question: Question, nodes: Collection[Node]) -> str:
    dag, mediators = question.dag, question.mediators
    both = ancestors(dag, mediators) & ancestors(dag, question.outcome, walls=mediators)
    if both.issuperset(nodes):
        return f"{'drives' if len(nodes) == 1 else 'drive'} both mediators and outcome"
    return f"{'lies' if len(nodes) == 1 else 'lie'} between mediators and outcome"


def _serves(question: Question) -> bool:
    task = task_of(question)
    return task.serves(task.widest())


def _front_door(question: Question) -> str:
    """That mediators identify the effect where covariates do not, if they do."""
    found = front_door_set(question) if question.estimand == "total" else None
    if found is None:
        return ""
    mediators, covariates = found
    given = f", given {shown_set(covariates)}" if covariates else ""
    return (
        f" The front door through {shown_names(mediators)}{given} is open to "
        "average_effect(dag=), which takes it by itself."
    )


def passed(path: Sequence[Step]) -> list[Node]:
    """The inner nodes at which a path would be blocked by adjusting: all but its colliders."""
    inner = pairwise(path[1:])
    return [node for (node, came), (_, left) in inner if came == AGAINST or left != AGAINST]


def measurable(node: Node) -> str:
    """What to measure in the place of a latent node."""
    if not is_two_headed(node):
        return str(node)
    return "what {} and {} share".format(*str(node).split(TWO_HEADED, 1))


def listed(names: Iterable[str], word: str) -> str:
    """``u``, ``u and v``, ``u, v and w``."""
    *most, last = names
    return f"{', '.join(most)} {word} {last}" if most else last

"""Effects with intermediates: covariates before the exposure, intermediates before the mediators.

With covariates W, exposure A, intermediates L, mediators M and outcome Y, two functionals

    CDE             sum_w p(w) sum_l p(l | a, w) E[Y | a, m, l, w]
    interventional  sum_w p(w) sum_m p(m | b, w) sum_l p(l | a, w) E[Y | a, m, l, w]

are E[Y(a, m)], and the mean of Y(a, m) with m drawn from the law of M(b) given W, if

1. no node of W is changed by A or M, no node of L by M, and A is not changed by M;
2. W blocks every back-door path from A to Y that does not enter a node of M by an arrow, and
   for interventional effects every back-door path from A to Y and M;
3. A, W and L block every back-door path from M to Y.

A back-door path of a node leaves it against an arrow. Whether L drives Y or M, or is itself
confounded with A, is then no matter. The draw is given W, so that another W that serves may
define another interventional effect; E[Y(a, m)] is the same with each. Refused though true are
sets with a harmless descendant and, for interventional effects, sets that fail only for a mediator
that carries no effect.

References
----------
.. [1] Pearl & Robins (1995), UAI, Theorem 1: the sequential back-door, which 1 to 3 are.
.. [2] Robins (1986), Mathematical Modelling 7: the functional, the g-formula.
.. [3] VanderWeele, Vansteelandt & Robins (2014), Epidemiology 25; Diaz, Hejazi, Rudolph & van der
   Laan (2021), Biometrika 108, for interventional effects.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from dataclasses import replace

import networkx as nx

from causalif.graph.conditions import Condition, shown_names
from causalif.graph.dag import Question, shown_path
from causalif.graph.search import (
    DESCENDANTS,
    DOWN,
    Graph,
    Node,
    ancestors,
    connected,
    descendants,
    leave,
    walk,
)

WITH_INTERMEDIATES = {"natural": "interventional", "cde": "sequential"}
SEQUENTIAL = tuple(WITH_INTERMEDIATES.values())


def sequential_conditions(question: Question, covariates: Collection[Node]) -> Iterator[Condition]:
    """The conditions of the criterion above, each with what breaks it."""
    exposure, mediators = shown_names(question.exposure), shown_names(question.mediators)
    fixed = (*question.exposure, *question.mediators)
    for claim, causes, nodes in (
        (f"{exposure} is not changed by {mediators}", question.mediators, question.exposure),
        (f"no covariate is changed by {exposure} or {mediators}", fixed, covariates),
        (f"no intermediate is changed by {mediators}", question.mediators, question.intermediates),
    ):
        why = _changed(question.dag, causes, nodes)
        yield Condition(claim, not why, why)
    for claim, sources, targets, given, graph in _separations(question, set(covariates)):
        path = connected(graph, sources, targets, given)
        yield Condition(claim, not path, f"{shown_path(path)} is open" if path else "", path or ())


def _separations(
    question: Question, covariates: set[Node]
) -> Iterator[tuple[str, tuple[Node, ...], tuple[Node, ...], set[Node], Graph]]:
    """The two back-door conditions: claim, sources, targets, what is given, in which graph."""
    dag, exposure, mediators = question.dag, question.exposure, question.mediators
    a, m, y = map(shown_names, (exposure, mediators, question.outcome))
    if question.estimand == "interventional":
        targets, held, claim = (*mediators, *question.outcome), (), f"{a} to {m} and {y}"
    else:
        targets, held, claim = question.outcome, mediators, f"{a} to {y} that does not enter {m}"
    yield (
        f"the covariates block every back-door path from {claim}",
        exposure,
        targets,
        covariates,
        without_arrows(dag, out_of=exposure, into=held),
    )
    yield (
        f"{a}, covariates and intermediates block every back-door path from {m} to {y}",
        mediators,
        question.outcome,
        {*exposure, *covariates, *question.intermediates},
        without_arrows(dag, out_of=mediators),
    )


def without_arrows(
    dag: Graph, *, out_of: Collection[Node] = (), into: Collection[Node] = ()
) -> Graph:
    """The graph without the arrows out of some nodes and those into others.

    Examples
    --------
    >>> dag = nx.DiGraph([("a", "m"), ("m", "y"), ("a", "y")])
    >>> list(without_arrows(dag, out_of=["a"]).edges)
    [('m', 'y')]
    """
    tails, heads = set(out_of), set(into)
    left: Graph = nx.DiGraph()
    left.add_nodes_from(dag)
    left.add_edges_from((u, v) for u, v in dag.edges if u not in tails and v not in heads)
    return left


def _changed(dag: Graph, causes: Collection[Node], nodes: Collection[Node]) -> str:
    """How some nodes are changed by others: the first path to one; empty where none is."""
    found = walk(dag, leave(dag, causes, DOWN), DESCENDANTS, {}, until=set(nodes))
    if found.end is None:
        return ""
    return f"{found.end[0]} is changed along {shown_path(found.path(found.end))}"


def serves(question: Question, covariates: Collection[Node]) -> bool:
    """Whether these covariates, all of them allowed, meet the criterion."""
    return all(condition.holds for condition in sequential_conditions(question, covariates))


def widest_sequential_set(question: Question) -> set[Node]:
    """A set that serves if any does, as far as one is known.

    For interventional effects it holds every measured ancestor of exposure, mediators, outcome
    and intermediates that they do not change: within the ancestors of what is to be
    separated more can only block more. For controlled effects an ancestor of the mediators
    alone may open a path from the exposure, and is then left out.
    """
    dag = question.dag
    fixed = {*question.exposure, *question.mediators}
    ends = {*fixed, *question.outcome}
    pool = set(question.observed) - descendants(dag, fixed) - ends - set(question.intermediates)
    nearer = pool & ancestors(dag, ends)
    wider = pool & ancestors(dag, {*ends, *question.intermediates})
    if question.estimand == "interventional":
        return wider if serves(question, wider) else nearer
    _, sources, targets, _, graph = next(_separations(question, set()))
    kept = pool & ancestors(graph, {*sources, *targets})
    for node in dag:
        if node in wider - kept and not connected(graph, sources, targets, {*kept, node}):
            kept.add(node)
    return kept


def sequential_set(question: Question) -> set[Node] | None:
    """Covariates that serve: what tells of the outcome, and what else is needed; None without.

    From the widest set all is left out that tells nothing of the outcome beside the rest, as
    far as the others serve: first what tells nothing of mediators and intermediates either, and
    so stands next to the exposure only. No theorem says that this set is best.
    """
    kept = widest_sequential_set(question)
    if not serves(question, kept):
        return None
    later = (*question.mediators, *question.intermediates)
    spare = [node for node in question.dag if node in kept and not _tells(question, kept, node)]
    for node in sorted(spare, key=lambda node: _tells(question, kept, node, later)):
        if serves(question, kept - {node}):
            kept.remove(node)
    return kept


def _tells(
    question: Question,
    kept: Collection[Node],
    node: Node,
    targets: Collection[Node] | None = None,
) -> bool:
    """Whether a covariate tells of the outcome, given all else; or of some other nodes."""
    given = {*kept, *question.exposure} - {node}
    if targets is None:
        targets, given = question.outcome, {*given, *question.mediators, *question.intermediates}
    return connected(question.dag, [node], targets, given) is not None


def with_intermediates(question: Question, nodes: Collection[Node]) -> Question:
    """The same question with other intermediates, or for the first time with some."""
    estimand = WITH_INTERMEDIATES.get(question.estimand, question.estimand)
    return replace(question, estimand=estimand, intermediates=tuple(nodes))


def possible_intermediates(question: Question) -> tuple[Node, ...]:
    """What is measured, changed by the exposure and by no mediator, and leads on."""
    dag, mediators, outcome = question.dag, question.mediators, question.outcome
    pool = descendants(dag, question.exposure) - descendants(dag, mediators)
    pool &= ancestors(dag, {*mediators, *outcome}) & question.observed
    return tuple(node for node in dag if node in pool - {*question.exposure, *outcome})


def intermediates_for(question: Question) -> tuple[Node, ...] | None:
    """Of the possible intermediates as few as can be that let covariates serve; None if none do."""
    asked = with_intermediates(question, possible_intermediates(question))
    if not serves(asked, widest_sequential_set(asked)):
        return None
    return _without(asked, asked.intermediates).intermediates


def _without(asked: Question, nodes: Sequence[Node]) -> Question:
    """The question without those of some intermediates that can be left out, the first first.

    In halves, for most of many can be left out together.
    """
    fewer = with_intermediates(asked, [n for n in asked.intermediates if n not in nodes])
    if serves(fewer, widest_sequential_set(fewer)):
        return fewer
    if len(nodes) == 1:
        return asked
    half = len(nodes) // 2
    return _without(_without(asked, nodes[:half]), nodes[half:])

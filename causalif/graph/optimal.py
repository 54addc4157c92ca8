"""The set to adjust for: the one whose estimate has the least variance, and why none serves."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import replace
from itertools import chain
from typing import Any

from causalif.errors import NotIdentified, Problems, check_choice
from causalif.graph.dag import Question, ask
from causalif.graph.failure import not_identified, reversed_order
from causalif.graph.minimum import minimum_set
from causalif.graph.moral import network_of
from causalif.graph.search import ANCESTOR, CONNECTED, GIVEN, WALL, Node, ancestors, leave, walk
from causalif.graph.separators import minimal_cut, vertices
from causalif.graph.sequential import SEQUENTIAL, sequential_set, widest_sequential_set
from causalif.graph.task import PAIRS, Group, Task, task_of

AMONG = ("all", "minimal", "minimum")


def optimal_adjustment_set(
    dag: Any,
    exposure: Any,
    outcome: Any,
    *,
    estimand: str = "total",
    mediators: Any = None,
    latent: Any = (),
    among: str = "all",
) -> set[Any]:
    """The covariates with which a nonparametric estimate has the least variance.

    For total and controlled effects: the nodes that stand next to the outcome, seen from the
    exposure. With every node measured these are the parents of the causal nodes [1]_, and no
    valid set does better, whatever the law. With latent nodes they do at least as well as
    every minimal set and every set of ancestors of exposure and outcome [2]_; a set with
    other nodes may do better in some laws, and then no set is best in all.

    For natural effects no set is best in every law. What stands next to the outcome is given,
    and of what stands next to the mediators alone only as much as is needed: causes of a
    mediator that are not needed widen the direct effect and, more so, the indirect one. In
    random laws of small graphs this set was hardly ever far from the least variance for total
    and direct effect, less often near it for the indirect (benchmarks/results/GRAPHS.md).

    Parameters
    ----------
    dag : DiGraph, str or edges
        Whatever `read_dag` reads.
    exposure, outcome : node
        Several exposures, as a list, are one joint exposure ("total" only).
    estimand : {"total", "natural", "cde", "wcde"}
    mediators : node or list of nodes, optional
        For "natural" and "cde"; by default every observed node between the two.
    latent : node or list of nodes
        Not measured, beside those that the graph marks.
    among : {"all", "minimal", "minimum"}
        All valid sets; those from which nothing can be left out; those of the fewest nodes.
        For natural effects "minimum" looks through all minimal sets (the problem is
        NP-hard), and takes of the smallest the first in the order of the graph's nodes.

    Returns
    -------
    set
        Without causal path from exposure to outcome, so that the effect is zero: the set by
        which an estimate would show it.

    Raises
    ------
    NotIdentified
        No set of observed nodes serves; says which path stays open, and what would help.
    DataError
        An unknown node (with the nearest known), a node in two roles, a cycle.

    References
    ----------
    .. [1] Henckel, Perkovic & Maathuis (2022), JRSS B 84, 579-599; Rotnitzky & Smucler (2020),
       JMLR 21(188), for nonparametric estimates.
    .. [2] Smucler, Sapienza & Rotnitzky (2022), Biometrika 109, 49-65.

    Examples
    --------
    >>> import networkx as nx
    >>> dag = nx.DiGraph([("w", "a"), ("w", "z"), ("z", "y"), ("a", "y"), ("x", "y")])
    >>> sorted(optimal_adjustment_set(dag, "a", "y"))
    ['x', 'z']
    >>> optimal_adjustment_set(dag, "a", "y", among="minimal")
    {'z'}
    >>> optimal_adjustment_set(dag, "a", "y", latent=["w", "z"])
    Traceback (most recent call last):
    causalif.errors.NotIdentified: no set of observed covariates identifies the effect of a on
    y: a <- w -> z -> y stays open and w and z are latent. Measure w or z, or ask for bounds with
    sensitivity().
    """
    problems = Problems()
    check_choice(problems, "among", among, AMONG)
    problems.raise_if_any()
    question = ask(dag, exposure, outcome, estimand=estimand, mediators=mediators, latent=latent)
    return optimal_set(question, among)


def adjustment_sets_by_arrow(
    dag: Any, exposure: Any, outcome: Any, mediators: Any = None, *, latent: Any = ()
) -> dict[str, set[Any]]:
    """For natural effects, the optimal set of each of the three effects that they join.

    One set that serves all three is what the estimates of this package use
    (``optimal_adjustment_set(..., estimand="natural")``); three sets is what methods with
    one model for each effect ask for.

    Returns
    -------
    dict of str to set
        Keys ``"a -> m"``, ``"a -> y"`` and ``"{a, m} -> y"``, with the names of the nodes.

    Raises
    ------
    NotIdentified
        No set of observed nodes serves for one of the three.
    DataError
        As `optimal_adjustment_set`.

    Examples
    --------
    >>> import networkx as nx
    >>> dag = nx.DiGraph([("a", "m"), ("m", "y"), ("a", "y"), ("v", "a"), ("v", "m"), ("w", "y")])
    >>> for arrow, covariates in adjustment_sets_by_arrow(dag, "a", "y").items():
    ...     print(arrow, sorted(covariates))
    a -> m ['v']
    a -> y ['v', 'w']
    {a, m} -> y ['w']
    """
    question = ask(dag, exposure, outcome, estimand="natural", mediators=mediators, latent=latent)
    total, *others = PAIRS["natural"](question)
    pairs = [*others[:1], total, *others[1:]]
    return {
        f"{_in_order(first)} -> {_in_order(last)}": optimal_set(
            replace(question, exposure=first, outcome=last, mediators=(), estimand="total")
        )
        for first, last in pairs
    }


def optimal_set(question: Question, among: str = "all") -> set[Node]:
    """`optimal_adjustment_set` for a question that was checked.

    Raises
    ------
    NotIdentified
    """
    if question.estimand == "wcde":
        from causalif.graph.wcde_sets import optimal_weighted_set

        return set(optimal_weighted_set(question, among=among))
    if turned := reversed_order(question):
        raise NotIdentified(turned)
    if question.estimand in SEQUENTIAL:
        return _with_intermediates(question)
    task = task_of(question)
    best = set[Node]().union(*(beside(task, [group]) for group in task.groups[1:]))
    if not task.serves(best):
        raise not_identified(question, task.widest())
    if among == "all":
        return _next_to_the_outcome(task, best)
    return _minimal(task, best) if among == "minimal" else minimum_set(task)


def _with_intermediates(question: Question) -> set[Node]:
    found = sequential_set(question)
    if found is None:
        raise not_identified(question, widest_sequential_set(question))
    return found


def widest_set(question: Question) -> set[Node]:
    """A set that serves if any does."""
    if question.estimand in SEQUENTIAL:
        return widest_sequential_set(question)
    return task_of(question).widest()


def beside(
    task: Task, groups: Sequence[Group], within: Collection[Node] | None = None
) -> set[Node]:
    """The nodes next to some groups in the moral graph, seen through all but `within`.

    The walk of `connected` given `within` (by default all that may be adjusted for), except
    that every collider is open: it is an ancestor of some group, and that links its parents.
    """
    dag = task.dag
    before = ancestors(dag, chain(*task.groups))
    shown = before & (task.allowed if within is None else set(within))
    kinds = dict.fromkeys(dag, WALL)
    kinds.update(dict.fromkeys(before.difference(*task.groups), ANCESTOR))
    kinds.update(dict.fromkeys(shown, GIVEN))
    first = (
        step for node in chain(*groups) for step in leave(dag, [node], closed=task.closed(node))
    )
    return walk(dag, first, CONNECTED, kinds).nodes() & shown


def _next_to_the_outcome(task: Task, best: set[Node]) -> set[Node]:
    """`best` without what stands next to the mediators only, as far as it serves without."""
    kept = set(best)
    spare = best - beside(task, task.groups[-1:])
    for node in task.dag:
        if node in spare and task.serves(kept - {node}):
            kept.remove(node)
    return kept


def _minimal(task: Task, best: set[Node]) -> set[Node]:
    """For two groups the part of `best` that the exposure's side touches; else any part."""
    if len(task.groups) == 2:
        return beside(task, task.groups[:1], best)
    network, nodes = network_of(task)
    cut = sum(1 << v for v, node in enumerate(nodes) if node in best)
    return {nodes[v] for v in vertices(minimal_cut(network, cut))}


def _in_order(names: Group) -> str:
    return str(names[0]) if len(names) == 1 else "{" + ", ".join(map(str, names)) + "}"

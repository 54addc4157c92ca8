"""Sets to adjust for: is this one valid, and which are there?"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import islice
from typing import Any

from causalif.errors import Problems
from causalif.graph.criteria import conditions
from causalif.graph.dag import Question, ask, names_in
from causalif.graph.moral import network_of
from causalif.graph.search import Node
from causalif.graph.separators import minimal_cuts, vertices
from causalif.graph.task import Task, task_of


def is_adjustment_set(
    dag: Any,
    exposure: Any,
    outcome: Any,
    covariates: Any,
    *,
    estimand: str = "total",
    mediators: Any = None,
    latent: Any = (),
) -> bool:
    """Whether adjusting for these covariates identifies the effect, in every law of the graph.

    Parameters
    ----------
    dag : DiGraph, str or edges
        Whatever `read_dag` reads.
    exposure, outcome : node
        Several exposures, as a list, are one joint exposure ("total" only).
    covariates : node or list of nodes
    estimand : {"total", "natural", "cde", "wcde"}
    mediators : node or list of nodes, optional
        For "natural" and "cde"; by default every observed node between the two.
    latent : node or list of nodes
        Not measured, beside those that the graph marks.

    Returns
    -------
    bool
        `explain` says why.

    Raises
    ------
    DataError
        An unknown node (with the nearest known), a node in two roles, a cycle.

    References
    ----------
    .. [1] Shpitser, VanderWeele & Robins (2010), UAI: sound and complete for total effects.
    .. [2] Perkovic, Textor, Kalisch & Maathuis (2018), JMLR 18(220): joint exposures.

    Examples
    --------
    >>> import networkx as nx
    >>> dag = nx.DiGraph([("w", "a"), ("w", "y"), ("a", "m"), ("m", "y")])
    >>> [is_adjustment_set(dag, "a", "y", covariates) for covariates in ([], "w", ["w", "m"])]
    [False, True, False]
    """
    question = ask(dag, exposure, outcome, estimand=estimand, mediators=mediators, latent=latent)
    problems = Problems()
    names = names_in(question.dag, covariates, "covariate", problems)
    problems.raise_if_any()
    return all(condition.holds for condition in conditions(question, names))


def adjustment_sets(
    dag: Any,
    exposure: Any,
    outcome: Any,
    *,
    estimand: str = "total",
    minimal: bool = True,
    mediators: Any = None,
    latent: Any = (),
    limit: int | None = None,
) -> list[set[Any]]:
    """Every set of observed covariates that identifies the effect.

    Parameters
    ----------
    dag, exposure, outcome, estimand, mediators, latent
        As in `is_adjustment_set`.
    minimal : bool
        Only those from which nothing can be left out.
    limit : int, optional
        Stop after so many; the minimal ones next to the outcome are found first.

    Returns
    -------
    list of sets
        The small ones first, then in the order of the graph's nodes. The empty set is one,
        where nothing need be adjusted for. An empty list: none serves; `explain` says why.

    Raises
    ------
    DataError
        As in `is_adjustment_set`.

    Notes
    -----
    The time from one set to the next is polynomial in the size of the graph; how many there
    are may not be, so give a `limit` for large ones.

    References
    ----------
    .. [1] van der Zander, Liskiewicz & Textor (2019), Artificial Intelligence 270, 1-40.

    Examples
    --------
    >>> import networkx as nx
    >>> dag = nx.DiGraph([("u", "a"), ("u", "v"), ("v", "y"), ("a", "y")])
    >>> adjustment_sets(dag, "a", "y")
    [{'u'}, {'v'}]
    >>> len(adjustment_sets(dag, "a", "y", minimal=False))
    3
    """
    question = ask(dag, exposure, outcome, estimand=estimand, mediators=mediators, latent=latent)
    problems = Problems()
    if limit is not None and limit < 0:
        problems.add(f"limit={limit} is negative.", "Give the most sets to look for, or None.")
    problems.raise_if_any()
    place = {node: k for k, node in enumerate(question.dag)}
    found = islice(valid_sets(question, minimal=minimal, limit=limit), limit)
    ordered = sorted(sorted(map(place.__getitem__, covariates)) for covariates in found)
    nodes = list(question.dag)
    return [{nodes[k] for k in places} for places in sorted(ordered, key=len)]


def valid_sets(
    question: Question, *, minimal: bool = True, limit: int | None = None
) -> Iterator[frozenset[Node]]:
    """The valid sets one by one, as they are found."""
    if question.estimand == "wcde":
        from causalif.graph.wcde_sets import weighted_sets

        return weighted_sets(question, minimal=minimal, limit=limit)
    task = task_of(question)
    return minimal_sets_of(task) if minimal else all_sets_of(task)


def minimal_sets_of(task: Task) -> Iterator[frozenset[Node]]:
    """Every minimal set that serves a task; the one nearest to its last group first."""
    network, nodes = network_of(task)
    for cut in minimal_cuts(network):
        yield frozenset(nodes[v] for v in vertices(cut))


def all_sets_of(task: Task) -> Iterator[frozenset[Node]]:
    """Every valid set: decide node by node, and follow a branch only if a set lies in it.

    A branch is a valid set and a number k: the sets that agree with it on the nodes before
    the k-th, and differ from it there.
    """
    nodes = [node for node in task.dag if node in task.allowed]
    valid = frozenset(task.widest())
    branches: list[tuple[int, frozenset[Node]]] = []
    k = -1
    while True:
        if task.serves(valid):
            yield valid
            branches.extend((j, valid) for j in range(k + 1, len(nodes)))
        if not branches:
            return
        k, other = branches.pop()
        include = other.intersection(nodes[:k])
        if nodes[k] not in other:
            include |= {nodes[k]}
        valid = frozenset(task.widest(include, include.union(nodes[k + 1 :])))

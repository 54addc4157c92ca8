"""What a graph is here, and a question about one: names checked once, before any search.

A graph is a `networkx.DiGraph` without cycles. A node may carry the attributes
``latent=True`` (not measured), ``role`` ("exposure", "outcome" or "adjusted") and ``pos``
(two numbers). An arrow with two heads, ``A <-> B``, is a latent node named "A <-> B" with
arrows to both.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import networkx as nx

from causalif.errors import DataError, Problems, check_choice, did_you_mean
from causalif.graph.search import ALONG, Graph, Node, Step, ancestors, descendants

ESTIMANDS = ("total", "natural", "cde", "wcde")
TWO_HEADED = " <-> "


def is_two_headed(node: Node) -> bool:
    """Whether a node stands for an arrow with two heads."""
    return isinstance(node, str) and TWO_HEADED in node


def latent_nodes(dag: Graph) -> set[Node]:
    """The nodes that are marked as not measured."""
    return {node for node, marked in dag.nodes(data="latent", default=False) if marked}


def nodes_of_role(dag: Graph, role: str) -> list[Node]:
    """The nodes marked "exposure", "outcome" or "adjusted"."""
    return [node for node, marks in dag.nodes(data=True) if marks.get("role") == role]


def check_acyclic(dag: Graph) -> None:
    """Refuse a graph with a cycle, and show one.

    Raises
    ------
    DataError

    Examples
    --------
    >>> check_acyclic(nx.DiGraph([("a", "b"), ("b", "a")]))
    Traceback (most recent call last):
    causalif.errors.DataError: the graph has a cycle: a -> b -> a. ...
    """
    if nx.is_directed_acyclic_graph(dag):
        return
    shown = [str(node) for node in _a_cycle(dag)]
    if len(shown) > 12:
        shown = [*shown[:6], f"({len(shown) - 12} more)", *shown[-6:]]
    raise DataError(
        f"the graph has a cycle: {' -> '.join([*shown, shown[0]])}. Take out or "
        "turn one of these arrows; for a feedback, give each time its own node."
    )


def _a_cycle(dag: Graph) -> list[Node]:
    """The nodes of one cycle of a graph that has one, in linear time (networkx needs more)."""
    pending = {node: degree for node, degree in dag.in_degree() if degree}
    ready = [node for node in dag if node not in pending]
    while ready:
        for child in dag.succ[ready.pop()]:
            pending[child] -= 1
            if not pending[child]:
                del pending[child]
                ready.append(child)
    node = next(iter(pending))
    place: dict[Node, int] = {}
    while node not in place:  # what is left has a parent that is left
        place[node] = len(place)
        node = next(parent for parent in dag.pred[node] if parent in pending)
    cycle = list(place)[place[node] :][::-1]
    members = set(cycle)
    start = cycle.index(next(node for node in dag if node in members))
    return cycle[start:] + cycle[:start]


def shown_path(path: Sequence[Step]) -> str:
    """``a <- u -> y``, from the steps that a search gives.

    Examples
    --------
    >>> shown_path([("a", -1), ("a <-> y", 1), ("y", 0)])
    'a <-> y'
    """
    text, steps = str(path[0][0]), iter(path[1:])
    for node, came in steps:
        if is_two_headed(node):
            node, arrow = next(steps)[0], "<->"
        else:
            arrow = "->" if came == ALONG else "<-"
        text += f" {arrow} {node}"
    return text


def shown_set(nodes: Iterable[Node]) -> str:
    """``{age, sex}``, in alphabetical order; ``{}`` for none."""
    return "{" + ", ".join(sorted(str(node) for node in nodes)) + "}"


@dataclass(frozen=True)
class Question:
    """Which covariates identify this effect in this graph? Names are known to be nodes.

    Attributes
    ----------
    dag : DiGraph
        Without cycles; never changed.
    exposure, outcome, mediators : tuple of nodes
        One outcome; mediators in the order given, or all that the graph has.
    observed : frozenset of nodes
        What is not latent.
    estimand : {"total", "natural", "cde", "wcde", "interventional", "sequential"}
        The last two are natural and controlled effects with intermediates: see `sequential`.
    groups : tuple of tuples of nodes
        For "natural", the mediators in ordered groups (path-specific effects); empty: in one.
    intermediates : tuple of nodes
        For "interventional" and "sequential", what the exposure changes before the mediators.
    """

    dag: Graph
    exposure: tuple[Node, ...]
    outcome: tuple[Node, ...]
    mediators: tuple[Node, ...]
    observed: frozenset[Node]
    estimand: str
    groups: tuple[tuple[Node, ...], ...] = ()
    intermediates: tuple[Node, ...] = ()


def ask(
    dag: Any,
    exposure: Any,
    outcome: Any,
    *,
    estimand: str = "total",
    mediators: Any = None,
    latent: Any = (),
) -> Question:
    """Check a question once; every problem comes in one error.

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

    Raises
    ------
    DataError
        An unknown node (with the nearest known), a node in two roles, a cycle.
    """
    from causalif.graph.read import as_dag

    problems = Problems()
    graph = as_dag(dag)
    check_choice(problems, "estimand", estimand, ESTIMANDS)
    exposures = names_in(graph, exposure, "exposure", problems)
    outcomes = names_in(graph, outcome, "outcome", problems)
    hidden = {*latent_nodes(graph), *names_in(graph, latent, "latent", problems)}
    named = names_in(graph, mediators, "mediators", problems)
    for role, nodes in (("exposure", exposures), ("outcome", outcomes)):
        if not nodes:
            problems.add(f"no {role} is named.", f'Give {role}="NODE".')
        for node in set(nodes) & hidden:
            problems.add(f"{role} {str(node)!r} is latent: nothing can be estimated without it.")
    if len(outcomes) > 1:
        problems.add(f"outcome {shown_set(outcomes)} is more than one node.", "Ask for one.")
    if len(exposures) > 1 and estimand != "total":
        problems.add(
            f"estimand={estimand!r} takes one exposure, and {shown_set(exposures)} are named.",
            "Several exposures are one joint exposure for estimand='total' only.",
        )
    for node in set(exposures) & set(outcomes):
        problems.add(f"{str(node)!r} is both exposure and outcome.")
    for node in set(named) & {*exposures, *outcomes}:
        problems.add(f"mediator {str(node)!r} is the exposure or the outcome as well.")
    for node in set(named) & hidden:
        problems.add(f"mediator {str(node)!r} is latent.", "Name mediators that are measured.")
    problems.raise_if_any()
    observed = frozenset(graph) - hidden
    if mediators is None:
        between = mediators_between(graph, exposures, outcomes)
        named = tuple(node for node in graph if node in between and node in observed)
    return Question(graph, exposures, outcomes, named, observed, estimand)


def mediators_between(
    dag: Graph, exposure: Collection[Node], outcome: Collection[Node]
) -> set[Node]:
    """Every node on a directed path from exposure to outcome, latent or not, without the ends."""
    between = descendants(dag, exposure) & ancestors(dag, outcome)
    return between - {*exposure, *outcome}


def names_in(dag: Graph, names: Any, role: str, problems: Problems) -> tuple[Node, ...]:
    """One name or several as a tuple without repetition; an unknown one is a problem.

    A string, a tuple that is a node, or anything else that is a node is one name.
    """
    if names is None:
        return ()
    one = isinstance(names, str) or not isinstance(names, Iterable) or _is_node(dag, names)
    given: list[Any] = [names] if one else list(names)
    for name in given:
        if not _is_node(dag, name):
            problems.add(f"{role} {str(name)!r} is not in the graph.", did_you_mean(name, dag))
    return tuple(dict.fromkeys(name for name in given if _is_node(dag, name)))


def _is_node(dag: Graph, name: Any) -> bool:
    try:
        return name in dag
    except TypeError:  # not hashable
        return False

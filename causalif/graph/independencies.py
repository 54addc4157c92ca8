"""What a graph claims about data: which columns are independent given which others."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from itertools import combinations
from typing import Any

import networkx as nx

from causalif.errors import Problems
from causalif.graph.dag import latent_nodes, names_in
from causalif.graph.read import as_dag
from causalif.graph.search import (
    ANCESTOR,
    CONNECTED,
    GIVEN,
    WALL,
    Graph,
    Node,
    ancestors,
    leave,
    walk,
)


@dataclass(frozen=True)
class Independence:
    """A claim that two nodes are independent given others.

    Attributes
    ----------
    first, second : node
        In the order of the graph.
    given : tuple of nodes
        In the order of the graph.

    Examples
    --------
    >>> str(Independence("A", "Y", ("M", "W"))), str(Independence("A", "W", ()))
    ('A _||_ Y | {M, W}', 'A _||_ W')
    """

    first: Node
    second: Node
    given: tuple[Node, ...] = ()

    def __str__(self) -> str:
        given = f" | {{{', '.join(str(node) for node in self.given)}}}" if self.given else ""
        return f"{self.first} _||_ {self.second}{given}"


def implied_independencies(dag: Any, *, latent: Any = ()) -> list[Independence]:
    """One conditional independence for every pair of measured nodes that can be separated.

    When all nodes are measured, these are the pairs without an arrow, each given those parents
    of the later node that are needed: a basis set, in which every missing arrow is one claim.
    With latent nodes, a pair is left out where no set of measured nodes separates it.

    Parameters
    ----------
    dag : DiGraph, str or edges
        Whatever `read_dag` reads.
    latent : node or list of nodes
        Not measured, beside those that the graph marks.

    Returns
    -------
    list of Independence
        In the order of the graph's nodes. Each `given` is minimal: no part of it separates the
        pair. Among minimal sets it is the one nearest to the later node.

    Raises
    ------
    DataError
        The graph has a cycle, or a latent node is not in it.

    Notes
    -----
    Latent nodes may imply more: constraints that are no conditional independence (Verma's),
    and inequalities. They are not listed.

    References
    ----------
    .. [1] Shipley (2000), A new inferential test for path models based on directed acyclic
           graphs, Structural Equation Modeling 7, 206-218.
    .. [2] van der Zander, Liskiewicz & Textor (2019), Separators and adjustment sets in causal
           graphs, Artificial Intelligence 270, 1-40.

    Examples
    --------
    >>> for claim in implied_independencies([("A", "M"), ("M", "Y"), ("W", "A"), ("W", "Y")]):
    ...     print(claim)
    A _||_ Y | {M, W}
    M _||_ W | {A}
    """
    graph = as_dag(dag)
    problems = Problems()
    hidden = latent_nodes(graph) | set(names_in(graph, latent, "latent", problems))
    problems.raise_if_any()
    order = {node: place for place, node in enumerate(graph)}
    sequence = nx.lexicographical_topological_sort(graph, key=order.__getitem__)
    rank = {node: place for place, node in enumerate(sequence)}
    above = {node: ancestors(graph, [node]) for node in graph}
    claims: list[Independence] = []
    for pair in combinations([node for node in graph if node not in hidden], 2):
        if graph.has_edge(*pair) or graph.has_edge(*reversed(pair)):
            continue
        earlier, later = sorted(pair, key=rank.__getitem__)
        given = minimal_separator(graph, earlier, later, hidden, above[earlier] | above[later])
        if given is not None:
            claims.append(Independence(*pair, tuple(sorted(given, key=order.__getitem__))))
    return claims


def minimal_separator(
    dag: Graph,
    earlier: Node,
    later: Node,
    hidden: Collection[Node] = (),
    above: Collection[Node] | None = None,
) -> set[Node] | None:
    """The measured nodes nearest to `later` that separate two nodes, none to spare; or None.

    Whatever separates them does so within their common ancestors, and there a set separates
    exactly if it parts the moral graph [1]_. What `later` can see of the measured nodes is such
    a set, unless it sees `earlier`; what `earlier` can see of that is all that is needed.

    Parameters
    ----------
    dag : DiGraph
    earlier, later : node
        Without an arrow between them; `later` does not lead to `earlier`.
    hidden : collection of nodes
    above : collection of nodes, optional
        The two and their ancestors, where they are known.

    References
    ----------
    .. [1] van der Zander, Liskiewicz & Textor (2019), Artificial Intelligence 270, section 4.

    Examples
    --------
    >>> minimal_separator(nx.DiGraph([("a", "b"), ("b", "c"), ("c", "d")]), "a", "d")
    {'c'}
    """
    inside = ancestors(dag, [earlier, later]) if above is None else above
    usable = {node for node in inside if node not in hidden} - {earlier, later}
    if not hidden:
        nearest = set(dag.pred[later])
    else:
        seen = _seen_from(dag, later, usable, inside)
        if earlier in seen:
            return None
        nearest = usable & seen
    return nearest & _seen_from(dag, earlier, nearest, inside)


def _seen_from(
    dag: Graph, node: Node, given: Collection[Node], inside: Collection[Node]
) -> set[Node]:
    """All that an open path leads to; every collider among the ancestors counts as open."""
    kinds: dict[Node, int] = dict.fromkeys(dag, WALL)
    kinds.update(dict.fromkeys(inside, ANCESTOR))
    kinds.update(dict.fromkeys(given, GIVEN))
    return walk(dag, leave(dag, [node]), CONNECTED, kinds).nodes()

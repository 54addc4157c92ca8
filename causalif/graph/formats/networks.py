"""Graphs from other graphs: networkx, and what has nodes and edges as pgmpy and dowhy have."""

from __future__ import annotations

from functools import partial
from typing import Any

import networkx as nx

from causalif.errors import DataError
from causalif.graph.formats.draft import Draft
from causalif.graph.formats.marks import make_plain
from causalif.graph.formats.tokens import listed
from causalif.graph.search import Graph, Node


def from_network(source: Any) -> Graph:
    """A copy of a networkx graph, with what it says of nodes and arrows.

    Raises
    ------
    DataError
        The graph has no directions, or parallel arrows.

    Examples
    --------
    >>> dag = from_network(nx.MultiDiGraph([("A", "Y")]))
    >>> type(dag).__name__, list(dag.edges)
    ('DiGraph', [('A', 'Y')])
    """
    if not source.is_directed():
        raise DataError(
            f"a {type(source).__name__} of networkx has no directions. Build a DiGraph: each "
            "arrow from cause to effect."
        )
    if source.is_multigraph():
        _check_parallel(source)
    dag: Graph = nx.DiGraph()
    dag.graph.update(source.graph)
    dag.add_nodes_from(source.nodes(data=True))
    dag.add_edges_from(source.edges(data=True))
    make_plain(dag, getattr(source, "latents", None) or ())
    return dag


def from_lookalike(source: Any) -> Graph:
    """From any object with ``nodes`` and ``edges``, be they methods or attributes.

    Raises
    ------
    DataError
    """
    draft = Draft(lambda place: f"edge {place}")
    for node in _items(source, "nodes"):
        draft.node(node)
    for place, edge in enumerate(_items(source, "edges"), 1):
        ends = tuple(edge)[:2] if isinstance(edge, list | tuple) else ()
        if len(ends) != 2:
            draft.problem(partial(_no_pair, place, edge))
            continue
        for node in ends:
            draft.node(node)
        draft.arrow(*ends, place)
    dag = draft.graph()
    make_plain(dag, getattr(source, "latents", None) or ())
    return dag


def _no_pair(place: int, edge: object) -> str:
    return f"edge {place} of the graph is no pair: {edge!r:.80}."


def _items(source: Any, name: str) -> list[Any]:
    found: Any = getattr(source, name)
    try:
        listed_items: Any = found() if callable(found) else found
        return list(listed_items)
    except TypeError as error:
        raise DataError(f"the {name} of a {type(source).__name__} cannot be listed.") from error


def _check_parallel(source: Any) -> None:
    count: dict[tuple[Node, Node], int] = {}
    for tail, head in source.edges():
        count[tail, head] = count.get((tail, head), 0) + 1
    parallel = [f"{tail} -> {head}" for (tail, head), times in count.items() if times > 1]
    if parallel:
        raise DataError(f"the graph has parallel arrows: {listed(parallel)}. Keep one of each.")

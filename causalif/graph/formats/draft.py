"""A graph in the making: nodes, arrows and marks, each with its place for the errors."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import networkx as nx

from causalif.errors import Problems
from causalif.graph.dag import TWO_HEADED
from causalif.graph.formats.marks import read_mark
from causalif.graph.search import Graph, Node

MOST_SHOWN = 10


class Draft:
    """Takes nodes and arrows as they are read, and notes what is wrong with them.

    Parameters
    ----------
    where : callable
        A place (position in a text, number of an item) in words.
    merge : bool
        Whether an arrow that stands twice is one arrow, as in DOT's ``strict``.
    """

    def __init__(self, where: Callable[[int], str], *, merge: bool = False) -> None:
        self.where = where
        self.merge = merge
        self.nodes: dict[Node, dict[str, Any]] = {}
        self.arrows: dict[tuple[Node, Node], int] = {}
        self._two_headed: dict[tuple[Node, Node], int] = {}
        self._marked: dict[Node, int] = {}
        self._problems = Problems()
        self._count = 0

    def problem(self, describe: Callable[[], str]) -> None:
        """Note a problem; those after the first ten are only counted."""
        self._count += 1
        if self._count <= MOST_SHOWN:
            self._problems.add(describe())

    def node(self, node: Node) -> None:
        """A node, new or known."""
        if node not in self.nodes:
            self.nodes[node] = {}

    def mark(self, node: Node, key: str, value: str | None, place: int) -> None:
        """An attribute of a known node."""
        known, new, where = self.nodes[node], dict[str, Any](), self.where
        wrong = read_mark(new, key, value)
        role, before = new.get("role"), known.get("role")
        if wrong:
            self.problem(lambda: f"node {str(node)!r}, {where(place)}: {wrong}")
        elif role and before and role != before:
            self.problem(
                lambda: (
                    f"node {str(node)!r} is marked {before!r} in {where(self._marked[node])}, "
                    f"and {role!r} in {where(place)}. Keep one."
                )
            )
        else:
            known.update(new)
            if role:
                self._marked.setdefault(node, place)

    def arrow(self, tail: Node, head: Node, place: int) -> None:
        """An arrow between known nodes."""
        arrow = (tail, head)
        if tail == head:
            self._loop(tail, "->", place)
        elif arrow not in self.arrows:
            self.arrows[arrow] = place
        elif not self.merge:
            self._twice(f"{tail} -> {head}", self.arrows[arrow], place)

    def two_headed(self, one: Node, other: Node, place: int) -> None:
        """An arrow with two heads between known nodes: a latent node with an arrow to each."""
        first = self._two_headed.get((one, other), self._two_headed.get((other, one)))
        name = f"{one}{TWO_HEADED}{other}"
        if one == other:
            self._loop(one, "<->", place)
        elif first is None:
            self._two_headed[one, other] = place
            self.nodes[name] = {"latent": True}
            self.arrows[name, one] = self.arrows[name, other] = place
        elif not self.merge:
            self._twice(name, first, place)

    def graph(self) -> Graph:
        """The graph, unless there were problems.

        Raises
        ------
        DataError
        """
        if self._count > MOST_SHOWN:
            self._problems.add(f"{self._count - MOST_SHOWN} more of such kinds.")
        self._problems.raise_if_any()
        dag: Graph = nx.DiGraph()
        dag.add_nodes_from(self.nodes.items())
        dag.add_edges_from(self.arrows)
        return dag

    def _loop(self, node: Node, arrow: str, place: int) -> None:
        self.problem(
            lambda: (
                f"{self.where(place)}: {node} {arrow} {node} is an arrow from a node to itself. "
                "Take it out, or give each time its own node."
            )
        )

    def _twice(self, shown: str, first: int, second: int) -> None:
        self.problem(
            lambda: (
                f"arrow {shown} stands twice: {self.where(first)} and {self.where(second)}. "
                "Keep one."
            )
        )

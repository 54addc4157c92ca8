"""Write a graph as text, so that it reads back as it was."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from causalif.errors import DataError, Problems, check_choice
from causalif.graph.formats.marks import as_position, two_ends
from causalif.graph.formats.tokens import is_bare, name_problem, quoted
from causalif.graph.read import as_dag
from causalif.graph.search import Graph, Node

RESERVED = ("strict", "graph", "digraph", "subgraph", "dag", "pdag", "mag", "pag", "node", "edge")
ROLE_NAMES = ("exposure", "outcome", "adjusted")


def write_dag(dag: Any, format: str = "dagitty") -> str:
    """Write a causal graph as text, which `read_dag` reads back.

    Kept are nodes and arrows, in their order, and the marks ``latent``, ``role`` and ``pos``.
    The node of a two-headed arrow comes after its ends.

    Parameters
    ----------
    dag : DiGraph, str or edges
        Whatever `read_dag` reads. Nodes that are no strings are written as ``str`` gives them.
    format : {"dagitty", "dot", "arrows"}
        For dagitty, for Graphviz, or the short language of arrows. In DOT, a latent node is
        dashed and has ``observed="no"``, as dowhy writes it.

    Returns
    -------
    str

    Raises
    ------
    DataError
        Two nodes have the same text, or a name holds a line break or ``<->``.

    Notes
    -----
    dagitty itself has no variables named "graph" or "node", and reads the two backslashes that
    stand for one in quotes as two.

    Examples
    --------
    >>> print(write_dag("A -> Y; A <-> Y; Z; A [exposure]"))
    dag {
      A [exposure]
      Y
      A <-> Y
      Z
      A -> Y
    }
    <BLANKLINE>
    >>> print(write_dag({"W": ["A", "body mass"], "A": ["Y"]}, "arrows"))
    W -> {A "body mass"}
    A -> Y
    <BLANKLINE>
    """
    problems = Problems()
    check_choice(problems, "format", format, tuple(LANGUAGES))
    problems.raise_if_any()
    graph = as_dag(dag)
    written = _Written(graph, LANGUAGES[format])
    return written.arrows() if format == "arrows" else written.block()


@dataclass(frozen=True)
class Language:
    """How a language writes names, marks and two heads."""

    opening: str
    bare: Callable[[str], Any]
    mark: Mapping[str, str]
    two_headed: str
    position: str


LANGUAGES = {
    "dagitty": Language(
        "dag {",
        re.compile(r"[0-9A-Za-z_.]*[0-9A-Za-z_][0-9A-Za-z_.]*").fullmatch,
        {"latent": "latent", **{role: role for role in ROLE_NAMES}},
        "{} <-> {}",
        'pos="{},{}"',
    ),
    "dot": Language(
        "digraph {",
        re.compile(r"[A-Za-z_][0-9A-Za-z_]*").fullmatch,
        {
            "latent": 'observed="no", style=dashed',
            **{role: f"role={role}" for role in ROLE_NAMES},
        },
        "{} -> {} [dir=both]",
        'pos="{},{}!"',
    ),
    "arrows": Language(
        "",
        is_bare,
        {"latent": "latent", **{role: role for role in ROLE_NAMES}},
        "{} <-> {}",
        'pos="{},{}"',
    ),
}


class _Written:
    """The words for the nodes of one graph in one language."""

    def __init__(self, dag: Graph, language: Language) -> None:
        self.dag = dag
        self.language = language
        self.ends = {node: ends for node in dag if (ends := two_ends(dag, node))}
        self.names = _names(dag, self.ends, language)
        self.order = _after_their_ends(dag, self.ends)

    def block(self) -> str:
        """Every node, then every arrow, in braces."""
        lines = [*map(self.declared, self.order), *self.single_arrows()]
        return "\n".join([self.language.opening, *(f"  {line}" for line in lines), "}\n"])

    def arrows(self) -> str:
        """Nodes that need no word of their own are named by their arrows only."""
        lines: list[str] = []
        named: dict[Node, None] = {}
        for node in self.order:
            heads = [] if node in self.ends else list(self.dag.succ[node])
            if node in self.ends or self.marks(node) or not (heads or node in named):
                lines.append(self.declared(node))
            if heads:
                group = " ".join(self.names[head] for head in heads)
                group = group if len(heads) == 1 else f"{{{group}}}"
                lines.append(f"{self.names[node]} -> {group}")
            named.update(dict.fromkeys([node, *heads]))
        if list(named) != self.order:
            lines = [*map(self.declared, self.order), *self.single_arrows()]
        return "\n".join([*lines, ""])

    def single_arrows(self) -> list[str]:
        names = self.names
        return [f"{names[a]} -> {names[b]}" for a, b in self.dag.edges if a not in self.ends]

    def declared(self, node: Node) -> str:
        """The statement for a node: its name and marks, or a two-headed arrow."""
        if node in self.ends:
            return self.language.two_headed.format(*(self.names[end] for end in self.ends[node]))
        marks = self.marks(node)
        return f"{self.names[node]} [{', '.join(marks)}]" if marks else self.names[node]

    def marks(self, node: Node) -> list[str]:
        given, mark = self.dag.nodes[node], self.language.mark
        words = [mark[role] for role in ROLE_NAMES if given.get("role") == role]
        words += [mark["latent"]] if given.get("latent") else []
        if given.get("pos") is not None:
            position = as_position(given["pos"])
            if position is None:
                raise DataError(f"node {str(node)!r}: pos={given['pos']!r} is not two numbers.")
            words.append(self.language.position.format(*map(_plain_number, position)))
        return words


def _plain_number(value: float) -> str:
    """Without an exponent, which dagitty does not read, and exact."""
    return f"{Decimal(repr(value)):f}".removesuffix(".0")


def _names(dag: Graph, ends: Mapping[Node, Any], language: Language) -> dict[Node, str]:
    """How each node is written; two nodes with one text cannot be told apart."""
    problems = Problems()
    taken: dict[str, Node] = {}
    names: dict[Node, str] = {}
    for node in dag:
        name = str(node)
        if taken.setdefault(name, node) is not node:
            problems.add(f"two nodes are written {name!r}: {taken[name]!r} and {node!r}.")
        wrong = "" if node in ends else name_problem(name)
        if wrong:
            problems.add(f"the name {name!r} {wrong}.", "Rename the node: networkx.relabel_nodes.")
        bare = language.bare(name) and name.lower() not in RESERVED
        names[node] = name if bare else quoted(name)
    problems.raise_if_any()
    return names


def _after_their_ends(dag: Graph, ends: Mapping[Node, tuple[Node, Node]]) -> list[Node]:
    """The nodes in order, a two-headed arrow not before what it points at."""
    place = {node: k for k, node in enumerate(dag)}

    def turn(node: Node) -> tuple[int, int]:
        last = max((place[end] for end in ends.get(node, ())), default=0)
        return max(place[node], last), place[node] if node in ends else -1

    return sorted(dag, key=turn)

"""Every way in which an exposure leads to an outcome."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from itertools import islice
from typing import Any, TypeAlias

import networkx as nx

from causalif.errors import DataError, Problems
from causalif.graph.dag import names_in
from causalif.graph.read import as_dag
from causalif.graph.search import Graph, Node, ancestors, descendants

Children: TypeAlias = dict[Node, list[Node]]

MOST_PATHS = 100_000


def mediation_pathways(
    dag: Any,
    exposure: Node,
    outcome: Node,
    max_length: int | None = None,
    *,
    limit: int | None = None,
) -> list[tuple[Node, ...]]:
    """Every directed path from exposure to outcome, the shortest first.

    Latent nodes lie on pathways as others do; an arrow with two heads leads nowhere.

    Parameters
    ----------
    dag : DiGraph, str or edges
        Whatever `read_dag` reads.
    exposure, outcome : node
    max_length : int, optional
        The most arrows a pathway may have; by default as many as it takes.
    limit : int, optional
        Only the first so many, however many there are.

    Returns
    -------
    list of tuple of nodes
        Both ends included: the direct arrow is ``(exposure, outcome)``. Pathways of one length
        stand in the order of the graph's nodes. Empty where nothing leads from one to the other.

    Raises
    ------
    DataError
        An unknown node, or more than 100,000 pathways: they are counted before any is listed.

    Examples
    --------
    >>> mediation_pathways([("A", "M"), ("M", "Y"), ("A", "Y"), ("W", "Y")], "A", "Y")
    [('A', 'Y'), ('A', 'M', 'Y')]
    """
    graph = as_dag(dag)
    start, goal = _checked(graph, exposure, outcome, {"max_length": max_length, "limit": limit})
    between = _between(graph, start, goal)
    if limit is None:
        _check_number(between, start, goal, max_length)
    return list(islice(paths_by_length(between, start, goal, max_length), limit))


def paths_by_length(
    children: Children, start: Node, goal: Node, max_length: int | None = None
) -> Iterator[tuple[Node, ...]]:
    """Directed paths from `start` to `goal` one by one, the shortest first, without dead ends.

    Parameters
    ----------
    children : dict of node to list of nodes
        Those that lead to `goal`, in the order in which to follow them; a node stands
        before its children.
    start, goal : node
    max_length : int, optional
        The most arrows.
    """
    # Bit k of a node: some path from there to the goal has exactly k arrows.
    lengths: dict[Node, int] = {goal: 1}
    for node in reversed(children):
        for child in children[node]:
            lengths[node] = lengths.get(node, 0) | lengths[child] << 1
    longest = lengths.get(start, 0).bit_length() - 1
    for length in range(1, longest + 1 if max_length is None else min(longest, max_length) + 1):
        if lengths[start] >> length & 1:
            yield from _of_length(children, start, length, lengths)


def _of_length(
    children: Children, start: Node, length: int, lengths: Mapping[Node, int]
) -> Iterator[tuple[Node, ...]]:
    """Depth first, by a stack of our own: paths may be longer than Python's recursion is deep."""
    path, pending = [start], [iter(children[start])]
    while pending:
        left = length - len(path)  # arrows still to go after the next one
        child = next((c for c in pending[-1] if lengths[c] >> left & 1), None)
        if child is None:
            path.pop()
            pending.pop()
        elif left == 0:
            yield (*path, child)
        else:
            path.append(child)
            pending.append(iter(children[child]))


def _checked(
    dag: Graph, exposure: Any, outcome: Any, numbers: Mapping[str, Any]
) -> tuple[Node, Node]:
    problems = Problems()
    start = _one(dag, exposure, "exposure", problems)
    goal = _one(dag, outcome, "outcome", problems)
    if start and start == goal:
        problems.add(f"{str(start[0])!r} is both exposure and outcome.")
    for argument, number in numbers.items():
        whole = isinstance(number, int) and not isinstance(number, bool)
        if number is not None and not (whole and number >= 1):
            problems.add(f"{argument}={number!r} is not a whole number from 1 up.")
    problems.raise_if_any()
    return start[0], goal[0]


def _one(dag: Graph, name: Any, role: str, problems: Problems) -> tuple[Node, ...]:
    if name is None or (isinstance(name, list | set) and not name):
        problems.add(f"no {role} is named.", f'Give {role}="NODE".')
    found = names_in(dag, name, role, problems)
    if len(found) > 1:
        shown = ", ".join(str(node) for node in found)
        problems.add(f"{role} {shown} is more than one node.", "Ask for one pair at a time.")
    return found


def _between(dag: Graph, start: Node, goal: Node) -> Children:
    """The part of the graph that lies on pathways: children by node, in topological order."""
    inside = descendants(dag, [start]) & ancestors(dag, [goal])
    places = {node: place for place, node in enumerate(dag)}
    part: nx.DiGraph[Node] = nx.DiGraph(dag.subgraph(inside))
    return {
        node: sorted(part.succ[node], key=places.__getitem__) for node in nx.topological_sort(part)
    }


def _check_number(between: Children, start: Node, goal: Node, max_length: int | None) -> None:
    """Refuse a list that would be too long, and say which length would not be."""
    listed = length = fitting = 0
    for length, number in enumerate(islice(_numbers(between, start, goal), max_length), 1):
        if listed + number > MOST_PATHS:
            break
        listed += number
        fitting = length if listed else 0
    else:
        return
    if max_length is None:
        words = f"{_shown(_total(between, start))} pathways from {start} to {goal}"
    else:
        words = f"more than {MOST_PATHS:,} pathways of up to {max_length} arrows"
        words += f" from {start} to {goal}"
    raise DataError(
        f"there are {words}. "
        + (
            f"Ask for the shorter ones: max_length={fitting}."
            if fitting
            else f"Already the shortest, of {length} arrows, are too many: ask for a part of the "
            "way, to or from a node between."
        )
    )


def _numbers(between: Children, start: Node, goal: Node) -> Iterator[int]:
    """How many paths have one arrow, two, and so on: the ends of all walks, counted together."""
    ends = {start: 1}
    while ends:
        following: dict[Node, int] = {}
        for node, number in ends.items():
            for child in between.get(node, ()):
                following[child] = following.get(child, 0) + number
        yield following.get(goal, 0)
        ends = following


def _total(between: Children, start: Node) -> int:
    numbers: dict[Node, int] = {}
    for node in reversed(between):
        numbers[node] = sum(numbers[child] for child in between[node]) if between[node] else 1
    return numbers[start]


def _shown(number: int) -> str:
    """A number to read, though it may have thousands of digits."""
    return f"{number:,}" if number < 10**15 else f"about 10^{math.log10(number):.0f}"

"""One walk through a graph; every question about paths is a small rule table beside it.

A walk comes to a node along an arrow (``ALONG``: from one of its parents) or against one
(``AGAINST``: from one of its children). What it may do next hangs on that and on what the
node is to the question. A table says so: ``table[how it came][kind of node]`` is the pair
(may it go up, to the parents; may it go down, to the children).
"""

from __future__ import annotations

from collections import deque
from collections.abc import Collection, Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TypeAlias

import networkx as nx

Node: TypeAlias = Hashable
Graph: TypeAlias = "nx.DiGraph[Node]"
Step: TypeAlias = tuple[Node, int]
Moves: TypeAlias = tuple[bool, bool]
Table: TypeAlias = Sequence[Sequence[Moves]]

ALONG, AGAINST = 0, 1
BOTH, UP, DOWN, STAY = (True, True), (True, False), (False, True), (False, False)

# Kinds of node: PLAIN is any node that is not named; a WALL may be reached but not passed.
PLAIN, WALL, ANCESTOR, GIVEN = 0, 1, 2, 3

#                   PLAIN  WALL
ANCESTORS: Table = ((UP, STAY), (UP, STAY))
DESCENDANTS: Table = ((DOWN, STAY), (DOWN, STAY))

# d-connection given Z: a collider is open when it is in Z or has a descendant there, and then
# it is an ancestor of Z; every other node is open when it is not in Z (Pearl 1988).
#     PLAIN  WALL ANCESTOR GIVEN
CONNECTED: Table = (
    (DOWN, STAY, BOTH, UP),  # came along an arrow: going up makes the node a collider
    (BOTH, STAY, BOTH, STAY),  # came against one
)


@dataclass(frozen=True)
class Found:
    """Every step that a walk can reach, each with the step it was first reached from.

    Attributes
    ----------
    origins : pair of dict
        For each way of coming (ALONG, AGAINST): node to the step before.
    end : step or None
        Where the walk stopped, if it came to a node it was to stop at.
    """

    origins: tuple[dict[Node, Step], dict[Node, Step]]
    end: Step | None = None

    def nodes(self) -> set[Node]:
        """The nodes reached, however they were come to."""
        return {*self.origins[ALONG], *self.origins[AGAINST]}

    def path(self, step: Step) -> list[Step]:
        """The shortest walk to `step`, first the node where the walk began.

        Each further item is a node and whether the arrow to it was taken ALONG or AGAINST.
        """
        steps = [step]
        node, came = step
        while came >= 0:
            node, came = self.origins[came][node]
            steps.append((node, came))
        return steps[::-1]


def walk(
    dag: Graph,
    first: Iterable[tuple[Node, Step]],
    table: Table,
    kinds: Mapping[Node, int],
    *,
    until: Collection[Node] = (),
) -> Found:
    """Everything within reach of some first steps, breadth first.

    Linear in the nodes and arrows reached.

    Parameters
    ----------
    dag : DiGraph
    first : iterable of (node, step)
        Where the walk begins, and its first step from there: see `leave`.
    table : table of moves
    kinds : mapping of node to int
        The kind of each node that is not PLAIN.
    until : collection of nodes
        Stop as soon as one of them is reached.
    """
    up, down = dag.pred, dag.succ
    origins: tuple[dict[Node, Step], dict[Node, Step]] = ({}, {})
    pending: deque[Step] = deque()
    for begin, step in first:
        if step[0] not in origins[step[1]]:
            origins[step[1]][step[0]] = (begin, -1)
            pending.append(step)
    along, against = origins
    while pending:
        node, came = step = pending.popleft()
        if node in until:
            return Found(origins, step)
        go_up, go_down = table[came][kinds.get(node, PLAIN)]
        if go_up:
            for parent in up[node]:
                if parent not in against:
                    against[parent] = step
                    pending.append((parent, AGAINST))
        if go_down:
            for child in down[node]:
                if child not in along:
                    along[child] = step
                    pending.append((child, ALONG))
    return Found(origins)


def leave(
    dag: Graph, nodes: Iterable[Node], moves: Moves = BOTH, *, closed: Collection[Node] = ()
) -> Iterable[tuple[Node, Step]]:
    """First steps out of some nodes: up, down or both, but not down to a `closed` child."""
    for node in nodes:
        if moves[0]:
            for parent in dag.pred[node]:
                yield node, (parent, AGAINST)
        if moves[1]:
            for child in dag.succ[node]:
                if child not in closed:
                    yield node, (child, ALONG)


def ancestors(dag: Graph, nodes: Iterable[Node], *, walls: Iterable[Node] = ()) -> set[Node]:
    """The nodes and all that leads to them, not through `walls`.

    Examples
    --------
    >>> dag = nx.DiGraph([("a", "m"), ("m", "y"), ("w", "y")])
    >>> sorted(ancestors(dag, ["m"])), sorted(ancestors(dag, ["y"], walls=["m"]))
    (['a', 'm'], ['m', 'w', 'y'])
    """
    nodes = set(nodes)
    kinds = dict.fromkeys(walls, WALL)
    return nodes | walk(dag, leave(dag, nodes, UP), ANCESTORS, kinds).nodes()


def descendants(dag: Graph, nodes: Iterable[Node], *, walls: Iterable[Node] = ()) -> set[Node]:
    """The nodes and all that they lead to, not through `walls` (which may be reached).

    Examples
    --------
    >>> dag = nx.DiGraph([("a", "m"), ("m", "y"), ("w", "y")])
    >>> sorted(descendants(dag, ["a"]))
    ['a', 'm', 'y']
    """
    nodes = set(nodes)
    kinds = dict.fromkeys(walls, WALL)
    return nodes | walk(dag, leave(dag, nodes, DOWN), DESCENDANTS, kinds).nodes()


def connected(
    dag: Graph,
    sources: Collection[Node],
    targets: Collection[Node],
    given: Collection[Node] = (),
    *,
    walls: Collection[Node] = (),
    closed: Collection[Node] = (),
) -> list[Step] | None:
    """A shortest path from `sources` to `targets` that is open given some nodes, or None.

    Parameters
    ----------
    dag : DiGraph
    sources, targets, given : collections of nodes
        Nodes in `given` are no end of a path: they are taken out of the other two.
    walls : collection of nodes
        Nodes that no path may pass.
    closed : collection of nodes
        Children that no path may begin with.

    Returns
    -------
    list of (node, int) or None
        As `Found.path` gives it.

    Examples
    --------
    >>> dag = nx.DiGraph([("u", "a"), ("u", "y"), ("a", "c"), ("y", "c")])
    >>> connected(dag, ["a"], ["y"], ["u"]) is None
    True
    >>> connected(dag, ["a"], ["y"], ["u", "c"])
    [('a', -1), ('c', 0), ('y', 1)]
    """
    given = set(given)
    ends = [node for node in sources if node not in given]
    goals = set(targets) - given
    for node in ends:
        if node in goals:
            return [(node, -1)]
    if not ends or not goals:
        return None
    kinds = dict.fromkeys(ancestors(dag, given), ANCESTOR)
    kinds.update(dict.fromkeys(given, GIVEN))
    kinds.update(dict.fromkeys(walls, WALL))
    reached = walk(dag, leave(dag, ends, closed=closed), CONNECTED, kinds, until=goals)
    return None if reached.end is None else reached.path(reached.end)

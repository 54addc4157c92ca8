"""Mediators in order: where the order is not the graph's, and what recants.

A recanting witness is a node that the exposure changes and from which two paths lead on, to
two places in the order. The one path needs it as it is under one level of the exposure, the
other under another, so that nothing observed tells what both would be together.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from itertools import combinations, pairwise

from causalif.graph.conditions import shown_names
from causalif.graph.dag import Question
from causalif.graph.search import (
    AGAINST,
    ALONG,
    DESCENDANTS,
    DOWN,
    WALL,
    Graph,
    Node,
    Step,
    descendants,
    leave,
    walk,
)


def out_of_order(question: Question) -> str:
    """What to say where a mediator leads to one that is named before it; empty if none does.

    Examples
    --------
    >>> import networkx as nx
    >>> dag = nx.DiGraph([("a", "m"), ("m", "l"), ("l", "y")])
    >>> groups = (("l",), ("m",))
    >>> nodes = frozenset(dag)
    >>> out_of_order(Question(dag, ("a",), ("y",), ("l", "m"), nodes, "natural", groups))
    'the order of the mediators is not that of the graph: m -> l, but l is named before m. ...'
    """
    for earlier, later in combinations(question.groups, 2):
        path = _descent(question.dag, later, set(earlier))
        if path:
            first, last = path[0], path[-1]
            return (
                f"the order of the mediators is not that of the graph: {_arrows(path)}, but {last} "
                f"is named before {first}. Name {first} first, take both into one group, or turn "
                "an arrow."
            )
    return ""


def witness(question: Question, path: Sequence[Step]) -> str:
    """What to say where an open path forks at a node that the exposure changes; else empty.

    References
    ----------
    .. [1] Avin, Shpitser & Pearl (2005), IJCAI: the recanting witness.
    """
    k = _fork(path)
    node = path[k][0]
    if node not in descendants(question.dag, question.exposure) or not 0 < k < len(path) - 1:
        return ""
    one = [step[0] for step in path[k::-1]]
    other = [step[0] for step in path[k:]]
    straight = _descent(question.dag, question.exposure, {node}, walls=question.mediators)
    come = straight or _descent(question.dag, question.exposure, {node})
    paths = f"{_arrows([*come, *one[1:]])} and {_arrows([*come, *other[1:]])}"
    if straight:
        what = f"{node} is a recanting witness: {paths}"
    else:
        what = f"{node} is changed by {shown_names(question.exposure)} and forks: {paths}"
    if node not in question.observed:
        return f"{what}; it is latent: measure it, and add it to the mediators, before {one[-1]}."
    return f"{what}; add {node} to the mediators, before {one[-1]}."


def _fork(path: Sequence[Step]) -> int:
    """Where a path turns from going against arrows to going along them; 0 if nowhere."""
    for k, ((_, came), (_, left)) in enumerate(pairwise(path)):
        if came == AGAINST and left == ALONG:
            return k
    return 0


def _descent(
    dag: Graph, first: Collection[Node], last: set[Node], *, walls: Iterable[Node] = ()
) -> list[Node]:
    """A shortest directed path from some nodes to others; empty where there is none."""
    kinds = dict.fromkeys(walls, WALL)
    found = walk(dag, leave(dag, first, DOWN), DESCENDANTS, kinds, until=last)
    return [] if found.end is None else [node for node, _ in found.path(found.end)]


def _arrows(nodes: Iterable[Node]) -> str:
    return " -> ".join(map(str, nodes))

"""From arrows to links: the undirected graph whose cuts are the sets to adjust for.

Take a task's groups and their ancestors without the first arrows of proper causal paths, link
every two parents of a node, and draw each group together to one vertex. A set of allowed
nodes in it serves if and only if it cuts every two groups apart. For two groups this is
Lauritzen's theorem. For more: a link between the parents of C stands for a path that C
blocks, unless adjusted for; but C is an ancestor of some group, and the way down to it joins
that group with one end of the path or the other, so that a cut is needed there anyway.
"""

from __future__ import annotations

from itertools import chain

from causalif.graph.search import Node, ancestors
from causalif.graph.separators import Bits, Network, reach, vertices
from causalif.graph.task import Task


def families(task: Task) -> dict[Node, list[Node]]:
    """Each ancestor of the groups with its parents: the nodes to be linked with each other."""
    dag, before = task.dag, ancestors(task.dag, chain(*task.groups))
    closed = {node: task.closed(node) for node in chain(*task.groups)}
    return {
        node: [node, *(p for p in dag.pred[node] if node not in closed.get(p, ()))]
        for node in dag
        if node in before
    }


def network_of(task: Task) -> tuple[Network, list[Node]]:
    """The network of a task, and the nodes of its vertices; the terminals come after them.

    Nodes that may not be adjusted for are taken out, and their neighbours linked: a path
    through them stays whatever is cut.
    """
    parents = families(task)
    nodes = [node for node in parents if node in task.allowed]
    number = {node: v for v, node in enumerate(nodes)}
    terminals = range(len(nodes), len(nodes) + len(task.groups))
    for t, group in zip(terminals, task.groups, strict=True):
        number.update(dict.fromkeys(group, t))
    hidden = [node for node in parents if node not in number]
    number.update((node, v) for v, node in enumerate(hidden, terminals.stop))
    links = [0] * (terminals.stop + len(hidden))
    for family in parents.values():
        members = {number[node] for node in family}
        bits = sum(1 << v for v in members)
        for v in members:
            links[v] |= bits ^ 1 << v
    _take_out(links, (1 << len(links)) - (1 << terminals.stop))
    return Network(links[: terminals.stop], terminals), nodes


def _take_out(links: list[Bits], hidden: Bits) -> None:
    """Link all neighbours of each connected part of `hidden`, and forget that part."""
    pending = hidden
    while pending:
        part, beside = reach(links, pending & -pending, hidden)
        pending &= ~part
        beside &= ~part
        for v in vertices(beside):
            links[v] = (links[v] | beside ^ 1 << v) & ~part

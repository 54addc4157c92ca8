"""The fewest covariates for the weighted controlled direct effect, by one maximum flow."""

from __future__ import annotations

from collections.abc import Collection

import networkx as nx

from causalif.graph.moral import families
from causalif.graph.search import Graph, Node
from causalif.graph.task import Task

SOURCE, SINK = ("", "source"), ("", "sink")


def smallest_outer(outer: Task, inner: Task) -> set[Node]:
    """The part without mediators of a set of fewest nodes; of several the nearest to the outcome.

    A smaller Z2 may need a larger Z1. So both cuts are one: a layer of the network for each,
    joined so that a node of Z2 (or beyond, seen from A) is never on the side of M'.

    Parameters
    ----------
    outer, inner : Task
        What Z2 is to separate, and what Z1 is, with no Z2 as yet.
    """
    flow: Graph = nx.DiGraph()
    _add_layer(flow, "outer", outer, outer.groups[0], outer.groups[1])
    _add_layer(flow, "inner", inner, inner.groups[1], inner.groups[0])
    for node in outer.allowed:
        flow.add_edge(("inner", "in", node), ("outer", "out", node))
    _, (_, near) = nx.minimum_cut(flow, SOURCE, SINK)
    return {
        node
        for node in outer.allowed
        if ("outer", "out", node) in near and ("outer", "in", node) not in near
    }


def _add_layer(
    flow: Graph,
    layer: str,
    task: Task,
    first: Collection[Node],
    last: Collection[Node],
) -> None:
    """A node that may be cut lets one unit through, every other any amount."""
    for hub, family in families(task).items():
        capacity = {"capacity": 1} if hub in task.allowed else {}
        flow.add_edge((layer, "in", hub), (layer, "out", hub), **capacity)
        for node in family:
            flow.add_edge((layer, "hub", hub), (layer, "in", node))
            flow.add_edge((layer, "out", node), (layer, "hub", hub))
    flow.add_edges_from((SOURCE, (layer, "out", node)) for node in first)
    flow.add_edges_from(((layer, "in", node), SINK) for node in last)

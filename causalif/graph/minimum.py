"""The smallest sets that serve, and of these the one nearest to the outcome."""

from __future__ import annotations

import networkx as nx
from networkx.algorithms.flow import shortest_augmenting_path

from causalif.graph.moral import families, network_of
from causalif.graph.search import Node
from causalif.graph.separators import minimal_cuts, vertices
from causalif.graph.task import Task

SOURCE, SINK = ("", "exposure"), ("", "outcome")


def minimum_set(task: Task) -> set[Node]:
    """A set of the fewest nodes; a task that no set serves is not asked for one.

    For two groups the minimum vertex cut nearest to the outcome, which has the least
    variance of all of that size [1]_. For more, the first of the smallest minimal cuts.

    References
    ----------
    .. [1] Smucler & Rotnitzky (2022), Journal of Causal Inference 10, 174-189.
    """
    if len(task.groups) == 2:
        return _nearest_cut(task)
    network, nodes = network_of(task)
    smallest = min(minimal_cuts(network), key=lambda c: (c.bit_count(), list(vertices(c))))
    return {nodes[v] for v in vertices(smallest)}


def _nearest_cut(task: Task) -> set[Node]:
    """By maximum flow: a node to adjust for lets one unit through, every other any amount.

    Each family of the graph is a hub between its members, so that no two parents need a link
    of their own. `nx.minimum_cut` puts on the sink's side only what can still reach the
    sink: the cut nearest to the outcome.
    """
    flow = nx.DiGraph()
    exposure, outcome = map(set, task.groups)
    parents = families(task)
    for hub, family in parents.items():
        for node in family:
            flow.add_edge(("hub", hub), ("in", node))
            flow.add_edge(("out", node), ("hub", hub))
    for node in parents:
        if node in task.allowed:
            flow.add_edge(("in", node), ("out", node), capacity=1)
        else:
            flow.add_edge(("in", node), ("out", node))
    flow.add_edges_from((SOURCE, ("out", node)) for node in exposure)
    flow.add_edges_from((("in", node), SINK) for node in outcome)
    # Cuts are small, and one augmenting path is found for each node of them.
    _, (near_exposure, near_outcome) = nx.minimum_cut(
        flow, SOURCE, SINK, flow_func=shortest_augmenting_path
    )
    return {
        node for node in parents if ("in", node) in near_exposure and ("out", node) in near_outcome
    }

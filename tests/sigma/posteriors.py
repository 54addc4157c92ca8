"""Posteriors made by hand: one graph, or a few with given weights."""

from __future__ import annotations

import networkx as nx
import numpy as np

from causalif.sigma.posterior import DAGPosterior
from causalif.sigma.walks import arrow_shares, as_masks


def certain(graph: nx.DiGraph) -> DAGPosterior:
    return of_graphs([graph], [1.0])


def of_graphs(graphs, weights) -> DAGPosterior:
    names = tuple(graphs[0])
    masks = np.array([as_masks(graph, names) for graph in graphs])
    weights = np.array(weights) / np.sum(weights)
    shares = arrow_shares(masks, weights)
    nothing = np.zeros(len(masks), dtype=np.int64)
    return DAGPosterior(names, masks, weights, nothing, shares, 0 * shares)


def dag(text: str, nodes: str) -> nx.DiGraph:
    """``dag("AM MY", "AMY")``: arrows by two letters."""
    graph = nx.DiGraph()
    graph.add_nodes_from(nodes)
    graph.add_edges_from(tuple(arrow) for arrow in text.split())
    return graph

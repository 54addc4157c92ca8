"""Read a graph from whatever describes one."""

from __future__ import annotations

from typing import Any

import networkx as nx

from causalif.graph.dag import check_acyclic
from causalif.graph.search import Graph


def as_dag(source: Any) -> Graph:
    """The graph itself where `source` is one, checked but not copied; else as read."""
    dag = source if isinstance(source, nx.DiGraph) else nx.DiGraph(source)
    check_acyclic(dag)
    return dag

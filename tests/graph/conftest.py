"""Graphs of the random cases, for the tests of this folder."""

from __future__ import annotations

import networkx as nx
import pytest


@pytest.fixture(scope="session")
def graph_of():
    def build(case, order=None):
        dag = nx.DiGraph()
        dag.add_nodes_from(order or case.parents)
        dag.add_edges_from(case.arrows)
        return dag

    return build

"""Causal graphs: what to adjust for, which pathways there are, what a graph implies."""

from causalif.graph.adjustment import adjustment_sets, is_adjustment_set
from causalif.graph.explain import explain
from causalif.graph.independencies import implied_independencies
from causalif.graph.optimal import adjustment_sets_by_arrow, optimal_adjustment_set
from causalif.graph.pathways import mediation_pathways
from causalif.graph.picture import plot_dag
from causalif.graph.read import read_dag
from causalif.graph.write import write_dag

__all__ = [
    "adjustment_sets",
    "adjustment_sets_by_arrow",
    "explain",
    "implied_independencies",
    "is_adjustment_set",
    "mediation_pathways",
    "optimal_adjustment_set",
    "plot_dag",
    "read_dag",
    "write_dag",
]

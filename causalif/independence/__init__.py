"""Does a graph fit these data? Its implied independencies, tested."""

from causalif.independence.fit import graph_fit
from causalif.independence.result import GraphFit

__all__ = ["GraphFit", "graph_fit"]

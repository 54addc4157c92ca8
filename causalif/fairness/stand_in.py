"""A predictor in the place of the outcome, in the data and in the graph."""

from __future__ import annotations

from typing import Any

import networkx as nx
import numpy as np
import pandas as pd

from causalif.data.frames import read_frame
from causalif.errors import DataError, NotIdentified, Problems, first_rows
from causalif.graph.dag import latent_nodes, mediators_between
from causalif.graph.read import as_dag
from causalif.graph.search import Graph


def with_prediction(data: Any, sensitive: Any, prediction: Any) -> tuple[pd.DataFrame, str]:
    """A copy of the frame with the scores as a column, and its name.

    Raises
    ------
    DataError
        Other rows than data, or in another order; missing scores; a formula beside them.
    """
    problems = Problems()
    if isinstance(data, str) or (isinstance(sensitive, str) and "~" in sensitive):
        problems.add(
            "prediction= is an array beside a formula.",
            'Make it a column of data, and name it before the "~".',
        )
        problems.raise_if_any()
    frame = read_frame(data, problems)
    scores = np.asarray(prediction)
    if scores.shape != (frame.n,):
        shape = len(scores) if scores.ndim == 1 else scores.shape
        problems.add(f"prediction has {shape} rows, and data has {frame.n}.", "Give one a row.")
    elif (missing := pd.isna(scores)).any():
        problems.add(
            f"prediction is missing in {int(missing.sum())} of {frame.n} rows "
            f"({first_rows(frame.labels(missing))}).",
            "Drop these rows from data as well.",
        )
    labelled = isinstance(prediction, pd.Series) and frame.pandas and len(prediction) == frame.n
    if labelled and not prediction.index.equals(frame.index):
        problems.add(
            "prediction has other row labels than data.",
            "Bring them into one order (prediction.loc[data.index]), or give an array.",
        )
    problems.raise_if_any()
    name = "prediction"
    while name in frame.positions:
        name += "_"
    table = data
    if not isinstance(table, pd.DataFrame):
        table = pd.DataFrame({column: frame.column(column) for column in frame.positions})
    return table.assign(**{name: scores}), name


def graph_with(dag: Any, outcome: Any, prediction: str) -> Any:
    """The graph with the predictor where the outcome is, unless it draws the predictor itself."""
    try:
        graph = as_dag(dag)
    except DataError:
        return dag  # whoever uses it says what is wrong, with all else that is
    if prediction in graph or outcome not in graph:
        return dag
    return nx.relabel_nodes(graph, {outcome: prediction})


def mediators_by_graph(dag: Any, sensitive: Any, outcome: Any, data: Any) -> list[str] | None:
    """Measured nodes on directed paths, in the order of data; None where that cannot be asked.

    Raises
    ------
    NotIdentified
        The graph has none.

    Examples
    --------
    >>> data = pd.DataFrame(columns=["w", "a", "m", "y"], index=[0])
    >>> mediators_by_graph("w -> {a m y}; a -> {m y}; m -> y", "a", "y", data)
    ['m']
    """
    try:
        graph: Graph = as_dag(dag)
        names = read_frame(data, Problems()).positions
    except DataError:
        return None
    if sensitive not in graph or outcome not in graph:
        return None
    between = mediators_between(graph, [sensitive], [outcome]) - latent_nodes(graph)
    if not between:
        raise NotIdentified(
            f"no measured node lies on a directed path from {sensitive} to {outcome} in the "
            "graph: there is nothing to split the effect by. Ask average_effect() for the total."
        )
    nodes = {str(node) for node in between}
    return [name for name in names if name in nodes] or None

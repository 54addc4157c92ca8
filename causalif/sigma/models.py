"""Whole models from a posterior: simulate data, and what an intervention would do to them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import networkx as nx
import numpy as np
import pandas as pd

from causalif.data.frames import read_frame
from causalif.errors import Problems, did_you_mean
from causalif.nuisance.folds import entropy_of, seed_for
from causalif.sigma.extras import needed
from causalif.sigma.posterior import DAGPosterior
from causalif.sigma.scores.columns import as_numbers, read_all

if TYPE_CHECKING:
    from causalif.sigma.ladder.mechanisms import Mechanisms


def simulate(
    posterior: DAGPosterior,
    data: Any,
    rows: int = 1000,
    *,
    do: Mapping[str, float] | None = None,
    graphs: int = 20,
    seed: int | np.random.Generator | None = None,
) -> pd.DataFrame:
    """Draw graphs, give each node the flow that fits it best, and run the model.

    The same seed gives the same graphs and the same noise, whatever is set: rows of two calls
    are one person in two worlds.

    Parameters
    ----------
    posterior : DAGPosterior
    data : DataFrame
        The columns that the posterior is about, as numbers; mechanisms are fitted to them.
    rows : int, default 1000
        How many rows to simulate, in equal parts from each graph.
    do : mapping of str to float, optional
        Columns that are set to a value, whatever their parents.
    graphs : int, default 20
        How many graphs to draw from the posterior.
    seed : int or numpy.random.Generator, optional

    Returns
    -------
    DataFrame
        In the units of the data, indexed by the number of the graph (``graph``).

    Raises
    ------
    DataError
        Columns that are absent, no numbers or missing values; an unknown name in `do`.

    Examples
    --------
    >>> import causalif as cif
    >>> rng = np.random.default_rng(1)
    >>> a = rng.normal(size=300)
    >>> data = pd.DataFrame({"A": a, "Y": 2 * a + rng.normal(size=300)})
    >>> posterior = cif.dag_posterior(data, score="bge", method="exact", tiers=[["A"], ["Y"]])
    >>> one, zero = (simulate(posterior, data, do={"A": a}, seed=1)["Y"] for a in (1.0, 0.0))
    >>> bool(abs((one - zero).mean() - 2) < 0.2)
    True
    """
    needed("torch", "pyro-ppl", what="simulate")
    from causalif.sigma.ladder.mechanisms import fit_mechanisms

    problems = Problems()
    fixed = _fixed(do, posterior.names, problems)
    for name, count in (("rows", rows), ("graphs", graphs)):
        if not isinstance(count, int) or isinstance(count, bool) or count < 1:
            problems.add(f"{name}={count!r} is not a whole number from 1 up.")
    values = _numbers(data, posterior.names, problems)
    entropy = entropy_of(seed)
    rng = np.random.default_rng(seed_for(entropy, "graphs"))
    drawn = posterior.draws[rng.choice(len(posterior.draws), graphs, p=posterior.draw_weights)]
    pairs = sorted({(node, int(mask)) for graph in drawn for node, mask in enumerate(graph)})
    mechanisms = fit_mechanisms(values, pairs, seed_for(entropy, "mechanisms"))
    mean, spread = values.mean(axis=0), values.std(axis=0)
    parts: list[np.ndarray] = []
    for k, graph in enumerate(drawn):
        count = rows // graphs + (k < rows % graphs)
        noise = np.random.default_rng(seed_for(entropy, "noise", k)).normal(size=(count, len(mean)))
        scaled = {node: (value - mean[node]) / spread[node] for node, value in fixed.items()}
        found = mean + spread * _run(graph, noise, mechanisms, scaled)
        found[:, list(fixed)] = list(fixed.values())  # to the last digit
        parts.append(found)
    where = np.repeat(np.arange(graphs), [len(part) for part in parts])
    index = pd.Index(where, name="graph")
    return pd.DataFrame(np.concatenate(parts), index=index, columns=list(posterior.names))


def _fixed(do: Any, names: tuple[str, ...], problems: Problems) -> dict[int, float]:
    if do is None:
        return {}
    if not isinstance(do, Mapping):
        problems.add(f"do={do!r} is no mapping.", 'Give {"A": 1.0}.')
        return {}
    found: dict[int, float] = {}
    for name, value in do.items():
        if str(name) not in names:
            problems.add(f"do names {str(name)!r}, which is no node.", did_you_mean(name, names))
        elif not np.isscalar(value) or not np.isfinite(float(value)):  # pyright: ignore
            problems.add(f"do sets {str(name)!r} to {value!r}, which is no number.")
        else:
            found[names.index(str(name))] = float(value)  # pyright: ignore
    return found


def _numbers(data: Any, names: tuple[str, ...], problems: Problems) -> np.ndarray:
    frame = read_frame(data, problems)
    for name in names:
        if name not in frame.positions:
            problems.add(f"no column {name!r} in data.", did_you_mean(name, frame.positions))
    known = [name for name in names if name in frame.positions]
    found = [as_numbers(v, "ladder", problems) for v in read_all(frame, known, problems)]
    problems.raise_if_any()
    return np.column_stack([column for column in found if column is not None])


def _run(
    graph: np.ndarray, noise: np.ndarray, mechanisms: Mechanisms, fixed: Mapping[int, float]
) -> np.ndarray:
    """Every node after its parents, standardised, shape (rows, d)."""
    nodes = range(len(graph))
    arrows = [(k, node) for node in nodes for k in nodes if int(graph[node]) >> k & 1]
    whole: nx.DiGraph[int] = nx.DiGraph(arrows)
    whole.add_nodes_from(nodes)
    values = np.zeros_like(noise)
    for node in nx.topological_sort(whole):
        if node in fixed:
            values[:, node] = fixed[node]
        else:
            law = mechanisms.laws[node, int(graph[node])]
            values[:, node] = law.push(noise[:, node], values)
    return values

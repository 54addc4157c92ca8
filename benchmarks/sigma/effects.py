"""Effects averaged over graphs, beside those of a single best graph and of the true graph.

    python -m benchmarks.sigma.effects --sets 200 --jobs 2 --out benchmarks/results/SIGMA_EFFECTS.md

Linear-Gaussian models on random graphs of five columns whose exposure reaches the outcome; true
effects are products of slopes along paths. Each data set is analysed four times: averaged over
the exact BGe posterior, the same with graphs and effects from different halves of the rows, in
the most probable graph alone, and in the true graph. "curved" laws have mechanisms
sin(2x), x + x**2 / 2 or |x| and a binary exposure; their total effect is the mean difference of
two counterfactual worlds over a million draws.
"""

from __future__ import annotations

import argparse
import datetime
import warnings
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import networkx as nx
import numpy as np
import pandas as pd
from joblib import Parallel, delayed
from tqdm import tqdm

from causalif.sigma.analysis import sigma_analysis
from causalif.sigma.learn import dag_posterior
from causalif.sigma.posterior import DAGPosterior
from causalif.sigma.walks import arrow_shares, as_masks
from tests.truth.linear_graphs import LinearGraph

NODES = "ABCDY"
METHODS = ("averaged", "split", "best graph", "true graph")


def random_law(rng: np.random.Generator) -> LinearGraph:
    """A graph in which A reaches Y, with slopes of moderate size."""
    while True:
        law = LinearGraph.random(NODES, rng, density=0.6)
        law = LinearGraph(law.names, law.coefficients * 0.7)
        if nx.has_path(law.graph, "A", "Y"):
            return law


def certain(graph: nx.DiGraph) -> DAGPosterior:
    """The posterior of somebody who knows the graph."""
    names = tuple(graph)
    masks = as_masks(graph, names)[None]
    weights = np.ones(1)
    shares = arrow_shares(masks, weights)
    return DAGPosterior(names, masks, weights, np.zeros(1, dtype=np.int64), shares, 0 * shares)


def analyses(data: pd.DataFrame, truth: nx.DiGraph, seed: int) -> Iterator[tuple[str, Any]]:
    options: dict[str, Any] = {"learners": "glm", "seed": seed, "progress": False, "least": 0.0}
    learn: dict[str, Any] = {"method": "exact", "score": "bge"}
    posterior = dag_posterior(data, **learn, seed=seed)
    yield "averaged", sigma_analysis(data, "A", "Y", posterior=posterior, **options)
    yield "split", sigma_analysis(data, "A", "Y", split=True, **learn, **options)
    best = certain(posterior.graphs[0])
    yield "best graph", sigma_analysis(data, "A", "Y", posterior=best, **options)
    yield "true graph", sigma_analysis(data, "A", "Y", posterior=certain(truth), **options)


def one(rows: int, seed: int) -> list[dict[str, Any]]:
    """Every estimate of one data set, with its truth."""
    rng = np.random.default_rng([seed, rows])
    law = random_law(rng)
    data = pd.DataFrame(law.sample(rows, rng), columns=list(NODES))
    paths = [tuple(path) for path in nx.all_simple_paths(law.graph, "A", "Y")]
    total = sum(law.along(path) for path in paths)
    true = {" -> ".join(path): law.along(path) for path in paths}
    found: list[dict[str, Any]] = []
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        for method, result in analyses(data, law.graph, seed):
            common = {"rows": rows, "seed": seed, "method": method}
            found.append({**common, "effect": "total", "truth": total, **_read(result.total)})
            table = result.pathways.set_index("path")
            for path, value in true.items():
                row = table.loc[path] if path in table.index else None
                found.append({**common, "effect": "path", "truth": value, **_read(row)})
    return found


def _read(row: pd.Series | None) -> dict[str, float]:
    """A pathway that was not found has the effect zero, for sure."""
    if row is None or np.isnan(row["effect"]):
        return {"estimate": 0.0, "low": 0.0, "high": 0.0}
    return {"estimate": row["effect"], "low": row["conf_low"], "high": row["conf_high"]}


def table(found: pd.DataFrame) -> pd.DataFrame:
    """Bias, root mean squared error, coverage and width, with Monte-Carlo errors."""
    rows = []
    for (effect, n, method), part in found.groupby(["effect", "rows", "method"], sort=False):
        error = part["estimate"] - part["truth"]
        # An interval that ends where the truth is, up to rounding, covers it.
        slack = 1e-12
        covers = (part["low"] - slack <= part["truth"]) & (part["truth"] <= part["high"] + slack)
        sets = part["seed"].nunique()
        rows.append(
            {
                "effect": effect, "n": n, "method": method, "sets": sets,
                "bias": error.mean(), "rmse": np.sqrt((error**2).mean()),
                "coverage": covers.mean(),
                "mc error": np.sqrt(covers.mean() * (1 - covers.mean()) / sets),
                "median width": (part["high"] - part["low"]).median(),
            }
        )  # fmt: skip
    return pd.DataFrame(rows)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--sets", type=int, default=200)
    parser.add_argument("--n", type=int, nargs="+", default=[200, 1000])
    parser.add_argument("--jobs", type=int, default=1)
    parser.add_argument("--out", type=Path)
    given = parser.parse_args()
    calls = [(rows, seed) for rows in given.n for seed in range(given.sets)]
    parts = Parallel(n_jobs=given.jobs, return_as="generator")(delayed(one)(*c) for c in calls)
    found = pd.DataFrame([row for part in tqdm(parts, total=len(calls)) for row in part])
    text = table(found).to_markdown(index=False, floatfmt=".3f")
    print(text)
    if given.out is not None:
        command = f"python -m benchmarks.sigma.effects --sets {given.sets} --n " + " ".join(
            map(str, given.n)
        )
        head = f"# Effects averaged over graphs\n\n`{command}`, {datetime.date.today()}.\n\n"
        given.out.write_text(head + " ".join(__doc__.split("\n\n")[2].split()) + f"\n\n{text}\n")


if __name__ == "__main__":
    main()

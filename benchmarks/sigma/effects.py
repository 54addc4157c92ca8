"""Effects averaged over graphs, beside those of a single best graph and of the true graph.

    python -m benchmarks.sigma.effects --sets 200 --out benchmarks/results/SIGMA_EFFECTS.md
    python -m benchmarks.sigma.effects --law curved --sets 100 --n 500 --out ...

Random graphs in which the exposure reaches the outcome. "linear": five columns, linear and
Gaussian, scored by BGe; true effects are products of slopes along paths. "curved": four columns,
a binary exposure, mechanisms that are sines, squares or absolute values, scored by the ladder;
the true total effect is the mean difference of two counterfactual worlds over 400,000 draws.
Each data set is analysed four times: averaged over the exact posterior, the same with graphs and
effects from different halves of the rows, in the most probable graph alone, and in the true graph.
A pathway that an analysis does not have counts as zero for sure.
"""

from __future__ import annotations

import argparse
import datetime
import warnings
from collections.abc import Iterator
from pathlib import Path
from typing import Any, ClassVar

import networkx as nx
import numpy as np
import pandas as pd
from joblib import Parallel, delayed
from scipy.special import expit, ndtr
from tqdm import tqdm

from causalif.sigma.analysis import sigma_analysis
from causalif.sigma.learn import dag_posterior
from causalif.sigma.posterior import DAGPosterior
from causalif.sigma.walks import arrow_shares, as_masks
from tests.truth.linear_graphs import LinearGraph

METHODS = ("averaged", "split", "best graph", "true graph")
WORLDS = 400_000


class Linear:
    """Slopes of moderate size on a random graph in which A reaches Y."""

    learn: ClassVar = {"method": "exact", "score": "bge"}
    estimate: ClassVar = {"learners": "glm"}

    def __init__(self, rng: np.random.Generator) -> None:
        while True:
            law = LinearGraph.random("ABCDY", rng, density=0.6)
            self.law = LinearGraph(law.names, law.coefficients * 0.7)
            self.graph = law.graph
            if nx.has_path(self.graph, "A", "Y"):
                break

    def sample(self, rows: int, rng: np.random.Generator) -> pd.DataFrame:
        return pd.DataFrame(self.law.sample(rows, rng), columns=list(self.law.names))

    def truth(self) -> dict[str, float]:
        paths = [tuple(path) for path in nx.all_simple_paths(self.graph, "A", "Y")]
        along = {" -> ".join(path): self.law.along(path) for path in paths}
        return {"total": sum(along.values()), **along}


SHAPES = (lambda x: np.sin(2 * x), lambda x: x**2 / 2, np.abs, lambda x: x)


class Curved:
    """A binary exposure among curved mechanisms with normal noise."""

    learn: ClassVar = {"method": "exact", "score": "ladder"}
    estimate: ClassVar = {"learners": "auto", "repeats": 1}

    def __init__(self, rng: np.random.Generator) -> None:
        while True:
            self.graph = LinearGraph.random("ABCY", rng, density=0.6).graph
            if nx.has_path(self.graph, "A", "Y"):
                break
        self.order = list(nx.topological_sort(self.graph))
        self.shapes = {
            arrow: (rng.integers(len(SHAPES)), rng.choice([-1, 1]) * rng.uniform(0.6, 1.2))
            for arrow in self.graph.edges
        }

    def world(self, noise: np.ndarray, a: int | None = None) -> dict[str, np.ndarray]:
        values: dict[str, np.ndarray] = {}
        for k, node in enumerate(self.order):
            parts = [
                size * (values[p] if p == "A" else SHAPES[shape](values[p]))
                for p in self.graph.predecessors(node)
                for shape, size in [self.shapes[p, node]]
            ]
            level = sum(parts, np.zeros(len(noise)))
            if node == "A":
                below = ndtr(noise[:, k]) < expit(level - level.mean())
                values[node] = below.astype(float) if a is None else np.full(len(noise), float(a))
            else:
                values[node] = level + 0.7 * noise[:, k]
        return values

    def sample(self, rows: int, rng: np.random.Generator) -> pd.DataFrame:
        found = self.world(rng.normal(size=(rows, 4)))
        return pd.DataFrame({node: found[node] for node in "ABCY"}).astype({"A": int})

    def truth(self) -> dict[str, float]:
        noise = np.random.default_rng(0).normal(size=(WORLDS, 4))
        one, zero = (self.world(noise, a)["Y"].mean() for a in (1, 0))
        return {"total": float(one - zero)}


LAWS = {"linear": Linear, "curved": Curved}


def certain(graph: nx.DiGraph) -> DAGPosterior:
    """The posterior of somebody who knows the graph."""
    names = tuple(graph)
    masks = as_masks(graph, names)[None]
    weights = np.ones(1)
    shares = arrow_shares(masks, weights)
    return DAGPosterior(names, masks, weights, np.zeros(1, dtype=np.int64), shares, 0 * shares)


def analyses(data: pd.DataFrame, law: Any, seed: int) -> Iterator[tuple[str, Any]]:
    options: dict[str, Any] = {"seed": seed, "progress": False, "least": 0.0, **law.estimate}
    posterior = dag_posterior(data, **law.learn, seed=seed, progress=False)
    yield "averaged", sigma_analysis(data, "A", "Y", posterior=posterior, **options)
    yield "split", sigma_analysis(data, "A", "Y", split=True, **law.learn, **options)
    best = certain(posterior.graphs[0])
    yield "best graph", sigma_analysis(data, "A", "Y", posterior=best, **options)
    yield "true graph", sigma_analysis(data, "A", "Y", posterior=certain(law.graph), **options)


def one(name: str, rows: int, seed: int) -> list[dict[str, Any]]:
    """Every estimate of one data set, with its truth."""
    rng = np.random.default_rng([seed, rows])
    law = LAWS[name](rng)
    data, truth = law.sample(rows, rng), law.truth()
    found: list[dict[str, Any]] = []
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        for method, result in analyses(data, law, seed):
            table = result.tidy().set_index("path")
            for path, value in truth.items():
                kind = "total" if path == "total" else "path"
                row = table.loc[path] if path in table.index else None
                found.append({"rows": rows, "seed": seed, "method": method, "effect": kind,
                              "truth": value, **_read(row)})  # fmt: skip
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
    parser.add_argument("--law", choices=list(LAWS), default="linear")
    parser.add_argument("--sets", type=int, default=200)
    parser.add_argument("--n", type=int, nargs="+", default=[200, 1000])
    parser.add_argument("--jobs", type=int, default=1)
    parser.add_argument("--out", type=Path)
    given = parser.parse_args()
    calls = [(given.law, rows, seed) for rows in given.n for seed in range(given.sets)]
    parts = Parallel(n_jobs=given.jobs, return_as="generator")(delayed(one)(*c) for c in calls)
    found = pd.DataFrame([row for part in tqdm(parts, total=len(calls)) for row in part])
    text = table(found).to_markdown(index=False, floatfmt=".3f")
    print(text)
    if given.out is not None:
        command = (
            f"python -m benchmarks.sigma.effects --law {given.law} --sets {given.sets} --n "
            + " ".join(map(str, given.n))
        )
        head = f"# Effects averaged over graphs\n\n`{command}`, {datetime.date.today()}.\n\n"
        given.out.write_text(head + " ".join(__doc__.split("\n\n")[2].split()) + f"\n\n{text}\n")


if __name__ == "__main__":
    main()

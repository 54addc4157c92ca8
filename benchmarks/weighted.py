"""Variance of the weighted controlled direct effect by adjustment set, on known networks.

    python -m benchmarks.weighted --replicates 200 --out benchmarks/results/WEIGHTED.md

The arrows of the networks asia and sachs (their published .bif files) with random binary laws.
Every valid set, or the minimal ones, the optimal one and a few more where there are many, is
used by `weighted_direct_effect` on the same samples; beside the ratio of its empirical variance
to that of the optimal set stands the exact ratio of the variances of the influence functions.
asia has no arrow that runs beside a mediated path; the arrow smoke -> dysp is added.
"""

from __future__ import annotations

import argparse
import datetime
import sys
import warnings
from pathlib import Path

import networkx as nx
import numpy as np
import pandas as pd
from joblib import Parallel, delayed
from tqdm import tqdm

import causalif as cif
from tests.truth.graph_laws import Diagram, Laws, variance, wcde_influence, wcde_roles, wcde_truth

FOLDER = Path(__file__).resolve().parent / "networks"
CASES = {
    "asia": ("smoke", "dysp", [("smoke", "dysp")]),
    "sachs": ("PKA", "Erk", []),
}
MOST_SETS = 12


class Network:
    """A network, an effect on it, and a random binary law."""

    def __init__(self, name: str, law: int) -> None:
        self.exposure, self.outcome, added = CASES[name]
        self.dag: nx.DiGraph = nx.read_edgelist(FOLDER / f"{name}.txt", create_using=nx.DiGraph)
        self.dag.add_edges_from(added)
        self.order = list(nx.lexicographical_topological_sort(self.dag))
        place = {node: k for k, node in enumerate(self.order)}
        parents = [tuple(sorted(place[u] for u in self.dag.pred[v])) for v in self.order]
        self.diagram = Diagram(len(self.order), tuple(parents))
        self.laws = Laws.random(np.random.default_rng(law), self.diagram, 1)
        self.place = place

    def sets(self) -> list[frozenset[str]]:
        """The optimal set first, then the minimal ones, then others by size."""
        question = (self.dag, self.exposure, self.outcome)
        best = frozenset(cif.optimal_adjustment_set(*question, estimand="wcde"))
        minimal = map(frozenset, cif.adjustment_sets(*question, estimand="wcde", limit=6))
        others = map(
            frozenset,
            cif.adjustment_sets(*question, estimand="wcde", minimal=False, limit=5 * MOST_SETS),
        )
        found = dict.fromkeys([best, *minimal, *sorted(others, key=len)])
        return list(found)[:MOST_SETS]

    def exact_variance(self, chosen: frozenset[str]) -> float:
        a, y = self.place[self.exposure], self.place[self.outcome]
        nodes = {self.place[node] for node in chosen}
        between = wcde_roles(self.diagram, a, y)[0]
        p = self.laws.joint()
        influence = wcde_influence(p, a, y, nodes & between, nodes - between)
        return float(variance(p, influence)[0])

    def truth(self) -> float:
        none, every = wcde_truth(self.laws, self.place[self.exposure], self.place[self.outcome])
        return float((every - none)[0])

    def sample(self, n: int, seed: int) -> pd.DataFrame:
        rng = np.random.default_rng(seed)
        p = self.laws.joint()[0]
        cells = rng.choice(p.size, size=n, p=p.reshape(-1))
        values = np.column_stack(np.unravel_index(cells, p.shape))
        return pd.DataFrame(values, columns=self.order)


def replicate(name: str, law: int, n: int, seed: int) -> list[dict]:
    """One sample, every set."""
    network = Network(name, law)
    data, rows = network.sample(n, seed), []
    for chosen in network.sets():
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            found = cif.weighted_direct_effect(
                data, network.exposure, network.outcome, dag=network.dag,
                adjustment=sorted(chosen), learners="glm", seed=seed,
            )  # fmt: skip
        key = {"network": name, "law": law, "n": n, "set": ", ".join(sorted(chosen))}
        rows.append(key | {"estimate": found.values["WCDE"], "std_error": found.std_error["WCDE"]})
    return rows


def summarise(draws: pd.DataFrame) -> pd.DataFrame:
    """Variance ratios to the optimal set, which comes first, and coverage."""
    tables = []
    for (name, law, n), part in draws.groupby(["network", "law", "n"], sort=False):
        network = Network(name, law)
        best, *_ = sets = network.sets()
        truth, exact = network.truth(), {s: network.exact_variance(s) for s in sets}
        by_set = dict(iter(part.groupby("set")))
        least = by_set[", ".join(sorted(best))]["estimate"].var()
        for chosen in sets:
            own = by_set[", ".join(sorted(chosen))]
            covered = (own["estimate"] - truth).abs() <= 1.96 * own["std_error"]
            tables.append(
                {
                    "network": name,
                    "law": law,
                    "n": n,
                    "set": ", ".join(sorted(chosen)) + (" (optimal)" if chosen == best else ""),
                    "replicates": len(own),
                    "variance ratio": own["estimate"].var() / least,
                    "exact ratio": exact[chosen] / exact[best],
                    "coverage": covered.mean(),
                }
            )
    return pd.DataFrame(tables)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--networks", nargs="+", choices=CASES, default=list(CASES))
    parser.add_argument("--laws", type=int, nargs="+", default=[1, 2])
    parser.add_argument("--n", type=int, nargs="+", default=[500, 2000, 10_000])
    parser.add_argument("--replicates", type=int, default=200)
    parser.add_argument("--jobs", type=int, default=2)
    parser.add_argument("--out", help="write the table to this markdown file")
    chosen = parser.parse_args()
    todo = [
        (name, law, n, 300_000 + r)
        for name in chosen.networks
        for law in chosen.laws
        for n in chosen.n
        for r in range(chosen.replicates)
    ]
    calls = (delayed(replicate)(*task) for task in todo)
    results = Parallel(n_jobs=chosen.jobs, return_as="generator_unordered")(calls)
    rows = [row for part in tqdm(results, total=len(todo), disable=None) for row in part]
    table = summarise(pd.DataFrame(rows)).round(3)
    print(table.to_string(index=False))
    if chosen.out:
        command = "python -m benchmarks.weighted " + " ".join(sys.argv[1:])
        body = table.to_markdown(index=False)
        head = f"# Weighted direct effects by adjustment set\n\n{datetime.date.today()}"
        Path(chosen.out).write_text(f"{head}: `{command}`\n\n{body}\n")


if __name__ == "__main__":
    main()

"""The amortised sampler of graphs beside the exact posterior that it was fitted to draws of.

    python -m benchmarks.sigma.sampler_study --out benchmarks/results/SAMPLER.md

Each row is one table of scores. Asked for: arrows within .03, log Z within .1, and the total
variation of 4,000 draws at most .03 above that of 4,000 exact draws (its floor).
"""

from __future__ import annotations

import argparse
import sys
import time
import warnings
from collections.abc import Iterator
from functools import partial
from pathlib import Path

import numpy as np
import pandas as pd
import torch

from causalif.errors import ConvergenceWarning
from causalif.sigma.scores.gaussian import Moments, bge_totals
from causalif.sigma.scores.parents import ParentSets
from causalif.sigma.scores.subsets import subset_sums
from causalif.sigma.scores.totals import local_from_totals
from causalif.sigma.structures.exact import ExactPosterior
from causalif.sigma.structures.sampler import fit_sampler

DRAWS = 4000


def rows(nodes: int, count: int, curved: bool, seed: int) -> np.ndarray:
    """Additive noise on a random graph: lines, or smooth steps."""
    rng = np.random.default_rng(seed)
    values = rng.normal(size=(count, nodes))
    for j in range(nodes):
        parents = np.flatnonzero(rng.random(j) < 0.6)
        causes = np.tanh(2 * values[:, parents]) if curved else values[:, parents]
        values[:, j] += causes @ rng.normal(size=len(parents))
    return values


def all_sets(nodes: int) -> list[np.ndarray]:
    masks = subset_sums(np.int64(1) << np.arange(nodes))
    return [masks[(masks >> j) & 1 == 0] for j in range(nodes)]


def bge(values: np.ndarray) -> ParentSets:
    nodes = values.shape[1]
    sets = all_sets(nodes)
    scores = local_from_totals(partial(bge_totals, Moments.of(values)), sets)
    return ParentSets.of([f"v{k}" for k in range(nodes)], sets, scores)


def at_random(nodes: int, spread: float, seed: int) -> ParentSets:
    """Scores without structure: many modes, far apart where the spread is large."""
    rng, sets = np.random.default_rng(seed), all_sets(nodes)
    scores = [spread * rng.normal(size=len(masks)) for masks in sets]
    return ParentSets.of([f"v{k}" for k in range(nodes)], sets, scores)


def tables(sizes: list[int], seed: int) -> Iterator[tuple[str, ParentSets]]:
    for nodes in sizes:
        for count in (50, 200, 1000):
            for curved in (False, True):
                law = "curved" if curved else "linear"
                yield f"{law}, d={nodes}, n={count}", bge(rows(nodes, count, curved, seed))
        for spread in (1.0, 4.0):
            yield f"random, d={nodes}, spread {spread:g}", at_random(nodes, spread, seed)


def variation(graphs: np.ndarray, sets: ParentSets, log_z: float) -> float:
    """Total variation between the shares of drawn graphs and the exact posterior."""
    distinct, counts = np.unique(graphs, axis=0, return_counts=True)
    exact = np.exp(sets.log_scores(distinct) - log_z)
    return float(np.abs(counts / len(graphs) - exact).sum() + 1 - exact.sum()) / 2


def arrows(graphs: np.ndarray) -> np.ndarray:
    return ((graphs[:, :, None] >> np.arange(graphs.shape[1])) & 1).mean(axis=0).T


def one(label: str, sets: ParentSets, seed: int) -> dict[str, object]:
    posterior, rng = ExactPosterior(sets.table()), np.random.default_rng(seed)
    given, log_z = posterior.draw(DRAWS, rng), posterior.log_normaliser
    start, work = time.perf_counter(), time.process_time()
    sampler = fit_sampler(sets, given, seed=seed, progress=False)
    seconds, work = time.perf_counter() - start, time.process_time() - work
    graphs, _ = sampler.draw(DRAWS, rng)
    with warnings.catch_warnings(record=True) as given_warnings:
        warnings.simplefilter("always", ConvergenceWarning)
        found = sampler.diagnose(DRAWS, rng)
    floor = [variation(posterior.draw(DRAWS, rng), sets, log_z) for _ in range(3)]
    return {
        "table": label,
        "seconds": seconds,
        "processor": work,
        "arrows": float(np.abs(arrows(graphs) - posterior.arrows).max()),
        "log Z": found["log_normaliser"] - log_z,
        "log Z - ELBO": log_z - found["elbo"],
        "held out - log Z": found["held_out"] - log_z,
        "ESS/K": found["ess_share"],
        "TV": variation(graphs, sets, log_z),
        "floor": float(np.mean(floor)),
        "missed": found["missed"],
        "warned": len(given_warnings),
    }


def verdict(frame: pd.DataFrame) -> str:
    excess = frame["TV"] - frame["floor"]
    parts = {
        "arrows within .03": frame["arrows"] <= 0.03,
        "log Z within .1": frame["log Z"].abs() <= 0.1,
        "TV within floor + .03": excess <= 0.03,
    }
    lines = [f"- {name}: {int(met.sum())} of {len(frame)} tables" for name, met in parts.items()]
    worst = f"- largest: arrows {frame['arrows'].max():.3f}, TV - floor {excess.max():.3f}"
    return "\n".join([*lines, f"{worst}, processor seconds {frame['processor'].max():.0f}"])


def page(frame: pd.DataFrame, command: str) -> str:
    head = "| " + " | ".join(frame.columns) + " |"
    rule = "|" + "---|" * len(frame.columns)
    cells = [
        "| " + " | ".join(f"{v:.3f}" if isinstance(v, float) else str(v) for v in row) + " |"
        for row in frame.itertuples(index=False)
    ]
    title = "# The sampler of layerings beside the exact posterior"
    return "\n".join([title, "", f"`{command}`", "", verdict(frame), "", head, rule, *cells, ""])


def main(argv: list[str]) -> None:
    parser = argparse.ArgumentParser("python -m benchmarks.sigma.sampler_study")
    parser.add_argument("--nodes", type=int, nargs="+", default=[4, 5, 6])
    parser.add_argument("--seed", type=int, default=20)
    parser.add_argument("--out", type=Path)
    given = parser.parse_args(argv)
    torch.set_num_threads(1)
    found: list[dict[str, object]] = []
    for number, (label, sets) in enumerate(tables(given.nodes, given.seed)):
        found.append(one(label, sets, given.seed + number))
        print({k: round(v, 3) if isinstance(v, float) else v for k, v in found[-1].items()})
        sys.stdout.flush()
    text = page(pd.DataFrame(found), f"python -m benchmarks.sigma.sampler_study {' '.join(argv)}")
    print(text)
    if given.out:
        given.out.write_text(text)


if __name__ == "__main__":
    main(sys.argv[1:])

"""What the flow ladder must show: equivalence, directions, calibration, speed. One command each:

    python -m benchmarks.sigma.ladder_studies --study equivalence --rows 200 1000 --sets 20
    python -m benchmarks.sigma.ladder_studies --study curved --rows 200 1000 --sets 20
    python -m benchmarks.sigma.ladder_studies --study half --rows 200 --sets 200
    python -m benchmarks.sigma.ladder_studies --study prior --rows 200 --sets 100
    python -m benchmarks.sigma.ladder_studies --study laplace --study spreading --rows 1000
    python -m benchmarks.sigma.ladder_studies --study speed --nodes 20 --rows 1000
    python -m benchmarks.sigma.ladder_studies --study borrowing --rows 200 1000 --sets 10

Settings of the ladder were chosen on seeds from 1,000; reports are on seeds from 50,000. "half":
every other set is linear, the rest curved, each kind with its own line. A line says, for BGe and
for the ladder: the total variation from the BGe posterior (mean, largest), the probability of
true arrows, the expected structural Hamming distance (a wrong direction counts once), the
calibration error of arrows in tenths, and for paths with a stability of .5 or more how stable
they are and how many are true.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Sequence
from functools import partial
from itertools import combinations, pairwise, permutations

import numpy as np
import torch

from benchmarks.sigma.populations import MECHANISMS, DataSet, draw
from causalif.sigma.ladder.evidence import linear_evidence
from causalif.sigma.ladder.scorer import ladder_scorer
from causalif.sigma.scores.gaussian import Moments, bge_totals
from causalif.sigma.scores.parents import Scorer
from causalif.sigma.scores.subsets import members
from causalif.sigma.scores.totals import local_from_totals
from tests.truth.dags import Enumerated

STUDIES = {
    "equivalence": ("linear",),
    "curved": ("curved",),
    "half": ("curved", "linear"),
    "prior": ("prior",),
    "laplace": ("laplace",),
    "spreading": ("spreading",),
}
FIRST_SEED = 50_000


def bge(values: np.ndarray) -> Scorer:
    """BGe of lists of parent sets."""
    return partial(local_from_totals, partial(bge_totals, Moments.of(values)))


def unscaled_bge(values: np.ndarray) -> Scorer:
    """BGe of raw numbers, by the density of the standardised: for draws from its own prior.

    Standardising would change the prior that they were drawn from.
    """
    units = len(values) * np.log(values.std(axis=0))

    def score(sets: Sequence[np.ndarray]) -> list[np.ndarray]:
        nodes = range(values.shape[1])
        return [
            np.array([linear_evidence(values[:, members(int(m), len(nodes))], values[:, node])
                      for m in sets[node]]) + units[node]
            for node in nodes
        ]  # fmt: skip

    return score


def every_set(nodes: int) -> list[np.ndarray]:
    masks = np.arange(2**nodes)
    return [masks[(masks >> node) & 1 == 0] for node in range(nodes)]


def posterior(scorer: Scorer, nodes: int) -> Enumerated:
    sets = every_set(nodes)
    table = np.full((nodes, 2**nodes), -np.inf)
    for node, scores in enumerate(scorer(sets)):
        table[node, sets[node]] = scores
    return Enumerated.of(table)


def paths(found: Enumerated, graph: np.ndarray) -> list[tuple[float, bool]]:
    """Stability of every directed path, and whether the true graph has it."""
    nodes = len(graph)
    walks = [p for size in range(2, nodes + 1) for p in permutations(range(nodes), size)]
    has = [all(graph[j] >> i & 1 for i, j in pairwise(walk)) for walk in walks]
    return [(found.path(*walk), bool(own)) for walk, own in zip(walks, has, strict=True)]


def distance(arrows: np.ndarray, truth: np.ndarray) -> float:
    """The expected structural Hamming distance."""
    total = 0.0
    for i, j in combinations(range(len(arrows)), 2):
        none = 1 - arrows[i, j] - arrows[j, i]
        right = arrows[i, j] if truth[i, j] else arrows[j, i] if truth[j, i] else none
        total += 1 - right
    return total


class Tally:
    """What is noted of one method over data sets."""

    def __init__(self) -> None:
        self.apart: list[float] = []
        self.distances: list[float] = []
        self.arrows: list[tuple[float, bool]] = []
        self.paths: list[tuple[float, bool]] = []

    def note(self, found: Enumerated, data: DataSet, reference: Enumerated) -> None:
        arrows, truth = found.arrows(), data.arrows()
        self.apart.append(float(np.abs(found.probabilities - reference.probabilities).sum() / 2))
        self.distances.append(distance(arrows, truth))
        off = ~np.eye(len(truth), dtype=bool)
        self.arrows += list(zip(arrows[off].tolist(), truth[off].tolist(), strict=True))
        self.paths += paths(found, data.graph)

    def line(self) -> str:
        arrows, told = np.array(self.arrows), np.array(self.paths)
        stable, some = told[told[:, 0] >= 0.5], told[told[:, 0] > 0.05]
        gap = (stable[:, 0] - stable[:, 1]).mean()
        error = (stable[:, 0] - stable[:, 1]).std() / len(stable) ** 0.5
        return (
            f"TV {np.mean(self.apart):.3f} ({max(self.apart):.3f})  "
            f"true arrows {arrows[arrows[:, 1] == 1, 0].mean():.3f}  "
            f"SHD {np.mean(self.distances):.2f}  "
            f"ECE {calibration_error(arrows):.3f}, paths > .05 {calibration_error(some):.3f}  "
            f"paths >= .5: {stable[:, 0].mean():.3f} stable, {stable[:, 1].mean():.3f} true, "
            f"gap {gap:+.3f} ({error:.3f}; {len(stable)} paths)  "
            f"log loss {log_loss(arrows):.4f}"
        )


def calibration_error(told: np.ndarray) -> float:
    """Mean distance of stated and true share in ten bins, weighted by their counts."""
    bins = np.minimum((told[:, 0] * 10).astype(int), 9)
    parts = [told[bins == k] for k in range(10) if (bins == k).any()]
    return sum(len(p) * abs(p[:, 0].mean() - p[:, 1].mean()) for p in parts) / len(told)


def log_loss(told: np.ndarray) -> float:
    stated = np.clip(np.where(told[:, 1] == 1, told[:, 0], 1 - told[:, 0]), 1e-6, None)
    return float(-np.log(stated).mean())


def run(name: str, nodes: int, rows: int, sets: int, first_seed: int, **settings: object) -> str:
    kinds, spent = STUDIES[name], 0.0
    lines = [*kinds, "all"] if len(kinds) > 1 else ["all"]
    tallies = {(line, method): Tally() for line in lines for method in ("BGe", "ladder")}
    for seed in range(first_seed, first_seed + sets):
        kind = kinds[seed % len(kinds)]
        data = draw(nodes, rows, MECHANISMS[kind], np.random.default_rng(seed))
        base = unscaled_bge(data.values) if kind == "prior" else bge(data.values)
        plain, began = posterior(base, nodes), time.perf_counter()
        found = posterior(
            ladder_scorer(data.values, base=base, seed=seed, progress=False, **settings), nodes
        )
        spent += time.perf_counter() - began
        for line in {kind, "all"} & set(lines):
            tallies[line, "BGe"].note(plain, data, plain)
            tallies[line, "ladder"].note(found, data, plain)
    head = f"{name}: d = {nodes}, n = {rows}, {sets} sets, {spent / sets:.1f} s each\n"
    return head + "\n".join(
        f"  {line:10s}{method:7s}{tally.line()}" for (line, method), tally in tallies.items()
    )


def borrowing(nodes: int, rows: int, sets: int, first_seed: int) -> str:
    """What borrowed flows change, by `worth`: the largest difference of any arrow's probability."""
    names = ("curved", "linear", "laplace", "spreading")
    moved: dict[float, list[float]] = {1.0: [], 2.0: [], 3.0: [], 4.0: [], 6.0: []}
    for seed in range(first_seed, first_seed + sets):
        mechanism = MECHANISMS[names[seed % 4]]
        values = draw(nodes, rows, mechanism, np.random.default_rng(seed)).values
        kept: dict = {}

        def arrows(worth: float, values=values, seed=seed, kept=kept) -> np.ndarray:
            scorer = ladder_scorer(
                values, base=bge(values), seed=seed, worth=worth, cache=kept, progress=False
            )
            return posterior(scorer, nodes).arrows()

        whole = arrows(np.inf)
        for worth, found in moved.items():
            found.append(float(np.abs(arrows(worth) - whole).max()))
    return f"borrowing: d = {nodes}, n = {rows}, {sets} sets, worst arrow of each\n" + "\n".join(
        f"  worth {worth}: {np.mean(found):.4f} on average, {max(found):.4f} at most"
        for worth, found in moved.items()
    )


def speed(nodes: int, rows: int, candidates: int, first_seed: int, threads: int) -> str:
    """Up to three parents among those candidates of each node that correlate most."""
    rng = np.random.default_rng(first_seed)
    values = np.zeros((rows, nodes))
    for node in range(nodes):
        parents = rng.choice(node, size=min(node, 2), replace=False)
        values[:, node] = MECHANISMS["curved"](values[:, parents], rng)
    near = np.abs(np.corrcoef(values.T)) - 2 * np.eye(nodes)
    sets = [_up_to_three(np.argsort(-near[node])[:candidates]) for node in range(nodes)]
    began = time.perf_counter()
    ladder_scorer(values, base=bge(values), seed=1, progress=None, threads=threads)(sets)
    spent = time.perf_counter() - began
    return (
        f"speed: d = {nodes}, n = {rows}, {sum(map(len, sets))} pairs, {threads} processes: "
        f"{spent:.0f} s"
    )


def _up_to_three(candidates: np.ndarray) -> np.ndarray:
    chosen = [c for size in range(4) for c in combinations(candidates.tolist(), size)]
    return np.array([sum(1 << k for k in own) for own in chosen], dtype=np.int64)


def parser() -> argparse.ArgumentParser:
    arguments = argparse.ArgumentParser("python -m benchmarks.sigma.ladder_studies")
    studies = [*STUDIES, "borrowing", "speed"]
    arguments.add_argument("--study", action="append", choices=studies, required=True)
    arguments.add_argument("--nodes", type=int, default=4)
    arguments.add_argument("--rows", type=int, nargs="+", default=[200])
    arguments.add_argument("--sets", type=int, default=20)
    arguments.add_argument("--seed", type=int, default=FIRST_SEED)
    arguments.add_argument("--weight", type=float, help="of all rungs above BGe together")
    arguments.add_argument("--rungs", nargs="+")
    arguments.add_argument("--orders", type=int)
    arguments.add_argument("--candidates", type=int, default=8)
    arguments.add_argument("--threads", type=int, default=1)
    return arguments


def main(argv: Sequence[str] | None = None) -> None:
    chosen = parser().parse_args(argv)
    torch.set_num_threads(1)
    asked = {key: getattr(chosen, key) for key in ("weight", "rungs", "orders")}
    settings = {key: value for key, value in asked.items() if value is not None}
    for study in chosen.study:
        for rows in chosen.rows:
            if study == "speed":
                candidates, threads = chosen.candidates, chosen.threads
                line = speed(chosen.nodes, rows, candidates, chosen.seed, threads)
            elif study == "borrowing":
                line = borrowing(chosen.nodes, rows, chosen.sets, chosen.seed)
            else:
                line = run(study, chosen.nodes, rows, chosen.sets, chosen.seed, **settings)
            print(line, flush=True)


if __name__ == "__main__":
    main()

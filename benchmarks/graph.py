"""The same question to causalif, dowhy and pgmpy, in one run: seconds, ratio, agreement.

    make bench-graph        (an environment of its own: dowhy asks for an older scipy)

Every question is asked of random graphs with three arrows a node, the exposure among the
first third of the order, the outcome among the last. A peer has `--limit` seconds for a
question; where it needs more, the ratio is a lower bound. `acyclic` is one acyclicity test
of networkx on the same graph, a yardstick that every answer contains once.
"""

from __future__ import annotations

import argparse
import datetime
import importlib.metadata
import logging
import platform
import signal
import statistics
import time
import warnings
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import networkx as nx
import numpy as np

import causalif as cif

SIZES = (10, 15, 20, 100, 1000, 10000)
Answer = Any


@dataclass(frozen=True)
class Task:
    """A graph with an exposure and an outcome that a directed path joins."""

    dag: nx.DiGraph
    exposure: str
    outcome: str

    @property
    def parents(self) -> set[str]:
        return set(self.dag.predecessors(self.exposure))


def random_task(nodes: int, seed: int, arrows: int = 3) -> Task:
    rng = np.random.default_rng(seed)
    dag = nx.DiGraph()
    dag.add_nodes_from(f"v{k}" for k in range(nodes))
    chosen: set[tuple[int, int]] = set()
    while len(chosen) < min(arrows * nodes, nodes * (nodes - 1) // 3):
        tail, head = sorted(rng.integers(0, nodes, 2).tolist())
        if tail < head:
            chosen.add((tail, head))
    dag.add_edges_from((f"v{tail}", f"v{head}") for tail, head in sorted(chosen))
    early, late = rng.permutation(nodes // 3), nodes - 1 - rng.permutation(nodes // 3)
    for a in early:
        for y in late:
            if dag.in_degree(f"v{a}") and nx.has_path(dag, f"v{a}", f"v{y}"):
                return Task(dag, f"v{a}", f"v{y}")
    return random_task(nodes, seed + 1000, arrows)


# -- the answers -----------------------------------------------------------------------------


def valid_here(task: Task) -> Answer:
    return cif.is_adjustment_set(task.dag, task.exposure, task.outcome, task.parents)


def valid_dowhy(task: Task) -> Answer:
    from dowhy.causal_identifier.auto_identifier import check_valid_backdoor_set

    ends = [task.exposure], [task.outcome]
    return check_valid_backdoor_set(task.dag, *ends, list(task.parents))["is_dseparated"]


def valid_pgmpy(task: Task) -> Answer:
    from pgmpy.inference import CausalInference

    asked = CausalInference(_pgmpy(task))
    return asked.is_valid_backdoor_adjustment_set(task.exposure, task.outcome, list(task.parents))


def optimal_here(task: Task) -> Answer:
    return cif.optimal_adjustment_set(task.dag, task.exposure, task.outcome)


def optimal_dowhy(task: Task) -> Answer:
    return set(_efficient(task).optimal_adj_set())


def minimum_here(task: Task) -> Answer:
    return cif.optimal_adjustment_set(task.dag, task.exposure, task.outcome, among="minimum")


def minimum_dowhy(task: Task) -> Answer:
    return set(_efficient(task).optimal_mincost_adj_set())


def one_minimal_here(task: Task) -> Answer:
    return len(cif.adjustment_sets(task.dag, task.exposure, task.outcome, limit=1)) == 1


def one_minimal_pgmpy(task: Task) -> Answer:
    from pgmpy.identification import Adjustment

    return bool(Adjustment(variant="minimal").identify(_pgmpy(task))[1])


def all_minimal_here(task: Task) -> Answer:
    found = cif.adjustment_sets(task.dag, task.exposure, task.outcome, limit=1000)
    return {frozenset(each) for each in found}


def all_minimal_pgmpy(task: Task) -> Answer:
    from pgmpy.inference import CausalInference

    asked = CausalInference(_pgmpy(task))
    found = asked.get_all_backdoor_adjustment_sets(task.exposure, task.outcome)
    return set(found) or {frozenset()}


def all_minimal_dowhy(task: Task) -> Answer:
    from dowhy.causal_identifier.auto_identifier import BackdoorAdjustment, identify_backdoor

    found = identify_backdoor(
        task.dag,
        [task.exposure],
        [task.outcome],
        list(task.dag),
        BackdoorAdjustment.BACKDOOR_EXHAUSTIVE,
    )
    sets = {frozenset(each.get_adjustment_variables()) for each in found}
    return {one for one in sets if not any(other < one for other in sets)}


def _efficient(task: Task) -> Any:
    from dowhy.causal_identifier.efficient_backdoor import EfficientBackdoor

    return EfficientBackdoor(task.dag, [task.exposure], [task.outcome], list(task.dag))


def _pgmpy(task: Task) -> Any:
    from pgmpy.base import DAG

    roles = {"exposures": task.exposure, "outcomes": task.outcome}
    made = DAG(list(task.dag.edges), roles=roles)
    made.add_nodes_from(task.dag)
    return made


QUESTIONS: dict[str, tuple[Callable[[Task], Answer], dict[str, Callable[[Task], Answer]]]] = {
    "are the exposure's parents valid?": (
        valid_here,
        {"dowhy": valid_dowhy, "pgmpy": valid_pgmpy},
    ),
    "optimal set": (optimal_here, {"dowhy": optimal_dowhy}),
    "optimal minimum set": (minimum_here, {"dowhy": minimum_dowhy}),
    "one minimal set": (one_minimal_here, {"pgmpy": one_minimal_pgmpy}),
    "all minimal sets (first 1,000)": (
        all_minimal_here,
        {"dowhy": all_minimal_dowhy, "pgmpy": all_minimal_pgmpy},
    ),
}


# -- timing ----------------------------------------------------------------------------------


class TooLong(Exception):
    """The peer's time is over."""


class Failed(str):
    """What a peer raised instead of answering."""


def timed(answer: Callable[[Task], Answer], task: Task, limit: int) -> tuple[float, Answer]:
    """Seconds and the answer; after `limit` seconds, the limit and None."""

    def stop(*_: Any) -> None:
        raise TooLong

    signal.signal(signal.SIGALRM, stop)
    signal.alarm(limit)
    start = time.perf_counter()
    try:
        found = answer(task)
    except TooLong:
        return float(limit), None
    except Exception as error:
        found = Failed(f"{type(error).__name__}: {error}")
    finally:
        signal.alarm(0)
    return time.perf_counter() - start, found


def compare(question: str, size: int, graphs: int, limit: int) -> list[str]:
    """Rows of the table: one per peer."""
    here, peers = QUESTIONS[question]
    tasks = [random_task(size, seed) for seed in range(graphs)]
    ours = [min(timed(here, task, 600) for _ in range(3)) for task in tasks]
    yard = [timed(lambda t: nx.is_directed_acyclic_graph(t.dag), task, 600)[0] for task in tasks]
    rows: list[str] = []
    for name, answer in peers.items():
        timed(answer, random_task(8, 0), limit)  # its imports
        theirs: list[tuple[float, Answer]] = []
        for task in tasks:
            theirs.append(timed(answer, task, limit))
            if theirs[-1][1] is None:
                break
        failed = sum(isinstance(found, Failed) for _, found in theirs)
        told = [
            (seconds, found, mine)
            for (seconds, found), (_, mine) in zip(theirs, ours, strict=False)
            if not isinstance(found, Failed)
        ]
        same = sum(found == mine for _, found, mine in told)
        late = sum(found is None for _, found, _ in told)
        own = statistics.median(s for s, _ in ours)
        theirs_ms = ratio = "-"  # what raised has no time of its own
        if told:
            over = "> " if late else ""
            seconds = statistics.median(s for s, _, _ in told)
            theirs_ms, ratio = f"{over}{seconds * 1e3:,.2f}", f"{over}{seconds / own:,.1f}"
        rows.append(
            f"| {question} | {size:,} | {own * 1e3:.2f} | {own / statistics.median(yard):.1f} | "
            f"{name} | {theirs_ms} | {ratio} | {same} of {len(told) - late} | {failed} |"
        )
    return rows


HEAD = (
    "| question | nodes | causalif, ms | x acyclic | peer | peer, ms | ratio | same | raised |",
    "|---|--:|--:|--:|---|--:|--:|---|--:|",
)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--sizes", type=int, nargs="+", default=SIZES)
    parser.add_argument("--graphs", type=int, default=5, help="random graphs per size")
    parser.add_argument("--limit", type=int, default=20, help="seconds a peer has for one answer")
    parser.add_argument("--out", type=Path)
    chosen = parser.parse_args()
    warnings.simplefilter("ignore")
    logging.disable(logging.CRITICAL)
    lines = list(HEAD)
    print(*lines, sep="\n")
    for question in QUESTIONS:
        for size in chosen.sizes:
            for row in compare(question, size, chosen.graphs, chosen.limit):
                lines.append(row)
                print(row, flush=True)
    if chosen.out:
        chosen.out.write_text(page(lines, chosen.graphs, chosen.limit), encoding="utf-8")


def page(lines: list[str], graphs: int, limit: int) -> str:
    named = ("networkx", "dowhy", "pgmpy")
    versions = ", ".join(f"{name} {importlib.metadata.version(name)}" for name in named)
    return "\n".join(
        [
            "# Questions to graphs, beside dowhy and pgmpy",
            "",
            f"{datetime.date.today()}, Python {platform.python_version()}, {versions}; medians "
            f"over {graphs} random graphs; ratio: peer over causalif; a peer had {limit} s for an "
            "answer (`>` where that was not enough). `make bench-graph`",
            "",
            "Same: the peer's answer is ours, of those that it gave. Raised: it gave an error "
            "instead, whose time is not counted (dowhy's efficient sets: an arrow that begins two "
            "causal paths is taken out twice).",
            "",
            *lines,
            "",
        ]
    )


if __name__ == "__main__":
    main()

"""Replicates: every method on the same samples, its findings and the time it took."""

from __future__ import annotations

import time
import warnings
from collections.abc import Mapping, Sequence
from itertools import product

import pandas as pd
from joblib import Parallel, delayed
from threadpoolctl import threadpool_limits
from tqdm import tqdm

from benchmarks.mediation.laws import LAWS
from benchmarks.mediation.methods import BY_NAME, absent


def plan(laws: Sequence[str], methods: Sequence[str]) -> tuple[dict[str, list[str]], list[str]]:
    """The methods that can do each law, and a line for each that cannot."""
    able: dict[str, list[str]] = {law: [] for law in laws}
    left_out = [f"{name}: {reason}" for name in methods if (reason := absent(name))]
    for law, name in product(laws, methods):
        if absent(name):
            continue
        if reason := BY_NAME[name].lacks(LAWS[law]):
            left_out.append(f"{name} on {law}: {reason}")
        else:
            able[law].append(name)
    return able, left_out


def replicate(law: str, n: int, seed: int, methods: Sequence[str]) -> list[dict[str, object]]:
    """Rows of one sample. Laws go by name: a worker imports them, their truth stays outside."""
    data, rows = LAWS[law].sample(n, seed), []
    # Processor seconds of one thread: what else the machine does meanwhile changes nothing.
    with warnings.catch_warnings(), threadpool_limits(1):
        warnings.simplefilter("ignore")
        for name in methods:
            start = time.process_time()
            findings = BY_NAME[name].run(LAWS[law], data, seed)
            seconds = time.process_time() - start
            for term, finding in findings.items():
                key = {"law": law, "n": n, "term": term, "method": name, "seed": seed}
                rows.append({**key, **finding._asdict(), "seconds": seconds})
    return rows


def study(
    able: Mapping[str, Sequence[str]],
    replicates: Mapping[int, int],
    *,
    seed: int,
    jobs: int = 1,
    progress: bool | None = None,
) -> pd.DataFrame:
    """A row per law, size, effect, method and sample; `replicates` by sample size."""
    calls = [
        delayed(replicate)(law, n, seed + r, methods)
        for law, methods in able.items()
        for n, times in replicates.items()
        for r in range(times)
    ]
    parts = Parallel(n_jobs=jobs, return_as="generator")(calls)
    bar = tqdm(parts, total=len(calls), disable=None if progress is None else not progress)
    draws = pd.DataFrame([row for part in bar for row in part])
    truths = {(law, term): v for law in able for term, v in LAWS[law].truth().items()}
    draws["truth"] = [truths[key] for key in zip(draws["law"], draws["term"], strict=True)]
    return draws

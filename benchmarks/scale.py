"""Cost of a default fit as n grows: seconds, memory, and what is not learners.

    python -m benchmarks.scale --n 500 2000 10000 100000 1000000 --covariates 10 --jobs 1

Every size runs in a process of its own, so that peak memory is its own. `elsewhere` is the
share of the time that is neither fitting nor predicting.
"""

from __future__ import annotations

import argparse
import json
import math
import resource
import subprocess
import sys
import time
import warnings

import numpy as np
import pandas as pd


def sample(n: int, covariates: int, seed: int = 0) -> pd.DataFrame:
    rng = np.random.default_rng(seed)
    w = rng.normal(size=(n, covariates))
    a = (rng.uniform(size=n) < 1 / (1 + np.exp(-0.5 * w[:, 0] + 0.3 * w[:, 1] ** 2 - 0.3))).astype(
        int
    )
    m = 0.5 * a + np.sin(w[:, 0]) + rng.normal(size=n)
    y = 0.4 * a + 0.5 * m + np.abs(w[:, 1]) + 0.3 * w[:, 2] * w[:, 3] + rng.normal(size=n)
    frame = pd.DataFrame(w, columns=[f"w{k}" for k in range(covariates)])
    return frame.assign(a=a, m=m, y=y)


def measure(n: int, covariates: int, learners: str, jobs: int) -> dict[str, float]:
    """Seconds and memory of one `mediate`, in this process."""
    import causalif as cif
    from causalif.nuisance import fits

    data = sample(n, covariates)
    names = [c for c in data if c.startswith("w")]
    cif.mediate(data[:200], "a", "y", "m", names[:2], learners="glm", seed=1)  # imports
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    inside, original = [0.0], fits.Scheme.parallel

    def timed(self: fits.Scheme, calls: object) -> list[object]:
        start = time.perf_counter()
        found = original(self, calls)  # type: ignore[arg-type]
        inside[0] += time.perf_counter() - start
        return found

    fits.Scheme.parallel = timed  # type: ignore[method-assign]
    start, cpu = time.perf_counter(), time.process_time()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        found = cif.mediate(
            data, "a", "y", "m", names, learners=learners, seed=1, n_jobs=jobs, repeats=1
        )
    wall = time.perf_counter() - start
    own = resource.getrusage(resource.RUSAGE_SELF)
    workers = resource.getrusage(resource.RUSAGE_CHILDREN)
    return {
        "n": n,
        "seconds": wall,
        "cpu seconds": time.process_time() - cpu,
        "elsewhere": 1 - inside[0] / wall,
        "peak GB": own.ru_maxrss / 2**20,
        "peak GB of a worker": workers.ru_maxrss / 2**20,
        "GB before": before / 2**20,
        "NDE": float(found.values["NDE"]),
        "SE": float(found.std_error["NDE"]),
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--n", type=int, nargs="+", default=[500, 2000, 10_000, 100_000])
    parser.add_argument("--covariates", type=int, default=10)
    parser.add_argument("--learners", default="auto")
    parser.add_argument("--jobs", type=int, default=1)
    parser.add_argument("--here", action="store_true", help=argparse.SUPPRESS)
    chosen = parser.parse_args()
    if chosen.here:
        (n,) = chosen.n
        print(json.dumps(measure(n, chosen.covariates, chosen.learners, chosen.jobs)))
        return
    rows = []
    for n in chosen.n:
        command = [sys.executable, "-m", "benchmarks.scale", "--here", "--n", str(n)]
        command += ["--covariates", str(chosen.covariates), "--learners", chosen.learners]
        command += ["--jobs", str(chosen.jobs)]
        done = subprocess.run(command, capture_output=True, text=True, check=True)
        rows.append(json.loads(done.stdout))
    table = pd.DataFrame(rows)
    logs = np.log(table[["n", "seconds"]])
    table["exponent"] = logs["seconds"].diff() / logs["n"].diff()
    print(table.round(3).to_string(index=False))
    if len(rows) > 1:
        slope = math.log(rows[-1]["seconds"] / rows[0]["seconds"]) / math.log(
            rows[-1]["n"] / rows[0]["n"]
        )
        print(f"exponent of the cost in n over the whole range: {slope:.2f}")


if __name__ == "__main__":
    main()

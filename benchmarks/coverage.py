"""Coverage of 95% intervals with the default learners, beside the oracle on the same seeds.

    python -m benchmarks.coverage --laws reported --n 500 1000 2000 --replicates 500

Defaults were chosen on the laws "chosen" (seeds from 0) and are reported on the laws
"reported" (seeds from 100,000). The laws "estimands" (seeds from 200,000) are those of every
other effect. Every replicate is one sample, analysed by the package and by the efficient
influence function with the true nuisances.
"""

from __future__ import annotations

import argparse
import datetime
import sys
import warnings
from collections.abc import Iterable
from pathlib import Path

import pandas as pd
from joblib import Parallel, delayed
from tqdm import tqdm

import causalif as cif
from benchmarks.studies import EVERY, STUDIES

FIRST_SEED = {"chosen": 0, "reported": 100_000, "estimands": 200_000}


def replicate(name: str, n: int, seed: int, options: dict[str, object]) -> list[dict]:
    """One sample; the study goes by name, so that a worker works out its truth only once."""
    study = EVERY[name]
    data = study.sample(n, seed)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        found = study.analyse(data, {"seed": seed, **options})
    truth, oracle = study.truth(found), study.oracle(data, found)
    rows = []
    for term in found.names:
        estimate, error = float(found.values[term]), float(found.std_error[term])
        rows.append(
            {
                "law": name,
                "n": n,
                "seed": seed,
                "term": term,
                "truth": truth[term],
                "estimate": estimate,
                "std_error": error,
                "oracle": oracle[term][0],
                "oracle_error": oracle[term][1],
            }
        )
    if " [" in found.names[0]:
        rows.append(_at_once(found, truth, rows[0]))
    return rows


def _at_once(found: cif.Estimate, truth: dict[str, float], like: dict) -> dict:
    """The simultaneous band: its largest miss, in units in which 1.96 is the edge."""
    half = (found.values - found.confint(method="simultaneous").iloc[:, 0]).to_numpy()
    miss = float(max(abs(found.values[t] - truth[t]) / h for t, h in zip(truth, half, strict=True)))
    return {
        **like,
        "term": "all at once",
        "truth": 0.0,
        "estimate": 1.96 * miss,
        "std_error": 1.0,
        "oracle": float("nan"),
        "oracle_error": float("nan"),
    }


def study(
    laws: Iterable[str],
    sizes: list[int],
    replicates: int,
    first_seed: int,
    options: dict[str, object],
    jobs: int,
    draws: Path,
) -> pd.DataFrame:
    """Run what the file of draws does not hold yet, and append to it as results come in."""
    done = pd.read_csv(draws) if draws.exists() else pd.DataFrame(columns=["law", "n", "seed"])
    known = set(zip(done["law"], done["n"], done["seed"], strict=True))
    todo = [
        (law, n, first_seed + r)
        for law in laws
        for r in range(replicates)
        for n in sizes
        if (law, n, first_seed + r) not in known
    ]
    calls = (delayed(replicate)(law, n, seed, options) for law, n, seed in todo)
    results = Parallel(n_jobs=jobs, return_as="generator_unordered")(calls)
    for rows in tqdm(results, total=len(todo), disable=None):
        pd.DataFrame(rows).to_csv(draws, mode="a", header=not draws.exists(), index=False)
    return pd.read_csv(draws)


def summarise(draws: pd.DataFrame) -> pd.DataFrame:
    def one(part: pd.DataFrame) -> pd.Series:
        error, oracle = part["estimate"] - part["truth"], part["oracle"] - part["truth"]
        return pd.Series(
            {
                "replicates": len(part),
                "coverage": (error.abs() <= 1.96 * part["std_error"]).mean(),
                "oracle coverage": (oracle.abs() <= 1.96 * part["oracle_error"]).mean()
                if oracle.notna().any()
                else float("nan"),
                "bias / SD": error.mean() / error.std(),
                "SE / SD": part["std_error"].mean() / error.std(),
                "RMSE": (error**2).mean() ** 0.5,
                "RMSE / oracle": ((error**2).mean() / (oracle**2).mean()) ** 0.5,
            }
        )

    return draws.groupby(["law", "n", "term"], sort=False).apply(one).reset_index()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--laws", choices=STUDIES, default="reported")
    parser.add_argument("--only", nargs="*", help="names of laws")
    parser.add_argument("--n", type=int, nargs="+", default=[500, 1000, 2000])
    parser.add_argument("--replicates", type=int, default=500)
    parser.add_argument("--repeats", type=int)
    parser.add_argument("--folds", type=int, default=5)
    parser.add_argument("--method", default="onestep")
    parser.add_argument("--learners", default="auto")
    parser.add_argument("--jobs", type=int, default=2)
    parser.add_argument(
        "--draws", default="coverage-draws.csv", help="every replicate; a second run continues it"
    )
    parser.add_argument("--out", help="write the table to this markdown file")
    chosen = parser.parse_args()
    laws = [name for name in STUDIES[chosen.laws] if not chosen.only or name in chosen.only]
    options = {
        "repeats": chosen.repeats,
        "folds": chosen.folds,
        "method": chosen.method,
        "learners": chosen.learners,
    }
    first_seed, file = FIRST_SEED[chosen.laws], Path(chosen.draws)
    draws = study(laws, chosen.n, chosen.replicates, first_seed, options, chosen.jobs, file)
    table = summarise(draws)
    print(table.round(3).to_string(index=False))
    if chosen.out:
        command = "python -m benchmarks.coverage " + " ".join(sys.argv[1:])
        body = table.round(3).to_markdown(index=False)
        Path(chosen.out).write_text(f"{datetime.date.today()}: `{command}`\n\n{body}\n")


if __name__ == "__main__":
    main()

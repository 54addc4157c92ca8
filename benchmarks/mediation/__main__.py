"""Natural effects by causalif beside other packages, on laws with a known truth.

    python -m benchmarks.mediation --replicates 100 --out benchmarks/mediation/RESULTS.md

Samples are seeded from --seed on; no default of causalif was chosen on these laws and seeds.
"""

from __future__ import annotations

import argparse
import shlex
import sys
from pathlib import Path

from benchmarks.mediation.laws import COMPARED, LAWS
from benchmarks.mediation.methods import METHODS, OURS
from benchmarks.mediation.page import page
from benchmarks.mediation.study import plan, study
from benchmarks.mediation.summary import summarise

USUAL = [method.name for method in METHODS if not method.on_request]


def parser() -> argparse.ArgumentParser:
    arguments = argparse.ArgumentParser("python -m benchmarks.mediation", description=__doc__)
    arguments.formatter_class = argparse.RawDescriptionHelpFormatter
    arguments.add_argument("--n", type=int, nargs="+", default=[500, 2000])
    arguments.add_argument(
        "--replicates", type=int, nargs="+", default=[100], help="one number, or one for each n"
    )
    arguments.add_argument("--laws", nargs="+", choices=list(LAWS), default=list(COMPARED))
    arguments.add_argument("--methods", nargs="+", choices=[m.name for m in METHODS], default=USUAL)
    arguments.add_argument("--seed", type=int, default=300_000)
    arguments.add_argument("--jobs", type=int, default=1)
    arguments.add_argument("--draws", type=Path, help="keep every replicate in this CSV")
    arguments.add_argument("--out", type=Path, help="write the page to this file")
    return arguments


def main(argv: list[str]) -> None:
    reader = parser()
    chosen = reader.parse_args(argv)
    times = chosen.replicates * len(chosen.n) if len(chosen.replicates) == 1 else chosen.replicates
    if len(times) != len(chosen.n) or min(times) < 3:
        reader.error("--replicates takes one number, or one for each --n; at least 3.")
    methods = list(dict.fromkeys([OURS.name, *chosen.methods]))  # ours first: all is beside it
    able, left_out = plan(chosen.laws, methods)
    for line in left_out:
        print(f"Left out: {line}.", file=sys.stderr)
    replicates = dict(zip(chosen.n, times, strict=True))
    draws = study(able, replicates, seed=chosen.seed, jobs=chosen.jobs)
    if chosen.draws:
        draws.to_csv(chosen.draws, index=False)
    text = page(
        summarise(draws), shlex.join(["python", "-m", "benchmarks.mediation", *argv]), left_out
    )
    if chosen.out:
        chosen.out.write_text(text, encoding="utf-8")
    print(text)


if __name__ == "__main__":
    main(sys.argv[1:])

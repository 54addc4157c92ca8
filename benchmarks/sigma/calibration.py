"""Are arrows and pathways as frequent as they are said to be probable?

    python -m benchmarks.sigma.calibration --sets 300 --out benchmarks/results/SIGMA_CALIBRATION.md

Graphs of four columns uniform over all 543, 200 rows. "prior": slopes and variances drawn from
BGe's own prior, so that its exact posterior must be calibrated. "half": every other set is linear,
the rest curved (random nets with ten units), as a user's data may be. Beside the table a plot of
what was stated and what was true, by tenths, with 95% intervals (Wilson).
"""

from __future__ import annotations

import argparse
import datetime
from pathlib import Path

import numpy as np
import pandas as pd
import torch
from joblib import Parallel, delayed

from benchmarks.sigma.ladder_studies import (
    FIRST_SEED,
    MECHANISMS,
    STUDIES,
    bge,
    calibration_error,
    draw,
    ladder_scorer,
    paths,
    posterior,
    unscaled_bge,
)

NODES, ROWS = 4, 200
Told = list[tuple[str, str, float, bool]]  # what, method, stated, true


def one(study: str, seed: int) -> Told:
    torch.set_num_threads(1)
    kinds = STUDIES[study]
    kind = kinds[seed % len(kinds)]
    data = draw(NODES, ROWS, MECHANISMS[kind], np.random.default_rng(seed))
    base = unscaled_bge(data.values) if kind == "prior" else bge(data.values)
    ladder = ladder_scorer(data.values, base=base, seed=seed, progress=False)
    found: Told = []
    off = ~np.eye(NODES, dtype=bool)
    for method, scorer in (("BGe", base), ("ladder", ladder)):
        law = posterior(scorer, NODES)
        pairs = zip(law.arrows()[off].tolist(), data.arrows()[off].tolist(), strict=True)
        found += [("arrows", method, stated, true) for stated, true in pairs]
        found += [("paths", method, stated, true) for stated, true in paths(law, data.graph)]
    return found


def summarised(told: pd.DataFrame) -> pd.DataFrame:
    rows = []
    for (study, what, method), part in told.groupby(["study", "what", "method"], sort=False):
        shown = part if what == "arrows" else part[part["stated"] > 0.05]
        stable = part[part["stated"] >= 0.5]
        gap = stable["stated"] - stable["true"]
        rows.append(
            {
                "population": study, "of": what if what == "arrows" else "paths > .05",
                "method": method, "sets": part["set"].nunique(), "number": len(shown),
                "calibration error": calibration_error(shown[["stated", "true"]].to_numpy(float)),
                "stated, >= .5": stable["stated"].mean(), "true, >= .5": stable["true"].mean(),
                "gap": gap.mean(), "mc error": gap.std() / np.sqrt(max(len(gap), 1)),
            }
        )  # fmt: skip
    return pd.DataFrame(rows)


def plot(told: pd.DataFrame, path: Path) -> None:
    from matplotlib import pyplot

    studies = told["study"].unique()
    figure, axes = pyplot.subplots(
        2, len(studies), figsize=(4 * len(studies), 7), sharex=True, sharey=True,
        squeeze=False, layout="constrained",
    )  # fmt: skip
    for column, study in enumerate(studies):
        for ax, what in zip(axes[:, column], ("arrows", "paths"), strict=True):
            ax.plot([0, 1], [0, 1], color="0.7", linewidth=1)
            for method, mark, colour in (("BGe", "s", "#D55E00"), ("ladder", "o", "#0072B2")):
                chosen = (told["study"] == study) & (told["what"] == what)
                bins = tenths(told[chosen & (told["method"] == method)])
                error = np.abs(bins[["low", "high"]].to_numpy().T - bins["true"].to_numpy())
                ax.errorbar(bins["stated"], bins["true"], error, fmt=mark, color=colour,
                            label=method, markersize=4, linewidth=1)  # fmt: skip
            ax.set_title(f"{what}, {study}", fontsize=10)
    axes[0, 0].legend(frameon=False)
    figure.supxlabel("stated probability")
    figure.supylabel("share that is true")
    figure.savefig(path)


def tenths(told: pd.DataFrame) -> pd.DataFrame:
    """What was stated and true in each tenth, with Wilson's interval."""
    bins = told.assign(bin=np.minimum((told["stated"] * 10).astype(int), 9)).groupby("bin")
    n, p, z = bins["true"].count(), bins["true"].mean(), 1.96
    middle = (p + z**2 / (2 * n)) / (1 + z**2 / n)
    half = z / (1 + z**2 / n) * np.sqrt(p * (1 - p) / n + z**2 / (4 * n**2))
    ends = {"low": np.minimum(middle - half, p), "high": np.maximum(middle + half, p)}
    return pd.DataFrame({"stated": bins["stated"].mean(), "true": p, **ends})


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--sets", type=int, default=300)
    parser.add_argument("--studies", nargs="+", default=["prior", "half"])
    parser.add_argument("--jobs", type=int, default=1)
    parser.add_argument("--out", type=Path)
    given = parser.parse_args()
    frames = []
    for study in given.studies:
        seeds = range(FIRST_SEED, FIRST_SEED + given.sets)
        parts = Parallel(n_jobs=given.jobs)(delayed(one)(study, seed) for seed in seeds)
        for k, part in enumerate(parts):
            frame = pd.DataFrame(part, columns=["what", "method", "stated", "true"])
            frames.append(frame.assign(study=study, set=k))
    told = pd.concat(frames, ignore_index=True).astype({"true": float})
    text = summarised(told).to_markdown(index=False, floatfmt=".3f")
    print(text)
    if given.out is not None:
        picture = given.out.with_suffix(".svg")
        plot(told, picture)
        command = f"python -m benchmarks.sigma.calibration --sets {given.sets}"
        head = f"# Calibration of graph posteriors\n\n`{command}`, {datetime.date.today()}.\n\n"
        about = " ".join(str(__doc__).split("\n\n")[2].split())
        given.out.write_text(f"{head}{about}\n\n{text}\n\n![reliability]({picture.name})\n")


if __name__ == "__main__":
    main()

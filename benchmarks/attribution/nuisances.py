"""Rows of an augmented weighting estimate: nuisances held fixed, moved, and fitted again.

    python -m benchmarks.attribution.nuisances --out benchmarks/results/ROWS_ESTIMATES.md

500 rows, 5 and 20 covariates, `average_effect(..., learners="glm", folds=1, stabilize=False)`. Of
single rows: the relative error over all rows and the correlation with the effect of fitting again
without the row. Of sets (three drawn at random, and the two that lift and lower the estimate most
by "if"): the largest relative error. Seconds for all 500 rows.
"""

from __future__ import annotations

import argparse
import datetime
import time
from pathlib import Path

import numpy as np
import pandas as pd

import causalif as cif

ROWS = 500
METHODS = ("if", "rif", "newton")


def effect(covariates: int) -> cif.effects.EffectEstimate:
    rng = np.random.default_rng(covariates)
    x = rng.normal(size=(ROWS, covariates))
    slopes = rng.normal(size=covariates) / np.sqrt(covariates)
    treated = rng.binomial(1, 1 / (1 + np.exp(-x @ slopes)))
    y = x @ rng.normal(size=covariates) + treated * (1 + x[:, 0]) + rng.normal(size=ROWS)
    names = [f"x{k}" for k in range(covariates)]
    data = pd.DataFrame(x, columns=names).assign(treated=treated, y=y)
    options = {"learners": "glm", "folds": 1, "stabilize": False, "seed": 1, "progress": False}
    return cif.average_effect(data, "treated", "y", names, **options)


def of_rows(found: cif.effects.EffectEstimate) -> tuple[pd.DataFrame, np.ndarray]:
    """A line for each method, and the effect of each row by "if"."""
    changes, seconds = {}, {}
    for method in (*METHODS, "refit"):
        begun = time.perf_counter()
        changes[method] = cif.row_influence(found, method=method, progress=False)["TE"].to_numpy()
        seconds[method] = time.perf_counter() - begun
    truth = changes["refit"]
    lines = {
        method: {
            "rows: relative error": np.linalg.norm(changes[method] - truth) / np.linalg.norm(truth),
            "correlation": np.corrcoef(changes[method], truth)[0, 1],
            "seconds": seconds[method],
            "seconds of refit": seconds["refit"],
        }
        for method in METHODS
    }
    return pd.DataFrame(lines).T, changes["if"]


def of_sets(found: cif.effects.EffectEstimate, size: int, frozen: np.ndarray) -> pd.Series:
    order = np.argsort(frozen)
    sets = [np.random.default_rng(k).choice(ROWS, size, replace=False) for k in range(3)]
    errors = []
    for rows in (*sets, order[:size], order[-size:]):
        truth = cif.group_influence(found, rows, method="refit")["TE"]
        by = {method: cif.group_influence(found, rows, method=method)["TE"] for method in METHODS}
        errors.append({method: abs(value / truth - 1) for method, value in by.items()})
    return pd.DataFrame(errors).max()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--out", type=Path)
    given = parser.parse_args()
    tables = []
    for covariates in (5, 20):
        found = effect(covariates)
        table, frozen = of_rows(found)
        for size in (5, 25, 50):
            table[f"sets of {size}"] = of_sets(found, size, frozen)
        table.insert(0, "covariates", covariates)
        tables.append(table.rename_axis("method").reset_index())
    table = pd.concat(tables).round(4).to_markdown(index=False)
    about = __doc__.split("ROWS_ESTIMATES.md", 1)[1].strip()
    text = (
        "# Rows of an estimate with parametric nuisances\n\n"
        f"`python -m benchmarks.attribution.nuisances`, {datetime.date.today()}.\n\n"
        f"{about}\n\n{table}\n"
    )
    print(text)
    if given.out:
        given.out.write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()

"""The summary as a page of the site: what ran, what each method assumes, the tables."""

from __future__ import annotations

import datetime
import platform
from collections.abc import Iterable, Sequence
from importlib.metadata import PackageNotFoundError, version

import pandas as pd

from benchmarks.mediation.laws import NOTES
from benchmarks.mediation.methods import BY_NAME
from benchmarks.mediation.summary import FIGURES, RATIOS

EFFECTS = ("NDE", "NIE")  # TE, their sum, is in the draws
PACKAGES = ("scikit-learn", "statsmodels", "pingouin")

READING = """\
Every method analyses the same samples. In brackets: the Monte-Carlo error (jackknife over
samples; for ratios over pairs; it shows 0 where every interval covers, or none). Coverage is
that of each package's own 95% interval, and coarse where samples are few; SE/SD is the mean
standard error over the standard deviation of the estimates. Seconds are processor seconds of
one thread, the median over samples.
NDE is the pure direct effect (statsmodels: ADE at control), NIE the total indirect effect
(statsmodels: ACME at treatment; pingouin: the sum over mediators). Where a package cannot
do a law, it has no row."""


def markdown(rows: Iterable[Sequence[object]], header: Sequence[str], texts: int) -> str:
    """A table whose first `texts` columns are text and whose others are numbers."""
    rule = [":--"] * texts + ["--:"] * (len(header) - texts)
    lines = [header, rule, *rows]
    return "\n".join("| " + " | ".join(map(str, line)) + " |" for line in lines)


def cell(row: pd.Series, name: str) -> str:
    if name == "seconds":
        return f"{row[name]:.2f}"
    if name == "seconds x":
        return f"{row[name]:.3g}"
    digits = 3 if name in FIGURES else 2
    return f"{row[name]:.{digits}f} ({row[f'{name} error']:.{digits}f})"


def law_tables(part: pd.DataFrame) -> str:
    """One law: the figures, then the same as ratios to causalif."""
    keys = ["n", "term", "method"]
    tables = [
        markdown(
            ([row[k] for k in keys] + [cell(row, name) for name in names] for _, row in rows),
            ["n", "effect", "method", *names],
            len(keys),
        )
        for names, rows in ((FIGURES, part.iterrows()), (RATIOS, part.iterrows()))
    ]
    return "\n\nAs ratios to causalif:\n\n".join(tables)


def overview(summary: pd.DataFrame) -> str:
    """RMSE ratios alone: a row per law, size and effect, a column per method."""
    wide = summary.assign(cell=[cell(row, "RMSE x") for _, row in summary.iterrows()])
    wide["column"] = [f"{r.law}, {r.n}, {r.term}" for r in wide.itertuples()]
    names, columns = wide["method"].unique(), wide["column"].unique()
    at = wide.set_index(["column", "method"])["cell"].to_dict()
    rows = ([c, *(at.get((c, name), "") for name in names)] for c in columns)
    return markdown(rows, ["law, n, effect", *names], 1)


def versions() -> str:
    found = []
    for name in PACKAGES:
        try:
            found.append(f"{name} {version(name)}")
        except PackageNotFoundError:
            continue
    return ", ".join([f"Python {platform.python_version()}", *found])


def page(summary: pd.DataFrame, command: str, left_out: Sequence[str]) -> str:
    summary = summary[summary["term"].isin(EFFECTS)]
    methods, laws = summary["method"].unique(), summary["law"].unique()
    sizes = summary.groupby("n")["replicates"].max()
    samples = " and ".join(f"{times} of n = {n:,}" for n, times in sizes.items())
    parts = [
        "# Natural effects beside other packages",
        f"{datetime.date.today()}, `{command}` ({versions()}). Samples a law: {samples}.",
        READING,
        "## Error beside that of causalif",
        "RMSE as a ratio to that of causalif's default; above 1, the method errs more.",
        overview(summary),
        "## What each method assumes",
        "\n".join(f"- **{name}**: {BY_NAME[name].assumes}." for name in methods),
        "Left out: " + "; ".join(left_out) + "." if left_out else "",
    ]
    for law in laws:
        parts += [f"## Law: {law}", f"{NOTES[law]}.".capitalize()]
        parts.append(law_tables(summary[summary["law"] == law]))
    return "\n\n".join(filter(None, parts)) + "\n"

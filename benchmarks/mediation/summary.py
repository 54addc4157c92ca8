"""From replicates to statistics and their Monte-Carlo errors."""

from __future__ import annotations

from collections.abc import Hashable

import numpy as np
import pandas as pd

FIGURES = ("bias", "RMSE", "coverage", "SE/SD", "seconds")
RATIOS = ("bias / RMSE of causalif", "RMSE x", "coverage x", "SE/SD x", "seconds x")
KEYS = ["law", "n", "term"]
COLUMNS = ["truth", "estimate", "std_error", "low", "high", "seconds"]

Statistics = dict[str, float]


def _figures(draws: np.ndarray) -> Statistics:
    truth, estimate, std_error, low, high, seconds = draws.T
    error = estimate - truth
    return {
        "bias": error.mean(),
        "RMSE": np.sqrt((error**2).mean()),
        "coverage": ((low <= truth) & (truth <= high)).mean(),
        "SE/SD": std_error.mean() / error.std(ddof=1),
        "seconds": np.median(seconds),  # the first call of a worker also imports
    }


def statistics(draws: np.ndarray, ours: np.ndarray) -> Statistics:
    """Figures of a method, and their ratios to ours on the same samples."""
    figures, base = _figures(draws), _figures(ours)
    with np.errstate(divide="ignore", invalid="ignore"):  # few samples: a coverage may be 0
        ratios = {f"{name} x": figures[name] / base[name] for name in FIGURES if name != "bias"}
    # Our own bias is near 0: a ratio to it would say nothing.
    return {**figures, "bias / RMSE of causalif": figures["bias"] / base["RMSE"], **ratios}


def jackknife_error(draws: np.ndarray, ours: np.ndarray) -> Statistics:
    """Monte-Carlo errors: leave out one sample at a time, from both methods alike."""
    kept = ~np.eye(len(draws), dtype=bool)
    parts = pd.DataFrame([statistics(draws[k], ours[k]) for k in kept])
    return (parts.std(ddof=0) * np.sqrt(len(draws) - 1)).to_dict()


def summarise(draws: pd.DataFrame, baseline: str = "causalif") -> pd.DataFrame:
    """A row per law, size, effect and method: statistics, and errors as ``.. error``."""
    rows: list[dict[Hashable, object]] = []
    for key, block in draws.groupby(KEYS, sort=False):
        samples = {
            name: part.set_index("seed") for name, part in block.groupby("method", sort=False)
        }
        ours = samples[baseline][COLUMNS]
        for name, part in samples.items():
            theirs = part.loc[ours.index, COLUMNS]
            pair = theirs.to_numpy(dtype=float), ours.to_numpy(dtype=float)
            errors = {f"{k} error": v for k, v in jackknife_error(*pair).items()}
            rows.append(
                {
                    **dict(zip(KEYS, key, strict=True)),
                    "method": name,
                    "replicates": len(theirs),
                    **statistics(*pair),
                    **errors,
                }
            )
    return pd.DataFrame(rows)

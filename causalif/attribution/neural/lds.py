"""The linear datamodeling score: do predicted effects rank retrained models?"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
from scipy.stats import rankdata

from causalif.errors import DataError


@dataclass(frozen=True)
class DatamodelingScore:
    """Rank correlations between what a method predicts of subsets and what retraining gave.

    Attributes
    ----------
    by_query : Series, length queries
    mean, std_error : float
        Over queries.
    ceiling : float or None
        What the truth itself would reach, with the noise of its retrainings.
    """

    by_query: pd.Series
    mean: float
    std_error: float
    ceiling: float | None

    def __repr__(self) -> str:
        of = "" if self.ceiling is None else f" (ceiling {self.ceiling:.3f})"
        return f"LDS {self.mean:.3f} +- {self.std_error:.3f}{of}, {len(self.by_query)} queries"


def lds(scores: np.ndarray, subsets: np.ndarray, losses: np.ndarray) -> DatamodelingScore:
    """Compare predicted with retrained: for each query a rank correlation over subsets.

    Parameters
    ----------
    scores : ndarray, shape (queries, rows)
        The measurement without a row less that with it, as ``astra(...).values`` are: rows with
        high scores help. Of a subset the sum over the rows that are kept is taken, and turned.
    subsets : ndarray of bool, shape (subsets, rows)
        The rows that each model was trained on.
    losses : ndarray, shape (queries, subsets) or (repeats, queries, subsets)
        What was measured of these models; repeats are averaged, and two or more give the ceiling.

    Returns
    -------
    DatamodelingScore

    Raises
    ------
    DataError
        Shapes that do not fit, values that are not finite, fewer than three subsets.

    Notes
    -----
    The ceiling is sqrt(2 r / (1 + r)), r the mean correlation between halves of the repeats.

    References
    ----------
    .. [1] Park, Georgiev, Ilyas, Leclerc & Madry (2023), TRAK: attributing model behavior at
           scale. ICML, section 2.

    Examples
    --------
    >>> kept = np.array([[True, False, True], [True, True, False], [False, True, True]])
    >>> lds(np.array([[1.0, 2.0, 3.0]]), kept, np.array([[-4.0, -3.0, -5.0]])).mean
    1.0
    """
    scores, kept, truth = np.atleast_2d(scores), np.asarray(subsets, bool), np.asarray(losses)
    repeats = truth if truth.ndim == 3 else truth[None]
    if kept.ndim != 2 or scores.shape[1] != kept.shape[1]:
        raise DataError(f"scores have {scores.shape[1]} rows and subsets {kept.shape[-1]}.")
    if repeats.shape[1:] != (len(scores), len(kept)):
        raise DataError(
            f"losses have shape {truth.shape}; {len(scores)} queries and {len(kept)} subsets need "
            f"({len(scores)}, {len(kept)})."
        )
    if len(kept) < 3:
        raise DataError(f"{len(kept)} subsets: a rank correlation needs three or more.")
    if not (np.isfinite(scores).all() and np.isfinite(repeats).all()):
        raise DataError("scores or losses are missing or infinite.")
    found = rank_correlations(-(scores @ kept.T), repeats.mean(axis=0))
    spread = found.std(ddof=1) / np.sqrt(len(found)) if len(found) > 1 else np.nan
    names = pd.RangeIndex(len(found), name="query")
    return DatamodelingScore(
        pd.Series(found, index=names, name="lds"),
        float(found.mean()),
        float(spread),
        ceiling(repeats) if len(repeats) > 1 else None,
    )


def ceiling(repeats: np.ndarray) -> float:
    """What a perfect method would score against the mean of noisy retrainings.

    Parameters
    ----------
    repeats : ndarray, shape (repeats, queries, subsets)
        Two or more.
    """
    half = len(repeats) // 2
    first, second = repeats[:half].mean(axis=0), repeats[half : 2 * half].mean(axis=0)
    r = float(rank_correlations(first, second).mean())
    return float(np.sqrt(max(2 * r / (1 + r), 0.0))) if r > -1 else 0.0


def rank_correlations(one: np.ndarray, other: np.ndarray) -> np.ndarray:
    """Spearman's, of each line; 0 where a line does not vary."""
    a, b = (rankdata(part, axis=1) - (part.shape[1] + 1) / 2 for part in (one, other))
    size = np.sqrt((a**2).sum(axis=1) * (b**2).sum(axis=1))
    return np.divide((a * b).sum(axis=1), size, out=np.zeros(len(a)), where=size > 0)

"""`select_tokens`: which training tokens to suppress, within a budget. After IF-Guide."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from causalif.errors import DataError

EDGE = 1e-6


@dataclass(frozen=True)
class Selection:
    """Tokens to suppress.

    Attributes
    ----------
    mask : ndarray of bool, shape (documents, tokens)
    documents : DataFrame
        For each document its tokens above the threshold, their sum, its rank score, and the
        tokens that were selected.
    threshold : float
    """

    mask: np.ndarray
    documents: pd.DataFrame
    threshold: float

    def summary(self) -> str:
        """How many of how many, in words."""
        touched = int((self.documents["selected"] > 0).sum())
        known = int(self.documents["tokens"].sum())
        return (
            f"{int(self.mask.sum()):,} of {known:,} tokens ({self.mask.sum() / known:.1%}) in "
            f"{touched:,} of {len(self.documents):,} documents; threshold {self.threshold:.3g}."
        )

    def __repr__(self) -> str:
        return self.summary()


def select_tokens(
    influence: Any, *, quantile: float = 0.99, window: int = 1, budget: float = 0.02
) -> Selection:
    """Choose the tokens that teach what is not wanted, document by document.

    Parameters
    ----------
    influence : TokenInfluence, ndarray (documents, tokens), or sequence of arrays
        NaN where there is no token, or no loss of it. High: learning the token favours the
        unwanted queries.
    quantile : float, default 0.99
        Of all tokens: what lies above is a reason to look at a document.
    window : int, default 1
        Neighbours on either side that are selected with a token.
    budget : float, default 0.02
        Share of all tokens that is selected, exactly (rounded to a whole number).

    Returns
    -------
    Selection

    Raises
    ------
    DataError
        No finite influence; numbers outside their ranges.

    Notes
    -----
    Documents are walked by 2 c f / (c + f + 1e-6), with c and f their number and sum of tokens
    above the threshold, each scaled to [0, 1]; within one, tokens by their influence. Where the
    budget outlasts them it is spent on the most influential tokens that are left.

    References
    ----------
    .. [1] Coalson et al. (2025), IF-Guide: influence function-guided detoxification of LLMs.
           NeurIPS; its code.

    Examples
    --------
    >>> S = np.zeros((2, 10)); S[1, 4] = 5.0
    >>> found = select_tokens(S, quantile=0.9, budget=0.15)
    >>> np.argwhere(found.mask).tolist()
    [[1, 3], [1, 4], [1, 5]]
    """
    S = _matrix(influence)
    known = np.isfinite(S)
    if not known.any():
        raise DataError("influence: no token has a finite value.")
    if not 0 < quantile < 1 or window < 0 or not 0 < budget <= 1:
        raise DataError(
            f"quantile={quantile!r} must be in (0, 1), window={window!r} from 0 up, "
            f"budget={budget!r} in (0, 1]."
        )
    threshold = float(np.quantile(S[known], quantile))
    above = known & (np.where(known, S, -np.inf) > threshold)
    count, total = above.sum(axis=1), np.where(above, S, 0.0).sum(axis=1)
    c, f = _to_unit(count), _to_unit(total)
    rank = 2 * c * f / (c + f + EDGE)
    mask = _walk(S, known, above, rank, window, round(budget * int(known.sum())))
    documents = pd.DataFrame(
        {
            "above": count,
            "sum": total,
            "score": rank,
            "selected": mask.sum(axis=1),
            "tokens": known.sum(axis=1),
        }
    )
    return Selection(mask, documents.rename_axis("document"), threshold)


def _walk(
    S: np.ndarray,
    known: np.ndarray,
    above: np.ndarray,
    rank: np.ndarray,
    window: int,
    budget: int,
) -> np.ndarray:
    mask = np.zeros(S.shape, dtype=bool)
    near = sorted(range(-window, window + 1), key=abs)
    spent = 0
    for document in np.argsort(-rank, kind="stable"):
        at = np.flatnonzero(above[document])
        for token in at[np.argsort(-S[document, at], kind="stable")]:
            for step in near:
                place = token + step
                if spent == budget:
                    return mask
                if 0 <= place < S.shape[1] and known[document, place] and not mask[document, place]:
                    mask[document, place] = True
                    spent += 1
    left = np.where(known & ~mask, S, -np.inf).ravel()
    mask.ravel()[np.argsort(-left, kind="stable")[: budget - spent]] = True
    return mask


def _matrix(influence: Any) -> np.ndarray:
    values = getattr(influence, "values", influence)
    if isinstance(values, Sequence):
        longest = max(len(one) for one in values)
        found = np.full((len(values), longest), np.nan)
        for row, one in zip(found, values, strict=True):
            row[: len(one)] = one
        return found
    found = np.asarray(values, dtype=float)
    if found.ndim != 2:
        raise DataError(f"influence has {found.ndim} axes: give documents by tokens.")
    return found


def _to_unit(values: np.ndarray) -> np.ndarray:
    spread = np.ptp(values)
    return (values - values.min()) / spread if spread > 0 else (values > 0).astype(float)

"""What an encoder reads of rows: standardised features, and the label beside them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Self

import numpy as np
import torch
from torch import Tensor

from causalif.attribution.neural.subset_labels import SubsetLabels
from causalif.errors import DataError, DataWarning, warn

FEW_LEVELS = 20  # of whole numbers that are taken for classes


@dataclass(frozen=True)
class Inputs:
    """Means and spreads of the features that were learned from, and the levels of the label.

    Attributes
    ----------
    means, spreads : ndarray, shape (p,)
    levels : tuple or None
        Of a label with classes; None of numbers, and where there is none.
    label : (mean, spread) or None
        Of a numeric label.
    """

    means: np.ndarray
    spreads: np.ndarray
    levels: tuple[Any, ...] | None
    label: tuple[float, float] | None

    @classmethod
    def of(cls, X: np.ndarray, y: np.ndarray | None) -> Self:
        """Learn them."""
        spreads = X.std(axis=0)
        means, spreads = X.mean(axis=0), np.where(spreads > 0, spreads, 1.0)
        if y is None:
            warn(
                "no label is given: what a row does to a query hangs on it. Give (X, y), or put it "
                "among the features.",
                DataWarning,
            )
            return cls(means, spreads, None, None)
        numeric = np.issubdtype(y.dtype, np.number)
        values = np.unique(y)
        if numeric and (len(values) > FEW_LEVELS or not np.array_equal(values, values.round())):
            spread = float(y.std())
            return cls(means, spreads, None, (float(y.mean()), spread or 1.0))
        return cls(means, spreads, tuple(value.item() for value in values), None)

    @property
    def width(self) -> int:
        """Columns of the tensor."""
        extra = 1 if self.label is not None else len(self.levels or ())
        return len(self.means) + extra

    def tensor(self, X: Any, y: Any) -> Tensor:
        """Features of rows, (rows, width), single precision.

        Raises
        ------
        DataError
            Another number of columns, a label too few or too many, levels that were not seen.
        """
        values = np.asarray(X, dtype=float)
        if values.ndim != 2 or values.shape[1] != len(self.means):
            raise DataError(f"rows have shape {values.shape}: {len(self.means)} columns are known.")
        parts = [(values - self.means) / self.spreads]
        if (y is None) != (self.levels is None and self.label is None):
            given = "is" if y is not None else "is not"
            raise DataError(f"a label {given} given, unlike what the encoder learned from.")
        if self.levels is not None:
            codes = {level: k for k, level in enumerate(self.levels)}
            unknown = sorted({str(v) for v in np.asarray(y).tolist() if v not in codes})
            if unknown:
                raise DataError(f"labels {', '.join(unknown[:5])} were not seen before.")
            parts.append(np.eye(len(codes))[[codes[v] for v in np.asarray(y).tolist()]])
        elif self.label is not None:
            centre, spread = self.label
            parts.append((np.asarray(y, dtype=float)[:, None] - centre) / spread)
        return torch.as_tensor(np.column_stack(parts), dtype=torch.float32)

    def to_json(self) -> dict[str, Any]:
        """As numbers and lists."""
        return {
            "means": self.means.tolist(),
            "spreads": self.spreads.tolist(),
            "levels": None if self.levels is None else list(self.levels),
            "label": None if self.label is None else list(self.label),
        }

    @classmethod
    def from_json(cls, kept: dict[str, Any]) -> Self:
        """The opposite."""
        return cls(
            np.array(kept["means"]),
            np.array(kept["spreads"]),
            None if kept["levels"] is None else tuple(kept["levels"]),
            None if kept["label"] is None else (kept["label"][0], kept["label"][1]),
        )


def read_pair(given: Any) -> tuple[np.ndarray, np.ndarray | None]:
    """Rows and labels from (X, y), or rows alone.

    Raises
    ------
    DataError
        Numbers of rows that differ, features that are not finite numbers.
    """
    X, y = given if isinstance(given, tuple) and len(given) == 2 else (given, None)
    try:
        rows = np.asarray(X, dtype=float)
    except (TypeError, ValueError) as error:
        raise DataError(f"features must be numbers: {error}. Encode categories first.") from None
    if rows.ndim != 2 or not np.isfinite(rows).all():
        raise DataError(
            f"features have shape {rows.shape}, {int((~np.isfinite(rows)).sum())} entries not "
            "finite: give rows by columns of finite numbers."
        )
    labels = None if y is None else np.asarray(y)
    if labels is not None and labels.shape != (len(rows),):
        raise DataError(f"{len(rows)} rows and labels of shape {labels.shape}.")
    return rows, labels


def read_labels(labels: SubsetLabels | tuple[Any, Any]) -> SubsetLabels:
    """Labels as they are made, or masks and losses."""
    if isinstance(labels, SubsetLabels):
        return labels
    subsets, losses = (np.asarray(part) for part in labels)
    return SubsetLabels(subsets.astype(bool), losses[None] if losses.ndim == 2 else losses)


def check_labels(labels: SubsetLabels, rows: int, queries: int) -> None:
    """Refuse labels of other rows or queries, or that are not numbers.

    Raises
    ------
    DataError
    """
    masks, losses = labels.subsets, labels.repeats
    if masks.ndim != 2 or masks.shape[1] != rows:
        raise DataError(f"subsets have {masks.shape[-1]} rows, and train has {rows}.")
    if losses.shape[1:] != (queries, len(masks)):
        raise DataError(
            f"losses are {losses.shape[-2:]}: there are {queries} queries and {len(masks)} subsets."
        )
    if not np.isfinite(losses).all():
        raise DataError(f"{int((~np.isfinite(losses)).sum())} losses are missing or infinite.")
    if not masks.any(axis=1).all():
        raise DataError(f"{int((~masks.any(axis=1)).sum())} subsets are empty.")

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
FAR = 3.0  # standard deviations


@dataclass(frozen=True)
class Inputs:
    """Means and spreads of features and label, of the rows that were learned from.

    Attributes
    ----------
    means, spreads : ndarray, shape (columns,)
        Of the features, then of the label: a column for each of its levels, or one of numbers.
    levels : tuple or None
        Of a label with classes; None of numbers, and where there is none.
    labelled : bool
    """

    means: np.ndarray
    spreads: np.ndarray
    levels: tuple[Any, ...] | None
    labelled: bool

    @classmethod
    def of(cls, X: np.ndarray, y: np.ndarray | None) -> Self:
        """Learn them."""
        levels = None if y is None else _levels(y)
        if y is None:
            warn(
                "no label is given: what a row does to a query hangs on it. Give (X, y), or put it "
                "among the features.",
                DataWarning,
            )
        columns = _side_by_side(X, y, levels)
        spreads = columns.std(axis=0)
        spreads = np.where(spreads > 0, spreads, 1.0)
        return cls(columns.mean(axis=0), spreads, levels, y is not None)

    @property
    def width(self) -> int:
        """Columns of the tensor."""
        return len(self.means)

    def tensor(self, X: Any, y: Any) -> Tensor:
        """Standardised features and label, (rows, width), cut off at three standard deviations.

        Raises
        ------
        DataError
            Another number of columns, a label too few or too many, levels that were not seen.
        """
        if (y is not None) != self.labelled:
            given = "is" if y is not None else "is not"
            raise DataError(f"a label {given} given, unlike what the encoder learned from.")
        values = np.asarray(X, dtype=float)
        own = self.width - (0 if y is None else len(self.levels or (None,)))
        if values.ndim != 2 or values.shape[1] != own:
            raise DataError(f"rows have shape {values.shape}: {own} columns are known.")
        if self.levels is not None:
            known = set(self.levels)
            unknown = sorted({str(v) for v in np.asarray(y).tolist() if v not in known})
            if unknown:
                raise DataError(f"labels {', '.join(unknown[:5])} were not seen before.")
        columns = _side_by_side(values, None if y is None else np.asarray(y), self.levels)
        found = np.clip((columns - self.means) / self.spreads, -FAR, FAR)
        return torch.as_tensor(found, dtype=torch.float32)

    def to_json(self) -> dict[str, Any]:
        """As numbers and lists."""
        return {
            "means": self.means.tolist(),
            "spreads": self.spreads.tolist(),
            "levels": None if self.levels is None else list(self.levels),
            "labelled": self.labelled,
        }

    @classmethod
    def from_json(cls, kept: dict[str, Any]) -> Self:
        """The opposite."""
        levels = None if kept["levels"] is None else tuple(kept["levels"])
        return cls(
            np.array(kept["means"]), np.array(kept["spreads"]), levels, bool(kept["labelled"])
        )


def _levels(y: np.ndarray) -> tuple[Any, ...] | None:
    """Of a label with classes; None where it is a number."""
    values = np.unique(y)
    if np.issubdtype(y.dtype, np.number) and (
        len(values) > FEW_LEVELS or not np.array_equal(values, values.round())
    ):
        return None
    return tuple(value.item() for value in values)


def _side_by_side(
    X: np.ndarray, y: np.ndarray | None, levels: tuple[Any, ...] | None
) -> np.ndarray:
    if y is None:
        return X
    if levels is None:
        return np.column_stack([X, y.astype(float)])
    codes = {level: k for k, level in enumerate(levels)}
    return np.column_stack([X, np.eye(len(codes))[[codes[v] for v in y.tolist()]]])


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

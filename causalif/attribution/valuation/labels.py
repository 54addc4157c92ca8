"""What labels say of a row beside its features."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from causalif.errors import DataError


@dataclass(frozen=True)
class Expected:
    """A logistic model of labels, fitted to the reference.

    Attributes
    ----------
    model : fitted LogisticRegression
    classes : tuple
    """

    model: Any
    classes: tuple[Any, ...]

    def residuals(self, rows: np.ndarray, codes: np.ndarray) -> np.ndarray:
        """|y - p(x)| of each row, y its indicators: 0 as expected, up to the root of 2.

        A label that the reference has not is as far from what is expected as can be.
        """
        chance = self.model.predict_proba(rows)
        hit = codes[:, None] == np.arange(len(self.classes))
        found = np.linalg.norm(hit - chance, axis=1)
        return np.where(codes < 0, np.sqrt(2.0), found)


def codes_of(labels: Any, classes: tuple[Any, ...]) -> np.ndarray:
    """Positions among the reference's labels; -1 of others."""
    return pd.Index(list(classes)).get_indexer(pd.Index(np.asarray(labels)))


def classes_of(labels: pd.Series[Any]) -> tuple[Any, ...]:
    """The labels of the reference.

    Raises
    ------
    DataError
        Missing labels, one label only, or so many numbers that they are no labels.
    """
    if labels.isna().any():
        raise DataError(f"label {labels.name!r} is missing in {int(labels.isna().sum())} rows.")
    found: tuple[Any, ...] = tuple(pd.unique(labels).tolist())
    if len(found) < 2:
        raise DataError(
            f"label {labels.name!r} is {labels.iloc[0]!r} in all rows of the reference."
        )
    if len(found) > max(20, len(labels) // 5):
        raise DataError(
            f"label {labels.name!r} has {len(found)} values in {len(labels)} rows of the "
            "reference. Cut it into classes first."
        )
    return tuple(sorted(found, key=lambda level: (str(type(level)), level)))


def expected_of(rows: np.ndarray, codes: np.ndarray, classes: tuple[Any, ...]) -> Expected:
    """Fit the model to the reference."""
    from sklearn.linear_model import LogisticRegression

    model: Any = LogisticRegression(max_iter=1000).fit(rows, codes)
    return Expected(model, classes)

"""What `FairSubspace` and the trade-off read alike: attributes, and that they are no features."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd

from causalif.errors import DataError
from causalif.fairness.features import Features
from causalif.fairness.groups import Groups, read_groups


def is_place(shared: object) -> bool:
    """Whether it is a place on the line, and not a count of directions."""
    return isinstance(shared, (float, np.floating))


def read_each(sensitive: Any, index: pd.Index | None, rows: int) -> list[Groups]:
    """Each sensitive attribute by itself.

    Raises
    ------
    DataError
        Another number of rows, missing values, a constant attribute.
    """
    if len(sensitive) != rows:
        raise DataError(f"sensitive has {len(sensitive)} rows, and X has {rows}.")
    if isinstance(sensitive, pd.DataFrame):
        columns = [sensitive[name] for name in sensitive]
    else:
        array = sensitive if isinstance(sensitive, pd.Series) else np.asarray(sensitive)
        columns = [array] if array.ndim == 1 else list(np.asarray(array).T)
    return [read_groups(column, index) for column in columns]


def indicators(group: Groups, levels: Sequence[Any]) -> np.ndarray:
    """Indicators of all learned levels but the first, shape (n, levels - 1).

    Raises
    ------
    DataError
        A level that was not learned.
    """
    if unseen := [level for level in group.levels if level not in levels]:
        raise DataError(
            f"sensitive has the level {unseen[0]!r}, which it had not when fitted: the mean of its "
            "features is not known. Fit on rows that have every level."
        )
    place = np.array([list(levels).index(level) for level in group.levels])
    return (place[group.codes][:, None] == np.arange(1, len(levels))).astype(float)


def check_not_among(features: Features, values: np.ndarray, groups: Sequence[Groups]) -> None:
    """Refuse a feature that is a sensitive attribute, under whatever name.

    Raises
    ------
    DataError
        An encoded column that is constant within each group, and not the same in all.
    """
    for group in groups:
        counts = np.bincount(group.codes)
        for name, column in zip(features.names, values.T, strict=True):
            means = np.bincount(group.codes, column) / counts
            if np.abs(column - means[group.codes]).max() < 1e-9:
                raise DataError(
                    f"feature {name!r} is a function of the sensitive attribute in every row: with "
                    "it among the features nothing fair can be learned. Leave it out."
                )

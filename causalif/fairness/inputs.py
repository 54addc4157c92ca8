"""What `FairSubspace` and the trade-off read alike: attributes, and that they are no features."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd

from causalif.errors import DataError, Problems, check_choice
from causalif.fairness.features import Features
from causalif.fairness.groups import Groups, read_groups
from causalif.fairness.learning import NOTIONS, REDUCTIONS


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
    return [read_groups(column, index) for column in _columns(sensitive, rows)]


def _columns(sensitive: Any, rows: int) -> list[Any]:
    if len(sensitive) != rows:
        raise DataError(f"sensitive has {len(sensitive)} rows, and X has {rows}.")
    if isinstance(sensitive, pd.DataFrame):
        return [sensitive[name] for name in sensitive]
    array = sensitive if isinstance(sensitive, pd.Series) else np.asarray(sensitive)
    return [array] if array.ndim == 1 else list(np.asarray(array).T)


def indicators(sensitive: Any, levels: Sequence[Sequence[Any]], rows: int) -> np.ndarray:
    """Indicators of all learned levels of each attribute but the first, in any rows: one will do.

    Parameters
    ----------
    sensitive : array, Series or DataFrame
    levels : sequence of sequences
        Learned, of each attribute.
    rows : int

    Returns
    -------
    ndarray, shape (rows, k)

    Raises
    ------
    DataError
        Missing values, a level that was not learned, another number of attributes.
    """
    columns = _columns(sensitive, rows)
    if len(columns) != len(levels):
        raise DataError(f"sensitive has {len(columns)} attributes, and had {len(levels)} in fit().")
    found: list[np.ndarray] = []
    for column, known in zip(columns, levels, strict=True):
        given = pd.Index(np.asarray(column))
        place = pd.Index(list(known)).get_indexer(given)
        if (place < 0).any():
            first = given[place < 0].tolist()[0]
            raise DataError(
                f"sensitive has the level {first!r} in {int((place < 0).sum())} of {rows} rows, "
                "which it had not when fitted: the mean of its features is not known. Fit on rows "
                "that have every level, and leave out rows without one."
            )
        found.append((place[:, None] == np.arange(1, len(known))).astype(float))
    return np.hstack(found)


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


def check_dimensions(problems: Problems, **given: Any) -> None:
    """Note dimensions that are neither "auto" nor whole numbers of at least 1."""
    for word, dimension in given.items():
        number = isinstance(dimension, (int, np.integer)) and not isinstance(dimension, bool)
        if number and int(dimension) >= 1:
            continue
        if not isinstance(dimension, str) or dimension != "auto":
            problems.add(f'{word}={dimension!r} is not "auto" or a whole number of at least 1.')


def check_options(asked: Any) -> None:
    """Refuse options of a `FairSubspace` that make no sense, or none together.

    Raises
    ------
    DataError
        All of them at once.
    """
    problems = Problems()
    check_choice(problems, "notion", asked.notion, NOTIONS)
    check_choice(problems, "reduction", asked.reduction, REDUCTIONS)
    check_dimensions(problems, target_dim=asked.target_dim, sensitive_dim=asked.sensitive_dim)
    number = isinstance(asked.shared, (int, float, np.number))
    if not number or isinstance(asked.shared, bool) or not asked.shared >= 0:
        problems.add(f"shared={asked.shared!r} is neither a count nor a float in [0, 1].")
    elif is_place(asked.shared) and asked.shared > 1:
        problems.add(
            f"shared={asked.shared!r}: a float is a place on the line from 0.0 to 1.0.",
            f"Of {asked.shared:g} directions say shared={int(asked.shared)}.",
        )
    if asked.aware and asked.notion != "demographic_parity":
        problems.add(
            f"aware=True with notion={asked.notion!r} would need the target at prediction.",
            'Take notion="demographic_parity", or aware=False.',
        )
    if asked.aware and asked.shared:
        problems.add(
            "aware=True shares nothing with the sensitive attribute: there is no shared= to keep.",
            "Leave shared out.",
        )
    problems.raise_if_any()

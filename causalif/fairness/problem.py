"""What a trade-off is computed from, read and checked once."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from causalif.data.frames import Frame, read_frame
from causalif.errors import DataError, Problems, did_you_mean
from causalif.fairness.features import Features, learn_features
from causalif.fairness.groups import Groups, read_groups
from causalif.fairness.inputs import check_not_among
from causalif.fairness.targets import Target, read_target


@dataclass(frozen=True)
class Problem:
    """Arrays of one question.

    Attributes
    ----------
    index : Index, length n
    features : Features
    values : ndarray, shape (n, p)
        Standardised features.
    target : Target
    outcome : ndarray, shape (n,)
        Zeros and ones, or numbers.
    attributes : tuple of Groups
        Each sensitive attribute by itself: all of them are taken out.
    groups : Groups
        Their intersections: between these are the gaps.
    weights : ndarray or None, shape (n,)
        With mean one.
    """

    index: pd.Index
    features: Features
    values: np.ndarray
    target: Target
    outcome: np.ndarray
    attributes: tuple[Groups, ...]
    groups: Groups
    weights: np.ndarray | None

    @property
    def logistic(self) -> bool:
        """Whether the outcome is binary."""
        return self.target.is_binary

    @property
    def codes(self) -> list[np.ndarray]:
        """Codes of each attribute."""
        return [group.codes for group in self.attributes]


def read_problem(
    data: Any,
    outcome: str,
    sensitive: str | Sequence[str],
    features: str | Sequence[str] | None,
    *,
    positive: Any = None,
    reference: Any = None,
    weights: str | np.ndarray | None = None,
    slices: int = 10,
) -> Problem:
    """Read the columns of a data frame.

    Raises
    ------
    DataError
        Unknown or missing columns, an attribute or the outcome among the features, an outcome
        of three to ten levels; see also `learn_features` and `read_groups`.
    """
    problems = Problems()
    frame = read_frame(data, problems)
    attributes = [sensitive] if isinstance(sensitive, str) else list(sensitive)
    chosen = _features(frame, features, {outcome, *attributes, *_named(weights)})
    _check_columns(problems, frame, outcome, attributes, chosen)
    problems.raise_if_any()
    target = read_target(frame.column(outcome), slices, positive=positive)
    if target.numbers is None:
        raise DataError(
            f"outcome {outcome!r} has {len(target.levels)} levels. A trade-off needs two, or "
            "numbers: say which level is favourable by a column of your own."
        )
    each = [read_groups(frame.column(name), frame.index) for name in attributes]
    together = (
        read_groups(frame.column(attributes[0]), frame.index, reference=reference)
        if len(attributes) == 1
        else read_groups(
            pd.DataFrame({name: frame.column(name) for name in attributes}),
            frame.index,
            reference=reference,
        )
    )
    encoder, values = learn_features(data, chosen)
    check_not_among(encoder, values, each)
    return Problem(
        index=frame.index,
        features=encoder,
        values=values,
        target=target,
        outcome=target.numbers,
        attributes=tuple(each),
        groups=together,
        weights=_weights(frame, weights),
    )


def _named(weights: str | np.ndarray | None) -> list[str]:
    return [weights] if isinstance(weights, str) else []


def _features(frame: Frame, given: str | Sequence[str] | None, others: set[str]) -> list[str]:
    if given is None:
        return [name for name in frame.positions if name not in others]
    return [given] if isinstance(given, str) else list(given)


def _check_columns(
    problems: Problems, frame: Frame, outcome: str, attributes: list[str], chosen: list[str]
) -> None:
    for role, names in (
        ("outcome", [outcome]),
        ("sensitive attribute", attributes),
        ("feature", chosen),
    ):
        for name in names:
            if name not in frame.positions:
                problems.add(
                    f"no column {name!r} in data ({role}).", did_you_mean(name, frame.positions)
                )
    for name in chosen:
        if name in attributes:
            problems.add(
                f"sensitive attribute {name!r} is among the features.",
                "Leave it out: a representation must do without it.",
            )
        if name == outcome:
            problems.add(f"outcome {name!r} is among the features.", "Leave it out.")
    if not attributes:
        problems.add("sensitive=[] names no attribute.")


def _weights(frame: Frame, weights: str | np.ndarray | None) -> np.ndarray | None:
    if weights is None:
        return None
    given = frame.column(weights) if isinstance(weights, str) else weights
    if isinstance(given, pd.Series) and not given.index.equals(frame.index):
        raise DataError(
            "weights has other row labels than data, or another order. Bring it into one "
            "(weights.loc[data.index]), or give an array."
        )
    numbers = np.asarray(given, dtype=float)
    if len(numbers) != frame.n or not np.isfinite(numbers).all() or (numbers <= 0).any():
        raise DataError(
            "weights must be positive numbers, one for each row. Drop rows of weight zero."
        )
    return numbers / numbers.mean()

"""Reads the two sides of an operation: estimates, numbers, arrays and Series."""

# The modules of this package share the state of an estimate.
# pyright: reportPrivateUsage=false

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from causalif.errors import DataError
from causalif.estimate.calculus import number_name
from causalif.estimate.combine import side_by_side

if TYPE_CHECKING:
    from causalif.estimate.core import Estimate


@dataclass(frozen=True)
class Operand:
    """One side of an operation with k results.

    Attributes
    ----------
    numbers : ndarray, shape (k,)
    words : list of str, length k
        How each number reads in the name of the result.
    places : ndarray of int or None, shape (k,)
        Where the numbers stand in the joined estimate; None for constants.
    """

    numbers: np.ndarray
    words: list[str]
    places: np.ndarray | None = None

    def read(self, at: np.ndarray) -> np.ndarray:
        """The numbers when the joined estimate is `at`."""
        return self.numbers if self.places is None else at[self.places]

    def shown(self) -> list[dict[str, float]]:
        """Name and value of each number, nothing for constants that name themselves."""
        pairs = zip(self.words, self.numbers, strict=True)
        return [{word: number} if word != number_name(number) else {} for word, number in pairs]


def read_operands(left: Any, right: Any) -> tuple[Estimate, Operand, Operand] | None:
    """Join the estimates among the two sides; None where a side is neither.

    One term meets k terms by repetition; k terms meet k terms by name where the
    names are the same set, by place otherwise.

    Raises
    ------
    DataError
        Not the same rows, or lengths that do not fit.
    """
    from causalif.estimate.core import Estimate

    if isinstance(left, Estimate) and isinstance(right, Estimate):
        return _two_estimates(left, right)
    estimate, other = (left, right) if isinstance(left, Estimate) else (right, left)
    constants = _constants(other, estimate)
    if constants is None:
        return None
    known = Operand(estimate._values, list(estimate.names), np.arange(len(estimate)))
    return (estimate, known, constants) if estimate is left else (estimate, constants, known)


def _two_estimates(left: Estimate, right: Estimate) -> tuple[Estimate, Operand, Operand]:
    if set(left.names) == set(right.names):
        right = right[list(left.names)] if left.names != right.names else right
    sizes = len(left), len(right)
    if sizes[0] != sizes[1] and 1 not in sizes:
        raise DataError(
            f"{sizes[0]} terms ({', '.join(left.names)}) meet {sizes[1]} terms "
            f"({', '.join(right.names)}): select as many on both sides, or one on one side."
        )
    names = [[f"a{j}" for j in range(sizes[0])], [f"b{j}" for j in range(sizes[1])]]
    joined = side_by_side([left, right], names)
    k = max(sizes)
    words = _told_apart(left, right), _told_apart(right, left)
    places = np.arange(sizes[0]), np.arange(sizes[1]) + sizes[0]
    a, b = (
        Operand(
            np.broadcast_to(joined._values[place], k),
            word * (k // len(word)),
            np.broadcast_to(place, k),
        )
        for place, word in zip(places, words, strict=True)
    )
    return joined, a, b


def _told_apart(estimate: Estimate, other: Estimate) -> list[str]:
    """Names, with the label added where the other side has the same names."""
    labels = estimate.label, other.label
    if estimate.names == other.names and all(labels) and labels[0] != labels[1]:
        return [f"{name} [{estimate.label}]" for name in estimate.names]
    return list(estimate.names)


def _constants(given: Any, estimate: Estimate) -> Operand | None:
    if isinstance(given, pd.Series) and set(given.index) == set(estimate.names):
        given = given[list(estimate.names)]
    try:
        numbers = np.asarray(given, dtype=float)
    except (TypeError, ValueError):
        return None
    k = len(estimate)
    if numbers.shape not in ((), (1,), (k,)):
        raise DataError(
            f"an array of shape {numbers.shape} meets {k} term{'s' * (k > 1)} "
            f"({', '.join(estimate.names)}): give one number, or one per term."
        )
    numbers = np.broadcast_to(numbers, k)
    return Operand(numbers, [number_name(number) for number in numbers])

"""The joint levels of some columns, where they are few."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from causalif.data.design import Design
from causalif.nuisance.record import Held

MOST_CELLS = 12  # beyond it, a classifier has too few rows for each


@dataclass(frozen=True)
class Cells:
    """Every combination of values that occurs.

    Attributes
    ----------
    names : tuple of str
    codes : ndarray of int, shape (n,)
        Which combination each row has.
    values : tuple of tuple of float
        The combinations, encoded side by side.
    """

    names: tuple[str, ...]
    codes: np.ndarray
    values: tuple[tuple[float, ...], ...]

    def held(self, code: int) -> Held:
        """Columns at one of the combinations."""
        return self.names, self.values[code]


def cells_of(design: Design, names: Sequence[str], most: int = MOST_CELLS) -> Cells | None:
    """The joint levels of these columns; None where there are more than `most`."""
    names = tuple(names)
    values, codes = np.unique(design.matrix(names), axis=0, return_inverse=True)
    if len(values) > most:
        return None
    return Cells(names, codes.reshape(-1), tuple(map(tuple, values.tolist())))

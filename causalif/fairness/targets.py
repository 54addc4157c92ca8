"""The target as levels or slices for subspaces, and as numbers for models."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np


@dataclass(frozen=True)
class Target:
    """A target, read.

    Attributes
    ----------
    codes : ndarray of int, shape (n,)
        Levels, or slices of a continuous one.
    levels : tuple
        Of a continuous target empty.
    numbers : ndarray or None, shape (n,)
        Zeros and ones of a binary target, numbers of a continuous one; None of more levels.
    """

    codes: np.ndarray
    levels: tuple[Any, ...]
    numbers: np.ndarray | None

    @property
    def is_binary(self) -> bool:
        """Whether it has two levels."""
        return len(self.levels) == 2

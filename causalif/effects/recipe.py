"""The recipe of an effect: what to estimate, how, on which folds; and how to repeat it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from causalif.data.design import Design
from causalif.effects.options import Settings
from causalif.effects.worlds import Estimand

if TYPE_CHECKING:
    from causalif.effects.result import EffectEstimate


@dataclass(frozen=True)
class Recipe:
    """Everything that `refit` needs; pickles, and holds no frame of the user's.

    Attributes
    ----------
    estimand : Estimand
    design : Design
    settings : Settings
    folds : tuple of ndarray of int, shape (n,)
        One per repeat.
    """

    estimand: Estimand
    design: Design
    settings: Settings
    folds: tuple[np.ndarray, ...]

    def refit(self, rows: np.ndarray) -> EffectEstimate:
        """Run again on some rows: the original folds and seeds serve those that stay."""
        from causalif.effects.engine import run

        part = tuple(folds[rows] for folds in self.folds)
        return run(Recipe(self.estimand, self.design.take(rows), self.settings, part))

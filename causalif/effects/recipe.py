"""The recipe of an effect: what to estimate, how, on which folds; and how to repeat it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from causalif.data.design import Design
from causalif.effects.checks import check_rows, check_rows_left
from causalif.effects.options import Settings
from causalif.effects.worlds import Estimand

if TYPE_CHECKING:
    from causalif.effects.result import EffectEstimate
    from causalif.nuisance.one_step import Stepping


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
    run : callable
        The engine that follows the recipe.
    """

    estimand: Estimand
    design: Design
    settings: Settings
    folds: tuple[np.ndarray, ...]
    run: Callable[[Recipe], EffectEstimate]

    def refit(self, rows: np.ndarray) -> EffectEstimate:
        """Run again on some rows: the original folds and seeds serve those that stay.

        Raises
        ------
        DataError
            `rows` is neither a mask nor positions, or keeps too little to compare.
        """
        check_rows(rows, self.design.n)
        part, design = tuple(folds[rows] for folds in self.folds), self.design.take(rows)
        check_rows_left(self.estimand, design, part)
        return self.run(replace(self, design=design, folds=part))

    def stepping(self) -> Stepping:
        """The analysis made anew, with parametric nuisances that can move by one Newton step.

        Raises
        ------
        DataError
            Learners are not parametric.
        """
        from causalif.nuisance.one_step import Starts, Stepping, one_step_library

        starts = Starts()
        library = one_step_library(self.settings.library, starts)
        settings = replace(self.settings, library=library, n_jobs=1, progress=False)
        recipe = replace(self, settings=settings)
        found = self.run(recipe)
        starts.recording = False
        return Stepping(found, starts, recipe.refit, settings.method in ("onestep", "tmle"))

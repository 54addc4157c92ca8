"""`EffectEstimate`: an `Estimate` that knows its design, its diagnostics and how to refit."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from causalif.data.design import Design
from causalif.effects.diagnostics import Diagnostics
from causalif.errors import Problems, check_choice
from causalif.estimate import Estimate

if TYPE_CHECKING:
    from causalif.effects.recipe import Recipe

PLOTS = ("effects", "overlap", "balance", "influence", "learners")


@dataclass(frozen=True, init=False, repr=False, eq=False)
class EffectEstimate(Estimate):
    """Effects with their influence values, and all that is needed to judge them.

    Attributes
    ----------
    design : Design
        The frozen arrays; the user's frame is not kept.
    diagnostics : Diagnostics
    nuisance : DataFrame, n rows
        Held-out nuisance predictions, a column each, named in words.
    means : Estimate
        The mean outcome of every world that the effects compare.
    recipe : Recipe
        Estimand, settings and folds: what `refit` repeats.
    """

    design: Design
    diagnostics: Diagnostics
    nuisance: pd.DataFrame
    means: Estimate
    recipe: Recipe

    def refit(self, rows: Any) -> EffectEstimate:
        """The same analysis on some of the rows, with their original folds and seeds.

        Parameters
        ----------
        rows : ndarray
            Boolean mask of length n, or positions, of the rows to keep.
        """
        return self.recipe.refit(np.asarray(rows))

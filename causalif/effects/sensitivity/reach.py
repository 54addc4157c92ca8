"""How far a confounder of given strength can move each term: its reach, with influence values.

A term is the mean of the outcome times its weights alpha. Leaving out a confounder biases it by

    E[(alpha_long - alpha) (mu_long - mu)] <= S C_Y C_D,    S^2 = E[(Y - mu)^2] E[alpha^2],

where C_Y^2 is the partial R2 of the confounder with the outcome, C_D^2 = R2 / (1 - R2) and R2 the
share of E[alpha_long^2] that it adds. That holds where alpha = E[alpha_long | what is
adjusted for]: for total and controlled effects always, for terms that cross worlds if the
confounder is independent of the exposure given the covariates.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from causalif.data.design import Design, Outcome
from causalif.effects.sensitivity.confounding import Contrast, Pair, gap, names_of
from causalif.errors import DataError
from causalif.estimate import Estimate
from causalif.estimate.combine import combine
from causalif.nuisance.crossfit import Nuisances
from causalif.nuisance.folds import seed_for
from causalif.nuisance.library import Library, resolve

if TYPE_CHECKING:
    from causalif.effects.result import EffectEstimate


def nuisances_of(effect: EffectEstimate) -> Nuisances:
    """Nuisances of the first draw, with regressors for the weights as an outcome; none fitted."""
    settings = effect.recipe.settings
    return Nuisances(
        effect.design,
        _regressing(settings.library),
        folds=effect.recipe.folds[0],
        entropy=seed_for(settings.entropy, "fits", 0),
        n_jobs=settings.n_jobs,
        floor=settings.floor,
    )


def variances(effect: EffectEstimate, pair: Pair, nuisances: Nuisances | None = None) -> Estimate:
    """E[(Y - mu)^2] over the rows that the contrast weighs, and E[alpha^2].

    Parameters
    ----------
    effect : EffectEstimate
    pair : two worlds
    nuisances : Nuisances, optional
        For the fits that the influence of the second needs; it is wrong without.

    Notes
    -----
    E[alpha^2] is the term itself for an outcome equal to alpha. With phi the uncentred influence
    of that term its influence is 2 phi - alpha^2, as in reference [1] for functionals that are
    linear in one regression. Learners that shrink can make it too small: see `_least`.

    References
    ----------
    .. [1] Chernozhukov, Cinelli, Newey, Sharma & Syrgkanis (2022), Long story short.
    """
    design, found = effect.design, effect.diagnostics
    names = names_of(effect, pair)
    plus, minus = found.outcome_weights[names].to_numpy().T
    residuals = found.outcome_residuals[names].to_numpy()
    used = np.column_stack([plus != 0, minus != 0])
    squares, alpha = _squares(residuals, used, design), plus - minus
    term = alpha**2 if nuisances is None else _term_of(effect, pair, alpha, nuisances)
    plug_in = _mean(design, {"outcome": squares, "weights": alpha**2})
    rows = _mean(design, {"outcome": squares, "weights": 2 * term - alpha**2}).influence
    both = Estimate(
        plug_in.values,
        rows,
        clusters=design.clusters,
        strata=design.strata,
        weights=design.weights,
    )
    gain = np.where(used.all(axis=1), residuals[:, 0] - residuals[:, 1], 0.0)
    least = _least(effect, pair, gain, both.values["outcome"])
    if least is None or float(least) <= both.values["weights"]:
        return both
    return combine([both["outcome"], least])


def _least(effect: EffectEstimate, pair: Pair, gain: np.ndarray, left: float) -> Estimate | None:
    """The least E[alpha^2] that the estimate itself allows, by the inequality of Cauchy-Schwarz.

    Where both worlds weigh the same rows, the term is the mean of alpha times what the finer
    regression has beyond the other. Classifiers that hardly tell the levels apart by a mediator
    (a stack leans on the mean where there is little to learn) give an alpha too flat for that,
    and a confounder would seem to be without power.
    """
    squared = _mean(effect.design, {"gain": gain**2})
    if float(squared) <= 1e-12 * left:
        return None  # one regression serves both worlds, or they share no row
    term = gap(effect, pair, "term")
    return combine([term, squared]).transform(lambda v: v[:1] ** 2 / v[1:], ["weights"])


def reach(effect: EffectEstimate, contrast: Contrast, nuisances: Nuisances) -> Estimate:
    """S: the bias per unit of C_Y C_D, in the units of the outcome.

    Raises
    ------
    DataError
        The regressions leave nothing of the outcome, or all weights are zero.
    """
    both = variances(effect, contrast.weighing, nuisances)
    first, second = both.values
    size = float(np.sqrt(first * second))
    if size == 0:
        raise DataError(
            f"{contrast.term}: the regression leaves nothing of {effect.design.outcome.name}, or "
            "the mediators do not hang on the exposure at all, so that no bias can be bounded."
        )
    slope = np.array([[second, first]]) / (2 * size)
    name = f"reach of {contrast.term}"
    return both.transform(lambda v: np.sqrt(v[:1] * v[1:]), [name], jacobian=slope)


def _squares(left: np.ndarray, used: np.ndarray, design: Design) -> np.ndarray:
    """Squared residuals, of the finer regression where both worlds have one.

    The bias is a product of means given all that alpha hangs on. Where one world's regression
    has the mediators and the other's not, it is the finer that is such a mean.
    """
    squares, both = np.where(used, left**2, 0.0), used.all(axis=1)
    sampling = np.ones(design.n) if design.weights is None else design.weights
    finer = int(np.argmin((sampling * both) @ squares))
    return np.where(both, squares[:, finer], squares.sum(axis=1))


def _term_of(
    effect: EffectEstimate, pair: Pair, alpha: np.ndarray, nuisances: Nuisances
) -> np.ndarray:
    """Uncentred influence values of the contrast, were alpha the outcome, shape (n,)."""
    design, recipe = effect.design, effect.recipe
    seen = np.where(design.outcome.observed, alpha, np.nan)
    design = replace(design, outcome=Outcome("weights", seen, "continuous"))
    found, how = nuisances.for_outcome(design), replace(recipe.settings, method="onestep")
    plus, minus = (recipe.estimand.evaluate(found, design, world, how).uncentred for world in pair)
    nuisances.adopt(found)
    return plus - minus


def _regressing(library: Library) -> Library:
    """Learners for a numeric outcome; a classifier of the outcome is no use for alpha."""
    regressors = library.regressors or resolve("glm").regressors
    return replace(library, regressors=regressors)


def _mean(design: Design, columns: Mapping[str, np.ndarray]) -> Estimate:
    return Estimate.from_uncentred(
        columns,
        index=pd.Index(design.index),
        clusters=design.clusters,
        strata=design.strata,
        weights=design.weights,
    )

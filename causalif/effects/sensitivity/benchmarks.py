"""Observed covariates as yardsticks: what leaving each one out does to a term."""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from causalif.effects.sensitivity.confounding import Contrast, difference, strength
from causalif.effects.sensitivity.reach import variances
from causalif.errors import PositivityWarning, Problems, did_you_mean

if TYPE_CHECKING:
    from causalif.effects.result import EffectEstimate

COLUMNS = (
    "term",
    "covariate",
    "outcome_r2",
    "exposure_r2",
    "bias_bound",
    "estimate",
    "adjusted",
    "without",
)


def benchmark(
    effect: EffectEstimate, contrasts: Sequence[Contrast], names: Sequence[str], null: float
) -> pd.DataFrame:
    """For each term, an unmeasured confounder as strong as each observed covariate.

    Parameters
    ----------
    effect : EffectEstimate
    contrasts : sequence of Contrast
    names : sequence of str
        Covariates, each left out as a whole.
    null : float
        What the bias is taken to hide: it moves the estimate there.

    Returns
    -------
    DataFrame
        term, covariate, outcome_r2 and exposure_r2 (what the covariate adds, relative to what
        is left with it), bias_bound, estimate, adjusted (by the bound, towards the
        null) and without (the estimate without the covariate).

    References
    ----------
    .. [1] Chernozhukov et al. (2022), Long story short, section on benchmarking.
    """
    full = [variances(effect, c.weighing).values.to_numpy() for c in contrasts]
    rows: list[tuple[object, ...]] = []
    for name in names:
        short = _without(effect, name)
        for contrast, (left, weight) in zip(contrasts, full, strict=True):
            more, less = variances(short, contrast.weighing).values
            outcome_r2 = float(np.clip(more / left - 1, 0, 1))
            exposure_r2 = float(np.clip(1 - less / weight, 0, 1 - 1e-9))
            bound = float(np.sqrt(left * weight)) * strength(outcome_r2, exposure_r2)
            estimate = float(difference(effect, contrast))
            adjusted = estimate - bound * (1 if estimate >= null else -1)
            without = float(difference(short, contrast))
            values = (outcome_r2, exposure_r2, bound, estimate, adjusted, without)
            rows.append((contrast.term, name, *values))
    table = pd.DataFrame(rows, columns=list(COLUMNS))
    order = {contrast.term: k for k, contrast in enumerate(contrasts)}
    return table.sort_values("term", key=lambda t: t.map(order), kind="stable", ignore_index=True)


def covariates_of(effect: EffectEstimate, benchmarks: Any, problems: Problems) -> list[str]:
    """Which covariates to measure by, every problem noted."""
    known = effect.design.covariates
    if benchmarks is None or benchmarks is False:
        return []
    if benchmarks is True:
        if not known:
            problems.add("benchmarks=True, and the analysis has no covariates.", "Leave it out.")
        return list(known)
    names = [benchmarks] if isinstance(benchmarks, str) else benchmarks
    if not isinstance(names, list | tuple | set):
        problems.add(f"benchmarks={benchmarks!r} names no covariates.", "Give a list, or True.")
        return []
    for name in names:
        if name not in known:
            problems.add(
                f"benchmarks: {name!r} is no covariate of the analysis.", did_you_mean(name, known)
            )
    return list(dict.fromkeys(names))


def _without(effect: EffectEstimate, name: str) -> EffectEstimate:
    """The same analysis on the first draw of the folds, one covariate left out."""
    recipe = effect.recipe
    kept = tuple(other for other in effect.design.covariates if other != name)
    part = replace(
        recipe,
        design=replace(recipe.design, covariates=kept),
        settings=replace(recipe.settings, repeats=1, scale="difference"),
        folds=recipe.folds[:1],
    )
    with warnings.catch_warnings():
        # with more covariates the user has been told already
        warnings.simplefilter("ignore", PositivityWarning)
        return part.run(part)

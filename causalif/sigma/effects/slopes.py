"""Slopes of children on parents in partially linear regressions: residuals on residuals."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd

from causalif.data.variables import Variable
from causalif.effects.options import Settings
from causalif.estimate import Estimate
from causalif.nuisance.fits import Regression, Scheme, cross_fit
from causalif.nuisance.folds import seed_for
from causalif.nuisance.progress import progress_bar
from causalif.sigma.effects.estimates import Parts, joint_of, parts_of
from causalif.sigma.effects.terms import Part, Slope

Residual = tuple[str, tuple[str, ...]]


def estimate_slopes(
    parts: Sequence[Part],
    variables: Mapping[str, Variable],
    index: pd.Index,
    settings: Settings,
) -> Parts:
    """Slopes of children on parents, their other parents held: residuals on residuals.

    The slope of the partially linear regression of the child: its average, weighted by the
    parent's residual variance, where it is not constant. Cross-fitted, with the residual of
    each column on each set of others made once.

    Parameters
    ----------
    parts : sequence of Slope
    variables : mapping of str to Variable
    index : Index, length n
    settings : Settings

    References
    ----------
    .. [1] Robinson (1988), Econometrica 56, 931-954; Chernozhukov et al. (2018), Econometrics
           Journal 21, C1-C68, section 4.1.
    """
    slopes = [part for part in parts if isinstance(part, Slope)]
    needs = list(dict.fromkeys(need for slope in slopes for need in residuals_of(slope)))
    draws: list[Estimate] = []
    with progress_bar(settings.progress, len(needs) * settings.repeats, "fit") as bar:
        for draw in range(settings.repeats):
            scheme = _scheme(len(index), settings, draw)
            made: dict[Residual, np.ndarray] = {}
            for need in needs:
                made[need] = _residual(need, variables, settings, scheme)
                bar.update(1)
            found = [_slope(*(made[need] for need in residuals_of(slope))) for slope in slopes]
            values = np.array([value for value, _ in found])
            rows = np.array([row for _, row in found]).T.reshape(len(index), len(slopes))
            draws.append(joint_of(values, rows, index))
    fits = sum(bool(given) for _, given in needs)
    return parts_of(slopes, draws, fits, len(index))


def residuals_of(slope: Slope) -> tuple[Residual, Residual]:
    """The two residuals that a slope is made of: of the child, and of the parent."""
    return (slope.child, slope.others), (slope.parent, slope.others)


def _scheme(rows: int, settings: Settings, draw: int) -> Scheme:
    shuffled = np.random.default_rng(seed_for(settings.entropy, "folds", draw)).permutation(rows)
    folds = shuffled % settings.folds if settings.folds > 1 else np.full(rows, -1)
    return Scheme(folds, seed_for(settings.entropy, "fits", draw), settings.n_jobs)


def _residual(
    need: Residual, variables: Mapping[str, Variable], settings: Settings, scheme: Scheme
) -> np.ndarray:
    name, given = need
    values = numbers_of(variables[name])
    if not given:
        return values - values.mean()
    features = np.column_stack([_features(variables[other]) for other in given])
    rows, binary = np.arange(len(values)), len(np.unique(values)) == 2
    if binary:
        low, high = values.min(), values.max()
        target: Any = ((values - low) / (high - low)).astype(np.int64)
        learners = settings.library.candidates("exposure", "probability")
    else:
        target, learners = values, settings.library.candidates("outcome", "regression")
    role = "exposure" if binary else "outcome"
    regression = Regression(
        ("residual", *need), role, features, [features], rows, target, 2 if binary else 0, None
    )
    predicted = cross_fit(regression, learners, scheme).predictions[0]
    if binary:
        predicted = values.min() + predicted[:, 1] * (values.max() - values.min())
    return values - predicted


def numbers_of(variable: Variable) -> np.ndarray:
    """A column as numbers; of two levels the second is 1."""
    if variable.numbers is not None:
        return np.asarray(variable.numbers, dtype=float)
    codes, _ = variable.coded()
    return np.asarray(codes, dtype=float)


def _features(variable: Variable) -> np.ndarray:
    """Numbers as they are, levels as dummies without the first, shape (n, p)."""
    if variable.numbers is not None:
        return np.asarray(variable.numbers, dtype=float)[:, None]
    codes, levels = variable.coded()
    return (np.asarray(codes)[:, None] == np.arange(1, len(levels))).astype(float)


def _slope(child: np.ndarray, parent: np.ndarray) -> tuple[float, np.ndarray]:
    spread = float(np.mean(parent**2))
    slope = float(np.mean(child * parent)) / spread
    return slope, parent * (child - slope * parent) / spread

"""Every part that some graph needs, estimated once: one set of nuisances for all graphs."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pandas as pd

from causalif.data.design import Design
from causalif.data.variables import Variable
from causalif.effects.diagnostics import warn_of_floor
from causalif.effects.interventional import interventional_mean
from causalif.effects.options import Settings
from causalif.effects.repeats import average
from causalif.estimate import Estimate
from causalif.nuisance.crossfit import Nuisances
from causalif.nuisance.fits import Regression, Scheme, cross_fit
from causalif.nuisance.folds import draw_folds, seed_for
from causalif.nuisance.library import Library
from causalif.nuisance.progress import progress_bar
from causalif.sigma.effects.terms import Part, Slope, Term, WorldMean

Residual = tuple[str, tuple[str, ...]]
FLOORED = "Compare levels that more people have, or set the floor with truncate=."


@dataclass(frozen=True)
class Parts:
    """Estimated parts with their joint influence values.

    Attributes
    ----------
    places : mapping of part to int
    joint : Estimate or None
        A term for each part, named by its place; None where there is no part.
    fits : int
        The nuisance regressions that were fitted, for one draw of the folds.
    """

    places: Mapping[Part, int]
    joint: Estimate | None
    fits: int
    rows: int

    def read(self, part: Part) -> float:
        """The value of a part."""
        assert self.joint is not None
        return float(self.joint.values.iloc[self.places[part]])

    def of(self, term: Term) -> tuple[float, np.ndarray]:
        """A term's value, and its influence values, shape (n,), by the delta method."""
        found = np.zeros(self.rows)
        if self.joint is None:
            return 0.0, found
        columns = self.joint.influence.to_numpy()
        for part, slope in term.gradient(self.read).items():
            found += slope * columns[:, self.places[part]]
        return term.value(self.read), found


def estimate_means(parts: Sequence[Part], design: Design, settings: Settings) -> Parts:
    """The mean outcomes of worlds, through one `Nuisances` per draw of the folds.

    Parameters
    ----------
    parts : sequence of WorldMean
    design : Design
        With every other column of the data as a mediator; roles are those of each part.
    settings : Settings
    """
    draws: list[Estimate] = []
    fits = 0
    with progress_bar(settings.progress, len(parts) * settings.repeats, "mean") as bar:
        for draw in range(settings.repeats):
            nuisances = Nuisances(
                design,
                settings.library,
                folds=draw_folds(design, settings.folds, seed_for(settings.entropy, "folds", draw)),
                entropy=seed_for(settings.entropy, "fits", draw),
                n_jobs=settings.n_jobs,
                floor=settings.floor,
            )
            values, rows = np.empty(len(parts)), np.empty((design.n, len(parts)))
            for k, part in enumerate(parts):
                assert isinstance(part, WorldMean)
                mean = interventional_mean(nuisances, _roles(design, part), part.levels, settings)
                values[k], rows[:, k] = mean.value, mean.uncentred - mean.uncentred.mean()
                bar.update(1)
            draws.append(_joint(values, rows, design.index))
            fits = nuisances.count
            if draw == 0 and parts:
                warn_of_floor(nuisances, rows, FLOORED)
    return _parts(parts, draws, fits, design.n)


def _roles(design: Design, part: WorldMean) -> Design:
    return replace(
        design,
        mediators=part.groups,
        covariates=part.covariates,
        intermediates=part.intermediates,
    )


def _joint(values: np.ndarray, rows: np.ndarray, index: pd.Index) -> Estimate:
    names = [str(k) for k in range(len(values))]
    return Estimate(values, pd.DataFrame(rows, index=index, columns=names), names=names)


def _parts(parts: Sequence[Part], draws: Sequence[Estimate], fits: int, rows: int) -> Parts:
    joint = average(draws) if parts else None
    return Parts({part: k for k, part in enumerate(parts)}, joint, fits, rows)


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
            draws.append(_joint(values, rows, index))
    fits = sum(bool(given) for _, given in needs)
    return _parts(slopes, draws, fits, len(index))


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


def regressions_of(parts: Iterable[Part], library: Library) -> set[object]:
    """The nuisance regressions that some parts need."""
    found: set[object] = set()
    for part in parts:
        if isinstance(part, Slope):
            found.update(need for need in residuals_of(part) if need[1])
        elif isinstance(part, WorldMean):
            found.update(_regressions(part, library))
    return found


def _regressions(mean: WorldMean, library: Library) -> Iterable[object]:
    """Of a chain: a regression per group and one for the outcome; exposure given each prefix."""
    before = [
        frozenset((*mean.covariates, *(n for group in mean.groups[:k] for n in group)))
        for k in range(len(mean.groups) + 1)
    ]
    last = len(before) - 1
    for k, given in enumerate(before):
        yield "exposure", given
        pooled = library.pooled if k == last else library.pooled_nested
        own = None if pooled else mean.levels[k]
        yield "mean", given, tuple(before[k + 1 :]), mean.levels[k + 1 :], own
    if mean.intermediates:  # the outcome's on all, their law, and their law given the mediators
        given = before[-1] | frozenset(mean.intermediates)
        yield "mean", given, (), (), None if library.pooled else mean.levels[-1]
        yield from (("share", mean.intermediates, known, mean.levels[-1]) for known in before)

"""Interventional effects: mediation where the exposure changes a confounder of the mediators.

The mediators are drawn from their law at an exposure level, given the covariates alone; what
else the exposure changed before them, the intermediates L, follows the exposure:

    theta(b, a) = E_W sum_m p(m | b, W) sum_l p(l | a, W) E[Y | a, l, m, W].
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from causalif.data.design import Design
from causalif.effects.chain import chain_mean
from causalif.effects.options import Settings
from causalif.effects.potential import PotentialMean
from causalif.effects.product import drawn_product_mean, product_mean
from causalif.effects.worlds import Contrasts, Estimand, World
from causalif.nuisance.cells import Cells, cells_of
from causalif.nuisance.crossfit import Nuisances


def interventional_mean(
    nuisances: Nuisances, design: Design, world: World, settings: Settings
) -> PotentialMean:
    """theta(b, a) for the world (level b of the mediators, level a of the outcome).

    Intermediates of few joint levels are summed over. Others are averaged over by regressions
    on drawn copies, and their density ratio is one of classification odds: no density of an
    intermediate or a mediator is estimated, so that both may be many and of any type.

    References
    ----------
    .. [1] Diaz, Hejazi, Rudolph & van der Laan (2021), Biometrika 108, Theorem 1.
    """
    if not design.intermediates:
        return chain_mean(nuisances, design, world, settings)
    cells = cells_of(design, design.intermediates)
    if cells is None:
        return _over_draws(nuisances, design, world, settings)
    return _over_cells(nuisances, design, world, settings, cells)


def _over_cells(
    nuisances: Nuisances, design: Design, world: World, settings: Settings, cells: Cells
) -> PotentialMean:
    """Sums over the joint levels of the intermediates."""
    (b, a), covariates, (_, before, both) = world, design.covariates, _predictors(design)
    levels, rows = range(len(cells.values)), np.arange(design.n)
    mu = [nuisances.mean(None, both, a, held=cells.held(k)) for k in levels]
    nu = [nuisances.mean(each, covariates, b) for each in mu]  # E[mu(a, l, M, W) | b, W]
    law = nuisances.shares(cells, covariates, a)
    after = np.maximum(nuisances.shares(cells, before, a)[rows, cells.codes], settings.floor)
    ratio = law[rows, cells.codes] / after  # p(L | a, W) / p(L | a, M, W)
    return product_mean(
        design.outcome.values,
        cells.codes,
        law,
        np.column_stack([each.held_out for each in mu]),
        np.column_stack([each.held_out for each in nu]),
        _weights(nuisances, design, world, ratio),
        settings,
        design.weights,
    )


def _over_draws(
    nuisances: Nuisances, design: Design, world: World, settings: Settings
) -> PotentialMean:
    """Regressions on drawn copies, where the intermediates have many joint levels."""
    (b, a), covariates, (mediators, before, both) = world, design.covariates, _predictors(design)
    between = design.intermediates
    mu = nuisances.mean(None, both, a)
    over_between = nuisances.mean_over_draws(mu, mediators, before, a)
    over_mediators = nuisances.mean_over_draws(mu, between, (*covariates, *between), b, donors=a)
    theta = nuisances.mean(over_mediators, covariates, a, among=(a,))
    # p(L | a, W) / p(L | a, M, W)
    ratio = nuisances.dependence(between, before, a)
    if covariates:
        ratio = ratio / nuisances.dependence(between, covariates, a)
    return drawn_product_mean(
        design.outcome.values,
        (mu.held_out, over_between.held_out, over_mediators.held_out, theta.held_out),
        _weights(nuisances, design, world, ratio),
        settings,
        design.weights,
    )


def _predictors(design: Design) -> tuple[tuple[str, ...], tuple[str, ...], tuple[str, ...]]:
    """The mediators; with the covariates; with the intermediates as well."""
    mediators = tuple(name for group in design.mediators for name in group)
    before = (*design.covariates, *mediators)
    return mediators, before, (*before, *design.intermediates)


def _weights(
    nuisances: Nuisances, design: Design, world: World, ratio: np.ndarray
) -> dict[str, np.ndarray]:
    """The weights of the three residuals; `ratio` is p(L | a, W) / p(L | a, M, W)."""
    (b, a), (mediators, before, both) = world, _predictors(design)
    codes, levels = design.exposure.codes, design.exposure.levels
    g, e = nuisances.probability(design.covariates), nuisances.probability(before)
    # p(M | b, W) / p(M | a, W), by Bayes' rule
    ratio = ratio * (e[:, b] / e[:, a]) * (g[:, a] / g[:, b])
    outcome = (codes == a) / g[:, a] * ratio
    if not design.outcome.observed.all():
        outcome = outcome * design.outcome.observed / nuisances.observation(both, a)
    return {
        f"outcome at {levels[a]}": outcome,
        f"{', '.join(mediators)} at {levels[b]}": (codes == b) / g[:, b],
        f"{', '.join(design.intermediates)} at {levels[a]}": (codes == a) / g[:, a],
    }


def _contrasts(a: int, b: int) -> Contrasts:
    # a world is (level of the mediators, level of the outcome)
    return {"OE": ((a, a), (b, b)), "IDE": ((b, a), (b, b)), "IIE": ((a, a), (b, a))}


def _named(design: Design, world: World) -> str:
    inner, own = (design.exposure.levels[code] for code in world)
    mediators = ", ".join(name for group in design.mediators for name in group)
    return f"E[{design.outcome.name}({own}, {mediators} drawn at {inner})]"


_NOTHING_BEFORE = (
    "Given the covariates, nothing unmeasured drives both {exposure} and any of {mediators} and "
    "{outcome}."
)
_OVERLAP_AND_MEANING = (
    "Everybody could have had either level of {exposure}, whatever {mediators} and the "
    "intermediates (see the overlap).",
    "The mediators are set by chance, from their law at a level of {exposure} given the "
    "covariates: the terms speak of such an intervention, and of no single person.",
)
INTERVENTIONAL = Estimand(
    name="interventional direct and indirect effects",
    contrasts=_contrasts,
    evaluate=interventional_mean,
    fractions={},
    references=("vanderweele2014effect", "diaz2021nonparametric"),
    assumptions=(
        _NOTHING_BEFORE,
        "Given {exposure} and the covariates, nothing unmeasured drives both {mediators} and "
        "{outcome}; in a randomised trial too, for the mediators are not randomised.",
        "Nothing that {exposure} changes drives both {mediators} and {outcome} (otherwise name it "
        "among the intermediates).",
        *_OVERLAP_AND_MEANING,
    ),
    words={
        "OE": "overall effect",
        "IDE": "interventional direct effect",
        "IIE": "interventional indirect effect",
    },
    criterion="natural",
    named=_named,
)
WITH_INTERMEDIATES = replace(
    INTERVENTIONAL,
    assumptions=(
        _NOTHING_BEFORE,
        "Given {exposure}, {intermediates} and the covariates, nothing unmeasured drives both "
        "{mediators} and {outcome}; in a randomised trial too, for the mediators are not "
        "randomised.",
        *_OVERLAP_AND_MEANING,
    ),
    criterion="interventional",
    classifies=True,
)

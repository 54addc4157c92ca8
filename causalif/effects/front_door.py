"""The total effect through the front door: mediators stand in for what was not measured."""

from __future__ import annotations

import numpy as np

from causalif.data.design import Design
from causalif.effects.options import Settings
from causalif.effects.potential import PotentialMean
from causalif.effects.product import product_mean
from causalif.effects.worlds import Estimand, World, total_contrast
from causalif.nuisance.crossfit import Nuisances


def front_door_mean(
    nuisances: Nuisances, design: Design, world: World, settings: Settings
) -> PotentialMean:
    """E_Z sum_m p(m | a, Z) sum_a' p(a' | Z) E[Y | a', m, Z], the mean of Y were all at a.

    The sum over a' is over every level in the data, compared or not: it is the exposure as
    it comes about. The ratio of mediator densities is one of exposure probabilities.

    References
    ----------
    .. [1] Fulcher, Shpitser, Marealle & Tchetgen Tchetgen (2020), JRSS B 82, Theorem 1.
    """
    (a,) = world
    codes, covariates = design.exposure.codes, design.covariates
    mediators = tuple(name for group in design.mediators for name in group)
    both = (*covariates, *mediators)
    levels, column = np.unique(codes, return_inverse=True)
    g, e = nuisances.probability(covariates), nuisances.probability(both)
    rows = np.arange(design.n)

    mu = [nuisances.mean(None, both, int(level)) for level in levels]  # E[Y | a', M, Z]
    nu = [nuisances.mean(each, covariates, a) for each in mu]  # E[mu(a', M, Z) | a, Z]
    # p(M | a, Z) / p(M | A, Z), by Bayes' rule
    ratio = e[:, a] / e[rows, codes] * (g[rows, codes] / g[:, a])
    if not design.outcome.observed.all():
        seen = [nuisances.observation(both, int(level)) for level in levels]
        ratio = ratio * design.outcome.observed / np.column_stack(seen)[rows, column]
    inner = f"{', '.join(mediators)} at {design.exposure.levels[a]}"
    return product_mean(
        design.outcome.values,
        column,
        g[:, levels],
        np.column_stack([mean.held_out for mean in mu]),
        np.column_stack([mean.held_out for mean in nu]),
        {"outcome": ratio, inner: (codes == a) / g[:, a]},
        settings,
        design.weights,
    )


FRONT_DOOR = Estimand(
    name="front-door total effect",
    contrasts=total_contrast,
    evaluate=front_door_mean,
    fractions={},
    references=("pearl1995causal", "fulcher2020robust"),
    assumptions=(
        "All of the effect of {exposure} on {outcome} runs through {mediators}: no arrow passes "
        "them by.",
        "Given the covariates, nothing unmeasured drives both {exposure} and {mediators}.",
        "Given {exposure} and the covariates, nothing unmeasured drives both {mediators} and "
        "{outcome}. Unmeasured causes of {exposure} and {outcome} alone do no harm.",
        "Everybody could have had any level of {exposure}, whatever {mediators} (see the overlap).",
        "One person's {exposure} does not change another's {outcome}.",
    ),
    words={"TE": "total effect"},
    every_level=True,
)

"""Sequential regression: the mean of a world with K ordered groups of mediators.

Total effects (K = 0), natural effects (K = 1) and path-specific effects (any K) are this
one functional. No density of a mediator is ever estimated: ratios of them are ratios of
exposure probabilities (Bayes' rule), so that mediators may be many and of any type.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from causalif.data.design import Design
from causalif.effects.options import Settings
from causalif.effects.potential import PotentialMean, Residual, potential_mean
from causalif.effects.worlds import World
from causalif.nuisance.crossfit import Mean, Nuisances

Groups = tuple[tuple[str, ...], ...]


def chain_mean(
    nuisances: Nuisances,
    design: Design,
    world: World,
    settings: Settings,
    *,
    among: int | None = None,
) -> PotentialMean:
    """Mean of Y in the world ``(a_1, .., a_K, a)``, of all or of those with one exposure level.

    Parameters
    ----------
    nuisances : Nuisances
    design : Design
        With K groups of mediators; the last of them may be unused by shorter worlds.
    world : tuple of int
        Level codes, one per group of mediators and one for the outcome.
    settings : Settings
    among : int, optional
        The code of an exposure level: the mean is of those who have it, E[Y(..) | A = level].

    Notes
    -----
    Among a group the covariates have the law that they have in it: every weight is multiplied
    by P(group | covariates) / P(group), and the last regression averaged over the group.

    References
    ----------
    .. [1] Tchetgen Tchetgen & Shpitser (2012), Annals of Statistics 40, Theorem 1 (K = 1).
    .. [2] Zhou (2022), JRSS B 84, Theorem 1 (K mediators).
    """
    groups, levels = design.mediators, world
    if settings.collapse:
        # Whether an outcome is seen may hang on the mediators: then they stay in its regression.
        whole = bool(design.outcome.observed.all())
        groups, levels = collapse(groups, levels, outcome=whole)
    weights = clever_weights(nuisances, design, groups, levels)
    regressions = [mu.held_out for mu in regress(nuisances, design, groups, levels)]
    names = _names(design, groups, levels)
    share = None
    if among is not None:
        inside = (design.exposure.codes == among).astype(float)
        chance = float(np.average(inside, weights=design.weights))
        share = inside / chance
        turned = nuisances.probability(design.covariates)[:, among] / chance
        weights = [weight * turned for weight in weights]
    residuals = [Residual(*parts) for parts in zip(names, weights, regressions, strict=True)]
    return potential_mean(
        design.outcome.values,
        residuals,
        method=settings.method,
        stabilize=settings.stabilize,
        sampling=design.weights,
        share=share,
    )


def collapse(groups: Groups, world: World, *, outcome: bool = True) -> tuple[Groups, World]:
    """Join neighbours that live at one level: they need no regression between them.

    Two neighbouring groups at one level are one group; with `outcome`, mediators at the
    outcome's own level are averaged over by its regression.

    Examples
    --------
    >>> collapse((("m",),), (1, 1))
    ((), (1,))
    >>> collapse((("m1",), ("m2",)), (0, 0, 1))
    ((('m1', 'm2'),), (0, 1))
    """
    kept: list[tuple[str, ...]] = []
    levels: list[int] = []
    for group, level in zip(groups, world[:-1], strict=True):
        if not group:
            continue
        if levels and levels[-1] == level:
            kept[-1] = (*kept[-1], *group)
        else:
            kept.append(group)
            levels.append(level)
    if outcome and levels and levels[-1] == world[-1]:
        kept.pop()
        levels.pop()
    return tuple(kept), (*levels, world[-1])


def regress(nuisances: Nuisances, design: Design, groups: Groups, levels: World) -> list[Mean]:
    """mu_K, .., mu_0: each regressed on what came before, within its own exposure level."""
    found: list[Mean] = []
    target = None
    for k in range(len(groups), -1, -1):
        target = nuisances.mean(target, _before(design, groups, k), levels[k])
        found.append(target)
    return found


def clever_weights(
    nuisances: Nuisances, design: Design, groups: Groups, levels: World
) -> list[np.ndarray]:
    """w_{K+1}, .., w_1: the weight of each residual (methods of section 6 of Zhou 2022)."""
    probability = [
        nuisances.probability(_before(design, groups, k)) for k in range(len(groups) + 1)
    ]
    weights: list[np.ndarray] = []
    for k in range(len(groups), -1, -1):
        own = levels[k]
        weight = (design.exposure.codes == own) / probability[0][:, own]
        for j in range(k):
            # p(M_j | a_j, before) / p(M_j | a_k, before), by Bayes' rule
            after, before = probability[j + 1], probability[j]
            weight = weight * (after[:, levels[j]] / after[:, own])
            weight = weight * (before[:, own] / before[:, levels[j]])
        weights.append(weight)
    if not design.outcome.observed.all():
        given = _before(design, groups, len(groups))
        seen = nuisances.observation(given, levels[-1])
        weights[0] = weights[0] * design.outcome.observed / seen
    return weights


def _before(design: Design, groups: Groups, k: int) -> tuple[str, ...]:
    """Covariates and the first k groups of mediators."""
    return (*design.covariates, *(name for group in groups[:k] for name in group))


def _names(design: Design, groups: Groups, levels: Sequence[int]) -> list[str]:
    at = [str(design.exposure.levels[code]) for code in levels]
    inner = [f"{', '.join(g)} at {a}" for g, a in zip(groups, at, strict=False)]
    return [f"outcome at {at[-1]}", *reversed(inner)]

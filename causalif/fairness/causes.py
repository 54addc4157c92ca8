"""The page of the decomposition: whose means in which worlds, and what must hold."""

from __future__ import annotations

from dataclasses import replace

from causalif.data.design import Design
from causalif.effects.chain import chain_mean
from causalif.effects.options import Settings
from causalif.effects.potential import PotentialMean
from causalif.effects.worlds import Contrasts, Estimand, World
from causalif.nuisance.crossfit import Nuisances

EVERYBODY = -1

# A world is (whose mean, level of the mediators, level of the outcome).


def _world_in_group(
    nuisances: Nuisances, design: Design, world: World, settings: Settings
) -> PotentialMean:
    """E[Y(a, M(b))] of everybody, or of one group: E[Y(a, M(b)) | A = c].

    The efficient influence function of the second is ::

        1(A=a) P(b | m, w) P(c | w) / {P(a | m, w) P(b | w) P(c)} {Y - mu(a, m, w)}
        + 1(A=b) P(c | w) / {P(b | w) P(c)} {mu(a, m, w) - nu(w)}
        + 1(A=c) / P(c) {nu(w) - E[Y(a, M(b)) | c]},

    where mu = E[Y | a, m, w] and nu = E[mu | b, w].
    """
    group, *levels = world
    if group == EVERYBODY:
        return chain_mean(nuisances, design, tuple(levels), settings)
    if set(levels) == {group} and bool(design.outcome.observed.all()):
        # A group in its own world is as observed: its weights are 1 / P(c), whatever the method.
        settings = replace(settings, method="ipw")
    return chain_mean(nuisances, design, tuple(levels), settings, among=group)


def _named(design: Design, world: World) -> str:
    """``E[Y(White, M(Black)) | Black]``; of a group in its own world, ``E[Y | Black]``."""
    group, mediators, own = (
        None if code == EVERYBODY else str(design.exposure.levels[code]) for code in world
    )
    name = design.outcome.name
    if group == mediators == own:
        return f"E[{name} | {group}]"
    inner = f"{own}" if own == mediators else f"{own}, mediators of {mediators}"
    return f"E[{name}({inner})]" if group is None else f"E[{name}({inner}) | {group}]"


def _natural(a: int, b: int) -> Contrasts:
    every = EVERYBODY
    return {
        "TV": ((a, a, a), (b, b, b)),
        "direct": ((every, b, a), (every, b, b)),
        "indirect": ((every, a, a), (every, b, a)),
        "spurious": ((a, a, a), (every, a, a), (every, b, b), (b, b, b)),
    }


def _counterfactual(a: int, b: int) -> Contrasts:
    return {
        "TV": ((a, a, a), (b, b, b)),
        "direct": ((b, b, a), (b, b, b)),
        "indirect": ((b, a, a), (b, b, a)),
        "spurious": ((a, a, a), (b, a, a)),
    }


COUNTERFACTUAL = Estimand(
    name="decomposition of the gap",
    contrasts=_counterfactual,
    evaluate=_world_in_group,
    named=_named,
    fractions={},
    references=("plecko2024causal", "tchetgen2012semiparametric"),
    assumptions=(
        "Given the covariates, nothing unmeasured drives both {exposure} and {outcome}, or both "
        "{exposure} and the mediators.",
        "Given {exposure} and the covariates, nothing unmeasured drives both the mediators and "
        "{outcome}.",
        "Nothing that {exposure} changes drives both the mediators and {outcome}, but mediators.",
        "{exposure} stands for all that comes with it; what a person would have been with another "
        "level must mean something.",
        "Each level occurs at all covariates (see the overlap).",
    ),
    words={
        "TV": "observed gap",
        "direct": "directly",
        "indirect": "through the mediators",
        "spurious": "by covariates that differ",
    },
    criterion="natural",
)
NATURAL = replace(COUNTERFACTUAL, contrasts=_natural)
KINDS = {"counterfactual": COUNTERFACTUAL, "natural": NATURAL}

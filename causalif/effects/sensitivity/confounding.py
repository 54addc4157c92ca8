"""Which confounder a term is held against, and which weights it would distort."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from causalif.data.design import Design
from causalif.effects.worlds import World
from causalif.estimate import Estimate

if TYPE_CHECKING:
    from causalif.effects.result import EffectEstimate

Pair = tuple[World, World]


@dataclass(frozen=True)
class Contrast:
    """A term as a difference of two worlds, and the confounder that it is held against.

    Attributes
    ----------
    term : str
    worlds : tuple of two worlds
        Their means make the term.
    weighing : tuple of two worlds
        The difference of their weights is what such a confounder distorts.
    side : str
        What the confounder drives beside the outcome.
    against : str
        The confounder in words.
    """

    term: str
    worlds: Pair
    weighing: Pair
    side: str
    against: str


def contrasts_of(effect: EffectEstimate) -> list[Contrast]:
    """Every term that is a contrast of two worlds; shares of a total are not."""
    design, estimand = effect.design, effect.recipe.estimand
    return [
        Contrast(
            term + suffix,
            pair,
            _weighing(design, pair),
            *_against(effect, pair),
        )
        for suffix, (level, reference) in design.exposure.comparisons().items()
        for term, pair in estimand.contrasts(level, reference).items()
        if len(pair) == 2
    ]


def _weighing(design: Design, pair: Pair) -> Pair:
    """Put the uniform world at the outcome's level in the place of another uniform one.

    A confounder that is independent of the exposure leaves total effects, and so uniform
    worlds, as they are. NDE = TE - NIE is then as biased as NIE: to weigh it by NIE's weights
    is sharper, and gives R2 one meaning for both (near the partial R2 with the mediators).
    With intermediates even uniform worlds draw the mediators anew, so this does not hold.
    """
    plus, minus = pair
    if not _crossed(pair) or design.intermediates:
        return pair
    if _uniform(minus):
        return plus, (plus[-1],) * len(plus)
    if _uniform(plus):
        return (minus[-1],) * len(minus), minus
    return pair


def _sets_mediators(effect: EffectEstimate) -> bool:
    """Whether mediators are set, though the exposure alone has levels.

    So they are along a curve, and in a weighted controlled direct effect, whose weights are
    the mean of those that know a confounder as well: alpha = E[alpha_long | a, z1, z2].
    """
    estimand = effect.recipe.estimand
    return estimand.curve is not None or estimand.criterion == "wcde"


def _uniform(world: World) -> bool:
    return len(set(world)) == 1


def _crossed(pair: Pair) -> bool:
    return not all(_uniform(world) for world in pair)


def _against(effect: EffectEstimate, pair: Pair) -> tuple[str, str]:
    """What the confounder drives beside the outcome, and the confounder, in words."""
    design, exposure = effect.design, effect.design.exposure
    mediators = ", ".join([*exposure.held, *(name for group in design.mediators for name in group)])
    independent = ", ".join([exposure.name, *design.intermediates])
    condition = f", independent of {independent}"
    if exposure.held or _sets_mediators(effect):
        side = mediators if design.intermediates else f"{exposure.name} or {mediators}"
        condition = condition if design.intermediates else ""
    elif _crossed(pair) or effect.recipe.estimand.every_level or design.intermediates:
        side = mediators
        if len(design.mediators) > 1 and not any(map(_uniform, pair)):
            condition += " and driving one of the mediators only"
    else:
        side, condition = exposure.name, ""
    return side, f"a confounder of {side} and {design.outcome.name}{condition}"


def strength(outcome_r2: float, exposure_r2: float) -> float:
    """C_Y C_D: how much of the reach a confounder of this strength can use.

    Examples
    --------
    >>> strength(0.5, 0.5)
    0.7071067811865476
    """
    return float(np.sqrt(outcome_r2 * exposure_r2 / (1 - exposure_r2)))


def difference(effect: EffectEstimate, contrast: Contrast) -> Estimate:
    """The term as a difference of means, whatever the scale of the analysis."""
    return gap(effect, contrast.worlds, contrast.term)


def gap(effect: EffectEstimate, pair: Pair, name: str) -> Estimate:
    """The difference of the means of two worlds, under a name."""
    return effect.means[names_of(effect, pair)].transform(
        lambda means: means[:1] - means[1:], [name], jacobian=np.array([[1.0, -1.0]])
    )


def names_of(effect: EffectEstimate, pair: Pair) -> list[str]:
    """What the means and weights of two worlds are called."""
    return [effect.recipe.estimand.named(effect.design, world) for world in pair]

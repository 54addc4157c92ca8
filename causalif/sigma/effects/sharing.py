"""Which regressions parts need: how many are saved where graphs share them."""

from __future__ import annotations

from collections.abc import Iterable

from causalif.nuisance.library import Library
from causalif.sigma.effects.slopes import residuals_of
from causalif.sigma.effects.terms import Part, Slope, WorldMean


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

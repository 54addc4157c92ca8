"""Effects with intermediates on random laws: the truth under interventions, and the functionals.

Nothing here uses the package.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import product

import numpy as np

from tests.truth.graph_laws import (
    Array,
    Diagram,
    Laws,
    at,
    do_truth,
    flat,
    keep,
    outcome_mean,
    settings,
)

Chosen = frozenset[int]


@dataclass(frozen=True)
class Setting:
    """A random graph with roles: an exposure, mediators, an outcome, and what is measured."""

    diagram: Diagram
    a: int
    mediators: tuple[int, ...]
    y: int
    observed: Chosen

    @classmethod
    def random(cls, rng: np.random.Generator, nodes: int) -> Setting:
        """Mostly in an order of time; now and then a mediator comes before the exposure."""
        diagram = Diagram.random(rng, nodes, rng.uniform(0.3, 0.7))
        count = int(rng.integers(1, 3))
        chosen = rng.choice(nodes, 2 + count, replace=False).tolist()
        a, *mediators, y = sorted(chosen) if rng.uniform() < 0.9 else chosen
        others = set(range(nodes)) - set(chosen)
        seen = {v for v in others if rng.uniform() < 0.75}
        return cls(diagram, a, tuple(mediators), y, frozenset({*chosen, *seen}))

    @property
    def pool(self) -> Chosen:
        """What may be a covariate or an intermediate."""
        return self.observed - {self.a, *self.mediators, self.y}

    def choices(self) -> Iterator[tuple[Chosen, Chosen]]:
        """Every pair of covariates and intermediates."""
        pool = sorted(self.pool)
        for places in product((0, 1, 2), repeat=len(pool)):
            yield (
                frozenset(v for v, k in zip(pool, places, strict=True) if k == 1),
                frozenset(v for v, k in zip(pool, places, strict=True) if k == 2),
            )


def outcome_given(p: Array, one: Setting, w: Iterable[int], between: Iterable[int]) -> Array:
    """sum_l p(l | a, w) E[Y | a, m, l, w], in the axes of a, m and w."""
    before = {one.a, *w}
    mean = outcome_mean(p, one.y, {*before, *one.mediators, *between})
    law = keep(p, {*before, *between}) / keep(p, before)
    return keep(law * mean, {*before, *one.mediators})


def controlled(p: Array, one: Setting, w: Chosen, between: Chosen) -> Array:
    """sum_w p(w) sum_l p(l | a, w) E[Y | a, m, l, w], a row for each (a, m)."""
    mean = keep(p, w) * outcome_given(p, one, w, between)
    return np.stack([flat(at(mean, held)) for held in settings([one.a, *one.mediators])])


def controlled_truth(laws: Laws, one: Setting) -> Array:
    """E[Y | do(a, m)]."""
    return do_truth(laws, one.y, [one.a, *one.mediators])


def interventional(p: Array, one: Setting, w: Chosen, between: Chosen) -> Array:
    """sum_w p(w) sum_m p(m | b, w) sum_l p(l | a, w) E[Y | a, m, l, w], a row for each (a, b)."""
    before = {one.a, *w}
    draws = keep(p, {*before, *one.mediators}) / keep(p, before)
    return over_draws(p, one, w, draws, outcome_given(p, one, w, between))


def interventional_truth(laws: Laws, one: Setting, w: Chosen) -> Array:
    """sum_w p(w) sum_m p(m | do(b), w) E[Y | do(a, m), w]."""
    fixed = (one.a, *one.mediators)
    after, held = laws.joint([one.a]), laws.joint(fixed)
    draws = keep(after, {*fixed, *w}) / keep(after, {one.a, *w})
    return over_draws(laws.joint(), one, w, draws, outcome_mean(held, one.y, {*fixed, *w}))


def over_draws(p: Array, one: Setting, w: Chosen, draws: Array, mean: Array) -> Array:
    rows = product((0, 1), repeat=2)
    terms = (at(mean, {one.a: a}) * at(draws, {one.a: b}) for a, b in rows)
    return np.stack([flat(keep(p, w) * each) for each in terms])

"""Random laws on a graph, small enough to enumerate: true effects, functionals, variances.

Nothing here uses the package. All nodes are binary and are numbered in an order of time. A
batch of laws is one array, first axis the laws, then one axis of length 2 for each node;
functionals are sums over it, so that equality for every law is tried on several at once.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import combinations, product

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]


@dataclass(frozen=True)
class Diagram:
    """A graph on 0 .. nodes - 1, every arrow from a lower number to a higher."""

    nodes: int
    parents: tuple[tuple[int, ...], ...]

    @classmethod
    def random(cls, rng: np.random.Generator, nodes: int, density: float) -> Diagram:
        chosen = rng.uniform(size=(nodes, nodes)) < density
        return cls(nodes, tuple(tuple(u for u in range(v) if chosen[u, v]) for v in range(nodes)))

    @property
    def arrows(self) -> list[tuple[int, int]]:
        return [(u, v) for v in range(self.nodes) for u in self.parents[v]]

    def descendants(self, node: int, held: Iterable[int] = ()) -> set[int]:
        """The node and all that it leads to, not through `held`."""
        found = {node}
        for v in set(range(node + 1, self.nodes)) - set(held):
            if found & set(self.parents[v]):
                found.add(v)
        return found

    def ancestors(self, node: int) -> set[int]:
        return {u for u in range(node + 1) if node in self.descendants(u)}

    def with_arrow(self, tail: int, head: int) -> Diagram:
        grown = list(self.parents)
        grown[head] = tuple(sorted({*grown[head], tail}))
        return Diagram(self.nodes, tuple(grown))

    def without_arrow(self, tail: int, head: int) -> Diagram:
        kept = list(self.parents)
        kept[head] = tuple(u for u in kept[head] if u != tail)
        return Diagram(self.nodes, tuple(kept))


def subsets(nodes: Iterable[int]) -> list[frozenset[int]]:
    """All subsets, the smallest first."""
    pool = sorted(nodes)
    sizes = range(len(pool) + 1)
    return [frozenset(chosen) for size in sizes for chosen in combinations(pool, size)]


@dataclass(frozen=True)
class Laws:
    """Several laws of one graph. `tables[v]` has the axes of the joint law, length 1 where v
    does not depend on them: p(v | parents)."""

    diagram: Diagram
    tables: tuple[Array, ...]

    @classmethod
    def random(cls, rng: np.random.Generator, diagram: Diagram, laws: int) -> Laws:
        tables = []
        for v in range(diagram.nodes):
            shape = [laws] + [2 if u in diagram.parents[v] else 1 for u in range(diagram.nodes)]
            one = rng.uniform(0.1, 0.9, shape)
            tables.append(np.concatenate([1 - one, one], axis=v + 1))
        return cls(diagram, tuple(tables))

    def joint(self, fixed: Iterable[int] = ()) -> Array:
        """The joint law; the factors of `fixed` left out (truncated factorisation)."""
        result = np.ones((1,) * (self.diagram.nodes + 1))
        for v in set(range(self.diagram.nodes)) - set(fixed):
            result = result * self.tables[v]
        shape = (self.tables[0].shape[0],) + (2,) * self.diagram.nodes
        return np.broadcast_to(result, shape)

    def mean_do(self, outcome: int, fixed: Sequence[int]) -> Array:
        """E[Y | do(fixed = values)]: the laws, then the values in the axes of `fixed`."""
        after = self.joint(fixed)
        summed = keep(after, {outcome, *fixed})
        return at(summed, {outcome: 1})


def keep(p: Array, nodes: Iterable[int]) -> Array:
    """Sum over all other nodes; every axis stays."""
    nodes = set(nodes)
    return p.sum(axis=tuple(v + 1 for v in range(p.ndim - 1) if v not in nodes), keepdims=True)


def at(p: Array, values: dict[int, int]) -> Array:
    """Take nodes at values; every axis stays, those of length 1 too."""
    where: list[slice] = [slice(None)] * p.ndim
    for v, value in values.items():
        if p.shape[v + 1] > 1:
            where[v + 1] = slice(value, value + 1)
    return p[tuple(where)]


def outcome_mean(p: Array, y: int, given: Iterable[int]) -> Array:
    """E[Y | given]."""
    cells = keep(p, {y, *given})
    return at(cells, {y: 1}) / cells.sum(axis=y + 1, keepdims=True)


def flat(p: Array) -> Array:
    """The one number per law that is left."""
    return p.reshape(p.shape[0], -1).sum(axis=1)


def indicator(p: Array, node: int, value: int) -> Array:
    shape = [1] * p.ndim
    shape[node + 1] = 2
    return np.eye(2)[value].reshape(shape)


def values_of(p: Array, node: int) -> Array:
    return indicator(p, node, 1)


# ---------------------------------------------------------------- the weighted direct effect
def wcde_roles(diagram: Diagram, a: int, y: int) -> tuple[set[int], set[int], set[int]]:
    """Mediators M, those with an arrow to the outcome M', and its other parents X."""
    mediators = (diagram.descendants(a) & diagram.ancestors(y)) - {a, y}
    direct = set(diagram.parents[y]) - {a}
    return mediators, mediators & direct, direct - mediators


def wcde_truth(laws: Laws, a: int, y: int) -> Array:
    """sum_m' p(m') E[Y | do(a, m')] for a = 0 and 1; the effect is their difference."""
    _, changed, _ = wcde_roles(laws.diagram, a, y)
    weighted = keep(laws.joint(), changed) * laws.mean_do(y, [a, *changed])
    return np.stack([flat(at(weighted, {a: level})) for level in (0, 1)])


def wcde_functional(p: Array, a: int, y: int, z1: Iterable[int], z2: Iterable[int]) -> Array:
    """sum_z p(z1) p(z2) E[Y | a, z] for a = 0 and 1."""
    return np.stack([flat(_wcde_terms(p, a, level, y, z1, z2)[0]) for level in (0, 1)])


def wcde_influence(p: Array, a: int, y: int, z1: Iterable[int], z2: Iterable[int]) -> Array:
    return _wcde_one(p, a, 1, y, z1, z2) - _wcde_one(p, a, 0, y, z1, z2)


def _wcde_terms(p, a, level, y, z1, z2):
    z1, z2 = set(z1), set(z2)
    p1, p2 = keep(p, z1), keep(p, z2)
    mean = at(outcome_mean(p, y, {a, *z1, *z2}), {a: level})
    over_2 = keep(p2 * mean, z1)
    over_1 = keep(p1 * mean, z2)
    return keep(p1 * over_2, ()), p1, p2, mean, over_2, over_1


def _wcde_one(p, a, level, y, z1, z2):
    psi, p1, p2, mean, over_2, over_1 = _wcde_terms(p, a, level, y, z1, z2)
    weight = indicator(p, a, level) * p1 * p2 / at(keep(p, {a, *z1, *z2}), {a: level})
    return weight * (values_of(p, y) - mean) + (over_2 - psi) + (over_1 - psi)


# ----------------------------------------------------------- total, controlled, natural effect
def do_truth(laws: Laws, y: int, fixed: Sequence[int]) -> Array:
    """E[Y | do(fixed = values)]: one row for each setting of the fixed nodes."""
    mean = laws.mean_do(y, fixed)
    return np.stack([flat(at(mean, setting)) for setting in settings(fixed)])


def do_functional(p: Array, y: int, fixed: Sequence[int], z: Iterable[int]) -> Array:
    """sum_z p(z) E[Y | fixed, z]: the total effect's means, or with mediators controlled ones."""
    mean, weight = outcome_mean(p, y, {*fixed, *z}), keep(p, z)
    return np.stack([flat(weight * at(mean, setting)) for setting in settings(fixed)])


def joint_influence(p: Array, fixed: dict[int, int], y: int, z: Iterable[int]) -> Array:
    """Efficient influence values of sum_z p(z) E[Y | fixed, z] (AIPW)."""
    z = set(z)
    chosen = np.ones((1,) * p.ndim)
    for node, value in fixed.items():
        chosen = chosen * indicator(p, node, value)
    mean = at(outcome_mean(p, y, {*fixed, *z}), fixed)
    share = at(keep(p, {*fixed, *z}), fixed) / keep(p, z)
    return chosen / share * (values_of(p, y) - mean) + mean - keep(keep(p, z) * mean, ())


def settings(nodes: Sequence[int]) -> list[dict[int, int]]:
    return [dict(zip(nodes, values, strict=True)) for values in product((0, 1), repeat=len(nodes))]


def natural_functional(p, a, y, mediators, z) -> Array:
    """theta(a, a*) for (a, a*) in 00, 01, 10, 11: sum_z p(z) sum_m p(m | a*, z) E[Y | a, m, z]."""
    rows = [natural_parts(p, a, y, mediators, z, *pair)[-1] for pair in product((0, 1), repeat=2)]
    return np.stack([flat(row) for row in rows])


def natural_parts(p, a, y, mediators, z, level, inner_level):
    mean = at(outcome_mean(p, y, {a, *mediators, *z}), {a: level})
    cells = at(keep(p, {a, *mediators, *z}), {a: inner_level})
    inner = keep(cells * mean, z) / keep(cells, z)
    return mean, inner, keep(keep(p, z) * inner, ())


def natural_influence(p, a, y, mediators, z, level, inner_level) -> Array:
    """Influence values of theta(level, inner level), with conditional laws of the mediators."""
    if level == inner_level:
        return joint_influence(p, {a: level}, y, z)
    mean, inner, psi = natural_parts(p, a, y, mediators, z, level, inner_level)
    full, covariates = keep(p, {a, *mediators, *z}), keep(p, z)
    inner_share = at(keep(p, {a, *z}), {a: inner_level}) / covariates
    ratio = at(full, {a: inner_level}) / at(full, {a: level})
    first = indicator(p, a, level) / inner_share * ratio * (values_of(p, y) - mean)
    second = indicator(p, a, inner_level) / inner_share * (mean - inner)
    return first + second + inner - psi


def variance(p: Array, influence: Array) -> Array:
    """Var(D) for every law; D has mean zero."""
    return flat(p * influence**2)

"""Adjustment by definition: every path of a small graph is listed, and looked at.

Nothing here uses the package or a graph library. A graph is a dict from each node to the set
of its parents.
"""

from __future__ import annotations

import random
from dataclasses import dataclass, field
from itertools import chain, combinations, pairwise

Node = str
Parents = dict[Node, set[Node]]


def subsets(items):
    items = list(items)
    return chain.from_iterable(combinations(items, size) for size in range(len(items) + 1))


@dataclass
class Paths:
    """Every simple path of a graph, whatever way its arrows point."""

    parents: Parents
    below: dict[Node, set[Node]] = field(default_factory=dict)
    _listed: dict[tuple[Node, Node], list[tuple[Node, ...]]] = field(default_factory=dict)

    def __post_init__(self):
        self.children = {n: {c for c in self.parents if n in self.parents[c]} for n in self.parents}
        for node in self.parents:
            self.below[node] = {node}
            pending = [node]
            while pending:
                for child in self.children[pending.pop()] - self.below[node]:
                    self.below[node].add(child)
                    pending.append(child)

    def between(self, first: Node, last: Node) -> list[tuple[Node, ...]]:
        if (first, last) not in self._listed:
            self._listed[first, last] = list(self._extend((first,), last))
        return self._listed[first, last]

    def _extend(self, path, last):
        if path[-1] == last:
            yield path
            return
        for node in sorted(self.parents[path[-1]] | self.children[path[-1]]):
            if node not in path:
                yield from self._extend((*path, node), last)

    def is_causal(self, path) -> bool:
        return all(a in self.parents[b] for a, b in pairwise(path))

    def is_open(self, path, given) -> bool:
        """Each collider has a descendant in `given` (or is there); nothing else is there."""
        for before, node, after in zip(path, path[1:], path[2:], strict=False):
            if before in self.parents[node] and after in self.parents[node]:
                if not self.below[node] & given:
                    return False
            elif node in given:
                return False
        return True

    def separated(self, first, last, given) -> bool:
        given = set(given)
        return not any(
            self.is_open(path, given) for a in first for b in last for path in self.between(a, b)
        )

    def adjusts(self, first, last, given) -> bool:
        """The adjustment criterion (Shpitser, VanderWeele & Robins 2010) for disjoint sets.

        (i) nothing in `given` descends from a node, other than the first, on a proper causal
        path; (ii) every proper non-causal path is blocked by `given`.
        """
        given = set(given)
        proper = [
            path
            for a in first
            for b in last
            for path in self.between(a, b)
            if not set(path[1:]) & set(first)
        ]
        for path in proper:
            if self.is_causal(path):
                if any(self.below[node] & given for node in path[1:]):
                    return False
            elif self.is_open(path, given):
                return False
        return True

    def identifies(self, estimand, exposure, mediators, outcome, given) -> bool:
        """One set for each pair of the estimand; nothing in it has another role."""
        given = set(given)
        joint = [*exposure, *mediators]
        if given & {*exposure, outcome} or (estimand != "total" and given & set(mediators)):
            return False
        if estimand == "total":
            return self.adjusts(exposure, [outcome], given)
        if estimand == "cde":
            return self.adjusts(joint, [outcome], given)
        return (
            self.adjusts(exposure, [outcome], given)
            and self.adjusts(exposure, mediators, given)
            and self.adjusts(joint, [outcome], given)
        )


@dataclass(frozen=True)
class Case:
    """A random graph and a random question about it."""

    parents: Parents
    exposure: list[Node]
    mediators: list[Node]
    outcome: Node
    latent: list[Node]

    @property
    def arrows(self):
        return [(p, node) for node, parents in self.parents.items() for p in sorted(parents)]

    def candidates(self, estimand):
        taken = {*self.exposure, self.outcome, *(self.mediators if estimand != "total" else ())}
        return [node for node in self.parents if node not in taken and node not in self.latent]

    def valid_sets(self, estimand):
        """All that identify the effect, from observed nodes."""
        paths = Paths(self.parents)
        return [
            frozenset(given)
            for given in subsets(self.candidates(estimand))
            if paths.identifies(estimand, self.exposure, self.mediators, self.outcome, given)
        ]


def minimal_of(sets):
    return [s for s in sets if not any(t < s for t in sets)]


def random_case(seed, least=4, most=7, exposures=1, density=(0.15, 0.75), late=False) -> Case:
    """Four to seven nodes, most densities; roles mostly in the order of time, but not always.

    With `late` they come after all other nodes, which are then confounders of many kinds.
    """
    rng = random.Random(seed)
    size = rng.randint(least, most)
    names = [f"v{k}" for k in range(size)]
    share = rng.uniform(*density)
    order = names[:]
    rng.shuffle(order)
    parents: Parents = {name: set() for name in names}
    for k, node in enumerate(order):
        parents[node] = {before for before in order[:k] if rng.random() < share}
    how_many = exposures + 1 + (rng.choice([1, 1, 1, 2]) if size > exposures + 2 else 1)
    roles = order[-how_many:] if late else rng.sample(order, how_many)
    if rng.random() < 0.8:
        roles.sort(key=order.index)
    exposure, (*mediators, outcome) = roles[:exposures], roles[exposures:]
    rest = [node for node in names if node not in roles]
    latent = [node for node in rest if rng.random() < rng.choice([0, 0.3, 0.5])]
    return Case(parents, exposure, mediators, outcome, latent)

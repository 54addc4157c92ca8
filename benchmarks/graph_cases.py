"""Questions about small random graphs, with their exact answers for every set of covariates."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import networkx as nx
import numpy as np

from causalif.graph.dag import Question, ask
from tests.truth import graph_laws as law
from tests.truth.graph_laws import Array, Diagram, Laws, subsets
from tests.truth.structures import Structure

Set = frozenset[int]
EQUAL = 1e-9  # of functional and truth


@dataclass(frozen=True)
class Case:
    """A question about a random graph."""

    estimand: str
    diagram: Diagram
    a: int
    y: int
    mediators: tuple[int, ...] = ()
    latent: tuple[int, ...] = ()

    @classmethod
    def random(
        cls,
        rng: np.random.Generator,
        estimand: str,
        *,
        nodes: tuple[int, int] = (4, 6),
        latent: float = 0.0,
        direct: bool | None = True,
    ) -> Case:
        """`direct`: whether the exposure is a parent of the outcome ("wcde" only)."""
        size = int(rng.integers(nodes[0], nodes[1] + 1))
        diagram = Diagram.random(rng, size, rng.uniform(0.3, 0.8))
        a, y = (int(v) for v in rng.choice(size, 2, replace=False))
        if estimand == "wcde":
            a, y = min(a, y), max(a, y)
            diagram = diagram.with_arrow(a, y) if direct else diagram.without_arrow(a, y)
        between = sorted(diagram.descendants(a) & diagram.ancestors(y) - {a, y})
        mediators: list[int] = []
        if estimand in ("natural", "cde"):
            if not between:
                return cls.random(rng, estimand, nodes=nodes, latent=latent)
            share = rng.choice([0.5, 1.0])  # half of the time all that lies between
            mediators = [v for v in between if rng.uniform() < share] or between[:1]
        others = set(range(size)) - {a, y, *mediators}
        hidden = [v for v in sorted(others) if rng.uniform() < latent]
        return cls(estimand, diagram, a, y, tuple(mediators), tuple(hidden))

    def question(self) -> Question:
        dag = nx.DiGraph(self.diagram.arrows)
        dag.add_nodes_from(range(self.diagram.nodes))
        options = {"mediators": list(self.mediators)} if self.mediators else {}
        hidden = list(self.latent)
        return ask(dag, self.a, self.y, estimand=self.estimand, latent=hidden, **options)

    def has_effect(self) -> bool:
        """Whether the exposure leads to the outcome, not through mediators that are held."""
        if self.estimand == "wcde":
            return self.a in self.diagram.parents[self.y]
        held = self.mediators if self.estimand == "cde" else ()
        return self.y in self.diagram.descendants(self.a, held)

    def choices(self) -> list[Set]:
        taken = {self.a, self.y, *self.mediators, *self.latent}
        if self.estimand == "wcde":
            taken |= self.diagram.descendants(self.y)
        return subsets(set(range(self.diagram.nodes)) - taken)


@dataclass(frozen=True)
class Exact:
    """Truth, functional and variance of the influence function: rows are effects, columns laws."""

    truth: Array
    functional: Callable[[Set], Array]
    variance: Callable[[Set], Array]

    def valid(self, covariates: Set) -> bool:
        return bool(np.abs(self.functional(covariates) - self.truth).max() < EQUAL)


def exact_joint(case: Case, rng: np.random.Generator, laws: int) -> Exact:
    """Total and controlled effects: means of Y under do(); variances of their differences."""
    drawn = Laws.random(rng, case.diagram, laws)
    p, a, y, m = drawn.joint(), case.a, case.y, case.mediators

    def influence(setting: dict[int, int], z: Set) -> Array:
        one, zero = ({a: level, **setting} for level in (1, 0))
        return law.joint_influence(p, one, y, z) - law.joint_influence(p, zero, y, z)

    return Exact(
        law.do_truth(drawn, y, [a, *m]),
        lambda z: law.do_functional(p, y, [a, *m], z),
        lambda z: np.stack([law.variance(p, influence(s, z)) for s in law.settings(m)]),
    )


def exact_natural(case: Case, rng: np.random.Generator, laws: int) -> Exact:
    """Four cross-world means as effects; variances of NDE and NIE."""
    drawn = [Structure.random(rng, case.diagram, 5) for _ in range(laws)]
    p = np.concatenate([structure.joint() for structure in drawn])
    a, y, m = case.a, case.y, case.mediators

    def variances(z: Set) -> Array:
        same0, cross, same1 = (
            law.natural_influence(p, a, y, m, z, *pair) for pair in ((0, 0), (1, 0), (1, 1))
        )
        return np.stack([law.variance(p, cross - same0), law.variance(p, same1 - cross)])

    return Exact(
        np.stack([structure.natural_truth(a, y, m) for structure in drawn], axis=1),
        lambda z: law.natural_functional(p, a, y, m, z),
        variances,
    )


def exact_weighted(case: Case, rng: np.random.Generator, laws: int) -> Exact:
    """The difference of two means; both of them where the graph says that it is zero."""
    drawn = Laws.random(rng, case.diagram, laws)
    p, a, y = drawn.joint(), case.a, case.y
    mediators = law.wcde_roles(case.diagram, a, y)[0]
    effect = (lambda means: np.diff(means, axis=0)) if case.has_effect() else (lambda means: means)
    return Exact(
        effect(law.wcde_truth(drawn, a, y)),
        lambda z: effect(law.wcde_functional(p, a, y, z & mediators, z - mediators)),
        lambda z: law.variance(p, law.wcde_influence(p, a, y, z & mediators, z - mediators))[None],
    )


EXACT: Mapping[str, Callable[[Case, np.random.Generator, int], Exact]] = {
    "total": exact_joint,
    "cde": exact_joint,
    "natural": exact_natural,
    "wcde": exact_weighted,
}

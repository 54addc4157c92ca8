"""What a graph asks to be estimated is the effect along the path it is asked for."""

from __future__ import annotations

from itertools import product

import networkx as nx
import numpy as np
import pytest
from numpy.testing import assert_allclose

from causalif.sigma.effects.plans import plan
from causalif.sigma.effects.terms import Term, WorldMean
from causalif.sigma.walks import as_masks, in_words, paths_of
from tests.truth.linear_graphs import LinearGraph

NODES = "ABCDEY"


def paths_in(graph, exposure="A", outcome="Y"):
    names = list(graph)
    ends = names.index(exposure), names.index(outcome)
    return [
        tuple(names[k] for k in path) for path in paths_of(as_masks(graph, names).tolist(), *ends)
    ]


def value(term: Term, law: LinearGraph) -> float:
    def read(part):
        assert isinstance(part, WorldMean)
        return law.world_mean(
            "A", "Y", part.covariates, part.groups, part.levels, part.intermediates
        )

    return term.value(read)


@pytest.mark.parametrize("nodes", ["ABCY", "ABCDY", "ABCDEY"])
def test_a_term_is_the_product_of_slopes_in_linear_models(nodes):
    rng, kinds, lost = np.random.default_rng(len(nodes)), {"natural": 0, "interventional": 0}, 0
    for _ in range(100):
        law = LinearGraph.random(nodes, rng)
        graph = law.graph
        paths = paths_in(graph)
        # Networkx lists them too, by another algorithm.
        assert set(paths) == {tuple(p) for p in nx.all_simple_paths(graph, "A", "Y")}
        found = plan(graph, "A", "Y", paths)
        assert_allclose(value(found.total, law), sum(map(law.along, paths)), atol=1e-9)
        for path, term in found.terms.items():
            assert_allclose(value(term, law), law.along(path), atol=1e-9, err_msg=in_words(path))
            kinds[term.kind] += 1
        lost += len(found.reasons)
    assert kinds["natural"] > 40
    if nodes != "ABCY":
        assert kinds["interventional"] > 5
    assert lost < sum(kinds.values())  # most paths of small graphs are identified


def test_the_wrong_covariates_would_be_seen():
    law = LinearGraph(("A", "M", "Y", "C"), np.array([[0, .5, .5, 0], [0, 0, .5, 0], [0] * 4,
                                                      [.5, 0, .7, 0]]))  # fmt: skip
    naive = Term({(WorldMean((), (), (1,)),): 1.0, (WorldMean((), (), (0,)),): -1.0})
    assert abs(value(naive, law) - (0.5 + 0.25)) > 0.1
    assert_allclose(value(plan(law.graph, "A", "Y", paths_in(law.graph)).total, law), 0.75)


class Structural:
    """Binary nodes that are functions of their parents and a noise of three values."""

    def __init__(self, graph, rng):
        self.graph, self.order = graph, list(nx.topological_sort(graph))
        self.tables = {
            node: rng.integers(0, 2, (2,) * graph.in_degree(node) + (3,)) for node in graph
        }
        self.chances = {node: rng.dirichlet(np.ones(3)) for node in graph}
        for node in graph:  # the exposure has both values, whatever its parents
            self.tables[node][..., 0], self.tables[node][..., 2] = 0, 1

    def worlds(self):
        """Every noise, with its probability."""
        for noise in product(range(3), repeat=len(self.order)):
            chance = np.prod([self.chances[n][e] for n, e in zip(self.order, noise, strict=True)])
            yield dict(zip(self.order, noise, strict=True)), float(chance)

    def outcome(self, noise, seen_by):
        """Y where each child of A sees the level of A that it is shown."""
        values: dict[str, int] = {}
        for node in self.order:
            parents = [
                seen_by[node] if p == "A" and node in seen_by else values[p]
                for p in self.graph.predecessors(node)
            ]
            values[node] = int(self.tables[node][(*parents, noise[node])])
        return values["Y"]

    def mean(self, seen_by):
        return sum(chance * self.outcome(noise, seen_by) for noise, chance in self.worlds())

    def law(self):
        """The joint probability of all nodes, an axis per node of the graph."""
        names = list(self.graph)
        found = np.zeros((2,) * len(names))
        for noise, chance in self.worlds():
            values: dict[str, int] = {}
            for node in self.order:
                parents = [values[p] for p in self.graph.predecessors(node)]
                values[node] = int(self.tables[node][(*parents, noise[node])])
            found[tuple(values[n] for n in names)] += chance
        return found


def chain_mean(law, names, part):
    """Nested conditional means of a binary law, by summation."""
    at = {name: k for k, name in enumerate(names)}

    def expect(known, k):
        # E[mu_k | levels, what is known]: sum over the next group
        if k == len(part.groups):
            fixed = {**known, "A": part.levels[-1]}
            return conditional(fixed, {"Y": 1})
        total = 0.0
        for values in product((0, 1), repeat=len(part.groups[k])):
            more = dict(zip(part.groups[k], values, strict=True))
            chance = conditional({**known, "A": part.levels[k]}, more)
            if chance > 0:
                total += chance * expect({**known, **more}, k + 1)
        return total

    def conditional(given, event):
        def mass(fixed):
            index = tuple(fixed.get(name, slice(None)) for name in at)
            return float(law[index].sum())

        return mass({**given, **event}) / mass(given) if mass(given) > 0 else 0.0

    total = 0.0
    for values in product((0, 1), repeat=len(part.covariates)):
        known = dict(zip(part.covariates, values, strict=True))
        total += conditional({}, known) * expect(known, 0)
    return total


@pytest.mark.parametrize("seed", range(12))
def test_natural_terms_are_counterfactual_contrasts(seed):
    """Without any regression: each child of A is shown its own level of A."""
    rng = np.random.default_rng(seed)
    graph = LinearGraph.random("ABCY", rng, density=0.9).graph
    paths = paths_in(graph)
    if not paths:
        return
    model = Structural(graph, rng)
    law, found = model.law(), plan(graph, "A", "Y", paths)
    order = [n for n in nx.lexicographical_topological_sort(graph, list(graph).index)
             if graph.has_edge("A", n) and n != "Y" and nx.has_path(graph, n, "Y")]  # fmt: skip
    # The outcome's own arrow is switched first, then that of the last mediator, ..
    switched = ["Y", *reversed(order)]
    for path, term in found.terms.items():
        if term.kind != "natural":
            continue
        place = switched.index(path[1])
        off = {node: int(k < place) for k, node in enumerate(switched)}
        on = {node: int(k <= place) for k, node in enumerate(switched)}
        truth = model.mean(on) - model.mean(off)
        assert_allclose(term.value(lambda part: chain_mean(law, list(graph), part)), truth,
                        atol=1e-10)  # fmt: skip


def test_why_a_path_is_not_identified():
    arrows = ["AM", "MN", "AN", "MY", "NY", "AY", "MP", "NP", "AP", "PY"]
    graph = nx.DiGraph([tuple(arrow) for arrow in arrows])
    found = plan(graph, "A", "Y", paths_in(graph))
    assert set(found.terms) == {("A", "Y"), ("A", "P", "Y")}
    assert "recanting witness" in found.reasons["A", "M", "Y"]
    assert "M would have to follow A" in found.reasons["A", "M", "Y"]


def test_no_path_asks_for_nothing():
    found = plan(nx.DiGraph([("Y", "A")]), "A", "Y", [])
    assert found.total.products == {}
    assert found.total.value(lambda part: 1 / 0) == 0

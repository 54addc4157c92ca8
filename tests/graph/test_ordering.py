"""Mediators put in order by the graph: the finest identified order, true across worlds."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from itertools import chain, permutations, product

import networkx as nx
import numpy as np
import pytest

from causalif.graph.criteria import conditions
from causalif.graph.dag import Question, mediators_between
from causalif.graph.ordering import order_of
from causalif.graph.recanting import out_of_order
from causalif.graph.task import task_of
from tests.truth.graph_laws import Diagram, at, flat, keep, outcome_mean
from tests.truth.structures import Structure

Groups = tuple[tuple[int, ...], ...]
NODES, GRAPHS = 6, 400


def cases(seed: int):
    """Graphs in which two or three measured nodes lie between exposure and outcome."""
    rng = np.random.default_rng(seed)
    found = 0
    while found < GRAPHS:
        diagram = Diagram.random(rng, NODES, rng.uniform(0.35, 0.65))
        a, y = sorted(rng.choice(NODES, 2, replace=False).tolist())
        others = set(range(NODES)) - {a, y}
        observed = frozenset({a, y, *(v for v in others if rng.uniform() < 0.55)})
        dag = nx.DiGraph(diagram.arrows)
        dag.add_nodes_from(range(NODES))
        between = sorted(mediators_between(dag, [a], [y]) & observed)
        if len(between) not in (2, 3):
            continue
        found += 1
        given = tuple(rng.permutation(between).tolist())
        yield rng, diagram, Question(dag, (a,), (y,), given, observed, "natural")


def orders(mediators) -> Iterator[Groups]:
    """Every way to put mediators into ordered groups."""
    seen = set()
    for order in permutations(mediators):
        for cuts in product((False, True), repeat=len(order) - 1):
            groups = [[order[0]]]
            for node, cut in zip(order[1:], cuts, strict=True):
                groups.append([node]) if cut else groups[-1].append(node)
            found = tuple(tuple(sorted(group)) for group in groups)
            if found not in seen:
                seen.add(found)
                yield found


def serves(question: Question, groups: Groups, covariates=None) -> bool:
    asked = replace(question, groups=groups)
    if out_of_order(asked):
        return False
    given = task_of(asked).widest() if covariates is None else covariates
    return all(condition.holds for condition in conditions(asked, given))


def test_the_order_found_is_the_finest_that_is_identified():
    counts = Counter()
    for _, _, question in cases(3):
        groups = order_of(question).groups
        assert out_of_order(replace(question, groups=groups)) == ""
        assert sorted(chain(*groups)) == sorted(question.mediators)
        good = [found for found in orders(question.mediators) if serves(question, found)]
        assert serves(question, groups) == bool(good), (question.dag.edges, groups, good)
        if good:
            assert len(groups) == max(map(len, good)), (question.dag.edges, groups, good)
        counts[bool(good), len(groups) < len(question.mediators)] += 1
    assert min(counts[True, True], counts[True, False], counts[False, True]) > 10


def test_with_covariates_named_the_order_is_the_finest_for_them():
    counts = Counter()
    for rng, _, question in cases(4):
        pool = question.observed - {*question.exposure, *question.mediators, *question.outcome}
        covariates = {node for node in pool if rng.uniform() < 0.5}
        groups = order_of(question, covariates).groups
        good = [g for g in orders(question.mediators) if serves(question, g, covariates)]
        assert serves(question, groups, covariates) == bool(good)
        if good:
            assert len(groups) == max(map(len, good)), (question.dag.edges, groups, good)
        counts[bool(good)] += 1
    assert min(counts.values()) > 50


# -- true across worlds --------------------------------------------------------------------------


def truth(structure: Structure, question: Question, groups: Groups, world) -> float:
    """E[Y(a, M1(a1), M2(a2, M1(a1)), ..)], each world's variables from the same errors."""
    (a,), (y,) = question.exposure, question.outcome
    errors, chances = structure.errors()
    held: dict[int, object] = {}
    for level, group in zip(world, groups, strict=False):
        values = structure.world(errors, {a: level, **held})
        held.update({m: values[m] for m in group})
    return float(chances @ structure.world(errors, {a: world[-1], **held})[y])


def functional(p, question: Question, groups: Groups, z, world) -> float:
    """The same from the observed law: sequential regressions, the last group first."""
    (a,), (y,) = question.exposure, question.outcome
    before = [set(chain(*groups[:k])) for k in range(len(groups) + 1)]
    mean = at(outcome_mean(p, y, {a, *before[-1], *z}), {a: world[-1]})
    for k in reversed(range(len(groups))):
        cells = at(keep(p, {a, *before[k + 1], *z}), {a: world[k]})
        mean = keep(cells * mean, before[k] | set(z)) / keep(cells, before[k] | set(z))
    return float(flat(keep(p, z) * mean)[0])


def gap(rng, diagram, question: Question, groups: Groups) -> float:
    """The largest difference of truth and functional over all worlds, in one random model."""
    structure = Structure.random(rng, diagram, 3)
    p = structure.joint()
    z = task_of(replace(question, groups=groups)).widest()
    return max(
        abs(truth(structure, question, groups, w) - functional(p, question, groups, z, w))
        for w in product((0, 1), repeat=len(groups) + 1)
    )


def test_the_order_found_is_true_across_worlds_and_a_finer_one_is_not():
    apart = wrong = 0
    for rng, diagram, question in cases(5):
        groups = order_of(question).groups
        if not serves(question, groups):
            continue
        assert gap(rng, diagram, question, groups) < 1e-9, (diagram, question, groups)
        for finer in orders(question.mediators):
            in_order = not out_of_order(replace(question, groups=finer))
            if in_order and len(finer) > len(groups):  # the test can fail
                apart += 1
                wrong += gap(rng, diagram, question, finer) > 1e-6
    assert wrong > 0.5 * apart > 10


# -- what is said --------------------------------------------------------------------------------


def asked(text: str, mediators: str, latent: str = "") -> Question:
    dag = nx.DiGraph([tuple(arrow.split(">")) for arrow in text.split()])
    observed = frozenset(dag) - set(latent)
    return Question(dag, ("a",), ("y",), tuple(mediators.split()), observed, "natural")


def test_ties_are_broken_by_the_order_given():
    fork = "a>m a>n m>y n>y"
    assert order_of(asked(fork, "m n")).groups == (("m",), ("n",))
    assert order_of(asked(fork, "n m")).groups == (("n",), ("m",))
    assert order_of(asked(fork, "n m")).tied
    through = order_of(asked(f"{fork} m>x x>n", "n m", "x"))
    assert through.groups == (("m",), ("n",))  # x is latent and leads on all the same
    assert not through.tied


@pytest.mark.parametrize(
    ("text", "groups", "path", "between"),
    [
        ("a>m a>n m>y n>y u>m u>n", (("m", "n"),), "m <- u -> n", ()),
        ("a>u u>m u>n m>y n>y", (("m", "n"),), "m <- u -> n", ()),
        ("a>m m>k k>n n>y u>m u>n", (("m", "k", "n"),), "m <- u -> n", ("k",)),
        ("a>m a>k a>n k>y m>y n>y u>m u>n", (("m", "n"), ("k",)), "m <- u -> n", ()),
    ],
)
def test_what_cannot_be_told_apart_stands_together(text, groups, path, between):
    mediators = "m k n" if ">k" in text else "m n"
    found = order_of(asked(text, mediators, "u"))
    assert found.groups == groups
    assert [shown for _, _, shown in found.joined] == [path]
    assert found.between == between


def test_measured_the_common_cause_parts_them():
    found = order_of(asked("a>m a>n m>y n>y u>m u>n", "m n"))
    assert found.groups == (("m",), ("n",))
    assert found.joined == ()

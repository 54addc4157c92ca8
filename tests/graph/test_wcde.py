"""The weighted direct effect's criterion and sets, against the paper's form and brute force."""

from __future__ import annotations

import os
import subprocess
import sys

import networkx as nx
import numpy as np
import pytest

from causalif.errors import NotIdentified
from causalif.graph.dag import ask
from causalif.graph.wcde import is_zero_by_structure, weighted_conditions
from causalif.graph.wcde_compare import improved, is_never_worse
from causalif.graph.wcde_sets import (
    optimal_weighted_set,
    undominated_weighted_sets,
    weighted_sets,
    widest_weighted_set,
)
from tests.truth.graph_laws import Diagram, subsets, wcde_roles


def question(arrows, exposure="a", outcome="y", latent=()):
    pairs = [tuple(arrow.split(">")) for arrow in arrows.split()]
    return ask(nx.DiGraph(pairs), exposure, outcome, estimand="wcde", latent=latent)


def accepts(asked, covariates):
    return all(condition.holds for condition in weighted_conditions(asked, covariates))


def random_questions(seed, graphs, most_nodes, latent=0.3):
    """Also without arrow from exposure to outcome, and with the outcome first."""
    rng = np.random.default_rng(seed)
    for _ in range(graphs):
        size = int(rng.integers(4, most_nodes + 1))
        diagram = Diagram.random(rng, size, rng.uniform(0.25, 0.7))
        a, y = (int(v) for v in rng.choice(size, 2, replace=False))
        if rng.uniform() < 0.9:
            a, y = min(a, y), max(a, y)
        if a < y and rng.uniform() < 0.8:
            diagram = diagram.with_arrow(a, y)
        dag = nx.DiGraph(diagram.arrows)
        dag.add_nodes_from(range(size))
        rest = [v for v in range(size) if v not in (a, y)]
        hidden = [v for v in rest if rng.uniform() < latent]
        yield diagram, ask(dag, a, y, estimand="wcde", latent=hidden), set(rest) - set(hidden)


def accepted_by_the_paper(diagram, dag, a, y, covariates):
    """Conditions (i) to (iii), and both supplements tried on every subset."""
    mediators, changed, other = wcde_roles(diagram, a, y)

    def apart(first, last, given):
        first, last = set(first) - set(given), set(last) - set(given)
        if not first or not last or first & last:
            return not (first and last)
        return nx.is_d_separator(dag, first, last, set(given))

    def holds(adjusted, without):
        inner, outer = without & mediators, without - mediators
        return (
            apart({a}, changed | other, adjusted)
            and apart(changed, outer, inner)
            and apart(other, inner | changed, outer)
        )

    for redundant in subsets(covariates - mediators):
        kept = covariates - redundant
        if not redundant or apart(changed | other, redundant, kept):
            for free in subsets(kept - mediators):
                rest = kept - free
                if (not free or not rest or apart(free, rest, ())) and holds(kept, rest):
                    return True
    return False


def test_two_separations_say_what_the_papers_conditions_say():
    for diagram, asked, pool in random_questions(3, 120, 6, latent=0.0):
        (a,), (y,) = asked.exposure, asked.outcome
        if a > y:
            continue
        for z in subsets(pool - diagram.descendants(y)):
            assert accepts(asked, z) == accepted_by_the_paper(diagram, asked.dag, a, y, z)


def test_each_condition_names_the_path_that_breaks_it():
    asked = question("a>m m>y a>y w>a w>y v>m v>a c>y y>d")
    why = {
        z: [condition.why for condition in weighted_conditions(asked, z)]
        for z in ["mw", "m", "w", "vw", "mwd"]
    }
    assert why["mw"] == ["", "", ""]
    assert why["m"] == ["", "", "a <- w -> y is open"]
    assert why["w"] == ["", "a -> m -> y is open", ""]
    assert why["vw"][1] == "a -> m -> y is open"
    assert why["mwd"][0] == "{d} is"


def test_a_path_is_given_with_the_condition():
    found = list(weighted_conditions(question("a>m m>y a>y"), []))
    assert [step for condition in found for step in condition.path] == [
        ("a", -1),
        ("m", 0),
        ("y", 0),
    ]


@pytest.mark.parametrize(
    ("arrows", "covariates", "valid"),
    [
        ("a>m m>y a>y", "m", True),
        ("a>m m>y a>y", "", False),
        ("a>k k>m m>y a>y w>m w>y", "kw", False),  # p(m | k, w) hangs on w
        ("a>k k>m m>y a>y w>m w>y", "mw", True),
        ("a>m m>y a>y w>m w>a", "m", True),
        ("a>m m>y a>y a>c", "mc", True),  # (b): c tells nothing more of y
        ("a>m m>n n>y a>y w>n", "mw", True),  # (a): w is independent of a and m
        ("a>m m>n n>y a>y w>n", "nw", True),  # (b)
        ("a>m m>y a>y l>m l>y a>l", "ml", True),  # changed by the exposure: a mediator too
        ("a>y u>y u>v w>v w>a", "v", False),  # M-bias
        ("a>y u>y u>v w>v w>a", "vw", True),
        ("y>a x>y", "x", False),  # the outcome comes first
    ],
)
def test_small_graphs(arrows, covariates, valid):
    assert accepts(question(arrows), list(covariates)) == valid


def test_no_arrow_to_the_outcome_means_no_effect():
    assert is_zero_by_structure(question("a>m m>y"))
    assert not is_zero_by_structure(question("a>m m>y a>y"))


def test_sets_are_those_of_brute_force():
    for _, asked, pool in random_questions(4, 120, 7):
        valid = [z for z in subsets(pool) if accepts(asked, z)]
        minimal = {z for z in valid if not any(other < z for other in valid)}
        listed = list(weighted_sets(asked, minimal=False))
        assert len(listed) == len(set(listed))
        assert set(listed) == set(valid)
        least = list(weighted_sets(asked, minimal=True))
        assert len(least) == len(set(least))
        assert set(least) == minimal
        assert accepts(asked, widest_weighted_set(asked)) == bool(valid)


def test_best_sets_are_valid_minimal_and_smallest():
    found = 0
    for _, asked, pool in random_questions(5, 120, 7):
        valid = [z for z in subsets(pool) if accepts(asked, z)]
        if not valid:
            with pytest.raises(NotIdentified):
                optimal_weighted_set(asked)
            continue
        found += 1
        minimal = [z for z in valid if not any(other < z for other in valid)]
        best, least, fewest = (
            frozenset(optimal_weighted_set(asked, among=among))
            for among in ("all", "minimal", "minimum")
        )
        assert best in valid
        assert least in minimal
        assert all(is_never_worse(asked, least, other) for other in minimal)
        assert all(is_never_worse(asked, best, other) for other in minimal)
        smallest = [z for z in minimal if len(z) == min(map(len, valid))]
        assert fewest in smallest
        assert all(is_never_worse(asked, fewest, other) for other in smallest)
        assert best in undominated_weighted_sets(asked, limit=None)
    assert found > 60


def test_improving_keeps_a_set_valid_and_is_done_once():
    for _, asked, pool in random_questions(6, 60, 6):
        for z in subsets(pool):
            if accepts(asked, z):
                better = improved(asked, z)
                assert accepts(asked, better)
                assert improved(asked, better) == better


def test_the_smallest_set_need_not_be_the_best_minimal_one():
    """One node near the exposure does what two near the outcome do, on either side."""
    asked = question("a>y w>a w>x w>v x>y v>y a>m m>n m>k n>y k>y")
    assert optimal_weighted_set(asked, among="minimal") == {"n", "k", "x", "v"}
    assert optimal_weighted_set(asked, among="minimum") == {"m", "w"}
    pairs = [{*one, *two} for two in ("xv", "w") for one in ("nk", "m")]
    listed = [set(found) for found in weighted_sets(asked, minimal=True)]
    assert listed[0] == pairs[0]
    assert sorted(map(sorted, listed)) == sorted(map(sorted, pairs))


def test_direct_causes_are_the_best_set_when_measured():
    asked = question("a>m m>y a>y w>a w>y x>y b>w")
    assert optimal_weighted_set(asked) == {"m", "w", "x"}


def test_a_latent_direct_cause_is_replaced_by_what_stands_next_to_it():
    asked = question("a>m m>n n>y a>y w>u u>y w>a v>n x>y", latent=["u", "n"])
    assert optimal_weighted_set(asked, among="minimal") == {"m", "w"}
    assert optimal_weighted_set(asked) == {"m", "w", "v", "x"}


@pytest.mark.parametrize(
    ("arrows", "latent", "message"),
    [
        ("a>m m>y a>y", "m", "a -> m -> y stays open and m is latent. Measure m, or"),
        ("a>y u>a u>y", "u", "a <- u -> y stays open and u is latent. Measure u, or"),
        (
            "a>m m>y a>y w>a w>y u>w u>m",
            "u m",
            "a -> m -> y stays open and m is latent. Measure m, or",
        ),
        (
            "a>k k>m m>y a>y w>y w>m",
            "m",
            "m <- w -> y stays open; w would block it, but w -> m is open. Measure m, or",
        ),
        ("y>a x>y", "", "reversed order"),
        ("a>y q>a q>y", "q", "a <-> y stays open. Measure what a and y share, or"),
        ("a>m m>y a>y q>m q>y", "q", "m <-> y stays open. Measure what m and y share, or"),
    ],
)
def test_a_refusal_names_the_path_and_what_to_measure(arrows, latent, message):
    asked = question(arrows, latent=latent.split())
    if latent == "q":  # an arrow with two heads
        heads = " <-> ".join(map(str, asked.dag.succ["q"]))
        dag = nx.relabel_nodes(asked.dag, {"q": heads})
        asked = ask(dag, "a", "y", estimand="wcde", latent=[heads])
    with pytest.raises(NotIdentified) as caught:
        optimal_weighted_set(asked)
    assert message in str(caught.value)
    assert list(weighted_sets(asked, minimal=True)) == []


SCRIPT = """
from causalif.graph.dag import ask
from causalif.graph.wcde import weighted_conditions
from causalif.graph.wcde_sets import *
arrows = "a>m m>n n>y a>y w>u u>y w>a v>n x>y k>w k>a q>k q>x u>p u>r".split()
asked = ask([tuple(x.split(">")) for x in arrows], "a", "y", estimand="wcde", latent="u")
print([sorted(z) for minimal in (True, False) for z in weighted_sets(asked, minimal=minimal)])
print([sorted(z) for z in undominated_weighted_sets(asked)])
print([c.why for z in ("w", "mr", "nvp") for c in weighted_conditions(asked, set(z))])
"""


def test_answers_do_not_hang_on_the_order_of_a_set():
    texts = {
        subprocess.run(
            [sys.executable, "-c", SCRIPT],
            env={**os.environ, "PYTHONHASHSEED": seed},
            capture_output=True,
            text=True,
            check=True,
        ).stdout
        for seed in ("1", "2", "3")
    }
    assert len(texts) == 1


def test_a_large_graph():
    drawn = np.random.default_rng(0).integers(0, 10_000, (30_000, 2))
    dag = nx.DiGraph((min(pair), max(pair)) for pair in drawn.tolist() if pair[0] != pair[1])
    dag.add_edge(500, 9_900)
    asked = ask(dag, 500, 9_900, estimand="wcde")
    hidden = ask(dag, 500, 9_900, estimand="wcde", latent=list(dag.pred[9_900])[:1])
    rest = [v for v in dag if v != 500 and v not in {9_900, *nx.descendants(dag, 9_900)}]
    assert optimal_weighted_set(asked) == set(dag.pred[9_900]) - {500}
    for question, covariates in (
        (asked, optimal_weighted_set(asked)),
        (hidden, optimal_weighted_set(hidden)),
    ):
        assert all(found.holds for found in weighted_conditions(question, covariates))
    assert len(list(weighted_conditions(asked, rest[::3]))) == 3

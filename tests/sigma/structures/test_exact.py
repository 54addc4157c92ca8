"""The exact posterior over graphs against every graph, one by one."""

from __future__ import annotations

from math import log

import numpy as np
import pandas as pd
import pytest
from pytest import approx

from causalif.errors import DataError
from causalif.sigma.scores.tables import ScoreTable
from causalif.sigma.structures.exact import ExactPosterior
from causalif.sigma.structures.sinks import log_total
from tests.sigma.scored import score_table
from tests.truth.dags import COUNTS, Enumerated, all_dags, number_of_dags, random_scores

NAMES = "ABCDE"

KNOWLEDGE = {
    "nothing": {},
    "tiers": {"tiers": [["A"], ["C", "B"]]},
    "required": {"required": "A -> B; C -> B"},
    "forbidden": {"forbidden": [("A", "B"), ("B", "A"), ("C", "A")]},
    "few parents": {"max_parents": 1},
    "all": {"tiers": {"A": 0, "B": 1}, "required": "A -> C", "forbidden": "B -> C",
            "max_parents": 2},
}  # fmt: skip


def draw(nodes: int, rows: int, seed: int) -> pd.DataFrame:
    """Linear-Gaussian rows of a random graph."""
    rng = np.random.default_rng(seed)
    values = rng.normal(size=(rows, nodes))
    for j in range(nodes):
        values[:, j] += values[:, :j] @ (rng.normal(size=j) * (rng.random(j) < 0.6))
    return pd.DataFrame(values, columns=list(NAMES[:nodes]))


def equal_scores(nodes: int) -> np.ndarray:
    own = (np.arange(2**nodes) >> np.arange(nodes)[:, None]) & 1 == 1
    return np.where(own, -np.inf, 0.0)


def agree(table: ScoreTable) -> None:
    """Every number of the posterior is that of enumeration."""
    truth, posterior = Enumerated.of(table.scores), ExactPosterior(table)
    assert posterior.log_normaliser == approx(truth.log_normaliser, abs=1e-10, rel=0)
    assert log_total(table.scores) == approx(truth.log_normaliser, abs=1e-10, rel=0)
    assert posterior.arrows == approx(truth.arrows(), abs=1e-10, rel=0)
    assert posterior.parent_sets == approx(truth.parent_sets(), abs=1e-10, rel=0)
    for path in [(0, 1), (0, 1, 2), (2, 1, 0), (1, 0, 2)]:
        found = posterior.path_probability([table.names[k] for k in path])
        assert found == approx(truth.path(*path), abs=1e-10, rel=0)


@pytest.mark.parametrize(("nodes", "count"), COUNTS.items())
def test_enumeration_finds_every_graph(nodes, count):
    assert len(all_dags(nodes)) == count


@pytest.mark.parametrize(("nodes", "count"), COUNTS.items())
def test_equal_scores_count_graphs(nodes, count):
    posterior = ExactPosterior(ScoreTable(tuple(NAMES[:nodes]), equal_scores(nodes)))
    assert np.exp(posterior.log_normaliser) == approx(count, rel=1e-12)


def test_equal_scores_count_larger_graphs():
    for nodes in (8, 10, 11):
        table = ScoreTable(tuple("abcdefghijk"[:nodes]), equal_scores(nodes))
        count = log(number_of_dags(nodes))
        assert ExactPosterior(table).log_normaliser == approx(count, abs=1e-12, rel=0)
    for nodes in (10, 14):
        count = log(number_of_dags(nodes))
        assert log_total(equal_scores(nodes)) == approx(count, abs=1e-11, rel=0)


@pytest.mark.slow
def test_fourteen_nodes():  # 15 seconds
    table = ScoreTable(tuple("abcdefghijklmn"), equal_scores(14))
    posterior = ExactPosterior(table)
    count = log(number_of_dags(14))
    assert posterior.log_normaliser == approx(count, abs=1e-11, rel=0)
    one = posterior.arrows[0, 1]
    assert posterior.arrows == approx(one * (1 - np.eye(14)), abs=1e-12)
    assert posterior.probability_of([("a", "b")]) == approx(one, abs=1e-11)


@pytest.mark.parametrize("nodes", [3, 4, 5])
@pytest.mark.parametrize("spread", [0.5, 3.0, 300.0])
def test_random_tables(nodes, spread):
    for seed in range(6):
        scores = random_scores(nodes, np.random.default_rng(seed), spread)
        agree(ScoreTable(tuple(NAMES[:nodes]), scores))


@pytest.mark.parametrize("nodes", [3, 4, 5])
@pytest.mark.parametrize("rows", [50, 200, 1000])
def test_gaussian_data(nodes, rows):
    for seed in range(3):
        agree(score_table(draw(nodes, rows, seed)))


@pytest.mark.parametrize("knowledge", KNOWLEDGE)
@pytest.mark.parametrize("nodes", [3, 4, 5])
def test_background_knowledge(knowledge, nodes):
    for prior in ("uniform", "fair"):
        agree(score_table(draw(nodes, 60, 1), prior=prior, **KNOWLEDGE[knowledge]))


def test_knowledge_is_respected():
    posterior = ExactPosterior(score_table(draw(5, 60, 1), **KNOWLEDGE["all"]))
    arrows = pd.DataFrame(posterior.arrows, list(NAMES), list(NAMES))
    assert arrows.loc["A", "C"] == approx(1, abs=1e-12)
    assert arrows.loc["B", ["A", "C"]].tolist() == [0, 0]
    parents = posterior.draw(500, np.random.default_rng(1))
    assert np.bitwise_count(parents).max() == 2
    assert (parents[:, 2] & 1).all()


def test_far_apart_scores_lose_nothing():
    # One graph in five billion nats: what underflows is nothing, what matters is exact.
    scores = random_scores(5, np.random.default_rng(3), 1e9)
    truth, posterior = Enumerated.of(scores), ExactPosterior(ScoreTable(tuple(NAMES), scores))
    assert posterior.arrows == approx(truth.arrows(), abs=1e-10, rel=0)
    assert set(np.unique(posterior.arrows)) == {0.0, 1.0}


def test_both_sums_agree_beyond_enumeration():
    for seed in range(3):
        scores = random_scores(9, np.random.default_rng(seed), 20.0)
        posterior = ExactPosterior(ScoreTable(tuple("abcdefghi"), scores))
        assert posterior.log_normaliser == approx(log_total(scores), abs=1e-10, rel=0)
        assert posterior.parent_sets.sum(axis=1) == approx(np.ones(9), abs=1e-12)


def test_arrows_by_parts_are_the_probability_of_one():
    table = score_table(draw(5, 100, 2), max_parents=3)
    posterior = ExactPosterior(table)
    for i, parent in enumerate(NAMES):
        for j, child in enumerate(NAMES):
            if i != j:
                found = posterior.probability_of([(parent, child)])
                assert found == approx(posterior.arrows[i, j], abs=1e-11, rel=0)


def test_arrows_by_parts_beyond_enumeration():
    scores = random_scores(9, np.random.default_rng(4), 2.0)
    posterior = ExactPosterior(ScoreTable(tuple("abcdefghi"), scores))
    for i, j in [(0, 1), (8, 0), (4, 7), (3, 2)]:
        found = posterior.probability_of([("abcdefghi"[i], "abcdefghi"[j])])
        assert found == approx(posterior.arrows[i, j], abs=1e-11, rel=0)


def test_arrows_that_no_graph_has():
    posterior = ExactPosterior(score_table(draw(3, 60, 1), forbidden="A -> B"))
    assert posterior.probability_of([("A", "B")]) == 0
    assert posterior.probability_of([("A", "C"), ("C", "A")]) == 0
    assert posterior.path_probability(["A"]) == 1


def test_one_node_has_one_graph():
    posterior = ExactPosterior(ScoreTable(("A",), np.array([[-2.0, -np.inf]])))
    assert posterior.log_normaliser == -2
    assert posterior.arrows.tolist() == [[0.0]]
    assert posterior.draw(3, np.random.default_rng(1)).tolist() == [[0], [0], [0]]


# -- draws --------------------------------------------------------------------------------


def chi_square(counts: np.ndarray, expected: np.ndarray) -> float:
    """Pearson's statistic over cells of at least 5, the others as one; as a normal deviate."""
    large = expected >= 5
    seen = np.append(counts[large], counts[~large].sum())
    hoped = np.append(expected[large], expected[~large].sum())
    kept = hoped > 0
    statistic = float(np.sum((seen[kept] - hoped[kept]) ** 2 / hoped[kept]))
    freedom = kept.sum() - 1
    return (statistic - freedom) / np.sqrt(2 * freedom)


def key(graphs: np.ndarray) -> np.ndarray:
    return graphs @ (32 ** np.arange(graphs.shape[1]))


def deviate(table: ScoreTable, scores: np.ndarray, count: int, seed: int) -> float:
    """How far the frequencies of drawn graphs are from the law of some scores."""
    truth = Enumerated.of(scores)
    drawn = ExactPosterior(table).draw(count, np.random.default_rng(seed))
    order = np.argsort(key(truth.graphs))
    at = np.searchsorted(key(truth.graphs)[order], key(drawn))
    assert (key(truth.graphs)[order][at] == key(drawn)).all()  # every draw is a DAG
    counts = np.bincount(at, minlength=len(order))
    return chi_square(counts, count * truth.probabilities[order])


@pytest.mark.parametrize("nodes", [3, 4, 5])
@pytest.mark.parametrize("seed", [1, 2, 3])
def test_draws_have_the_exact_law(nodes, seed):
    table = ScoreTable(tuple(NAMES[:nodes]), random_scores(nodes, np.random.default_rng(seed), 1.0))
    # A chi-square deviate beyond 4.5 comes once in some thousands: its tail is a gamma's.
    assert abs(deviate(table, table.scores, 40_000, seed)) < 4.5


def test_draws_of_another_law_would_be_seen():
    scores = random_scores(4, np.random.default_rng(1), 1.0)
    other = scores.copy()
    other[2, 1] += 0.3
    assert deviate(ScoreTable(tuple("ABCD"), scores), other, 40_000, 1) > 10


def test_draws_come_with_their_seed():
    posterior = ExactPosterior(score_table(draw(5, 100, 1)))
    first, again = (posterior.draw(50, np.random.default_rng(7)) for _ in range(2))
    assert (first == again).all()
    assert (first != posterior.draw(50, np.random.default_rng(8))).any()
    assert posterior.draw(0, np.random.default_rng(1)).shape == (0, 5)


def test_draws_are_in_no_order():
    # Rows are independent: those of the first half say nothing of the second.
    posterior = ExactPosterior(score_table(draw(4, 60, 1)))
    drawn = posterior.draw(20_000, np.random.default_rng(2))
    has = (drawn[:, :, None] >> np.arange(4)) & 1
    difference = has[:10_000].mean(axis=0) - has[10_000:].mean(axis=0)
    assert np.abs(difference).max() < 4.5 * np.sqrt(2 * 0.25 / 10_000)
    lagged = np.corrcoef(key(drawn)[:-1], key(drawn)[1:])[0, 1]
    assert abs(lagged) < 4.5 / np.sqrt(20_000)


# -- unusable input -----------------------------------------------------------------------


def test_too_many_nodes():
    names = tuple(f"v{k}" for k in range(15))
    with pytest.raises(DataError, match=r"15 columns are too many for a table .* at most 14"):
        ExactPosterior(ScoreTable(names, np.zeros((15, 1))))


def test_no_graph_allowed():
    scores = np.full((2, 4), -np.inf)
    scores[0, 2] = scores[1, 1] = 0.0  # each must be the parent of the other
    with pytest.raises(DataError, match="no graph is allowed"):
        ExactPosterior(ScoreTable(("A", "B"), scores))


def test_unknown_nodes_of_a_path():
    posterior = ExactPosterior(score_table(draw(3, 60, 1).rename(columns={"B": "bmi"})))
    with pytest.raises(DataError, match=r"'bmy' is no node. Did you mean 'bmi'"):
        posterior.path_probability(["A", "bmy"])
    with pytest.raises(DataError, match="'AC' is no arrow"):
        posterior.probability_of(["AC"])

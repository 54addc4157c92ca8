"""Lists of scored parent sets: whatever is asked for, each set has the score it always has."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from pytest import approx

from causalif.errors import DataError
from causalif.sigma.scores import gaussian
from causalif.sigma.scores.gaussian import log_determinants
from causalif.sigma.scores.nodes import SCORES, read_nodes, score_parent_sets
from causalif.sigma.scores.parents import ParentSets
from tests.sigma.scored import score_table


def draw(nodes: int, rows: int, seed: int = 1) -> pd.DataFrame:
    rng = np.random.default_rng(seed)
    values = rng.normal(size=(rows, nodes)) @ rng.normal(size=(nodes, nodes))
    return pd.DataFrame(values, columns=[f"v{k}" for k in range(nodes)])


def usable(score: str, nodes: int = 5) -> pd.DataFrame:
    data = draw(nodes, 80)
    return data.apply(lambda c: pd.qcut(c, 3, labels=False)) if score == "bdeu" else data


@pytest.mark.parametrize("score", SCORES)
def test_a_set_has_the_same_score_in_every_list(score):
    data, rng = usable(score), np.random.default_rng(2)
    nodes = read_nodes(data, score=score)
    table = score_table(data, score=score).scores
    some = [rng.permutation(masks)[:5] for masks in nodes.knowledge.parent_sets()]
    for node, found in enumerate(nodes.scorer(some)):
        assert found == approx(table[node, some[node]], rel=1e-12)


@pytest.mark.parametrize("score", SCORES)
def test_nodes_may_have_no_sets_to_score(score):
    nothing = [np.array([], dtype=np.int64)] * 5
    assert [len(s) for s in read_nodes(usable(score), score=score).scorer(nothing)] == [0] * 5


@pytest.mark.parametrize("score", ["bge", "bdeu"])
def test_the_last_of_many_columns_has_the_score_of_a_first(score):
    data = usable(score, 60)
    nodes = read_nodes(data, score=score)
    turned = read_nodes(data.iloc[:, ::-1], score=score)
    high = [np.zeros(0, dtype=np.int64)] * 59 + [np.array([0, 2**58, 2**58 + 2**57 + 1])]
    low = [np.array([0, 2, 2 + 4 + 2**59])] + [np.zeros(0, dtype=np.int64)] * 59
    assert nodes.scorer(high)[59] == approx(turned.scorer(low)[0], rel=1e-11)


def test_numbers_for_the_ladder():
    data = draw(3, 50)
    nodes = read_nodes(data, score="ladder")
    assert nodes.values is not None
    assert (nodes.values == data.to_numpy()).all()
    assert read_nodes(data).values is None
    sets = nodes.knowledge.parent_sets()
    for found, expected in zip(nodes.scorer(sets), read_nodes(data).scorer(sets), strict=True):
        assert found.tolist() == expected.tolist()


def test_determinants_in_pieces(monkeypatch):
    matrix = np.cov(np.random.default_rng(1).normal(size=(20, 6)), rowvar=False)
    sets = np.arange(64)
    whole = log_determinants(matrix, sets)
    assert whole[0b101001] == approx(np.log(np.linalg.det(matrix[np.ix_([0, 3, 5], [0, 3, 5])])))
    monkeypatch.setattr(gaussian, "AT_ONCE", 30)
    assert log_determinants(matrix, sets).tolist() == approx(whole.tolist(), abs=1e-13)


def test_lists_are_in_order_and_what_is_ruled_out_is_left_out():
    sets = ParentSets.of("AB", [np.array([0, 2]), np.array([0, 1])],
                         [np.array([1.0, -np.inf]), np.array([3.0, 4.0])])  # fmt: skip
    assert [m.tolist() for m in sets.masks] == [[0], [1, 0]]
    assert sets.table().scores.tolist() == [
        [1, -np.inf, -np.inf, -np.inf],
        [3, 4, -np.inf, -np.inf],
    ]
    graphs = np.array([[0, 1], [0, 0], [2, 0], [0, 3]])
    assert sets.log_scores(graphs).tolist() == [5, 4, -np.inf, -np.inf]


@pytest.mark.parametrize("value", [np.nan, np.inf])
def test_scores_that_are_no_numbers(value):
    with pytest.raises(DataError, match=rf"1 of 3 scores .* {value} for 'B' with parents \['A'\]"):
        ParentSets.of("AB", [np.array([0]), np.array([0, 1])], [np.zeros(1), np.array([0, value])])


def test_a_table_of_many_nodes_is_refused():
    data = draw(15, 50)
    nodes = read_nodes(data, max_parents=1)
    sets = score_parent_sets(nodes, nodes.knowledge.parent_sets())
    assert sum(len(masks) for masks in sets.masks) == 15 * 15
    with pytest.raises(DataError, match="15 columns are too many for a table"):
        sets.table()


def test_unknown_prior():
    nodes = read_nodes(draw(2, 50))
    with pytest.raises(DataError, match="prior='flat' is not one of"):
        score_parent_sets(nodes, nodes.knowledge.parent_sets(), "flat")

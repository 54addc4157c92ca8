"""Listed parent sets against all of them: what is listed, and how much is lost."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from causalif.sigma.scores.candidates import candidate_sets, choose_candidates, lost_mass
from causalif.sigma.scores.nodes import read_nodes, score_parent_sets
from causalif.sigma.structures.exact import ExactPosterior


def listed(nodes, count, limit=None, first=None):
    return candidate_sets(nodes, choose_candidates(nodes, count=count, first=first), limit=limit)


def draw(nodes: int, rows: int, seed: int) -> pd.DataFrame:
    """Linear-Gaussian rows of a random graph with two parents on average."""
    rng = np.random.default_rng(seed)
    values = rng.normal(size=(rows, nodes))
    for j in range(nodes):
        values[:, j] += values[:, :j] @ (rng.normal(size=j) * (rng.random(j) < 4 / (nodes - 1)))
    return pd.DataFrame(values, columns=[f"v{k}" for k in range(nodes)])


def test_sets_are_those_of_candidates_and_one_from_outside():
    nodes = read_nodes(draw(8, 200, 1))
    masks = listed(nodes, count=3)
    for node, own in enumerate(masks):
        assert len(own) == 8 * (1 + 4)  # 2**3 sets of candidates, each alone or with one of four
        assert len(np.unique(own)) == len(own)
        assert not (own >> node & 1).any()
        often = ((own[:, None] >> np.arange(8)) & 1).sum(axis=0)
        assert np.sort(often).tolist() == [0, 8, 8, 8, 8, 20, 20, 20]


def test_many_candidates_are_all_sets():
    nodes = read_nodes(draw(6, 100, 1))
    masks = listed(nodes, count=5)
    for own, every in zip(masks, nodes.knowledge.parent_sets(), strict=True):
        assert own.tolist() == every.tolist()
    graphs = np.zeros((1, 6), dtype=np.int64)
    assert lost_mass(nodes, masks, graphs).tolist() == [0] * 6


def test_knowledge_is_in_the_lists():
    nodes = read_nodes(
        draw(8, 200, 1), required="v7 -> v2; v6 -> v2", forbidden="v0 -> v2", max_parents=3
    )
    masks = listed(nodes, count=2)
    for node, (own, every) in enumerate(zip(masks, nodes.knowledge.parent_sets(), strict=True)):
        assert set(own.tolist()) <= set(every.tolist()), node
    assert ((masks[2] >> 6) & 3 == 3).all()
    assert len(masks[2]) == 1 + 4  # the two that are required, and one of the others
    limited = listed(nodes, count=2, limit=1)
    assert limited[2].tolist() == [0b11000000]
    assert np.bitwise_count(limited[0]).max() <= 2  # as many as are required of some node


def test_parents_that_count_together_are_found():
    rng = np.random.default_rng(1)
    data = pd.DataFrame(rng.normal(size=(500, 10)), columns=list("abcdefghij"))
    data["b"] = -data["a"] + 0.3 * data["b"]
    data["y"] = data["a"] + data["b"] + 0.1 * rng.normal(size=500)  # hardly correlated with a
    masks = listed(read_nodes(data), count=2)
    often = ((masks[10][:, None] >> np.arange(11)) & 1).sum(axis=0)
    assert set(np.argsort(-often)[:2]) == {0, 1}


def posterior_of(nodes, sets):
    return ExactPosterior(score_parent_sets(nodes, sets).table())


@pytest.mark.parametrize("rows", [100, 1000])
def test_little_is_lost_and_it_is_known_how_much(rows):
    lost, few, estimated = [], [], []
    for seed in range(3):
        nodes = read_nodes(draw(9, rows, seed))
        every = posterior_of(nodes, nodes.knowledge.parent_sets()).parent_sets
        enough, masks = (listed(nodes, count=count) for count in (6, 4))
        graphs = posterior_of(nodes, masks).draw(20, np.random.default_rng(seed))
        lost += [1 - every[j, own].sum() for j, own in enumerate(enough)]
        few += [1 - every[j, own].sum() for j, own in enumerate(masks)]
        estimated += lost_mass(nodes, masks, graphs).tolist()
    assert np.mean(lost) < 0.02
    assert np.mean(few) / 2 < np.mean(estimated) < 2 * np.mean(few)


def test_few_candidates_are_seen_to_lose_much():
    rng = np.random.default_rng(2)
    values = rng.normal(size=(1000, 9))
    values[:, 8] += values[:, :8].sum(axis=1)
    nodes = read_nodes(
        pd.DataFrame(values, columns=list("abcdefghy")), tiers=[list("abcdefgh"), "y"]
    )
    graphs = np.zeros((1, 9), dtype=np.int64)  # in the order of the columns
    assert lost_mass(nodes, listed(nodes, count=4), graphs)[8] > 0.99
    assert lost_mass(nodes, listed(nodes, count=7), graphs)[8] < 0.01


def test_some_candidates_can_be_given():
    nodes = read_nodes(draw(8, 200, 1), forbidden="v1 -> v0")
    first = np.full(8, 0b11, dtype=np.int64)
    chosen = choose_candidates(nodes, count=3, first=first)
    assert np.bitwise_count(chosen).tolist() == [3] * 8
    assert (chosen[2:] & 0b11 == 0b11).all()
    assert chosen[0] & 0b11 == 0  # no node is its own parent, and v1 is forbidden
    assert chosen[1] & 0b1

"""How parent sets are scored where the ladder meets few values, and large sets."""

from __future__ import annotations

import numpy as np
import pandas as pd
from numpy.testing import assert_allclose

from causalif.sigma.checkpoint import Checkpoint
from causalif.sigma.ladder.scorer import WEIGHT
from causalif.sigma.learn import Settings, dag_posterior
from causalif.sigma.listing import scored
from causalif.sigma.scores.nodes import read_nodes, score_parent_sets

SETTINGS = Settings("exact", "ladder", "uniform", 9, 10, 10, 4, None, 1, 1, 1, False)


def as_table(sets):
    return sets.table().scores


def test_few_values_are_levels_and_get_no_density():
    """0/1 columns: a density could put all its mass on two points, and find arrows anywhere."""
    rng = np.random.default_rng(1)
    x = rng.normal(size=300)
    data = pd.DataFrame(
        {"X": x, "B": (x + rng.logistic(size=300) > 0).astype(int),
         "N": rng.integers(0, 2, 300), "K": rng.integers(0, 12, 300)}
    )  # fmt: skip
    ladder = dag_posterior(data, method="exact", score="ladder", seed=1, progress=False)
    arrows = ladder.edge_probabilities
    assert arrows.loc["X", "B"] + arrows.loc["B", "X"] > 0.95
    for name in ("N", "K"):
        assert arrows[name].max() < 0.35
        assert arrows.loc[name].max() < 0.35
    levels = as_table(score_parent_sets(nodes := read_nodes(data, score="mixed"),
                                        nodes.knowledge.parent_sets()))  # fmt: skip
    found = as_table(ladder.sets)
    assert_allclose(found[1], levels[1])  # a node of two values: by logistic regression
    bge = as_table(score_parent_sets(plain := read_nodes(data, score="bge"),
                                     plain.knowledge.parent_sets()))  # fmt: skip
    assert_allclose(found[3], bge[3])  # twelve values: linear


def test_large_sets_have_the_lowest_rung_alone():
    rng = np.random.default_rng(2)
    values = rng.normal(size=(80, 6))
    values[:, 5] += values[:, :5].sum(axis=1)
    data = pd.DataFrame(values, columns=list("ABCDEY"))
    nodes = read_nodes(data, score="ladder", tiers=[list("ABCDE"), ["Y"]])
    sets, _ = scored(nodes, SETTINGS, Checkpoint(None))
    base = score_parent_sets(nodes, nodes.knowledge.parent_sets())
    ladder, bge = as_table(sets)[5], as_table(base)[5]
    large = (np.bitwise_count(np.arange(64)) > 3) & np.isfinite(bge)
    assert_allclose(ladder[large], bge[large] + np.log(1 - WEIGHT))
    assert (ladder >= bge + np.log(1 - WEIGHT) - 1e-9)[np.isfinite(bge)].all()


def test_large_sets_can_win():
    rng = np.random.default_rng(3)
    values = rng.normal(size=(400, 6))
    values[:, 5] += values[:, :5].sum(axis=1)
    data = pd.DataFrame(values, columns=list("ABCDEY"))
    posterior = dag_posterior(
        data, method="exact", seed=1, tiers=[list("ABCDE"), ["Y"]], progress=False
    )
    assert posterior.edge_probabilities["Y"].drop("Y").min() > 0.99

"""A posterior as an object: probabilities, errors, consensus, files."""

from __future__ import annotations

import pickle

import networkx as nx
import numpy as np
import pandas as pd
import pytest
from numpy.testing import assert_allclose, assert_array_equal

from causalif.errors import DataError
from causalif.sigma.learn import dag_posterior
from causalif.sigma.posterior import DAGPosterior
from tests.sigma.posteriors import dag, of_graphs
from tests.sigma.scored import score_table
from tests.truth.dags import Enumerated


@pytest.fixture(scope="module")
def data():
    rng = np.random.default_rng(1)
    c, rows = rng.normal(size=120), 120
    a = 0.5 * c + rng.normal(size=rows)
    m = 0.4 * a + rng.normal(size=rows)
    y = 0.4 * m + 0.4 * c + rng.normal(size=rows)
    return pd.DataFrame({"C": c, "A": a, "M": m, "Y": y})


@pytest.fixture(scope="module")
def exact(data):
    return dag_posterior(data, method="exact", score="bge", samples=2000, seed=1)


@pytest.fixture(scope="module")
def truth(data):
    return Enumerated.of(score_table(data).scores)


def test_probabilities_are_those_of_all_graphs(exact, truth):
    assert_allclose(exact.edge_probabilities, truth.arrows(), atol=1e-10)
    assert_array_equal(exact.edge_errors, np.zeros((4, 4)))
    assert_allclose(exact.path_probability(["A", "M", "Y"]), truth.path(1, 2, 3), atol=1e-10)
    assert exact.path_probability("A -> M -> Y") == exact.path_probability(["A", "M", "Y"])
    assert exact.path_error("A -> M -> Y") == 0


def test_draws_are_graphs_with_weights(exact, truth):
    assert_allclose(exact.weights.sum(), 1)
    assert len(exact.graphs) == len(exact.weights) == len(np.unique(exact.draws, axis=0))
    assert all(nx.is_directed_acyclic_graph(graph) for graph in exact.graphs)
    assert list(exact.graphs[0]) == ["C", "A", "M", "Y"]
    assert (np.diff(exact.weights) <= 1e-15).all()
    # Shares of 2,000 independent draws, within four binomial errors.
    share, error = exact.share(((exact.draws[:, 2] >> 1) & 1) == 1)
    assert_allclose(error, np.sqrt(share * (1 - share) / 2000), rtol=1e-6)
    assert abs(share - truth.arrows()[1, 2]) < 4 * error


def test_batches_widen_the_error():
    """Draws that repeat in batches are worth one each: the error is that of the batch means."""
    rng = np.random.default_rng(2)
    has = np.repeat(rng.integers(0, 2, 50), 40).astype(np.int64)
    draws = np.stack([np.zeros_like(has), has], axis=1)
    weights, arrows = np.full(2000, 1 / 2000), np.zeros((2, 2))
    given = {"draw_weights": weights, "arrows": arrows, "arrow_errors": arrows}
    alone = DAGPosterior(("A", "B"), draws, batches=np.zeros(2000, int), **given)
    batched = DAGPosterior(("A", "B"), draws, batches=np.repeat(np.arange(50), 40), **given)
    mean = has.mean()
    assert_allclose(alone.path_error("A -> B"), np.sqrt(mean * (1 - mean) / 2000), rtol=1e-6)
    assert_allclose(batched.path_error("A -> B"), np.sqrt(mean * (1 - mean) / 49), rtol=1e-6)


def test_consensus_has_no_cycle_and_keeps_the_most_probable():
    graphs = [dag("AB BC", "ABC"), dag("BC CA", "ABC"), dag("CA AB", "ABC")]
    posterior = of_graphs(graphs, [0.4, 0.32, 0.28])
    found = posterior.consensus(0.5)  # each arrow has two thirds, about: all three are a cycle
    assert set(found.edges) == {("A", "B"), ("B", "C")}
    assert_allclose(found.edges["B", "C"]["probability"], 0.72)


def test_a_saved_posterior_is_read_back_whole(exact, tmp_path):
    file = tmp_path / "posterior.npz"
    exact.save(file)
    again = DAGPosterior.load(file)
    assert_array_equal(again.draws, exact.draws)
    assert_array_equal(again.weights, exact.weights)
    assert again.path_probability("A -> M -> Y") == exact.path_probability("A -> M -> Y")
    assert again.settings["score"] == "bge"
    assert again.summary() == exact.summary()
    assert_array_equal(pickle.loads(pickle.dumps(exact)).draws, exact.draws)


@pytest.mark.parametrize("broken", ["bytes", "cycle", "kind", "absent"])
def test_a_damaged_file_is_refused(exact, tmp_path, broken):
    from causalif.sigma.storage import save_posterior

    file = tmp_path / "posterior.npz"
    exact.save(file)
    if broken == "bytes":
        content = bytearray(file.read_bytes())
        content[len(content) // 2] ^= 255
        file.write_bytes(bytes(content))
        match = "damaged"
    elif broken == "cycle":
        cyclic = np.array([[2, 1, 0, 0]])
        save_posterior(
            DAGPosterior(exact.names, cyclic, np.ones(1), np.zeros(1, int), exact.arrows,
                         exact.arrow_errors), file,
        )  # fmt: skip
        match = "damaged or is not a posterior"
    elif broken == "kind":
        import causalif as cif

        cif.Estimate([1.0], [[1.0], [-1.0]], names=["mean"]).save(file)
        match = "holds causalif.Estimate"
    else:
        file, match = tmp_path / "other.npz", "no file"
    with pytest.raises(DataError, match=match):
        DAGPosterior.load(file)


def test_arrays_cannot_be_changed(exact):
    with pytest.raises(ValueError, match="read-only"):
        exact.draws[0, 0] = 1
    frame = exact.edge_probabilities
    frame.iloc[0, 1] = 7
    assert exact.arrows[0, 1] != 7


def test_unknown_names_are_answered(exact):
    with pytest.raises(DataError, match="'Z' is no node"):
        exact.path_probability("A -> Z")
    with pytest.raises(DataError, match="is no path"):
        exact.path_probability(["A"])
    with pytest.raises(DataError, match="kind"):
        exact.plot("edges")


def test_the_summary_names_what_equivalence_leaves_open(exact):
    text = exact.summary()
    assert "120 rows" in text
    assert "exact given the scores" in text
    assert "common cause that is no column" in text


def test_same_seed_same_graphs(data):
    one, two, other = (
        dag_posterior(data, method="exact", score="bge", samples=50, seed=seed)
        for seed in (3, np.random.default_rng(3), 4)
    )
    assert_array_equal(
        one.draws, dag_posterior(data, method="exact", score="bge", samples=50, seed=3).draws
    )
    assert not np.array_equal(one.draws, other.draws)
    assert len(two.draws) == 50

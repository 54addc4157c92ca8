"""From a frame to a posterior by every method."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from causalif.sigma.learn import dag_posterior
from causalif.sigma.spoken import settling
from causalif.sigma.walks import arrow_shares
from tests.sigma.posteriors import dag, of_graphs


def linear(nodes, rows, seed):
    rng = np.random.default_rng(seed)
    values = rng.normal(size=(rows, nodes))
    for j in range(nodes):
        values[:, j] += values[:, :j] @ (0.8 * (rng.random(j) < 2 / (nodes - 1)))
    return pd.DataFrame(values, columns=[f"v{k}" for k in range(nodes)])


def test_flow_draws_follow_the_exact_posterior():
    data = linear(4, 100, 1)
    exact = dag_posterior(data, method="exact", score="bge", seed=1)
    flow = dag_posterior(data, score="bge", samples=2000, seed=1, progress=False)
    assert flow.settings["method"] == "flow"
    np.testing.assert_allclose(flow.arrows, exact.arrows, atol=1e-12)  # exact up to 14 columns
    shares = arrow_shares(flow.draws, flow.draw_weights)
    error = 4 * np.sqrt(0.25 / flow.diagnostics["effective_draws"])
    assert np.abs(shares - exact.arrows).max() < error
    again = dag_posterior(data, score="bge", samples=2000, seed=1, progress=False)
    np.testing.assert_array_equal(again.draws, flow.draws)


def test_chains_serve_more_columns_than_sums_can():
    data = linear(16, 300, 2)
    tiers = {name: k for k, name in enumerate(data.columns)}
    found = dag_posterior(
        data, method="mcmc", score="bge", samples=400, tiers=tiers, candidates=6, seed=1,
        progress=False,
    )  # fmt: skip
    assert not found.is_exact
    assert len(found.draws) == 400
    assert found.arrow_errors.max() < 0.05
    assert set(found.diagnostics["lost"]) == set(data.columns)
    lower = np.tril(np.ones((16, 16), dtype=bool))
    assert found.arrows[lower].max() == 0  # no arrow goes back in time
    path, error = found.path_probability("v0 -> v15"), found.path_error("v0 -> v15")
    assert abs(path - found.arrows[0, 15]) < 4 * error + 0.02


@pytest.mark.parametrize("score", ["bic", "bdeu", "mixed"])
def test_other_scores(score):
    rng = np.random.default_rng(3)
    a = rng.integers(0, 3, 400)
    b = np.where(rng.random(400) < 0.8, a, rng.integers(0, 3, 400))
    data = pd.DataFrame({"A": a, "B": b, "C": rng.integers(0, 2, 400)})
    arrows = dag_posterior(data, method="exact", score=score, seed=1).edge_probabilities
    assert arrows.loc["A", "B"] + arrows.loc["B", "A"] > 0.99
    assert arrows["C"].max() < 0.2


def test_which_order_would_settle_a_path():
    """By hand: A -> M -> Y in .6, A <- M -> Y in .3, neither arrow in .1."""
    graphs = [dag("AM MY", "AMY"), dag("MA MY", "AMY"), dag("", "AMY")]
    found = settling(of_graphs(graphs, [0.6, 0.3, 0.1]), ["A", "M", "Y"])
    assert [pair[:2] for pair in found] == [("A", "M")]
    np.testing.assert_allclose(found[0][2:], [0.0, 0.6 / 0.7])


def test_nothing_to_settle_where_no_order_is_open():
    posterior = of_graphs([dag("AM MY", "AMY"), dag("", "AMY")], [0.6, 0.4])
    assert settling(posterior, ["A", "M", "Y"]) == []


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"score": "ladder", "method": "exact"}, 'score="ladder" needs torch and pyro-ppl: pip'),
        ({"score": "bge", "method": "flow"}, 'method="flow" needs torch'),
        ({"score": "bge", "method": "mcmc"}, "needs numba: pip install numba"),
    ],
)
def test_a_missing_library_is_named_before_any_work(options, message, monkeypatch):
    from causalif.sigma import extras, learn

    monkeypatch.setattr(extras, "find_spec", lambda name: None)
    monkeypatch.setattr(learn, "scored", lambda *_: pytest.fail("work was done"))
    with pytest.raises(ImportError, match=message):
        dag_posterior(linear(3, 60, 1), **options)

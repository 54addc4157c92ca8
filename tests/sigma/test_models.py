"""Models from a posterior: the data again, and interventions with a known answer."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from numpy.testing import assert_allclose

from causalif.errors import DataError
from causalif.sigma.models import simulate
from tests.sigma.posteriors import certain, dag, of_graphs

GRAPH = dag("CA CY AM MY", "CAMY")


@pytest.fixture(scope="module")
def data():
    rng = np.random.default_rng(1)
    c = rng.normal(size=1500)
    a = 1 + 0.8 * c + rng.normal(size=1500)
    m = 10 + np.sin(a) * 2 + 0.5 * rng.normal(size=1500)
    y = m + c + rng.laplace(size=1500)
    return pd.DataFrame({"C": c, "A": a, "M": m, "Y": y})


def test_simulated_data_look_like_the_data(data):
    found = simulate(certain(GRAPH), data, 20_000, graphs=1, seed=1)
    assert list(found.columns) == ["C", "A", "M", "Y"]
    assert_allclose(found.mean(), data.mean(), atol=0.15)
    assert_allclose(found.cov(), data.cov(), atol=0.25)


def test_an_intervention_is_that_of_the_mechanisms(data):
    """E[Y | do(A = a)] = 10 + 2 sin(a), and not what rows with such a value have."""
    levels = [-0.5, 1.5]
    means = [
        simulate(certain(GRAPH), data, 20_000, do={"A": a}, graphs=1, seed=2)["Y"].mean()
        for a in levels
    ]
    truth = 2 * np.sin(levels[1]) - 2 * np.sin(levels[0])
    assert abs(means[1] - means[0] - truth) < 0.3
    near = [data["Y"][(data["A"] - a).abs() < 0.2].mean() for a in levels]
    assert abs(near[1] - near[0] - truth) > 0.5  # confounded by C: the test can fail


def test_two_worlds_share_their_noise(data):
    one, two = (simulate(certain(GRAPH), data, 50, do={"Y": y}, seed=3) for y in (0.0, 9.0))
    pd.testing.assert_frame_equal(one[["C", "A", "M"]], two[["C", "A", "M"]])
    assert (one["Y"] == 0).all()


def test_graphs_are_drawn_by_weight(data):
    posterior = of_graphs([GRAPH, dag("CA CY AM", "CAMY")], [0.3, 0.7])
    found = simulate(posterior, data, 2000, graphs=50, seed=4)
    linked = found.groupby("graph").apply(lambda part: abs(part[["M", "Y"]].corr().iloc[0, 1]))
    assert 0.1 < (linked > 0.5).mean() < 0.5
    assert found.index.nunique() == 50


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"do": {"B": 1.0}}, "do names 'B'"),
        ({"do": {"A": np.nan}}, "no number"),
        ({"do": 3}, "no mapping"),
        ({"rows": 0}, "rows=0"),
        ({"graphs": 1.5}, "graphs=1.5"),
    ],
)
def test_bad_arguments(data, change, message):
    with pytest.raises(DataError, match=message):
        simulate(certain(GRAPH), data, **change)


def test_absent_columns(data):
    with pytest.raises(DataError, match="no column 'M'"):
        simulate(certain(GRAPH), data.drop(columns="M"))

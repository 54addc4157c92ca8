"""Whether the order of the rows decides what the ladder says of a direction."""

from __future__ import annotations

import warnings

import numpy as np
import pandas as pd
import pytest

from causalif.errors import ConvergenceWarning
from causalif.sigma import orders
from causalif.sigma.learn import dag_posterior
from causalif.sigma.orders import directions

OPTIONS = {"method": "exact", "score": "ladder", "seed": 1, "progress": False}


def scorer_of(gains):
    """Scores of two nodes: 0 alone, `gains` of 0 -> 1 and 1 -> 0 with the other."""

    def score(sets):
        return [
            np.where(masks == 0, 0.0, gain) for masks, gain in zip(sets, gains[::-1], strict=True)
        ]

    return score


def test_log_odds_of_one_arrow_against_the_other():
    allowed = np.array([0b10, 0b01])
    found = directions(scorer_of([5.0, 2.0]), allowed)
    assert found[0, 1] == 3.0
    assert found[1, 0] == -3.0
    assert np.isnan(np.diag(found)).all()
    only = directions(scorer_of([5.0, 2.0]), np.array([0b00, 0b01]))  # back in time
    assert np.isnan(only).all()


@pytest.fixture
def data():
    rng = np.random.default_rng(1)
    a = rng.normal(size=100)
    return pd.DataFrame({"A": a, "B": a + 0.5 * rng.normal(size=100), "C": rng.normal(size=100)})


def test_a_direction_that_orders_turn_round_is_warned_of(data, monkeypatch):
    gains = iter([[9.0, 1.0], [1.0, 9.0], [9.0, 1.0]])

    def fake(*_):
        own = next(gains)
        return lambda sets: [
            np.where(masks == 0, 0.0, own[1 - min(node, 1)]) for node, masks in enumerate(sets)
        ]

    monkeypatch.setattr(orders, "ladder_of", fake)
    with pytest.warns(ConvergenceWarning, match=r"A -> B against the reverse are \+8.0, -8.0, \+8"):
        found = dag_posterior(data, **OPTIONS)
    assert found.diagnostics["turned_by_order"] == {"A - B": [8.0, -8.0, 8.0]}


def test_a_direction_that_no_order_decides_is_not(data):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        found = dag_posterior(data, **OPTIONS)
    assert found.diagnostics["turned_by_order"] == {}

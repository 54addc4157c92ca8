from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.optimize import minimize

from causalif.errors import FitError
from causalif.nuisance import stacking
from causalif.nuisance.stacking import simplex_weights, simplex_weights_logloss


def example(seed):
    rng = np.random.default_rng(seed)
    n, k = rng.integers(5, 60), rng.integers(2, 6)
    predictions = rng.normal(size=(n, k)) * 10.0 ** rng.integers(-2, 3, k)
    y = rng.normal(size=n) + predictions[:, 0] * rng.random()
    probabilities = rng.dirichlet(np.full(3, rng.choice([0.1, 1, 10])), size=(n, k))
    return predictions, y, probabilities, rng.integers(0, 3, n), rng.random(n)


def on_simplex(weights):
    return (weights >= 0).all() and abs(weights.sum() - 1) < 1e-12


@settings(max_examples=50, deadline=None)
@given(st.integers(0, 10**6))
def test_least_squares_weights_satisfy_the_optimality_conditions(seed):
    predictions, y, _, _, w = example(seed)
    a = simplex_weights(predictions, y, w)
    residual = predictions @ a - y
    slope = predictions.T @ (w * residual)
    assert on_simplex(a)
    # Convex: the loss is within slope'a - min(slope) of its least value on the simplex.
    assert slope @ a - slope.min() <= 1e-5 * np.sum(w * residual**2)


@settings(max_examples=50, deadline=None)
@given(st.integers(0, 10**6))
def test_log_loss_weights_satisfy_the_optimality_conditions(seed):
    _, _, probabilities, codes, w = example(seed)
    a = simplex_weights_logloss(probabilities, codes, w)
    seen = np.maximum(probabilities[np.arange(len(codes)), :, codes], 1e-12)
    assert on_simplex(a)
    assert (seen.T @ (w / (seen @ a)) / w.sum()).max() < 1 + 1e-5


@pytest.mark.parametrize("seed", range(3))
def test_weights_equal_a_general_solver(seed):
    predictions, y, probabilities, codes, w = example(seed)
    seen = probabilities[np.arange(len(codes)), :, codes]
    losses = {
        "square": lambda a: np.sum(w * (predictions @ a - y) ** 2) / np.sum(w * y**2),
        "log": lambda a: -np.sum(w * np.log(seen @ a)) / w.sum(),
    }
    found = {
        "square": simplex_weights(predictions, y, w),
        "log": simplex_weights_logloss(probabilities, codes, w),
    }
    k = predictions.shape[1]
    for name, loss in losses.items():
        other = minimize(
            loss,
            np.full(k, 1 / k),
            bounds=[(1e-12, 1)] * k,
            constraints={"type": "eq", "fun": lambda a: a.sum() - 1},
            options={"ftol": 1e-14, "maxiter": 1000},
        )
        assert loss(found[name]) <= other.fun + 1e-7


def test_weights_are_repeated_rows():
    predictions, y, probabilities, codes, _ = example(9)
    times = np.arange(len(y)) % 3 + 1
    rows = np.repeat(np.arange(len(y)), times)
    np.testing.assert_allclose(
        simplex_weights(predictions, y, times), simplex_weights(predictions[rows], y[rows])
    )
    np.testing.assert_allclose(
        simplex_weights_logloss(probabilities, codes, times),
        simplex_weights_logloss(probabilities[rows], codes[rows]),
        atol=1e-5,
    )


def test_the_truth_takes_all():
    rng = np.random.default_rng(0)
    y = rng.normal(size=50)
    predictions = np.column_stack([np.zeros(50), y, y + 1e8])
    np.testing.assert_allclose(simplex_weights(predictions, y), [0, 1, 0], atol=1e-6)


def test_equal_learners_share():
    y = np.array([1.0, 2.0, 4.0])
    twice = np.column_stack([y / 2, y / 2])
    np.testing.assert_allclose(simplex_weights(twice, y), [0.5, 0.5], rtol=1e-6)
    np.testing.assert_allclose(simplex_weights(np.zeros((3, 2)), np.zeros(3)), [0.5, 0.5])


def test_a_learner_that_excludes_what_happens_is_survivable():
    p = np.array([[[0.0, 1.0], [0.5, 0.5]]] * 3)
    assert simplex_weights_logloss(p, np.array([0, 1, 1])) @ [0, 1] > 0.5
    assert on_simplex(simplex_weights_logloss(p[:, :1], np.array([0, 1, 1])))


@pytest.mark.parametrize("failures", [1, 2, 3])
def test_a_solver_that_gives_up_is_asked_again(monkeypatch, failures):
    rng = np.random.default_rng(3)
    predictions = rng.normal(size=(200, 3))
    y = predictions @ [0.5, 0.3, 0.2] + rng.normal(size=200)
    expected = stacking.simplex_weights(predictions, y)
    calls = []

    def stubborn(*arguments):
        calls.append(arguments)
        if len(calls) <= failures:
            raise RuntimeError("Maximum number of iterations reached.")
        return nnls(*arguments)

    nnls = stacking.nnls
    monkeypatch.setattr(stacking, "nnls", stubborn)
    if failures == len(stacking.RIDGES):
        with pytest.raises(FitError, match="too much alike"):
            stacking.simplex_weights(predictions, y)
    else:
        assert stacking.simplex_weights(predictions, y) == pytest.approx(expected, abs=1e-5)

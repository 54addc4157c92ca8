"""Laws of arithmetic and of variances, on random examples."""

from __future__ import annotations

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from numpy.testing import assert_allclose

import causalif as cif
from causalif.estimate.jacobian import jacobian

law = settings(deadline=None, max_examples=60)

finite = st.floats(-100, 100, allow_nan=False).map(lambda x: round(x, 6))


@st.composite
def estimates(draw, k=None):
    k = k or draw(st.integers(1, 4))
    n = draw(st.integers(2, 12))
    values = draw(hnp.arrays(float, k, elements=finite))
    rows = draw(hnp.arrays(float, (n, k), elements=finite))
    weights = draw(st.none() | hnp.arrays(float, n, elements=st.floats(0.1, 10)))
    return cif.Estimate(values, rows, weights=weights)


def same(left, right, atol=1e-9):
    assert_allclose(left.values.to_numpy(), right.values.to_numpy(), rtol=1e-9, atol=atol)
    assert_allclose(left.influence.to_numpy(), right.influence.to_numpy(), rtol=1e-9, atol=atol)


@law
@given(estimates(k=2))
def test_adding_and_taking_away_gives_back(both):
    a, b = both["term 1"], both["term 2"]
    same((a + b) - b, a)
    same(-(b - a), a - b)
    same(a + a, 2 * a)


@law
@given(estimates(), st.data())
def test_covariance_of_a_linear_map(estimate, data):
    k, m = len(estimate), data.draw(st.integers(1, 3))
    matrix = data.draw(hnp.arrays(float, (m, k), elements=finite))
    mapped = estimate.transform(lambda v: matrix @ v, [f"m{j}" for j in range(m)])
    expected = matrix @ estimate.cov().to_numpy() @ matrix.T
    scale = abs(expected).max() + 1e-12
    assert_allclose(mapped.cov().to_numpy() / scale, expected / scale, atol=1e-7)


@law
@given(estimates(), st.randoms(use_true_random=False))
def test_the_order_of_rows_is_immaterial(estimate, random):
    order = list(range(estimate.n))
    random.shuffle(order)
    weights = None if estimate.weights is None else estimate.weights[order]
    shuffled = cif.Estimate(estimate.values, estimate.influence.iloc[order], weights=weights)
    assert_allclose(shuffled.cov(), estimate.cov(), rtol=1e-9, atol=1e-9)
    same(shuffled - estimate, estimate - shuffled.transform(lambda v: v, estimate.names))
    assert_allclose((shuffled - estimate).std_error, 0, atol=1e-12)


@law
@given(estimates(k=3))
def test_combine_undoes_selection(estimate):
    parts = [estimate[name] for name in estimate.names]
    assert cif.combine(parts).cov().equals(estimate.cov())


@law
@given(st.floats(-3, 3), st.floats(1e-3, 10))
def test_numerical_derivatives(x, spread):
    def func(v):
        return np.array([np.exp(v[0]), np.sin(3 * v[0]), v[0] ** 3, 1 / (4 + v[0])])

    exact = [np.exp(x), 3 * np.cos(3 * x), 3 * x**2, -1 / (4 + x) ** 2]
    found = jacobian(func, np.array([x]), np.array([spread]))[:, 0]
    assert_allclose(found, exact, rtol=1e-8, atol=1e-9)


def test_derivatives_next_to_the_edge_of_the_domain():
    at = np.array([1e-3])
    assert_allclose(jacobian(np.log, at, np.ones(1)), [[1e3]], rtol=1e-8)
    assert_allclose(jacobian(np.sqrt, at, np.ones(1)), [[0.5 / np.sqrt(1e-3)]], rtol=1e-8)

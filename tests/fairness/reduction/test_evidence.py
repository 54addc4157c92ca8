"""Evidence about the dimension: test statistics by their definition, levels, and choices."""

from __future__ import annotations

import numpy as np
import pytest
from statsmodels.multivariate.cancorr import CanCorr

from causalif.errors import DataError
from causalif.fairness.reduction import reduce_dimension
from causalif.fairness.reduction.dimension_tests import (
    _permuted,
    criterion,
    permutation_p_values,
    sizes,
)
from causalif.fairness.reduction.evidence import dimension_evidence
from causalif.fairness.reduction.fits import Data, fit


def two_directions(rng, rows, width=5):
    """Means of three levels differ in the first direction and, less, in the second."""
    level = rng.integers(0, 3, rows)
    x = rng.normal(size=(rows, width))
    x[:, :2] += np.array([[0.0, 0.0], [1.0, 0.6], [2.0, 0.0]])[level]
    return x, level


@pytest.fixture(scope="module")
def sample():
    return two_directions(np.random.default_rng(0), 300)


def weighed(method, x, response, **options):
    data = Data(x, response, **options)
    return criterion(method, data, fit(method, data), x.shape[1] - 1)


def test_deviance_of_slices_is_that_of_canonical_correlations(sample):
    # Wilks' lambda of statsmodels, for the correlations from the (k + 1)th on.
    x, level = sample
    wilks = CanCorr(x, np.eye(3)[level][:, 1:]).corr_test().stats["Wilks' lambda"].astype(float)
    assert weighed("sir", x, level).deviance[:2] == pytest.approx(-300 * np.log(wilks.to_numpy()))


def test_statistic_of_means_by_its_definition(sample):
    # Li (1991), theorem 5.1: n times the sum of the other eigenvalues; (p - k)(H - 1 - k).
    x, level = sample
    found = weighed("sir", x, level)
    values = fit("sir", Data(x, level)).eigenvalues
    assert found.statistic == pytest.approx([300 * values[k:].sum() for k in range(5)])
    assert list(found.freedom) == [10, 4, 0, 0, 0]
    assert list(found.parameters) == [0, 6, 10, 10, 10]  # k (p + H - 1 - k) of a matrix of rank k


def test_statistic_of_variances_by_its_definition(sample):
    # Shao, Cook & Weisberg (2007), with every slice's (I - V_h) between the last eigenvectors.
    x, level = sample
    found, whole = weighed("save", x, level), fit("save", Data(x, level))
    z = (x - x.mean(axis=0)) @ whole.root
    for k in range(5):
        last = whole.vectors[:, k:]
        expected = sum(
            (level == h).sum()
            / 2
            * np.sum((last.T @ (np.eye(5) - np.cov(z[level == h].T, ddof=0)) @ last) ** 2)
            for h in range(3)
        )
        assert found.statistic[k] == pytest.approx(expected)
    assert list(found.freedom) == [30, 20, 12, 6, 2]


def test_statistic_of_curvature_by_its_definition(sample):
    # Li (1992): n / (2 var r) times the sum of squares of the other eigenvalues.
    x, _ = sample
    y = x[:, 0] ** 2 + np.random.default_rng(1).normal(size=300)
    found = weighed("phd", x, y)
    inputs = np.column_stack([np.ones(300), x])
    residual = y - inputs @ np.linalg.lstsq(inputs, y, rcond=None)[0]
    z = (x - x.mean(axis=0)) @ fit("phd", Data(x, y)).root
    squares = np.sort(np.linalg.eigvalsh((z * residual[:, None]).T @ z / 300) ** 2)[::-1]
    expected = [300 / (2 * residual.var()) * squares[k:].sum() for k in range(5)]
    assert found.statistic == pytest.approx(expected)
    assert list(found.freedom) == [15, 10, 6, 3, 1]


@pytest.mark.parametrize("method", ["sir", "save", "phd"])
def test_chi_square_has_its_level_where_the_dimension_is_one(method):
    """300 samples of 800: the share rejected is .05 with an error of .013; k = 0 is rejected."""

    def p_values(seed):
        rng = np.random.default_rng([2, seed])
        x = rng.normal(size=(800, 4))
        if method == "sir":
            return weighed("sir", x, np.digitize(x[:, 0] + rng.normal(size=800), [-1, 0, 1]))
        if method == "phd":
            return weighed("phd", x, x[:, 0] ** 2 + rng.normal(size=800))
        level = rng.integers(0, 2, 800)
        x[:, 0] *= 1 + 0.8 * level
        # The mixture is not normal along the first column, the rest is.
        return weighed("save", x, level)

    found = np.array([p_values(seed).p_value[:2] for seed in range(300)])
    rejected = (found < 0.05).mean(axis=0)
    assert rejected[0] > 0.95
    assert rejected[1] == pytest.approx(0.05, abs=4 * np.sqrt(0.05 * 0.95 / 300))


def test_permutation_has_its_level_where_x_is_not_normal():
    """Lognormal columns, no direction: 100 samples, an error of .022."""

    def p_value(seed):
        rng = np.random.default_rng([3, seed])
        data = Data(np.exp(rng.normal(size=(150, 3))), rng.integers(0, 2, 150))
        options = {"rng": rng, "permutations": 39, "level": 0.05}
        return permutation_p_values("save", data, fit("save", data), 0, **options)[0]

    found = np.array([p_value(seed) for seed in range(100)])
    assert (found <= 0.05).mean() == pytest.approx(0.05, abs=4 * np.sqrt(0.05 * 0.95 / 100))
    assert found.mean() == pytest.approx(0.5, abs=4 * 0.029)


def test_chi_square_of_variances_is_wrong_where_x_is_not_normal():
    """The test above can fail: the same samples, by the theory of normal columns."""

    def rejected(seed):
        rng = np.random.default_rng([3, seed])
        x = np.exp(rng.normal(size=(150, 3)))
        return weighed("save", x, rng.integers(0, 2, 150)).p_value[0] < 0.05

    assert np.mean([rejected(seed) for seed in range(100)]) > 0.5


@pytest.mark.parametrize("ridge", [0.0, 0.3])
def test_permutation_goes_up_until_so_many_are_enough(ridge):
    x, level = two_directions(np.random.default_rng(4), 600)
    evidence = dimension_evidence(
        "sir", Data(x, level, ridge=ridge), rng=np.random.default_rng(0), permutations=49
    )
    p_values = evidence.table["permutation"]
    assert (p_values[:2] == 1 / 50).all()  # none of 49 is as large
    assert p_values[2:].isna().all()  # two is all that means of three levels can show
    assert evidence.chosen["permutation"] == 2


@pytest.mark.parametrize(
    ("method", "rules"),
    [
        ("sir", ["ladle", "bic", "chi_square"]),
        ("save", ["ladle", "bic", "chi_square"]),
        ("dr", ["ladle"]),
        ("phd", ["ladle", "bic", "chi_square"]),
        ("opg", ["ladle"]),
    ],
)
def test_table_of_each_method(sample, method, rules):
    x, level = sample
    response = x[:, 0] ** 2 + x[:, 1] if method in ("phd", "opg") else level
    found = reduce_dimension(x, response, method=method, seed=1)
    table = found.evidence.table
    assert list(table.columns) == [
        "dimension", "eigenvalue", "statistic", "p_value", "permutation", "bic", "ladle",
    ]  # fmt: skip
    assert list(table["dimension"]) == [0, 1, 2, 3, 4]
    assert table["eigenvalue"].to_numpy() == pytest.approx(found.eigenvalues.to_numpy())
    assert list(found.evidence.chosen.index) == rules
    assert found.dimension == found.evidence.chosen["ladle"]


def test_rule_decides(sample):
    x, level = sample
    found = reduce_dimension(x, level, rule="permutation", seed=1)
    assert found.dimension == found.evidence.chosen["permutation"] == 2
    assert reduce_dimension(x, level, rule="bic", seed=1).dimension == 2
    with pytest.raises(DataError, match="not available here"):
        _ = dimension_evidence(
            "sir", Data(x, level), rng=np.random.default_rng(0), rule="permutation"
        ).dimension


def test_same_seed_same_evidence(sample):
    x, level = sample
    one, two, other = (
        reduce_dimension(x, level, seed=seed, permutations=9).evidence.table for seed in (1, 1, 2)
    )
    assert one.equals(two)
    assert not one.equals(other)


def test_weights_that_all_but_drop_rows_count_as_fewer_rows(sample):
    x, level = sample
    weights = np.repeat([2.0, 0.0], 150)
    half, whole = Data(x[:150], level[:150]), Data(x, level, weights)
    one = criterion("sir", half, fit("sir", half), 4)
    two = criterion("sir", whole, fit("sir", whole), 4)
    assert two.statistic == pytest.approx(one.statistic)
    assert two.bic == pytest.approx(one.bic)


@pytest.mark.parametrize("method", ["sir", "save", "dr"])
def test_rows_left_in_place_give_the_statistic_itself(sample, method):
    """With a ridge too, which means something in the columns' own coordinates alone."""

    class Still:
        permutation = staticmethod(np.arange)

    x, level = sample
    data = Data(x @ np.triu(np.ones((5, 5))), level, ridge=0.5)
    found = fit(method, data)
    turn = found.root @ found.vectors
    again = _permuted(method, data, data.values @ turn, np.linalg.inv(turn), 1, Still())
    assert again == pytest.approx(sizes(method, found)[1:].sum())

"""Studies on normal columns: errors of 1/root n, standard errors that hold, dimensions found."""

from __future__ import annotations

import numpy as np
import pytest

from causalif.fairness.reduction import reduce_dimension
from tests.fairness.reduction import laws

WIDTH = 10
LAWS = [
    ("sir", laws.line, 1),
    ("sir", laws.groups, 2),
    ("sir", laws.rational, 2),
    ("save", laws.spreads, 2),
    ("dr", laws.apart, 2),
    ("phd", laws.saddle, 2),
]


def subspace_error(method, law, dimension, rows, width, seed):
    """Distance between projections on what was found and on the truth, columns 1 and 2."""
    x, response = law(np.random.default_rng([1, seed]), rows, width)
    directions = reduce_dimension(x, response, method=method, dimension=dimension).directions
    found = np.linalg.qr(directions.to_numpy())[0]
    true = np.eye(width)[:, :2] if dimension == 2 else np.eye(width)[:, :2].sum(1)[:, None] / 2**0.5
    return np.linalg.norm(found @ found.T - true @ true.T)


@pytest.mark.parametrize(("method", "law", "dimension"), LAWS)
def test_error_falls_with_the_root_of_rows(method, law, dimension):
    """Four times the rows, half the error: 40 samples each, the ratio has an error of about .1."""
    few, many = (
        np.mean([subspace_error(method, law, dimension, n, WIDTH, s) for s in range(40)])
        for n in (1500, 6000)
    )
    assert few / many == pytest.approx(2, abs=0.4)


@pytest.mark.slow
@pytest.mark.parametrize("width", [10, 50])
@pytest.mark.parametrize(("method", "law", "dimension"), LAWS)
def test_slope_of_the_error(method, law, dimension, width):
    """log error against log n has slope -1/2; 50 samples of each size, an error of about .02."""
    sizes = (4000, 8000, 16000)
    errors = [
        np.mean([subspace_error(method, law, dimension, n, width, s) for s in range(50)])
        for n in sizes
    ]
    assert np.polyfit(np.log(sizes), np.log(errors), 1)[0] == pytest.approx(-0.5, abs=0.08)


def ratio_of_errors(method, law, dimension, rows, draws):
    """Root mean squares over the loadings of each direction: standard error by spread."""
    found = []
    for seed in range(draws):
        x, response = law(np.random.default_rng([2, seed]), rows, WIDTH)
        estimate = reduce_dimension(x, response, method=method, dimension=dimension).loadings
        found.append([estimate.values.to_numpy(), estimate.std_error.to_numpy()])
    values, errors = np.swapaxes(np.array(found), 0, 1)
    spread = values.var(axis=0).reshape(dimension, WIDTH).mean(axis=1)
    claimed = (errors**2).mean(axis=0).reshape(dimension, WIDTH).mean(axis=1)
    return np.sqrt(claimed / spread)


@pytest.mark.parametrize(("law", "dimension"), [(laws.line, 1), (laws.groups, 2)])
def test_standard_errors_are_the_spread(law, dimension):
    """250 samples of 1,000: the ratio over ten loadings has an error of .02."""
    ratio = ratio_of_errors("sir", law, dimension, 1000, 250)
    assert ratio == pytest.approx(1, abs=0.08)


@pytest.mark.slow
@pytest.mark.parametrize(("method", "law", "dimension"), LAWS[:3])
def test_standard_errors_of_sliced_inverse_regression(method, law, dimension):
    """1,000 samples of 1,000: the ratio over ten loadings has an error of .01."""
    assert ratio_of_errors(method, law, dimension, 1000, 1000) == pytest.approx(1, abs=0.05)


@pytest.mark.slow
@pytest.mark.parametrize(("method", "law", "dimension"), LAWS[3:])
def test_standard_errors_of_second_moments_need_more_rows(method, law, dimension):
    """Variances settle later than means: 500 samples of 4,000."""
    assert ratio_of_errors(method, law, dimension, 4000, 500) == pytest.approx(1, abs=0.07)


def shares_right(method, law, dimension, draws, **options):
    right = []
    for seed in range(draws):
        x, response = law(np.random.default_rng([3, seed]), 2000, WIDTH)
        evidence = reduce_dimension(x, response, method=method, seed=seed, **options).evidence
        right.append(evidence.chosen == dimension)
    return sum(right) / draws


@pytest.mark.parametrize(("method", "law", "dimension"), LAWS)
def test_dimension_is_found(method, law, dimension):
    """20 samples of 2,000. Tests at level .05 err in one of 20, at most in 5 (p < .001)."""
    shares = shares_right(method, law, dimension, 20)
    assert shares["ladle"] == 1
    assert shares.get("bic", 1) == 1
    assert shares.get("chi_square", 1) >= 0.75


@pytest.mark.slow
@pytest.mark.parametrize(("method", "law", "dimension"), LAWS)
def test_share_of_dimensions_found(method, law, dimension):
    """100 samples: a share of .95 has an error of .022."""
    shares = shares_right(method, law, dimension, 100, permutations=39)
    assert shares["ladle"] >= 0.95
    assert shares.get("bic", 1) >= 0.95
    assert shares.get("chi_square", 1) >= 0.95 - 4 * 0.022
    assert shares["permutation"] >= 0.95 - 4 * 0.022

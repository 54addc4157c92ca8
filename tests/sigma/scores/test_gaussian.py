"""Scores of numbers: against predictions row by row, and against least squares."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
import statsmodels.api as sm
from pytest import approx
from scipy.stats import multivariate_t

from causalif.sigma.scores.gaussian import Moments, bge_totals, gaussian_bic_totals, standardised
from tests.sigma.scored import score_table
from tests.truth.dags import spread_within_classes


def draw(nodes: int, rows: int, seed: int = 1) -> pd.DataFrame:
    rng = np.random.default_rng(seed)
    values = rng.normal(size=(rows, nodes)) @ rng.normal(size=(nodes, nodes)) + 5
    return pd.DataFrame(values, columns=[f"v{k}" for k in range(nodes)])


def scaled(data: pd.DataFrame) -> np.ndarray:
    return ((data - data.mean()) / data.std(ddof=0)).to_numpy()


def predicted(rows: np.ndarray) -> float:
    """Log marginal likelihood of some columns, row after row by Student-t predictions.

    The normal-Wishart prior of all nodes, restricted to these columns: `dof` degrees of freedom
    and the same matrix (Geiger & Heckerman 2002, theorem 4; DeGroot 1970, section 9.10-11).
    """
    width = rows.shape[1]
    dof, strength, mean, matrix = 2.0 + width, 1.0, np.zeros(width), 0.5 * np.eye(width)
    total = 0.0
    for row in rows:
        free = dof - width + 1
        shape = matrix * (strength + 1) / (strength * free)
        total += multivariate_t(mean, shape, df=free).logpdf(row)
        off = row - mean
        matrix = matrix + strength / (strength + 1) * np.outer(off, off)
        mean = (strength * mean + row) / (strength + 1)
        dof, strength = dof + 1, strength + 1
    return total


@pytest.mark.parametrize("nodes", [2, 3, 4])
@pytest.mark.parametrize("rows", [4, 40])
def test_bge_is_the_product_of_predictions(nodes, rows):
    data = draw(nodes, rows)
    values, table = scaled(data), score_table(data)
    for node in range(nodes):
        for mask in range(2**nodes):
            if mask >> node & 1:
                continue
            parents = [k for k in range(nodes) if mask >> k & 1]
            joint = predicted(values[:, [*parents, node]])
            given = predicted(values[:, parents]) if parents else 0.0
            assert table.scores[node, mask] == approx(joint - given, abs=1e-9)


@pytest.mark.parametrize("size", [0, 1, 2, 3])
def test_bic_is_that_of_least_squares(size):
    data = draw(4, 60)
    values, table = scaled(data), score_table(data, score="bic")
    fit = sm.OLS(values[:, 3], np.hstack([np.ones((60, 1)), values[:, :size]])).fit()
    expected = fit.llf - np.log(60) / 2 * (size + 2)  # intercept, slopes, variance
    assert table.scores[3, 2**size - 1] == approx(expected, rel=1e-12)


@pytest.mark.parametrize("nodes", [3, 4])
@pytest.mark.parametrize("score", ["bge", "bic"])
def test_equivalent_graphs_have_the_same_score(nodes, score):
    within, between = spread_within_classes(score_table(draw(nodes, 50), score=score).scores)
    assert within < 1e-10
    assert between > 1


def test_graphs_that_are_not_equivalent_differ():
    scores = score_table(draw(3, 50)).scores.copy()
    scores[0, 0b010] += 1e-6
    assert spread_within_classes(scores)[0] > 1e-7


def test_a_million_rows_are_their_moments():
    # Repeated rows have the same correlations: only the number of rows is another.
    data = pd.DataFrame(np.random.default_rng(1).normal(size=(1000, 4)))
    data = data.add(data[0], axis=0)
    many = pd.concat([data] * 1000, ignore_index=True)
    few, lots = Moments.of(data.to_numpy()), Moments.of(many.to_numpy())
    assert lots.rows == 1_000_000
    assert lots.correlation == approx(few.correlation, abs=1e-12)
    moments = Moments(1_000_000, few.correlation)
    every = np.arange(16)
    assert bge_totals(moments, every) == approx(bge_totals(lots, every), rel=1e-10)
    # In the limit both scores are the likelihood less log(n)/2 per parameter.
    gap = bge_totals(lots, every) - gaussian_bic_totals(lots, every)
    assert np.abs(gap).max() < 10 < np.ptp(bge_totals(lots, every)) / 10_000


@pytest.mark.parametrize("score", ["bge", "bic"])
def test_order_of_rows_and_columns_does_not_matter(score):
    data = draw(4, 80)
    first = score_table(data, score=score)
    shuffled = score_table(data.sample(frac=1, random_state=1), score=score)
    assert shuffled.scores == approx(first.scores, rel=1e-11)
    turned = score_table(data[["v2", "v0", "v3", "v1"]], score=score)
    # v0 given v1 and v2: bits 1, 2 before, and bits 3, 0 after
    assert turned.scores[1, 0b1001] == approx(first.scores[0, 0b0110], rel=1e-11)
    assert turned.scores[0, 0b1010] == approx(first.scores[2, 0b0011], rel=1e-11)


@pytest.mark.parametrize("score", ["bge", "bic"])
def test_units_do_not_matter(score):
    data = draw(3, 80)
    other = data * [1e-200, 1e100, -3.0] + [0.0, 0.0, 1e4]
    expected = score_table(data, score=score).scores
    assert score_table(other, score=score).scores == approx(expected, rel=1e-9)


def test_digits_are_kept_where_the_mean_is_large():
    whole = draw(3, 80).mul(1000).round()  # such sums are exact
    moved = score_table(whole + 2.0**42).scores
    assert moved == approx(score_table(whole).scores, rel=1e-11)


def test_few_parents_change_no_other_score():
    data = draw(5, 80)
    whole, narrow = score_table(data), score_table(data, max_parents=2)
    kept = np.isfinite(narrow.scores)
    assert kept.sum() == 5 * (1 + 4 + 6)
    assert narrow.scores[kept].tolist() == approx(whole.scores[kept].tolist(), rel=1e-13)


def test_standardised_columns():
    values = standardised(draw(3, 50).to_numpy())
    assert values.mean(axis=0) == approx(np.zeros(3), abs=1e-13)
    assert values.std(axis=0) == approx(np.ones(3), abs=1e-13)

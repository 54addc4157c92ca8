"""Scores of mixed rows against statsmodels, and what happens where no maximum exists."""

from __future__ import annotations

import warnings

import numpy as np
import pandas as pd
import pytest
import statsmodels.api as sm
from pytest import approx

from causalif.sigma.scores.columns import Levels
from causalif.sigma.scores.mixed import multinomial_log_likelihood
from tests.sigma.scored import score_table


def draw(rows: int, seed: int = 1) -> pd.DataFrame:
    """Two numbers, two levels and three levels that depend on each other."""
    rng = np.random.default_rng(seed)
    x = rng.normal(size=rows)
    a = rng.random(rows) < 1 / (1 + np.exp(-x))
    y = x + a + rng.normal(size=rows)
    c = np.argmax(np.outer(y, [0, 0.7, -0.5]) + rng.gumbel(size=(rows, 3)), axis=1)
    return pd.DataFrame({"x": x, "a": np.where(a, "yes", "no"), "y": 40 + 9 * y, "c": c})


def features(data: pd.DataFrame, parents: list[str]) -> pd.DataFrame:
    """Ones, numbers, and dummies without the first level."""
    found = pd.DataFrame({"one": np.ones(len(data))})
    for name in parents:
        if name in ("x", "y"):
            found[name] = (data[name] - data[name].mean()) / data[name].std(ddof=0)
        else:
            found = found.join(
                pd.get_dummies(data[name], prefix=name, drop_first=True, dtype=float)
            )
    return found


def expected(data: pd.DataFrame, node: str, parents: list[str]) -> float:
    given, n = features(data, parents), len(data)
    if node in ("x", "y"):
        fit = sm.OLS(features(data, [node])[node], given).fit()
        return fit.llf - np.log(n) / 2 * (given.shape[1] + 1)
    codes = data[node].astype("category").cat.codes
    fit = sm.MNLogit(codes, given).fit(disp=False, method="newton", maxiter=100)
    return fit.llf - np.log(n) / 2 * given.shape[1] * codes.max()


@pytest.mark.parametrize("node", ["x", "a", "y", "c"])
def test_scores_are_those_of_statsmodels(node):
    data = draw(300)
    names = list(data)
    table = score_table(data, score="mixed")
    j = names.index(node)
    for mask in np.flatnonzero(np.isfinite(table.scores[j])):
        parents = [name for k, name in enumerate(names) if mask >> k & 1]
        assert table.scores[j, mask] == approx(expected(data, node, parents), abs=1e-5)
    assert np.isfinite(table.scores[j]).sum() == 8


def test_numbers_alone_have_the_gaussian_scores():
    data = draw(200)[["x", "y"]].assign(z=np.random.default_rng(2).normal(size=200))
    mixed, gaussian = (score_table(data, score=score).scores for score in ("mixed", "bic"))
    assert mixed == approx(gaussian, rel=1e-11)


def test_levels_without_parents_have_the_multinomial_scores():
    data = draw(200)[["a", "c"]]
    mixed, saturated = (score_table(data, score=score).scores for score in ("mixed", "bic"))
    # one parent's dummies are saturated
    assert mixed == approx(saturated, abs=1e-5)


def test_separated_levels_have_a_finite_score():
    data = draw(100)
    data["a"] = np.where(data["x"] > 0, "yes", "no")
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        scores = score_table(data, score="mixed").scores
    # a given x: likelihood 1, two parameters
    assert scores[1, 0b0001] == approx(-np.log(100) / 2 * 2, abs=0.05)
    assert scores[1, 0b0001] <= -np.log(100)


def test_levels_that_are_a_function_of_levels_are_no_problem():
    data = draw(100)
    data["copy"] = data["c"].map({0: "p", 1: "q", 2: "r"})
    scores = score_table(data, score="mixed").scores
    # dummies of a copy add nothing: the rank counts parameters, and the fit is the same
    assert scores[0, 0b11000] == approx(scores[0, 0b01000], rel=1e-10)
    assert scores[1, 0b11000] == approx(scores[1, 0b01000], abs=1e-4)


def test_background_knowledge_spares_fits():
    data = draw(100)
    known = score_table(data, score="mixed", tiers=[["x"], ["a"], ["y"], ["c"]], max_parents=2)
    assert np.isfinite(known.scores).sum(axis=1).tolist() == [1, 2, 4, 7]
    whole = score_table(data, score="mixed").scores
    kept = np.isfinite(known.scores)
    assert known.scores[kept].tolist() == whole[kept].tolist()


def test_order_of_rows_and_columns_does_not_matter():
    data = draw(150)
    first = score_table(data, score="mixed").scores
    assert score_table(data.sample(frac=1, random_state=1), score="mixed").scores == approx(
        first, abs=1e-6
    )
    turned = score_table(data[["c", "x", "y", "a"]], score="mixed").scores
    assert turned[3, 0b0110] == approx(first[1, 0b0101], abs=1e-6)


def test_likelihood_without_features_is_that_of_shares():
    codes = np.repeat([0, 1, 2], [50, 30, 20])
    found = multinomial_log_likelihood(np.ones((100, 1)), Levels(codes, 3))
    assert found == approx(50 * np.log(0.5) + 30 * np.log(0.3) + 20 * np.log(0.2), abs=1e-7)

"""Drawn copies, density ratios and regressions at other values, against known laws."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from numpy.testing import assert_allclose
from scipy.stats import norm
from sklearn.linear_model import LinearRegression

from causalif.data.build import build_design
from causalif.nuisance.cells import cells_of
from causalif.nuisance.copies import draw_pairs, joint_features, standardised
from causalif.nuisance.crossfit import Nuisances
from causalif.nuisance.library import resolve
from tests.truth.learners import CellMeans, CellShares

SATURATED = {"outcome": CellMeans(), "exposure": CellShares(), "intermediate": CellShares()}


def gaussian(n: int, seed: int, correlation: float = 0.6) -> pd.DataFrame:
    rng = np.random.default_rng(seed)
    a, w = rng.integers(0, 2, n), rng.normal(size=n)
    l = correlation * w + np.sqrt(1 - correlation**2) * rng.normal(size=n)  # noqa: E741
    m = l + w + rng.normal(size=n)
    y = a + m * l + rng.normal(size=n)
    return pd.DataFrame({"a": a, "w": w, "l": l, "m": m, "y": y})


def nuisances(data: pd.DataFrame, learners="auto", folds=5) -> Nuisances:
    design = build_design(data, "a", "y", mediators="m", covariates="w", intermediates="l")
    return Nuisances(design, resolve(learners), folds=folds, entropy=3)


def test_pairs_stay_in_their_fold_and_every_donor_serves_alike():
    folds = np.repeat([0, 1, 2], [10, 11, 9])
    takers = np.arange(30) % 2 == 0
    rows, donors = draw_pairs(folds, takers, ~takers, 3, seed=1)
    assert (folds[rows] == folds[donors]).all()
    assert set(rows) == set(np.flatnonzero(takers))
    assert not set(donors) & set(np.flatnonzero(takers))
    assert (np.bincount(rows, minlength=30)[takers] == 3).all()
    counts = np.bincount(donors, minlength=30)[~takers]
    assert counts.min() >= 2
    assert counts.max() <= 6


@pytest.mark.parametrize("learners", ["auto", "glm"])
def test_density_ratio_of_a_bivariate_normal(learners):
    """p(l) p(w) / p(l, w) in closed form; the sample is one of 4,000."""
    data = gaussian(4000, 5)
    found = nuisances(data, learners).dependence(["l"], ["w"])
    conditional = norm.pdf(data["l"], 0.6 * data["w"], np.sqrt(1 - 0.36))
    truth = norm.pdf(data["l"]) / conditional
    close = truth < 10  # beyond it odds are cut
    assert np.corrcoef(np.log(found[close]), np.log(truth[close]))[0, 1] > 0.95
    assert abs(found.mean() - 1) < 0.05


def test_parts_alone_would_show_nothing():
    """Why products are shown: each part has the same law among copies as among rows."""
    data = gaussian(2000, 6)
    found = np.log(nuisances(data, "glm").dependence(["l"], ["w"]))
    assert found.std() > 0.3
    left, right = standardised(data[["l"]].to_numpy()), standardised(data[["w"]].to_numpy())
    parts = joint_features(left, right, squares=True)
    assert_allclose(parts[:, 2], left[:, 0] * right[:, 0])
    assert_allclose(parts[:, 3:], np.column_stack([left, right]) ** 2)


def test_independent_parts_have_ratio_one():
    data = gaussian(3000, 7, correlation=0.0)
    found = nuisances(data).dependence(["l"], ["w"])
    assert np.average(abs(np.log(found))) < 0.1


def test_draws_average_over_one_law_apart_from_the_other():
    """E[m l | l, w] with m drawn given w alone, not l, is l times E[m | w] = 1.6 l w."""
    data = gaussian(6000, 8)
    data["y"] = data["m"] * data["l"]
    part = nuisances(data, {"outcome": ProductRegression()})
    mu = part.mean(None, ["w", "l", "m"], 1)
    found = part.mean_over_draws(mu, ["l"], ["w", "l"], 1, donors=1)
    truth = 1.6 * data["l"] * data["w"]
    chained = (data["l"] + data["w"]) * data["l"]  # E[m l | l, w]: m follows l
    error = np.mean((found.held_out - truth) ** 2)
    assert error < 0.1
    assert np.mean((found.held_out - chained) ** 2) > 5 * error


class ProductRegression(LinearRegression):
    """Linear in the columns, their squares and products: right for the law above."""

    def fit(self, X, y, sample_weight=None):
        return super().fit(self._wide(X), y, sample_weight)

    def predict(self, X):
        return super().predict(self._wide(X))

    def _wide(self, X):
        p = X.shape[1]
        return np.column_stack([X, *(X[:, j] * X[:, k] for j in range(p) for k in range(j, p))])


@pytest.mark.parametrize("folds", [1, 4])
@pytest.mark.parametrize("learners", ["glm", {"outcome": ProductRegression()}])
def test_predictions_at_other_values_are_those_of_the_model_of_the_fold(folds, learners):
    data = gaussian(400, 9)
    part = nuisances(data, learners, folds)
    mean = part.mean(None, ["w", "l", "m"], 1)
    rows = np.arange(400)
    assert_allclose(part.at(mean, drawn=(("l",), rows, rows)), mean.held_out, rtol=1e-12)
    held = part.mean(None, ["w", "l", "m"], 1, held=(("l",), (0.5,)))
    same = data.assign(l=0.5)
    moved = nuisances(data, learners, folds)
    fresh = moved.mean(None, ["w", "l", "m"], 1)
    design = part.design.holding(("l",), (0.5,))
    assert_allclose(
        held.held_out, part._fits[fresh.key].held_out(
            part._inputs(mean, design), part.scheme.folds, part.scheme
        ), rtol=1e-12,
    )  # fmt: skip
    if folds == 1 and learners == "glm":  # linear with a x m: the difference is a slope times l
        slope = (mean.held_out - held.held_out) / (data["l"] - same["l"])
        assert_allclose(slope, slope.iloc[0], rtol=1e-8)


def test_cells_are_the_combinations_that_occur():
    data = pd.DataFrame(
        {"a": [0, 1] * 6, "y": range(12), "l": ["x", "y", "z"] * 4, "k": [0, 0, 0, 1, 1, 1] * 2}
    )
    design = build_design(data, "a", "y", intermediates=["l", "k"])
    found = cells_of(design, ("l", "k"))
    assert len(found.values) == 6
    for code in range(6):
        rows = found.codes == code
        assert (design.matrix(("l", "k"))[rows] == found.values[code]).all()
        held = design.holding(*found.held(code))
        assert (held.matrix(("l", "k")) == found.values[code]).all()
    assert cells_of(design, ("l", "k"), most=5) is None


def test_shares_are_the_frequencies_in_an_arm():
    rng = np.random.default_rng(2)
    data = pd.DataFrame({name: rng.integers(0, 2, 300) for name in ("a", "w", "l", "m", "y")})
    part = nuisances(data, SATURATED, folds=1)
    cells = cells_of(part.design, ("l",))
    found = part.shares(cells, ["w"], 1)
    for w in (0, 1):
        mask = (data["a"] == 1) & (data["w"] == w)
        assert_allclose(found[data["w"] == w, 1], data.loc[mask, "l"].mean(), atol=1e-12)
    every = part.shares(cells, ["w"])
    assert_allclose(every[data["w"] == 0, 1], data.loc[data["w"] == 0, "l"].mean(), atol=1e-12)


def test_workers_and_order_change_no_number():
    data = gaussian(300, 10)
    one = nuisances(data, "glm")
    design = one.design
    two = Nuisances(design, resolve("glm"), folds=one.scheme.folds, entropy=3, n_jobs=2)
    first = two.dependence(["l"], ["m", "w"], 1)
    mu = two.mean(None, ["w", "l", "m"], 0)
    other = one.mean_over_draws(one.mean(None, ["w", "l", "m"], 0), ["m"], ["w", "m"], 0)
    assert_allclose(one.dependence(["l"], ["w", "m"], 1), first, rtol=0)
    again = two.mean_over_draws(mu, ["m"], ["m", "w"], 0)
    assert_allclose(again.held_out, other.held_out, rtol=0)

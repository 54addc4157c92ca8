"""Curves of controlled direct effects against exact enumeration."""

from __future__ import annotations

from functools import partial

import numpy as np
import pandas as pd
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from pytest import approx
from sklearn.dummy import DummyClassifier

import causalif as cif
from causalif.effects.curve import Curve, curve_mean
from causalif.errors import DataError, DataWarning
from causalif.nuisance.crossfit import Nuisances
from causalif.nuisance.library import resolve
from tests.effects.test_weighted import SATURATED, design_of
from tests.truth.learners import CellMeans, CellShares, Constant
from tests.truth.marginals import MarginalLaw

VALUES = 23  # more than are held one by one
CURVE = Curve("m", (0.0, 6.0, 15.0, 22.0), (3.0, 11.0, 20.0))
EXACT = {"learners": SATURATED, "folds": 1, "truncate": 0, "seed": 1}


def basis(values: np.ndarray) -> np.ndarray:
    """1, m and two natural splines, written with truncated powers (Hastie et al. 2009, 5.2.1)."""
    knots = np.array(CURVE.knots)

    def part(k: int) -> np.ndarray:
        cubes = [np.clip(values - knot, 0, None) ** 3 for knot in (knots[k], knots[-1])]
        return (cubes[0] - cubes[1]) / (knots[-1] - knots[k])

    return np.column_stack([np.ones(len(values)), values, *(part(k) - part(2) for k in (0, 1))])


@pytest.mark.parametrize("method", ["onestep", "plugin", "ipw"])
@pytest.mark.parametrize("world", [(0, 0), (1, 2)])
def test_fit_is_enumerated(world, method, settings_for):
    law = MarginalLaw.random(5, values=VALUES)
    design, settings = design_of(law), settings_for(method=method, library=resolve(SATURATED))
    nuisances = Nuisances(design, settings.library, folds=1)
    found = curve_mean(nuisances, design, world, settings, curve=CURVE)
    truth = law.best_fit(world[0], CURVE.points[world[1]], basis)
    assert found.value == approx(truth, abs=1e-8)


@pytest.mark.parametrize("world", [(0, 0), (1, 1), (1, 2)])
def test_influence_is_the_derivative(world, settings_for):
    law = MarginalLaw.random(6, values=VALUES)
    design, settings = design_of(law), settings_for(library=resolve(SATURATED))
    nuisances = Nuisances(design, settings.library, folds=1)
    found = curve_mean(nuisances, design, world, settings, curve=CURVE)
    influence = found.uncentred - law.p @ found.uncentred
    h = np.random.default_rng(3).normal(size=len(law.p)) * 0.3
    score = h - law.p @ h
    a, point = world[0], CURVE.points[world[1]]
    slope = law.derivative(lambda p: p.best_fit(a, point, basis), h)
    assert law.p @ (influence * score) == approx(slope, abs=1e-6)
    other = law.derivative(lambda p: p.best_fit(1 - a, point, basis), h)  # the check can fail
    assert abs(law.p @ (influence * score) - other) > 1e-4


@pytest.mark.parametrize(
    ("wrong", "consistent"),
    [(("exposure", "intermediate"), True), (("outcome",), True), (("outcome", "exposure"), False)],
)
def test_two_sets_of_nuisances_suffice(wrong, consistent, settings_for):
    prior = DummyClassifier(strategy="prior")
    bad = {"outcome": Constant(), "exposure": prior, "intermediate": prior}
    law = MarginalLaw.random(7, values=VALUES)
    library = resolve(SATURATED | {role: bad[role] for role in wrong})
    design, settings = design_of(law), settings_for(library=library)
    nuisances = Nuisances(design, library, folds=1)
    evaluate = partial(curve_mean, nuisances, design, settings=settings, curve=CURVE)
    error = abs(evaluate((1, 1)).value - law.best_fit(1, CURVE.points[1], basis))
    assert (error < 1e-8) if consistent else (error > 1e-3)


def test_intermediates_follow_the_exposure():
    """Draws stand for the law of L, so that the fit is exact but for their noise."""
    law = MarginalLaw.random(8, values=VALUES, intermediate=True)
    data = law.sample(20_000, seed=1)
    counted = data.value_counts(sort=False).rename("n").reset_index()
    own = MarginalLaw(counted[list(data.columns)], counted["n"].to_numpy() / len(data))
    found = cif.controlled_direct_effect(
        data, "a", "y", "m", "w", intermediates="l", at={"m": [3, 11, 20]}, **EXACT
    )
    knots = np.quantile(data["m"], np.linspace(0, 1, 4))
    assert tuple(knots) != CURVE.knots
    fitted = Curve("m", tuple(knots), CURVE.points)
    for point, term in zip(CURVE.points, found.names, strict=True):
        at = [own.best_fit(a, point, fitted.basis) for a in (0, 1)]
        assert abs(found.values[term] - (at[1] - at[0])) < 0.1 * found.std_error[term]
    naive = cif.controlled_direct_effect(
        data, "a", "y", "m", ["w", "l"], at={"m": [3, 11, 20]}, **EXACT
    )
    assert abs(found.values - naive.values).max() > 0.3 * found.std_error.max()


def curved(n: int, seed: int) -> pd.DataFrame:
    rng = np.random.default_rng(seed)
    w = rng.uniform(-1, 1, n)
    a = (rng.uniform(size=n) < 1 / (1 + np.exp(-w))).astype(int)
    m = 0.5 * w + 0.5 * a + rng.normal(size=n)
    y = w + m + a * (1 + m) + rng.normal(size=n)
    return pd.DataFrame({"w": w, "a": a, "m": m, "y": y})


def test_a_line_is_found_with_its_bands():
    found = cif.controlled_direct_effect(
        curved(2000, 3), "a", "y", "m", "w", learners="glm", seed=1, at={"m": [-1.0, 0.0, 1.5]}
    )
    truth = np.array([0.0, 1.0, 2.5])  # 1 + m
    assert (abs(found.values - truth) < 3.5 * found.std_error).all()
    simple, band = found.confint(), found.confint(method="simultaneous")
    assert ((band.iloc[:, 1] - band.iloc[:, 0]) > (simple.iloc[:, 1] - simple.iloc[:, 0])).all()
    line = cif.controlled_direct_effect(
        curved(2000, 3), "a", "y", "m", "w", learners="glm", seed=1, at={"m": [-1.0, 1.0]}, df=2
    )
    middle = line.values.mean()
    one = cif.controlled_direct_effect(
        curved(2000, 3), "a", "y", "m", "w", learners="glm", seed=1, at={"m": 0.0}, df=2
    )
    assert one.names == ("CDE",)
    assert one.values["CDE"] == approx(middle, abs=1e-10)


def test_plot_draws_the_curve_and_both_bands():
    found = cif.controlled_direct_effect(
        curved(2000, 1), "a", "y", "m", "w", learners="glm", seed=1
    )
    ax = found.plot("curve")
    line = ax.lines[0]
    for term, point in zip(found.names, found.recipe.estimand.curve.points, strict=True):
        drawn = np.interp(point, line.get_xdata(), line.get_ydata())
        assert drawn == approx(found.values[term], abs=0.02)
    assert len(ax.collections) >= 2
    with pytest.raises(DataError, match="curve"):
        cif.average_effect(curved(300, 1), "a", "y", "w", learners="glm", seed=1).plot("curve")


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"at": {"m": 99.0}}, "reach from"),
        ({"at": {"n": 0.0}}, "no mediator"),
        ({"at": 3.0}, "must be a dict"),
        ({"df": 1}, "df=1"),
        ({"df": 2.5}, "df=2.5"),
        ({"method": "tmle"}, "tmle"),
        ({"at": {"m": []}}, "no value"),
    ],
)
def test_bad_requests_are_answered(options, message):
    with pytest.raises(DataError, match=message):
        cif.controlled_direct_effect(curved(300, 1), "a", "y", "m", "w", **options)


QUICK = {"learners": "glm", "seed": 1, "folds": 2}


def held(data: pd.DataFrame, **options: object) -> cif.Estimate:
    return cif.controlled_direct_effect(data, "a", "y", "m", "w", **{**QUICK, **options})


def test_values_of_any_kind_of_sequence_and_numbers_of_numpy():
    data = curved(400, 1)
    plain = held(data, at={"m": [-0.5, 1.0]})
    for values in ((-0.5, 1), np.array([-0.5, 1]), pd.Series([-0.5, 1]), [-0.5, 1, -0.5]):
        found = held(data, at={"m": values}, df=np.int64(4))
        assert_array_equal(found.influence, plain.influence)
    one = held(data, at={"m": np.array(1.0)})
    assert_array_equal(one.values, plain.values[["CDE [m=1]"]])


def test_points_that_are_near_to_each_other_are_told_apart():
    """A mediator of years: rounded to three digits a decade has one value only."""
    data = curved(600, 1)
    year = data.assign(m=2000 + 5 * data["m"])
    assert_allclose(held(year, at={"m": 2002.5}).values, held(data, at={"m": 0.5}).values)
    assert len(held(year).names) == 7
    near = held(year, at={"m": [2000.0, 2000.001]})
    assert near.names == ("CDE [m=2000]", "CDE [m=2000.001]")
    assert len(near.means.names) == 4


def test_rows_without_weight_give_no_knots_and_no_points():
    data, rows = curved(1600, 2), np.arange(1600)
    data.loc[rows >= 1200, "m"] += 50.0
    weights = (rows < 1200).astype(float)
    found = held(data, weights=weights)
    alone = held(data[:1200])
    assert found.recipe.estimand.curve == alone.recipe.estimand.curve
    with pytest.raises(DataError, match="reach from"):
        held(data, weights=weights, at={"m": 50.0})
    with pytest.raises(DataError, match="'m' is 1 in all rows with a positive weight"):
        held(data.assign(m=np.where(rows < 1200, 1.0, data["m"])), weights=weights)


def test_knots_that_fall_together_are_a_warning():
    data = curved(600, 1)
    often = data.assign(m=np.where(np.arange(600) % 10 > 0, 0.0, abs(data["m"])))
    with pytest.warns(DataWarning, match="has 2 degrees of freedom, not df=4"):
        held(often)


@pytest.mark.parametrize("method", ["plugin", "ipw"])
def test_errors_are_those_of_the_efficient_influence_function(method):
    data = curved(600, 4)
    assert_allclose(held(data, method=method).std_error, held(data).std_error, rtol=1e-9)


def test_more_levels_and_missing_outcomes_work_together():
    data = curved(900, 5)
    data["a"] = np.where(data["w"] > 0.4, 2, data["a"])
    data.loc[data.index % 7 == 0, "y"] = np.nan
    data["a"] = np.random.default_rng(0).permutation(data["a"])
    found = cif.controlled_direct_effect(
        data, "a", "y", "m", "w", learners="glm", seed=1, missing="ipw", at={"m": [0.0, 1.0]}
    )
    assert len(found.names) == 4
    assert found.cov().shape == (4, 4)
    assert_allclose(found.influence.mean(), 0, atol=1e-10)


def test_a_mediator_that_copies_a_covariate_is_refused():
    data = curved(300, 1).assign(copy=lambda d: 2 * d["w"] + 1)
    with pytest.raises(DataError, match=r"mediator 'copy' tells the same as 'w'.*no overlap"):
        cif.controlled_direct_effect(data, "a", "y", "copy", "w", learners="glm")


@pytest.mark.parametrize("outcome", [CellMeans(), Constant()])
def test_missing_outcomes_are_weighted_for(outcome, settings_for):
    law = MarginalLaw.random(9, values=VALUES)
    seen = np.where(law.cells["m"] < 8, 0.4, 0.9) - 0.2 * law.cells["a"].to_numpy()
    cells = pd.concat([law.cells, law.cells.assign(y=np.nan)], ignore_index=True)
    split = MarginalLaw(cells, np.concatenate([law.p * seen, law.p * (1 - seen)]))
    library = resolve(SATURATED | {"missing": CellShares(), "outcome": outcome})
    nuisances = Nuisances(design_of(split), library, folds=1)
    settings = settings_for(library=library)
    for world in ((0, 0), (1, 2)):
        found = curve_mean(nuisances, nuisances.design, world, settings, curve=CURVE)
        truth = law.best_fit(world[0], CURVE.points[world[1]], basis)
        assert found.value == approx(truth, abs=1e-8)

"""Interventional effects against exact enumeration, and what must hold of them."""

from __future__ import annotations

from itertools import combinations

import numpy as np
import pandas as pd
import pytest
from numpy.testing import assert_allclose
from pytest import approx
from sklearn.dummy import DummyClassifier

import causalif as cif
import causalif.effects.interventional as page
from causalif.data.design import Column, Design, Exposure, Outcome
from causalif.effects.interventional import interventional_mean
from causalif.errors import DataError, NotIdentified
from causalif.nuisance.crossfit import Nuisances
from causalif.nuisance.library import resolve
from tests.effects.test_curve import EXACT, SATURATED
from tests.truth.intermediate import BINARY_AND_CONTINUOUS, ONE_BINARY, TWO_CONTINUOUS
from tests.truth.learners import CellMeans, CellShares, Constant
from tests.truth.marginals import MarginalLaw

METHODS = ["onestep", "tmle", "plugin", "ipw"]
WORLDS = [(0, 0), (0, 1), (1, 0), (1, 1)]
ROLES = {"estimand": "interventional", "intermediates": "l"}


def design_of(law: MarginalLaw) -> Design:
    """Every cell a row, weighted by its probability."""
    cells = law.cells
    values = {name: cells[[name]].to_numpy(float) for name in ("w", "l", "m")}
    return Design(
        index=cells.index,
        exposure=Exposure("a", (0, 1), cells["a"].to_numpy(), 2),
        outcome=Outcome("y", cells["y"].to_numpy(float), "continuous"),
        columns={name: Column(name, v, (name,), True) for name, v in values.items()},
        mediators=(("m",),),
        covariates=("w",),
        intermediates=("l",),
        weights=law.p / law.p.mean(),
    )


def evaluate(law, world, settings, library=None):
    library = resolve(SATURATED) if library is None else library
    design = design_of(law)
    return interventional_mean(Nuisances(design, library, folds=1), design, world, settings)


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("world", WORLDS)
def test_mean_is_enumerated(world, method, settings_for):
    law = MarginalLaw.random(3, intermediate=True)
    found = evaluate(law, world, settings_for(method=method))
    assert found.value == approx(law.interventional(*world), abs=1e-10)


@pytest.mark.parametrize("world", WORLDS)
def test_influence_is_the_derivative(world, settings_for):
    law = MarginalLaw.random(4, intermediate=True)
    found = evaluate(law, world, settings_for())
    influence = found.uncentred - law.p @ found.uncentred
    rng = np.random.default_rng(1)
    for _ in range(3):
        h = rng.normal(size=len(law.p)) * 0.3
        score = h - law.p @ h
        slope = law.derivative(lambda p: p.interventional(*world), h)
        assert law.p @ (influence * score) == approx(slope, abs=1e-6)
        other = law.derivative(lambda p: p.interventional(world[0], 1 - world[1]), h)
        assert abs(law.p @ (influence * score) - other) > 1e-4  # the check can fail


PARTS = ("mu", "law", "g", "ratio")


def one_step(law: MarginalLaw, right: tuple[str, ...]) -> float:
    """theta(0, 1) by the influence function, with true parts or wrong ones.

    mu(1, l, m, w); p(l | 1, w); p(a | w); p(m | 0, w) / p(m | 1, l, w). The regression of mu on w
    among A = 0 is taken of whatever mu is, as it would be fitted.
    """
    cells, rng = law.cells, np.random.default_rng(2)
    wrong = rng.uniform(0.2, 0.8, (4, 2, 2, 3))

    def mu(at_l, at_m, at_w):
        if "mu" in right:
            return law.outcome_mean(a=1, m=at_m, l=at_l, w=at_w)
        return wrong[0, at_l, at_w, at_m]

    def share(at_l, at_w):
        one = law.conditional("l", 1, a=1, w=at_w) if "law" in right else wrong[1, 0, at_w, 0]
        return one if at_l else 1 - one

    def g(level, at_w):
        one = law.conditional("a", 1, w=at_w) if "g" in right else wrong[2, 0, at_w, 0]
        return one if level else 1 - one

    def ratio(at_l, at_m, at_w):
        if "ratio" not in right:
            return 2 * wrong[3, at_l, at_w, at_m]
        drawn = law.conditional("m", at_m, a=0, w=at_w)
        return drawn / law.conditional("m", at_m, a=1, l=at_l, w=at_w)

    def over_m(at_l, at_w):
        found = [mu(at_l, k, at_w) * law.conditional("m", k, a=0, w=at_w) for k in range(3)]
        return sum(found)

    def over_l(at_m, at_w):
        return sum(share(k, at_w) * mu(k, at_m, at_w) for k in (0, 1))

    def theta(at_w):
        return sum(share(k, at_w) * over_m(k, at_w) for k in (0, 1))

    values = [
        (a_ == 1) / g(1, w_) * ratio(l_, m_, w_) * (y_ - mu(l_, m_, w_))
        + (a_ == 0) / g(0, w_) * (over_l(m_, w_) - theta(w_))
        + (a_ == 1) / g(1, w_) * (over_m(l_, w_) - theta(w_))
        + theta(w_)
        for a_, w_, l_, m_, y_ in cells[["a", "w", "l", "m", "y"]].to_numpy()
    ]
    return float(law.p @ values)


@pytest.mark.parametrize("right", [c for k in range(5) for c in combinations(PARTS, k)])
def test_which_parts_suffice(right):
    """{mu, law}, {mu, g} and {g, ratio}: any other set leaves a bias."""
    law = MarginalLaw.random(6, intermediate=True)
    enough = [{"mu", "law"}, {"mu", "g"}, {"g", "ratio"}]
    error = abs(one_step(law, right) - law.interventional(0, 1))
    if any(each <= set(right) for each in enough):
        assert error < 1e-12
    else:
        assert error > 1e-5


def test_the_package_has_that_influence_function(settings_for):
    law = MarginalLaw.random(6, intermediate=True)
    settings = settings_for(stabilize=False)
    found = evaluate(law, (0, 1), settings)
    assert found.value == approx(one_step(law, PARTS), abs=1e-12)
    bad = resolve(SATURATED | {"outcome": Constant()})  # weights and the law of L are right
    assert evaluate(law, (0, 1), settings, bad).value == approx(law.interventional(0, 1), abs=1e-10)
    prior = DummyClassifier(strategy="prior")
    bad = resolve(SATURATED | {"outcome": Constant(), "intermediate": prior})
    assert abs(evaluate(law, (0, 1), settings, bad).value - law.interventional(0, 1)) > 1e-3


@pytest.mark.parametrize("method", ["onestep", "tmle", "plugin"])
def test_draws_stand_for_sums(method, monkeypatch):
    """Not exact: three draws for a row leave noise, and odds are cut at .01."""
    data = MarginalLaw.random(7, intermediate=True).sample(20_000, seed=1)
    options = EXACT | {"method": method}
    exact = cif.mediate(data, "a", "y", "m", "w", **ROLES, **options)
    monkeypatch.setattr(page, "cells_of", lambda *_: None)
    found = cif.mediate(data, "a", "y", "m", "w", **ROLES, **options)
    assert (abs(found.values - exact.values) < 0.15 * exact.std_error).all()
    assert (abs(found.values - exact.values) > 0).any()
    assert_allclose(found.std_error, exact.std_error, rtol=0.03)


def test_without_intermediates_they_are_the_natural_effects():
    jobs = cif.load_dataset("jobs")
    roles = ("treat", "depress2", "job_seek", ["sex", "age"])
    natural = cif.mediate(jobs, *roles, learners="glm", seed=1)
    found = cif.mediate(jobs, *roles, estimand="interventional", learners="glm", seed=1)
    assert found.names == ("OE", "IDE", "IIE")
    assert_allclose(found.values, natural.values[["TE", "NDE", "NIE"]], atol=1e-12)
    assert_allclose(found.std_error, natural.std_error[["TE", "NDE", "NIE"]], atol=1e-12)


def test_terms_add_up_and_are_named():
    data = TWO_CONTINUOUS.sample(1000, seed=1)
    found = cif.mediate(
        data, **TWO_CONTINUOUS.roles, estimand="interventional", learners="glm", seed=1
    )
    assert found.values["OE"] == approx(found.values["IDE"] + found.values["IIE"], abs=1e-12)
    assert "interventional indirect effect" in found.summary()
    assert "l1, l2" in found.summary()
    assert "m drawn at 0" in found.means.names[1]
    again = cif.mediate(
        data, **TWO_CONTINUOUS.roles, estimand="interventional", learners="glm", seed=1, n_jobs=2
    )
    assert again.values.equals(found.values)
    assert_allclose(found.refit(np.full(1000, True)).values, found.values, atol=1e-12)


@pytest.mark.parametrize("law", [ONE_BINARY, TWO_CONTINUOUS, BINARY_AND_CONTINUOUS])
def test_close_to_the_oracle_on_one_large_sample(law):
    data = law.sample(4000, seed=11)
    found = cif.mediate(data, **law.roles, estimand="interventional", seed=1)
    oracle, truth = law.oracle(data), law.truth()
    for term in truth:
        estimate, error = oracle[term]
        assert abs(estimate - truth[term]) < 4 * error
        assert abs(found.values[term] - estimate) < 1.5 * error
        assert found.std_error[term] == approx(error, rel=0.35)


def test_natural_effects_are_refused():
    data = ONE_BINARY.sample(300, seed=1)
    with pytest.raises(NotIdentified, match="interventional"):
        cif.mediate(data, **ONE_BINARY.roles)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"estimand": "interventinal"}, "interventional"),
        ({"estimand": "interventional", "decomposition": "both"}, "natural effects"),
        ({"estimand": "interventional", "intermediates": ["l1", "m"]}, "m"),
        ({"estimand": "interventional", "intermediates": "l9"}, "l9"),
    ],
)
def test_bad_requests_are_answered(options, message):
    data = ONE_BINARY.sample(300, seed=1)
    roles = {k: v for k, v in ONE_BINARY.roles.items() if k != "intermediates"}
    with pytest.raises((DataError, NotIdentified), match=message):
        cif.mediate(data, **roles, **options)


def test_many_levels_missing_outcomes_and_weights():
    data = BINARY_AND_CONTINUOUS.sample(2500, seed=2)
    rng = np.random.default_rng(0)
    data["a"] = pd.Categorical.from_codes(data["a"] + (rng.uniform(size=2500) < 0.5), list("xyz"))
    data.loc[rng.uniform(size=2500) < 0.15, "y"] = np.nan
    data["weight"], data["school"] = rng.uniform(0.5, 2, 2500), rng.integers(0, 60, 2500)
    found = cif.mediate(
        data, **BINARY_AND_CONTINUOUS.roles, estimand="interventional", learners="glm", seed=1,
        missing="ipw", weights="weight", clusters="school",
    )  # fmt: skip
    assert len(found.names) == 6
    assert "IIE [y vs x]" in found.names
    assert np.isfinite(found.std_error).all()
    assert_allclose(np.average(found.influence, axis=0, weights=data["weight"]), 0, atol=1e-9)


@pytest.mark.parametrize("outcome", [CellMeans(), Constant()])
def test_missing_outcomes_are_weighted_for(outcome, settings_for):
    law = MarginalLaw.random(9, intermediate=True)
    seen = np.where(law.cells["l"] == 0, 0.4, 0.9) - 0.2 * law.cells["m"].to_numpy() / 2
    cells = pd.concat([law.cells, law.cells.assign(y=np.nan)], ignore_index=True)
    split = MarginalLaw(cells, np.concatenate([law.p * seen, law.p * (1 - seen)]))
    library = resolve(SATURATED | {"missing": CellShares(), "outcome": outcome})
    for world in WORLDS:
        found = evaluate(split, world, settings_for(), library)
        assert found.value == approx(law.interventional(*world), abs=1e-10)

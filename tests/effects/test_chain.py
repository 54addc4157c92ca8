"""The chain engine against exact enumeration, on laws where every effect is a finite sum."""

from __future__ import annotations

from itertools import product

import numpy as np
import pytest
from pytest import approx

from causalif.effects.chain import chain_mean, collapse
from causalif.nuisance.crossfit import Nuisances
from tests.effects.conftest import design_of, law_as_design
from tests.truth.discrete import DiscreteLaw

METHODS = ["onestep", "tmle", "plugin"]
WORLDS = [(k, world) for k in (1, 2, 3) for world in product((0, 1), repeat=k + 1)]


def evaluate(design, world, settings):
    nuisances = Nuisances(design, settings.library, folds=1, floor=settings.floor)
    return chain_mean(nuisances, design, world, settings)


@pytest.mark.parametrize(("mediators", "world"), WORLDS)
def test_influence_is_the_derivative(mediators, world, settings_for):
    law = DiscreteLaw.random(mediators, seed=10 + mediators)
    mean = evaluate(law_as_design(law), world, settings_for())
    influence = mean.uncentred - law.p @ mean.uncentred
    assert mean.value == approx(law.mean(world), abs=1e-12)
    assert law.p @ mean.uncentred == approx(law.mean(world), abs=1e-12)
    rng = np.random.default_rng(3)
    for _ in range(3):
        h = rng.normal(size=len(law.p)) * 0.3
        score = h - law.p @ h
        assert law.p @ (influence * score) == approx(law.derivative(world, h), abs=1e-6)


def test_a_misplaced_ratio_is_not_the_derivative(settings_for):
    """The test above can fail: the influence of another world is not this one's."""
    law = DiscreteLaw.random(2, seed=12)
    mean = evaluate(law_as_design(law), (0, 1, 1), settings_for())
    influence = mean.uncentred - law.p @ mean.uncentred
    h = np.random.default_rng(3).normal(size=len(law.p)) * 0.3
    score = h - law.p @ h
    assert abs(law.p @ (influence * score) - law.derivative((1, 0, 1), h)) > 1e-3


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize(("mediators", "world"), [(1, (0, 1)), (2, (0, 1, 1)), (3, (1, 0, 1, 0))])
def test_saturated_estimate_is_the_enumeration_of_the_sample(
    method, mediators, world, settings_for
):
    data = DiscreteLaw.random(mediators, seed=5).sample(4000, seed=6)
    empirical = DiscreteLaw.empirical(data)
    mean = evaluate(design_of(data), world, settings_for(method=method))
    assert mean.value == approx(empirical.mean(world), abs=1e-8)


@pytest.mark.parametrize("method", METHODS)
def test_saturated_standard_error_is_that_of_the_exact_influence(method, settings_for):
    data = DiscreteLaw.random(1, seed=5).sample(4000, seed=6)
    empirical = DiscreteLaw.empirical(data)
    exact = evaluate(law_as_design(empirical), (0, 1), settings_for())
    centred = exact.uncentred - empirical.p @ exact.uncentred
    bound = np.sqrt(empirical.p @ centred**2 / len(data))
    mean = evaluate(design_of(data), (0, 1), settings_for(method=method))
    assert np.std(mean.uncentred) / np.sqrt(len(data)) == approx(bound, rel=1e-3)


def test_ipw_with_true_shares_is_the_enumeration_too(settings_for):
    data = DiscreteLaw.random(1, seed=5).sample(4000, seed=6)
    mean = evaluate(design_of(data), (0, 1), settings_for(method="ipw"))
    assert mean.value == approx(DiscreteLaw.empirical(data).mean((0, 1)), abs=1e-8)


def test_collapsing_changes_no_saturated_number(settings_for):
    data = DiscreteLaw.random(3, seed=5).sample(6000, seed=6)
    for world in [(1, 1, 1, 1), (0, 0, 1, 1), (0, 1, 1, 0)]:
        plain = evaluate(design_of(data), world, settings_for(collapse=False))
        short = evaluate(design_of(data), world, settings_for())
        assert short.value == approx(plain.value, abs=1e-10)
        assert short.uncentred.std() == approx(plain.uncentred.std(), rel=1e-8)


def test_collapse_joins_only_neighbours_at_one_level():
    groups = (("x",), ("y",), ("z",))
    assert collapse(groups, (0, 1, 0, 1)) == (groups, (0, 1, 0, 1))
    assert collapse(groups, (0, 0, 0, 1)) == ((("x", "y", "z"),), (0, 1))
    assert collapse(groups, (0, 1, 1, 1)) == ((("x",),), (0, 1))
    assert collapse(((),), (0, 1)) == ((), (1,))


def mean_in_group(law, group, world):
    """E[Y(a, M(b)) | A = c] by sums over cells: W has the law that it has in the group."""
    inner, outer = world
    total = 0.0
    for w in np.unique(law.cells["w"]):
        given = law.conditional({"w": w}, {"a": group})
        for m in (0, 1):
            weight = law.conditional({"m1": m}, {"w": w, "a": inner})
            total += given * weight * law.outcome_mean({"w": w, "m1": m, "a": outer})
    return total


IN_GROUPS = list(product((0, 1), repeat=3))


@pytest.mark.parametrize(("group", "inner", "outer"), IN_GROUPS)
def test_influence_in_a_group_is_the_derivative(group, inner, outer, settings_for):
    law, world = DiscreteLaw.random(1, seed=21), (inner, outer)
    design, settings = law_as_design(law), settings_for()
    nuisances = Nuisances(design, settings.library, folds=1, floor=settings.floor)
    mean = chain_mean(nuisances, design, world, settings, among=group)
    influence = mean.uncentred - law.p @ mean.uncentred
    assert mean.value == approx(mean_in_group(law, group, world), abs=1e-12)
    rng = np.random.default_rng(22)
    for _ in range(3):
        h = rng.normal(size=len(law.p)) * 0.3
        score, t = h - law.p @ h, 1e-4
        slope = (
            mean_in_group(law.tilt(h, t), group, world)
            - mean_in_group(law.tilt(h, -t), group, world)
        ) / (2 * t)
        assert law.p @ (influence * score) == approx(slope, abs=1e-7)


@pytest.mark.parametrize("method", [*METHODS, "ipw"])
def test_saturated_mean_in_a_group_is_the_enumeration_of_the_sample(method, settings_for):
    data = DiscreteLaw.random(1, seed=5).sample(4000, seed=6)
    empirical, design, settings = (
        DiscreteLaw.empirical(data),
        design_of(data),
        settings_for(method=method),
    )
    nuisances = Nuisances(design, settings.library, folds=1, floor=settings.floor)
    for group, inner, outer in IN_GROUPS:
        mean = chain_mean(nuisances, design, (inner, outer), settings, among=group)
        assert mean.value == approx(mean_in_group(empirical, group, (inner, outer)), abs=1e-8)

"""The weighted controlled direct effect against exact enumeration."""

from __future__ import annotations

import pickle
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from numpy.testing import assert_allclose
from pytest import approx
from sklearn.dummy import DummyClassifier

import causalif as cif
from causalif import weighted_direct_effect
from causalif.data.design import Column, Design, Exposure, Outcome
from causalif.effects.pairs import balanced_shifts
from causalif.effects.weighted import weighted_mean
from causalif.errors import DataError, DataWarning, NotIdentified, PositivityWarning
from causalif.nuisance.crossfit import Nuisances
from causalif.nuisance.library import resolve
from tests.truth.learners import CellMeans, CellShares, Constant
from tests.truth.marginals import MarginalLaw

METHODS = ["onestep", "tmle", "plugin", "ipw"]
DAG = "a -> m -> y; a -> y; w -> {a y}"
SATURATED = {"outcome": CellMeans(), "exposure": CellShares(), "intermediate": CellShares()}
EXACT = {"learners": SATURATED, "folds": 1, "truncate": 0, "seed": 1}


def column(name: str, values: pd.Series) -> Column:
    return Column(name, values.to_numpy(float)[:, None], (name,), discrete=True)


def design_of(law: MarginalLaw, *, split: bool = True) -> Design:
    """Every cell a row, weighted by its probability."""
    cells = law.cells
    return Design(
        index=cells.index,
        exposure=Exposure("a", (0, 1), cells["a"].to_numpy(), 2),
        outcome=Outcome("y", cells["y"].to_numpy(float), "continuous"),
        columns={name: column(name, cells[name]) for name in ("w", "m")},
        mediators=(("m",),) if split else (),
        covariates=("w",) if split else ("w", "m"),
        weights=law.p / law.p.mean(),
    )


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("a", [0, 1])
def test_mean_is_enumerated(a, method, settings_for):
    law = MarginalLaw.random(5)
    design, settings = design_of(law), settings_for(method=method, library=resolve(SATURATED))
    nuisances = Nuisances(design, settings.library, folds=1)
    found = weighted_mean(nuisances, design, (a,), settings)
    assert found.value == approx(law.product_mean(a), abs=1e-10)


@pytest.mark.parametrize("seed", [1, 2, 3])
@pytest.mark.parametrize("a", [0, 1])
def test_influence_is_the_derivative(a, seed, settings_for):
    law = MarginalLaw.random(seed)
    design, settings = design_of(law), settings_for(library=resolve(SATURATED))
    nuisances = Nuisances(design, settings.library, folds=1)
    found = weighted_mean(nuisances, design, (a,), settings)
    influence = found.uncentred - law.p @ found.uncentred
    h = np.random.default_rng(seed).normal(size=len(law.p)) * 0.3
    score = h - law.p @ h
    slope = law.derivative(lambda p: p.product_mean(a), h)
    assert law.p @ (influence * score) == approx(slope, abs=1e-6)
    other = law.derivative(lambda p: p.product_mean(1 - a), h)  # the check can fail
    assert abs(law.p @ (influence * score) - other) > 1e-4


def test_influence_of_one_average_alone_is_wrong(settings_for):
    """The functional is of degree two: half of the averages would give half of their variance."""
    law = MarginalLaw.random(4)
    design, settings = design_of(law), settings_for(library=resolve(SATURATED))
    nuisances = Nuisances(design, settings.library, folds=1)
    found = weighted_mean(nuisances, design, (1,), settings)
    joint = weighted_mean(nuisances, design_of(law, split=False), (1,), settings)
    assert abs(found.value - joint.value) > 1e-4  # the joint law is not the product
    assert np.std(found.uncentred) != approx(np.std(joint.uncentred), abs=1e-4)


@pytest.mark.parametrize("method", METHODS)
def test_sample_gives_the_functional_of_its_own_law(method):
    data = MarginalLaw.random(6).sample(400, seed=2)
    counted = data.value_counts(sort=False).rename("n").reset_index()
    law = MarginalLaw(counted[["w", "a", "m", "y"]], counted["n"].to_numpy() / len(data))
    found = weighted_direct_effect(data, "a", "y", dag=DAG, method=method, **EXACT)
    truth = law.product_mean(1) - law.product_mean(0)
    assert found.values["WCDE"] == approx(truth, abs=1e-8)


@pytest.mark.parametrize(
    ("wrong", "consistent"),
    [
        (("exposure", "intermediate"), True),
        (("outcome",), True),
        (("outcome", "exposure"), False),
        (("outcome", "intermediate"), False),
    ],
)
def test_two_sets_of_nuisances_suffice(wrong, consistent, settings_for):
    bad = {
        "outcome": Constant(),
        "exposure": DummyClassifier(strategy="prior"),
        "intermediate": DummyClassifier(strategy="prior"),
    }
    law = MarginalLaw.random(7)
    library = resolve(SATURATED | {role: bad[role] for role in wrong})
    design, settings = design_of(law), settings_for(library=library)
    nuisances = Nuisances(design, library, folds=1)
    means = [weighted_mean(nuisances, design, (a,), settings).value for a in (0, 1)]
    error = abs(means[1] - means[0] - law.product_mean(1) + law.product_mean(0))
    assert (error < 1e-10) if consistent else (error > 1e-3)


@pytest.mark.parametrize("adjustment", [["w"], ["m"]])
def test_without_one_part_it_is_a_total_effect(adjustment, settings_for):
    data = MarginalLaw.random(8).sample(600, seed=3)
    dag = "a -> m; a -> y; w -> {a y}" if adjustment == ["w"] else "a -> m -> y; a -> y"
    found = weighted_direct_effect(data, "a", "y", dag=dag, adjustment=adjustment, **EXACT)
    total = cif.average_effect(data, "a", "y", adjustment, **EXACT)
    assert found.values["WCDE"] == approx(total.values["TE"], abs=1e-12)
    assert_allclose(found.influence["WCDE"], total.influence["TE"], atol=1e-12)


def test_no_arrow_gives_zero_with_the_reason():
    data = MarginalLaw.random(9).sample(200, seed=1)
    with pytest.warns(DataWarning, match="no arrow a -> y"):
        found = weighted_direct_effect(data, "a", "y", dag="a -> m -> y; w -> {a y}")
    assert found.values["WCDE"] == 0
    assert found.std_error["WCDE"] == 0
    assert "0 by structure" in found.summary()
    assert not found.tidy().isna().to_numpy().any()


@pytest.mark.parametrize(
    ("options", "says"),
    [
        ({"method": "tmel"}, "Did you mean 'tmle'"),
        ({"truncate": 4, "folds": 0}, "2 problems"),
        ({"by": "w"}, "by='w' is not for weighted controlled direct effect"),
    ],
)
def test_zero_by_structure_excuses_no_mistake(options, says):
    data = MarginalLaw.random(9).sample(200, seed=1)
    with pytest.raises(DataError, match=says):
        weighted_direct_effect(data, "a", "y", dag="a -> m -> y; w -> {a y}", **options)


def test_an_outcome_before_the_exposure_is_refused():
    data = MarginalLaw.random(9).sample(200, seed=1)
    with pytest.raises(NotIdentified, match="reversed order"):
        weighted_direct_effect(data, "a", "y", dag="y -> m -> a; w -> {a y}")


def test_a_set_that_does_not_serve_is_refused():
    data = MarginalLaw.random(9).sample(200, seed=1)
    with pytest.raises(NotIdentified, match="a <- w -> y"):
        weighted_direct_effect(data, "a", "y", dag=DAG, adjustment=["m"])
    latent = "a -> m -> y; a -> y; u -> {a y}; u [latent]; w -> y"
    with pytest.raises(NotIdentified, match="u"):
        weighted_direct_effect(data, "a", "y", dag=latent)


def test_the_optimal_set_is_taken_and_told():
    data = MarginalLaw.random(9).sample(400, seed=1)
    found = weighted_direct_effect(data, "a", "y", dag=DAG, learners="glm", seed=1)
    assert found.design.mediators == (("m",),)
    assert found.design.covariates == ("w",)
    assert "Lin, Guo & Gan" in found.summary()
    assert pickle.loads(pickle.dumps(found)).values.equals(found.values)
    again = found.refit(np.full(400, True))
    assert_allclose(again.values, found.values, atol=1e-12)


def test_rival_sets_are_named_where_latent_nodes_decide():
    rng = np.random.default_rng(1)
    data = pd.DataFrame(rng.integers(0, 2, (400, 5)), columns=list("ayvwx"))
    dag = "a -> y; u -> {y v}; u [latent]; w -> {v a}; x -> y"
    found = weighted_direct_effect(data, "a", "y", dag=dag, learners="glm", seed=1)
    assert found.design.covariates == ("x",)
    assert "{v, w, x} would give less variance" in found.summary()


def test_same_numbers_whatever_the_workers_and_the_scale_of_weights():
    data = MarginalLaw.random(10).sample(900, seed=1)
    data["weight"] = np.random.default_rng(0).uniform(0.5, 2, len(data))
    found = [
        weighted_direct_effect(
            data.assign(weight=data["weight"] * scale),
            "a", "y", dag=DAG, learners="glm", weights="weight", seed=3, n_jobs=jobs,
        )
        for scale, jobs in ((1, 1), (1000, 2))
    ]  # fmt: skip
    assert_allclose(found[0].values, found[1].values, rtol=1e-12)
    assert_allclose(found[0].std_error, found[1].std_error, rtol=1e-12)


@pytest.mark.parametrize("outcome", [CellMeans(), Constant()])
def test_missing_outcomes_are_weighted_for(outcome, settings_for):
    law = MarginalLaw.random(11)
    seen = np.where(law.cells["m"] == 0, 0.4, 0.9) - 0.2 * law.cells["a"].to_numpy()
    cells = pd.concat([law.cells, law.cells.assign(y=np.nan)], ignore_index=True)
    split = MarginalLaw(cells, np.concatenate([law.p * seen, law.p * (1 - seen)]))
    library = resolve(SATURATED | {"missing": CellShares(), "outcome": outcome})
    design, settings = design_of(split), settings_for(library=library)
    nuisances = Nuisances(design, library, folds=1)
    for a in (0, 1):
        found = weighted_mean(nuisances, design, (a,), settings)
        assert found.value == approx(law.product_mean(a), abs=1e-10)


def test_groups_are_refused_and_few_effective_rows_are_told():
    data = MarginalLaw.random(9).sample(200, seed=1)
    with pytest.raises(DataError, match="Analyse the groups apart"):
        weighted_direct_effect(data, "a", "y", dag=DAG, by="w", learners="glm")
    with pytest.warns(PositivityWarning, match="effective sample of"):
        weighted_direct_effect(data, "a", "y", dag=DAG, learners="glm", seed=1)


def test_unknown_columns_and_options_are_one_error():
    data = MarginalLaw.random(9).sample(200, seed=1)
    with pytest.raises(DataError, match="folds") as caught:
        weighted_direct_effect(data, "a", "y", dag=DAG, folds=2.5)
    assert "Traceback" not in str(caught.value)
    with pytest.raises(DataError, match="'z'"):
        weighted_direct_effect(data, "a", "y", dag=DAG + "; z -> y")
    with pytest.raises(DataError, match="mm"):
        weighted_direct_effect(data, "a", "y", dag=DAG, adjustment=["mm", "w"])


@pytest.mark.parametrize("folds", [np.full(7, -1), np.array([0, 0, 0, 1, 1, 1, 1])])
def test_shifts_are_balanced(folds):
    found = balanced_shifts(folds, seed=2)
    n, count = found.partners.shape
    assert (folds[found.partners] == folds[:, None]).all()
    for s in range(count):
        assert sorted(found.partners[:, s]) == list(range(n))
        assert_allclose(found.partners[found.givers[:, s], s], np.arange(n))


def test_weights_are_the_mean_of_those_that_know_a_confounder(settings_for):
    """What bounds on omitted variables rest on: alpha = E[alpha with u | a, m, w]."""
    rng = np.random.default_rng(12)
    grid = pd.MultiIndex.from_product([range(2)] * 5, names=["w", "u", "a", "m", "y"])
    cells = grid.to_frame(index=False)
    p = rng.uniform(0.2, 1.0, len(cells))
    p /= p.sum()
    settings = settings_for(library=resolve(SATURATED))
    weights = {}
    for names in (("w",), ("w", "u")):
        columns = {name: column(name, cells[name]) for name in (*names, "m")}
        design = replace(design_of(MarginalLaw(cells, p)), columns=columns, covariates=names)
        nuisances = Nuisances(design, settings.library, folds=1)
        found = weighted_mean(nuisances, design, (1,), settings)
        weights[names] = next(iter(found.weights.values()))
    cell = cells.groupby(["w", "a", "m"]).ngroup().to_numpy()
    total = np.bincount(cell, weights=p * weights["w", "u"]) / np.bincount(cell, weights=p)
    assert_allclose(total[cell], weights["w",], atol=1e-10)
    assert abs(weights["w", "u"] - weights["w",]).max() > 0.05


def test_sensitivity_speaks_of_confounders_of_both():
    data = MarginalLaw.random(9).sample(900, seed=1)
    found = weighted_direct_effect(data, "a", "y", dag=DAG, learners="glm", seed=1).sensitivity()
    assert list(found.table["against"]) == ["a confounder of a or m and y"]


def test_overlap_and_balance_are_those_of_the_weights():
    """Given w alone the exposure is a coin; given the mediator it is nearly known."""
    rng = np.random.default_rng(0)
    w, a = rng.normal(size=2000), rng.integers(0, 2, 2000)
    m = np.where(rng.uniform(size=2000) < 0.9, a, 1 - a)
    data = pd.DataFrame({"w": w, "a": a, "m": m, "y": a + m + w})
    found = weighted_direct_effect(
        data, "a", "y", dag="{a w} -> {m y}; m -> y", learners="glm", seed=1
    )
    assert found.diagnostics.propensity["1"].min() < 0.15
    assert set(found.diagnostics.balance.index) == {"w", "m"}
    assert abs(found.diagnostics.balance.loc["m", "unadjusted"]) > 1
    assert abs(found.diagnostics.balance.loc["m", "weighted"]) < 0.2
    with pytest.raises(DataError, match=r"It was from: m, w"):
        found.plot("overlap", given=["m"])
    by_hand = found.plot("overlap", given=["w", "m"])
    assert by_hand.get_xlabel() == "P(a = 1 | w, m), a probability"
    ax = found.plot("overlap")
    assert ax.get_xlabel() == "P(a = 1 | covariates, mediators), a probability"
    with pytest.raises(DataError, match="given must be column names, not a type"):
        found.plot("overlap", given=object)


@pytest.mark.filterwarnings("ignore:the weights for")
def test_mediators_seen_in_some_rows_only():
    """Two-phase sampling: whose m was measured hangs on a, w and y; complete rows are biased."""
    law = MarginalLaw.random(14)
    chance = 0.3 + 0.2 * law.cells["a"] + 0.4 * law.cells["y"] - 0.1 * law.cells["w"]
    expected = 800 * law.p * np.stack([chance, 1 - chance])  # few, so that all pairs are met
    count = np.maximum(np.round(expected), 1).astype(int)
    parts = [law.cells.loc[law.cells.index.repeat(k)] for k in count]
    data = pd.concat([parts[0], parts[1].assign(m=np.nan)], ignore_index=True)
    learners = SATURATED | {"missing": CellShares()}
    options = EXACT | {"learners": learners}
    found = weighted_direct_effect(data, "a", "y", dag=DAG, missing="ipw", **options)
    # the law of all rows: shares of (w, a, y), times that of m among complete rows like them
    shares = data.groupby(["w", "a", "y"]).size() / len(data)
    complete = parts[0].groupby(["w", "a", "y", "m"]).size()
    within = complete / complete.groupby(["w", "a", "y"]).transform("sum")
    p = [
        shares[w, a, y] * within[w, a, y, m]
        for w, a, m, y in law.cells[["w", "a", "m", "y"]].to_numpy()
    ]
    own = MarginalLaw(law.cells, np.array(p))
    truth = own.product_mean(1) - own.product_mean(0)
    assert found.values["WCDE"] == approx(truth, abs=1e-8)
    biased = weighted_direct_effect(parts[0], "a", "y", dag=DAG, **options)
    assert abs(biased.values["WCDE"] - truth) > 0.01

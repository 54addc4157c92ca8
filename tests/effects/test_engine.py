"""What every effect shares: scales, designs, missing outcomes, levels, seeds, refits."""

from __future__ import annotations

import pickle
import re

import numpy as np
import pandas as pd
import pytest
from pytest import approx
from sklearn.linear_model import LogisticRegression

import causalif as cif
from causalif.effects.potential import Residual, potential_mean
from causalif.effects.repeats import average, transport
from causalif.errors import DataError, PositivityWarning
from tests.truth.discrete import DiscreteLaw
from tests.truth.learners import CellMeans, CellShares, Constant

SATURATED = {"outcome": CellMeans(), "exposure": CellShares(), "missing": CellShares()}
EXACT = {"learners": SATURATED, "folds": 1, "truncate": 0, "seed": 1}


@pytest.fixture(scope="module")
def law() -> DiscreteLaw:
    return DiscreteLaw.random(1, seed=31)


@pytest.fixture(scope="module")
def data(law: DiscreteLaw) -> pd.DataFrame:
    return law.sample(3000, seed=32)


def mediate(frame: pd.DataFrame, **options: object) -> cif.Estimate:
    return cif.mediate(frame, "a", "y", "m1", "w", **{**EXACT, **options})


def expected(law: DiscreteLaw) -> dict[str, float]:
    one, zero, cross = law.mean((1, 1)), law.mean((0, 0)), law.mean((0, 1))
    other = law.mean((1, 0))
    return {
        "TE": one - zero,
        "NDE": cross - zero,
        "NIE": one - cross,
        "TNDE": one - other,
        "PNIE": other - zero,
        "PM": (one - cross) / (one - zero),
    }


def categorical(frame: pd.DataFrame) -> pd.DataFrame:
    return frame.assign(w=frame["w"].astype("category"))


@pytest.mark.parametrize("method", ["onestep", "tmle", "plugin"])
def test_every_term_is_the_enumeration_of_the_sample(data, method):
    found = mediate(categorical(data), method=method, decomposition="both")
    for term, value in expected(DiscreteLaw.empirical(data)).items():
        assert found.values[term] == approx(value, abs=1e-8)


def test_terms_add_up(data):
    found = cif.mediate(data[:300], "a", "y", "m1", "w", decomposition="both", seed=4, repeats=2)
    v = found.values
    assert v["NDE"] + v["NIE"] == approx(v["TE"], abs=1e-12)
    assert v["TNDE"] + v["PNIE"] == approx(v["TE"], abs=1e-12)
    assert found.test("NDE + NIE = TE")["df"] == 0
    assert v["PM"] == approx(v["NIE"] / v["TE"], abs=1e-12)


@pytest.mark.parametrize(("learners", "repeats"), [("auto", 2), ("glm", 1)])
def test_total_effect_is_the_same_number_in_both_functions(data, learners, repeats):
    options = {"learners": learners, "seed": 5, "repeats": repeats}
    alone = cif.average_effect(data[:400], "a", "y", "w", **options)
    within = cif.mediate(data[:400], "a", "y", "m1", "w", **options)
    assert within.values["TE"] == alone.values["TE"]
    assert within.std_error["TE"] == approx(alone.std_error["TE"], rel=1e-12)
    if repeats == 1:
        np.testing.assert_allclose(within.influence["TE"], alone.influence["TE"], atol=1e-14)


def test_ratio_scales_are_functions_of_the_means(data):
    empirical = DiscreteLaw.empirical(data)
    one, zero, cross = (empirical.mean(w) for w in ((1, 1), (0, 0), (0, 1)))
    ratio = mediate(categorical(data), scale="ratio")
    assert ratio.values["NIE"] == approx(np.log(one / cross), abs=1e-8)
    odds = mediate(categorical(data), scale="odds_ratio")
    assert odds.values["NDE"] == approx(
        np.log(cross / (1 - cross)) - np.log(zero / (1 - zero)), abs=1e-8
    )
    # VanderWeele (2015), excess relative risk mediated: RR_NDE (RR_NIE - 1) / (RR_TE - 1)
    rr = np.exp(ratio.values)
    assert ratio.values["PM"] == approx(rr["NDE"] * (rr["NIE"] - 1) / (rr["TE"] - 1), abs=1e-8)


def test_weights_are_repeated_rows(data):
    times = np.random.default_rng(0).integers(1, 4, len(data))
    weighted = mediate(categorical(data.assign(times=times)), weights="times")
    repeated = mediate(categorical(data.loc[data.index.repeat(times)]))
    np.testing.assert_allclose(weighted.values, repeated.values, atol=1e-10)


def test_whole_clusters_of_copies_have_the_error_of_one_copy(data):
    single = mediate(categorical(data))
    copies = pd.concat([data, data], ignore_index=True)
    labels = np.tile(np.arange(len(data)), 2)
    doubled = mediate(categorical(copies.assign(id=labels)), clusters="id")
    factor = np.sqrt(len(data) / (len(data) - 1))
    np.testing.assert_allclose(doubled.std_error, single.std_error * factor, rtol=1e-9)


def test_missing_outcomes_are_weighted_for(law):
    """Outcomes lost by mediator and exposure: complete rows are biased, weighting is exact."""
    full = law.sample(6000, seed=40)
    keep = np.where(full["m1"] == 1, 0.9, 0.35) - 0.1 * full["a"]
    lost = np.random.default_rng(1).uniform(size=len(full)) > keep
    holed = categorical(full.assign(y=full["y"].where(~lost)))
    found = mediate(holed, missing="ipw")
    # enumeration: p(w, a, m) from all rows, E[Y | ..] from the observed ones
    seen = DiscreteLaw.empirical(full[~lost])
    everyone = DiscreteLaw.empirical(full[["w", "a", "m1"]])

    def mean(m_level: int, y_level: int) -> float:
        return sum(
            everyone.probability({"w": w})
            * everyone.conditional({"m1": m}, {"a": m_level, "w": w})
            * seen.outcome_mean({"a": y_level, "m1": m, "w": w})
            for w in (0, 1, 2)
            for m in (0, 1)
        )

    assert found.values["NDE"] == approx(mean(0, 1) - mean(0, 0), abs=1e-8)
    assert found.diagnostics.observed == int((~lost).sum())
    assert any("missing" in note or "observed" in note for note in found.design.notes)
    truth = expected(law)["NIE"]
    assert abs(found.values["NIE"] - truth) < 4 * found.std_error["NIE"]


def test_each_level_has_its_contrasts(data):
    three = categorical(data).assign(
        a=np.where(data["w"] == 2, "c", data["a"].map({0: "a", 1: "b"}))
    )
    rng = np.random.default_rng(3)
    three["a"] = rng.permutation(three["a"].to_numpy())
    found = mediate(three)
    assert list(found.values.index) == [
        *(f"{t} [b vs a]" for t in ("TE", "NDE", "NIE")),
        *(f"{t} [c vs a]" for t in ("TE", "NDE", "NIE")),
        "PM [b vs a]",
        "PM [c vs a]",
    ]
    pair = mediate(three, levels=("a", "c"))
    assert pair.values["NDE"] == approx(found.values["NDE [c vs a]"], abs=1e-10)
    swapped = mediate(three, levels=("c", "a"), decomposition="both")
    assert swapped.values["TNDE"] == approx(-found.values["NDE [c vs a]"], abs=1e-10)


def test_same_seed_same_numbers_whatever_the_workers(data):
    one, two, other = (
        cif.mediate(data[:200], "a", "y", "m1", "w", seed=s, n_jobs=j, repeats=2)
        for s, j in ((7, 1), (7, 2), (8, 1))
    )
    np.testing.assert_array_equal(one.influence, two.influence)
    assert one.values["NDE"] != other.values["NDE"]
    generator = cif.average_effect(data[:200], "a", "y", seed=np.random.default_rng(3))
    again = cif.average_effect(data[:200], "a", "y", seed=np.random.default_rng(3))
    np.testing.assert_array_equal(generator.values, again.values)


def test_refit_keeps_folds_and_seeds(data):
    found = pickle.loads(pickle.dumps(cif.average_effect(data[:300], "a", "y", "w", seed=2)))
    np.testing.assert_array_equal(found.refit(np.arange(300)).values, found.values)
    kept = np.arange(300) != 17
    smaller = found.refit(kept)
    assert smaller.n == 299
    np.testing.assert_array_equal(smaller.recipe.folds[0], found.recipe.folds[0][kept])
    assert list(smaller.influence.index) == list(data.index[:300][kept])


@pytest.mark.parametrize(
    ("rows", "says"),
    [
        (np.full(300, False), "rows keeps none of 300 rows"),
        (np.array([], dtype=int), "rows keeps none of 300 rows"),
        (np.full(5, True), "mask of length 300.* this mask has length 5"),
        (np.array([1, 300]), "positions among them; 300 is none"),
        (np.array([1.5]), "type float64"),
        (np.array([[1, 2]]), r"shape \(1, 2\)"),
    ],
)
def test_a_refit_needs_a_mask_or_positions(data, rows, says):
    found = cif.average_effect(data[:300], "a", "y", "w", learners="glm", seed=2)
    with pytest.raises(DataError, match=says):
        found.refit(rows)


def test_a_refit_needs_rows_of_every_level_and_group(data):
    few = data[:300]
    exposed = (few["a"] == 1).to_numpy()
    for options in ({"folds": 1}, {"by": "w"}):
        found = cif.average_effect(few, "a", "y", "w", learners="glm", seed=2, **options)
        with pytest.raises(DataError, match="rows keeps none with an observed outcome at a = 0"):
            found.refit(exposed)
    again = cif.average_effect(few, "a", "y", "w", learners="glm", seed=2, folds=2)
    one_fold = again.recipe.folds[0] == 0
    with pytest.raises(DataError, match="without fold 1 of 1, no row with an observed outcome"):
        again.refit(one_fold)
    holes = few.assign(m1=few["m1"].where(few.index % 3 > 0))
    found = cif.mediate(holes, "a", "y", "m1", "w", learners="glm", seed=2, missing="ipw")
    with pytest.raises(DataError, match="rows keeps none with an observed outcome"):
        found.refit(few.index % 3 == 0)


def test_weights_that_are_all_zero_are_no_division():
    """Nobody at a level is like those whom they must stand for: 0 / 0 is no mean."""
    residual = Residual("outcome at 1", np.zeros(4), np.ones(4))
    for stabilize in (True, False):
        with pytest.raises(DataError, match="no row has any weight for outcome at 1"):
            potential_mean(np.ones(4), [residual], method="onestep", stabilize=stabilize)


def test_a_constant_mediator_carries_nothing(data):
    with pytest.warns(UserWarning, match="constant"):
        found = cif.mediate(data.assign(m1=1), "a", "y", "m1", "w", learners="glm", seed=1)
    assert found.values["NIE"] == 0
    assert found.values["NDE"] == found.values["TE"]


def test_poor_overlap_is_told_with_its_numbers():
    rng = np.random.default_rng(0)
    w = rng.normal(size=800)
    a = (rng.uniform(size=800) < 1 / (1 + np.exp(-5 * w))).astype(int)
    frame = pd.DataFrame({"w": w, "a": a, "y": w + a + rng.normal(size=800)})
    with pytest.warns(PositivityWarning) as caught:
        cif.average_effect(frame, "a", "y", "w", learners="glm", seed=1)
    told = " ".join(str(warning.message) for warning in caught)
    assert re.search(r"\d+ of 800 rows \(.*%\) have a probability .* squared influence", told)
    assert re.search(r"effective sample of \d+ out of \d+ rows", told)


def test_a_wrong_outcome_model_is_saved_by_the_weights_and_not_without(data, law):
    wrong = {"outcome": Constant(0.3), "exposure": CellShares()}
    frame, truth = categorical(data), expected(DiscreteLaw.empirical(data))["TE"]

    def total(learners: dict[str, object], method: str = "onestep") -> float:
        options = {**EXACT, "learners": learners, "method": method}
        return float(cif.average_effect(frame, "a", "y", "w", **options).values["TE"])

    assert total(wrong) == approx(truth, abs=1e-8)
    assert total(wrong, "plugin") == approx(0, abs=1e-12)
    both = {"outcome": Constant(0.3), "exposure": LogisticRegression(C=1e-9)}
    assert abs(total(both) - truth) > 1e-3


def test_a_share_of_nothing_is_left_out_with_a_warning(data):
    wrong = {"outcome": Constant(0.3), "exposure": CellShares()}
    with pytest.warns(UserWarning, match="PM is left out: TE is estimated as zero"):
        found = mediate(categorical(data), learners=wrong, method="plugin")
    assert list(found.names) == ["TE", "NDE", "NIE"]


def test_average_of_draws_has_the_mean_and_the_added_variance():
    rng = np.random.default_rng(5)
    draws = [
        cif.Estimate(rng.normal(size=2) * 0.05, rng.normal(size=(50, 2)), names=["x", "y"])
        for _ in range(3)
    ]
    found = average(draws)
    values = np.array([d.values for d in draws])
    deviation = values - values.mean(axis=0)
    wanted = np.mean([d.cov().to_numpy() for d in draws], axis=0)
    wanted = wanted + deviation.T @ deviation / 3
    np.testing.assert_allclose(found.values, values.mean(axis=0))
    np.testing.assert_allclose(found.cov(), wanted, rtol=1e-10)
    assert average(draws[:1]) is draws[0]


def test_transport_meets_a_singular_covariance():
    given, wanted = np.diag([1.0, 0.0]), np.diag([4.0, 0.0])
    moved = transport(given, wanted)
    np.testing.assert_allclose(moved @ given @ moved, wanted)
    assert np.isfinite(moved).all()

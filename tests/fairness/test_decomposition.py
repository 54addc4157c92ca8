"""The observed gap in parts, against sums over a discrete law and across its promises."""

from __future__ import annotations

import pickle
from itertools import product

import numpy as np
import pandas as pd
import pytest
from scipy.special import expit

import causalif as cif
from causalif.errors import DataError, NotIdentified, PositivityWarning, SmallSampleWarning


def sample(rows, seed):
    """W -> A, M, Y; A -> M, Y; M -> Y, all binary but W of three values."""
    rng = np.random.default_rng(seed)
    w = rng.integers(0, 3, rows)
    a = (rng.random(rows) < expit(w - 1.0)).astype(int)
    m = (rng.random(rows) < expit(-0.5 + 0.8 * a + 0.4 * w)).astype(int)
    y = (rng.random(rows) < expit(-1 + 0.5 * a + 0.9 * m + 0.5 * w - 0.4 * a * m)).astype(int)
    return pd.DataFrame({"w": w, "a": a, "m": m, "y": y})


def truth(kind):
    """Sums over the 12 cells of (w, m) and the law above."""
    p_w = np.full(3, 1 / 3)
    p_a = expit(np.arange(3) - 1.0)

    def law_of_w(group):
        share = p_w * (p_a if group == 1 else 1 - p_a)
        return p_w if group is None else share / share.sum()

    def mean(group, inner, outer):
        total = 0.0
        for w, m in product(range(3), (0, 1)):
            one = expit(-0.5 + 0.8 * inner + 0.4 * w)
            y = expit(-1 + 0.5 * outer + 0.9 * m + 0.5 * w - 0.4 * outer * m)
            total += law_of_w(group)[w] * (one if m else 1 - one) * y
        return total

    who = 0 if kind == "counterfactual" else None
    tv = mean(1, 1, 1) - mean(0, 0, 0)
    direct = mean(who, 0, 1) - mean(who, 0, 0)
    indirect = mean(who, 1, 1) - mean(who, 0, 1)
    return {"TV": tv, "direct": direct, "indirect": indirect, "spurious": tv - direct - indirect}


@pytest.fixture(scope="module")
def data():
    return sample(1500, 1)


@pytest.mark.parametrize("kind", ["counterfactual", "natural"])
def test_parts_add_up_and_cover_the_truth(kind):
    """Means over 40 samples of 1,000 rows within 4 Monte-Carlo errors; coverage of .95."""
    true = pd.Series(truth(kind))
    draws = [
        cif.decompose_gap(
            sample(1000, seed), "a", "y", "m", "w", kind=kind, learners="glm", folds=2, seed=1
        )
        for seed in range(40)
    ]
    values = pd.DataFrame([draw.values for draw in draws])
    assert values[["direct", "indirect", "spurious"]].sum(axis=1).to_numpy() == pytest.approx(
        values["TV"].to_numpy(), abs=1e-10
    )
    error = values.std() / np.sqrt(len(draws))
    assert (np.abs(values.mean() - true) < 4 * error + 0.002).all()
    errors = pd.DataFrame([draw.std_error for draw in draws])
    assert (errors.mean() / values.std()).between(0.75, 1.35).all()  # 40 draws: sd .11
    covered = ((values - true).abs() < 1.96 * errors).mean()
    assert (covered >= 0.85).all()  # of 40; less has probability .004


def test_the_kinds_answer_different_questions():
    apart = pd.Series(truth("counterfactual")) - pd.Series(truth("natural"))
    assert apart["TV"] == pytest.approx(0)
    assert apart[["direct", "indirect", "spurious"]].abs().min() > 0.0005


@pytest.mark.parametrize("kind", ["counterfactual", "natural"])
@pytest.mark.parametrize("method", ["onestep", "tmle", "plugin", "ipw"])
def test_the_gap_is_the_difference_of_means(data, method, kind):
    found = cif.decompose_gap(
        data, "a", "y", "m", "w", learners="glm", seed=1, method=method, kind=kind
    )
    means = data.groupby("a")["y"].mean()
    assert found.values["TV"] == pytest.approx(means[1] - means[0])
    counts = data["a"].value_counts()
    expected = np.sqrt(sum(means[k] * (1 - means[k]) / counts[k] for k in (0, 1)))
    assert found.std_error["TV"] == pytest.approx(expected)
    parts = found.values[["direct", "indirect", "spurious"]]
    assert parts.sum() == pytest.approx(found.values["TV"], abs=1e-12)


def test_natural_parts_are_those_of_mediate(data):
    parts = cif.decompose_gap(data, "a", "y", "m", "w", kind="natural", learners="glm", seed=1)
    effects = cif.mediate(data, "a", "y", "m", "w", learners="glm", seed=1)
    assert parts.values["direct"] == pytest.approx(effects.values["NDE"])
    assert parts.values["indirect"] == pytest.approx(effects.values["NIE"])
    assert parts.values["spurious"] == pytest.approx(parts.values["TV"] - effects.values["TE"])
    assert parts.std_error["direct"] == pytest.approx(effects.std_error["NDE"])


def test_a_predictor_is_decomposed_in_the_place_of_the_outcome(data):
    score = expit(data["w"] - 1.0)  # depends on w alone: nothing but spurious
    for given in (score, score.to_numpy()):
        parts = cif.decompose_gap(
            data, "a", "y", "m", "w", prediction=given, learners="glm", seed=1
        )
        assert parts.values["direct"] == pytest.approx(0, abs=1e-6)
        assert parts.values["spurious"] == pytest.approx(parts.values["TV"], abs=0.01)
        assert "held fixed" in parts.summary()
    named = cif.decompose_gap(
        data.assign(score=score), "a", "y", "m", "w", prediction="score", learners="glm", seed=1
    )
    assert named.values.to_numpy() == pytest.approx(parts.values.to_numpy())


def test_three_levels_and_a_reference(data):
    three = data.assign(a=np.array(["low", "mid", "high"])[data["a"] + (data.index % 3 == 0)])
    found = cif.decompose_gap(three, "a", "y", "m", "w", learners="glm", seed=1, reference="low")
    means = three.groupby("a")["y"].mean()
    for level in ("high", "mid"):
        gap = next(found.values[t] for t in found.names if t.startswith("TV") and level in t)
        assert gap == pytest.approx(means[level] - means["low"])


def test_it_says_it_in_words_refits_and_pickles(data):
    found = cif.decompose_gap(data, "a", "y", "m", "w", learners="glm", seed=1)
    told = found.summary()
    assert f"The observed gap of {found.values['TV']:+.3g}: " in told
    for part, way in (
        ("direct", "directly"),
        ("indirect", "through m"),
        ("spurious", "spuriously"),
    ):
        assert f"{found.values[part]:+.3g} {way}" in told
    assert pickle.loads(pickle.dumps(found)).summary() == found.summary()
    again = found.refit(np.arange(len(data)) % 2 == 0)
    assert isinstance(again, type(found))
    assert "The observed gap of" in again.summary()
    assert list(again.values.index) == list(found.values.index)
    assert again.n == (len(data) + 1) // 2
    assert found.plot().has_data()


def test_without_covariates_nothing_is_spurious(data):
    found = cif.decompose_gap(data, "a", "y", "m", learners="glm", seed=1)
    assert found.values["spurious"] == pytest.approx(0, abs=1e-5)
    assert "nothing can be spurious" in found.summary()


def test_a_graph_chooses_the_covariates(data):
    graph = "w -> {a m y}; a -> {m y}; m -> y"
    found = cif.decompose_gap(data, "a", "y", "m", dag=graph, learners="glm", seed=1)
    assert found.design.covariates == ("w",)
    with pytest.raises(NotIdentified):
        cif.decompose_gap(
            data, "a", "y", "m", dag=graph + "; u -> {a y}; u [latent]", learners="glm", seed=1
        )


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"kind": "causal"}, "kind='causal'"),
        ({"sensitive": "race"}, "no column 'race'"),
        ({"mediators": ["m", "a"]}, "'a'"),
        ({"covariates": "a"}, "'a'"),
        ({"mediators": None}, "need at least one mediator"),
        ({"prediction": np.ones(3)}, "prediction has 3 rows"),
        ({"prediction": np.r_[np.nan, np.ones(1499)]}, "prediction is missing in 1 of 1500"),
        ({"prediction": pd.Series(np.arange(1500.0), np.arange(1, 1501))}, "other row labels"),
        ({"prediction": "scor"}, "no column 'scor'"),
        ({"data": "constant"}, "'a'"),
    ],
)
def test_bad_input_is_named(data, change, words):
    given = {"sensitive": "a", "outcome": "y", "mediators": "m", "covariates": "w", **change}
    frame = given.pop("data", data)
    if isinstance(frame, str):
        frame = data.assign(a=1)
    with pytest.raises(DataError, match=words):
        cif.decompose_gap(frame, learners="glm", seed=1, **given)


def test_small_groups_are_warned_of(data):
    few = data[(data["a"] == 1) | (data.groupby("a").cumcount() < 25)]
    with (
        pytest.warns(SmallSampleWarning, match="a = 0 has 25 rows"),
        pytest.warns(PositivityWarning, match="effective sample of 25 out of 25 rows"),
    ):
        cif.decompose_gap(few, "a", "y", "m", learners="glm", folds=2, seed=1)

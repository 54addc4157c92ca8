"""`fairness_tradeoff` as a user meets it."""

from __future__ import annotations

import pickle

import numpy as np
import pandas as pd
import pytest
from scipy.spatial.distance import cdist
from scipy.special import expit
from sklearn.ensemble import RandomForestClassifier
from sklearn.linear_model import LogisticRegression

import causalif as cif
from causalif.errors import DataError, DataWarning, FitError, SmallSampleWarning
from causalif.fairness.few import warn_of_few
from causalif.fairness.groups import Groups
from causalif.fairness.leakage import distance_correlation

ROWS = 800


@pytest.fixture(scope="module")
def data():
    rng = np.random.default_rng(1)
    sex = rng.choice(["F", "M"], ROWS)
    frame = pd.DataFrame(rng.normal(size=(ROWS, 4)), columns=list("abcd"))
    frame["a"] += 1.0 * (sex == "M")
    frame["job"] = rng.choice(["clerk", "cook"], ROWS)
    linear = frame["a"] + frame["b"] - 0.5 + (frame["job"] == "cook")
    frame["good"] = np.where(linear + rng.logistic(size=ROWS) > 0, "yes", "no")
    frame["sex"], frame["pay"] = sex, linear + rng.normal(size=ROWS)
    return frame


@pytest.fixture(scope="module")
def curve(data):
    return cif.fairness_tradeoff(data.drop(columns="pay"), "good", "sex", seed=1)


def test_tidy_has_a_row_for_each_measure_and_place(curve):
    table = curve.tidy()
    assert list(table.columns[:4]) == ["term", "shared", "estimate", "std_error"]
    assert table["shared"].unique() == pytest.approx(np.arange(11) / 10)
    assert {"accuracy", "demographic_parity", "equalized_odds[TPR]"} <= set(table["term"])
    assert (table["std_error"] > 0).all()


def test_more_sharing_buys_accuracy_for_a_gap(curve):
    price = curve.compare(0.0, 1.0).tidy().set_index("term")
    assert price.loc["mean_score", "conf_low"] > 0
    assert price.loc["log_loss", "conf_high"] < 0
    errors = curve.std_error[["log_loss @ 0", "log_loss @ 1"]]
    assert price.loc["log_loss", "std_error"] < 0.8 * np.hypot(*errors)  # the rows are the same
    by_hand = curve["log_loss @ 1"] - curve["log_loss @ 0"]
    assert price.loc["log_loss", "std_error"] == pytest.approx(by_hand.std_error.iloc[0])


def test_the_place_for_a_wanted_gap(curve):
    place = curve.shared_for(0.1, "mean_score")
    table = curve.tidy().query("term == 'mean_score'")
    assert np.interp(place, table["shared"], table["estimate"]) == pytest.approx(0.1, abs=1e-9)
    assert curve.shared_for(0.9, "mean_score") == 1.0
    with pytest.raises(DataError, match="out of reach"):
        curve.shared_for(1e-9, "equal_opportunity")
    with pytest.raises(DataError, match="no measure 'parity'"):
        curve.shared_for(0.1, "parity")


def test_summary_says_what_was_done(curve):
    text = curve.summary()
    assert "cosine between target and sensitive directions" in text
    assert "rows held out" in text
    assert "include that of the representation" in text
    assert pickle.loads(pickle.dumps(curve)).summary() == text


def test_unmitigated_is_the_logistic_model_on_all_features(data, curve):
    inputs = pd.get_dummies(data[["a", "b", "c", "d", "job"]], drop_first=True).astype(float)
    fitted = LogisticRegression(C=np.inf).fit(inputs, data["good"])
    here = cif.fairness_tradeoff(
        data, "good", "sex", ["a", "b", "c", "d", "job"], folds=1, measures="log_loss", seed=1
    )
    told = fitted.predict_proba(inputs)[np.arange(ROWS), (data["good"] == "yes").astype(int)]
    # scikit-learn's penalty of C = 1, in standardised coordinates, changes the fourth digit.
    assert here.unmitigated.values["log_loss"] == pytest.approx(-np.log(told).mean(), abs=1e-4)


def test_the_line_ends_at_the_model_on_all_features(curve):
    at_one, whole = curve.at(1.0), curve.unmitigated
    assert at_one.values.to_numpy() == pytest.approx(whole.values.to_numpy(), abs=1e-12)
    assert at_one.influence.to_numpy() == pytest.approx(whole.influence.to_numpy(), abs=1e-12)


def test_whole_numbers_are_counts_unless_a_float_is_beside_them(data):
    ask = (data, "good", "sex", ["a", "b"])
    line = cif.fairness_tradeoff(*ask, shared=[0, 0.5, 1], measures="mean_score", seed=1)
    assert [type(place) for place in line.places] == [float] * 3
    assert line.at(1).values.iloc[0] == pytest.approx(line.unmitigated.values.iloc[0])
    ladder = cif.fairness_tradeoff(*ask, shared=[0, 1], measures="mean_score", seed=1)
    assert [type(place) for place in ladder.places] == [int] * 2
    assert ladder.at(0).values.iloc[0] == pytest.approx(line.at(0).values.iloc[0])
    with pytest.raises(DataError, match=r"shared=2: a float is a place"):
        cif.fairness_tradeoff(*ask, shared=[0.5, 2], seed=1)


def test_copies_of_rows_in_clusters_tell_nothing_more(data):
    """Twice the rows, each pair a cluster: the errors of the rows once, but for G / (G - 1)."""
    ask = {"measures": "loss", "shared": 0.5, "folds": 1, "seed": 1}
    once = data.drop(columns="good").assign(person=np.arange(ROWS))
    twice = pd.concat([once, once], ignore_index=True)
    features = ["a", "b", "c"]
    one = cif.fairness_tradeoff(once, "pay", "sex", features, target_dim=1, **ask)
    two = cif.fairness_tradeoff(
        twice, "pay", "sex", features, target_dim=1, clusters="person", **ask
    )
    assert two.values.iloc[0] == pytest.approx(one.values.iloc[0], rel=0.01)
    assert two.std_error.iloc[0] == pytest.approx(one.std_error.iloc[0], rel=0.01)


def test_same_seed_same_numbers(data, curve):
    again = cif.fairness_tradeoff(data.drop(columns="pay"), "good", "sex", seed=1)
    assert again.values.equals(curve.values)
    other = cif.fairness_tradeoff(data.drop(columns="pay"), "good", "sex", seed=2)
    assert not other.values.equals(curve.values)


def test_leakage_falls_with_what_is_shared(curve):
    told = curve.leakage(seed=1).set_index("shared")
    assert told.loc[0.0, "distance_correlation"] < 0.1 < told.loc[1.0, "distance_correlation"]
    assert told.loc[1.0, "p_value"] == pytest.approx(1 / 200)
    assert told.loc[0.0, "auc"] < 0.6 < told.loc[1.0, "auc"]


@pytest.mark.parametrize("width", [1, 2])
def test_distance_correlation_by_its_definition(width):
    # Szekely, Rizzo and Bakirov (2007), definitions 4 and 5; levels are 0 or 1 apart.
    rng = np.random.default_rng(2)
    level = rng.integers(0, 3, 150)
    values = rng.normal(size=(150, width)) + 0.5 * level[:, None]

    def centred(distances):
        means = distances.mean(axis=0)
        return distances - means - means[:, None] + means.mean()

    one = centred(cdist(values / values.std(axis=0), values / values.std(axis=0)))
    two = centred((level[:, None] != level).astype(float))
    expected = np.sqrt((one * two).mean() / np.sqrt((one**2).mean() * (two**2).mean()))
    found, _, rows = distance_correlation(values, level, permutations=1, rng=rng)
    assert found == pytest.approx(expected)
    assert rows == 150


def test_measures_are_of_rows_held_out():
    """A coin tells nothing: areas of .5, with a standard error of .03; fitted rows seem better."""
    rng = np.random.default_rng(3)
    noise = pd.DataFrame(rng.normal(size=(400, 60)), columns=[f"x{k}" for k in range(60)])
    noise = noise.assign(coin=rng.integers(0, 2, 400), sex=rng.choice(["F", "M"], 400))
    ask = {"shared": 1.0, "measures": "auc", "seed": 1}
    held_out = cif.fairness_tradeoff(noise, "coin", "sex", **ask)
    fitted = cif.fairness_tradeoff(noise, "coin", "sex", folds=1, **ask)
    for found in (held_out.values.iloc[0], held_out.unmitigated.values.iloc[0]):
        assert found == pytest.approx(0.5, abs=0.1)
    assert fitted.values.iloc[0] > 0.65
    assert "the rows that were fitted" in fitted.summary()


def test_a_place_chosen_on_some_rows_holds_in_others():
    """The standard error of the gap in 4,000 rows is .015; the whole gap is .2 and more."""
    rng = np.random.default_rng(4)
    sex = rng.integers(0, 2, 8000)
    frame = pd.DataFrame(rng.normal(size=(8000, 3)), columns=list("abc"))
    frame["a"] += sex
    frame["good"] = (frame.sum(axis=1) + rng.logistic(size=8000) > 0.5).astype(int)
    frame["sex"] = sex
    train, new = frame[:4000], frame[4000:]
    curve = cif.fairness_tradeoff(train, "good", "sex", measures="demographic_parity", seed=1)
    place = curve.shared_for(0.08)
    assert 0 < place < 1
    fair = cif.FairSubspace(shared=place).fit(train[["a", "b", "c"]], train["good"],
                                              sensitive=train["sex"])  # fmt: skip
    scores = fair.transform(new[["a", "b", "c"]])[:, 0]
    found = cif.gap(new["good"], expit(scores), new["sex"])
    assert found.values.iloc[0] == pytest.approx(0.08, abs=0.05)
    assert curve.unmitigated.values.iloc[0] > 0.2


def test_two_attributes_are_taken_out_and_compared_by_their_combinations(data):
    rng = np.random.default_rng(5)
    frame = data.drop(columns="pay").assign(old=rng.choice(["old", "young"], ROWS))
    frame["b"] += frame["old"] == "old"
    curve = cif.fairness_tradeoff(
        frame, "good", ["sex", "old"], shared=[0.0, 1.0], measures="mean_score", seed=1,
        reference="M, old",
    )  # fmt: skip
    assert [term.removeprefix("mean_score") for term in dict.fromkeys(curve.terms)] == [
        "[F, old]", "[F, young]", "[M, young]",
    ]  # fmt: skip
    fair, free = curve.at(0.0).values.abs(), curve.at(1.0).values.abs()
    assert free.iloc[1] > 0.25  # those who differ in both
    assert (fair < 0.06).all()
    assert curve.at(1.0).values.max() < 0  # the farthest from zero counts, whatever its sign
    place, (low, high) = curve.shared_for(0.2, "mean_score"), (fair.max(), free.max())
    assert place == pytest.approx((0.2 - low) / (high - low))
    assert len(curve.few) == 0


def test_groups_with_few_rows_behind_a_value_are_named(data):
    rare = data.drop(columns="pay")
    rare.loc[(rare["sex"] == "F").to_numpy() & (np.arange(ROWS) > 30), "good"] = "no"
    favoured = int(((rare["sex"] == "F") & (rare["good"] == "yes")).sum())
    assert 1 < favoured < 10
    with pytest.warns(SmallSampleWarning, match=r"rate of F \(\d\): .* report the counts"):
        curve = cif.fairness_tradeoff(
            rare, "good", "sex", shared=[0.0], measures="equal_opportunity", seed=1
        )
    assert curve.few.to_dict("list") == {
        "measure": ["true positive rate"], "group": ["F"], "events": [favoured],
    }  # fmt: skip
    assert f"true positive rate of F ({favoured})" in curve.summary()


def test_a_reference_with_few_rows_behind_its_value_is_advised_against():
    groups = Groups("race", np.repeat([0, 1, 2], [40, 60, 50]), ("a", "b", "c"))
    few = pd.DataFrame({"measure": ["error rate"], "group": ["a"], "events": [3]})
    with pytest.warns(SmallSampleWarning, match="differences from a: .*reference='b'"):
        warn_of_few(few, groups)
    with pytest.warns(SmallSampleWarning, match="report the counts"):
        warn_of_few(few.assign(group="c"), groups)


def test_numbers_are_predicted(data):
    curve = cif.fairness_tradeoff(
        data.drop(columns="good"), "pay", "sex", seed=1, shared=[0.0, 1.0], target_dim=1
    )
    table = curve.tidy().set_index(["term", "shared"])["estimate"]
    assert table["mse", 0.0] > table["mse", 1.0]
    assert abs(table["mean_score", 0.0]) < 0.15 < table["mean_score", 1.0]


def test_another_learner_is_held_fixed(data):
    curve = cif.fairness_tradeoff(
        data.drop(columns="pay"),
        "good",
        "sex",
        model=RandomForestClassifier(20, min_samples_leaf=20, random_state=1),
        seed=1,
    )
    assert curve.tidy()["shared"].unique().tolist() == [0, 1]
    assert "hold the predictions fixed" in curve.summary()
    table = curve.tidy().set_index(["term", "shared"])["estimate"]
    assert table["auc", 1] > 0.65
    assert table["demographic_parity", 0] < table["demographic_parity", 1]


def test_a_learner_that_bends_may_win_the_attribute_back():
    """|b| tells the group and no straight line does; b is in the complement."""
    rng = np.random.default_rng(8)
    group = rng.integers(0, 2, 600)
    b = rng.choice([-1, 1], 600) * (1 + 2 * group) + 0.3 * rng.normal(size=600)
    frame = pd.DataFrame({"a": rng.normal(size=600) + group, "b": b, "group": group})
    frame["good"] = (frame["a"] + rng.logistic(size=600) > 0).astype(int)
    ask = (frame, "good", "group", ["a", "b"])
    forest = RandomForestClassifier(20, min_samples_leaf=20, random_state=1)
    given = {"shared": [0], "measures": "accuracy", "seed": 1}
    with pytest.warns(DataWarning, match=r"RandomForest.*with an area of (0\.9\d|1\.00)"):
        cif.fairness_tradeoff(*ask, model=forest, keep_residual=True, **given)
    # All that tells of the target tells the group: nothing is left but the mean.
    plain = cif.fairness_tradeoff(*ask, model=forest, **given)  # warnings are errors here
    assert np.ptp(plain.scores[0]) < 0.05
    assert plain.cosines.values.iloc[0] > 0.95
    cif.fairness_tradeoff(*ask, model=LogisticRegression(), keep_residual=True, **given)


def test_a_learner_that_fails_is_named(data):
    class Broken(LogisticRegression):
        def fit(self, X, y, sample_weight=None):
            raise RuntimeError("no")

    with pytest.raises(FitError, match=r"Broken.*failed on a representation: no"):
        cif.fairness_tradeoff(data, "good", "sex", ["a", "b"], model=Broken(), seed=1)


@pytest.mark.parametrize("kind", ["pareto", "curve", "loadings", "angles"])
def test_plots(curve, kind):
    ax = curve.plot(kind)
    assert ax.has_data()
    if kind == "pareto":
        assert ax.get_xlabel() == "demographic parity"
        assert len(ax.patches) == 11
    if kind == "curve":  # the true positive rate once, under either name
        drawn = [line.get_label() for line in ax.get_lines() if line.get_marker() != "None"]
        assert drawn == ["demographic parity", "equal opportunity", "equalized odds (FPR)"]
    if kind == "angles":
        assert "cosine1" in {label.get_text() for label in ax.get_yticklabels()}
    if kind == "loadings":
        assert "job[cook]" in {label.get_text() for label in ax.get_yticklabels()}


def test_unknown_plots_and_measures_are_refused(curve):
    with pytest.raises(DataError, match="kind='paretto'"):
        curve.plot("paretto")
    with pytest.raises(DataError, match="no measure 'acuracy'"):
        curve.plot("pareto", utility="acuracy")
    with pytest.raises(DataError, match="is no place of this curve"):
        curve.at(0.35)


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ({"sensitive": "sx"}, "no column 'sx' in data .* Did you mean 'sex'"),
        ({"features": ["a", "sex"]}, "'sex' is among the features"),
        ({"features": ["a", "good"]}, "'good' is among the features"),
        ({"outcome": "job2"}, "no column 'job2'"),
        ({"measures": "acuracy"}, "measures: no 'acuracy'"),
        ({"shared": 2}, "there are 1 shared directions"),
        ({"shared": 1.5}, "from 0.0 to 1.0"),
        ({"folds": 0}, "folds=0"),
        ({"threshold": 1.0}, "threshold=1.0"),
        ({"weights": "d"}, "weights must be positive"),
        ({"weights": pd.Series(np.ones(ROWS), np.arange(ROWS)[::-1])}, "weights has other row"),
        ({"clusters": "village"}, "no column 'village'"),
        ({"notion": "dp"}, "notion='dp'"),
        ({"target_dim": "bic"}, "target_dim='bic' is not"),
    ],
)
def test_bad_input_is_named(data, given, words):
    call = {"outcome": "good", "sensitive": "sex", "features": ["a", "b", "d"], **given}
    with pytest.raises(DataError, match=words):
        cif.fairness_tradeoff(data, seed=1, **call)


def test_a_level_that_a_fold_has_not(data):
    rare = data.assign(job=np.where(data.index == 5, "pilot", data["job"]))
    curve = cif.fairness_tradeoff(
        rare.drop(columns="pay"), "good", "sex", keep_residual=True, shared=[0.0, 1.0], seed=1
    )
    plain = cif.fairness_tradeoff(
        data.drop(columns="pay"), "good", "sex", keep_residual=True, shared=[0.0, 1.0], seed=1
    )
    assert np.isfinite(curve.std_error).all()
    assert curve.values["auc @ 1"] == pytest.approx(plain.values["auc @ 1"], abs=0.02)

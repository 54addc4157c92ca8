"""`FairSubspace`: a true transformer, and what it takes out."""

from __future__ import annotations

import pickle

import numpy as np
import pandas as pd
import pytest
from scipy.special import expit
from sklearn.base import clone
from sklearn.decomposition import PCA
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.utils.estimator_checks import check_estimator

import causalif as cif
from causalif.errors import DataError, DataWarning, SmallSampleWarning

ROWS = 600


@pytest.fixture(scope="module")
def drawn():
    rng = np.random.default_rng(1)
    sex, old = rng.choice(["F", "M"], ROWS), rng.choice([False, True], ROWS)
    X = pd.DataFrame(
        {
            "pay": rng.normal(size=ROWS) + (sex == "M"),
            "years": rng.normal(size=ROWS) + 0.5 * old,
            "job": rng.choice(["clerk", "cook", "nurse"], ROWS),
        }
    )
    y = (X["pay"] + X["years"] + (X["job"] == "cook") + rng.normal(size=ROWS) > 0.5).to_numpy()
    return X, y.astype(int), pd.Series(sex, name="sex"), pd.Series(old, name="old")


def means_of(values, groups):
    return pd.DataFrame(values).groupby(np.asarray(groups)).mean().to_numpy()


@pytest.mark.filterwarnings("ignore::causalif.errors.DataWarning")
@pytest.mark.filterwarnings("ignore::sklearn.exceptions.SkipTestWarning")
def test_passes_the_checks_of_scikit_learn():
    check_estimator(cif.FairSubspace())


def test_group_means_agree(drawn):
    X, y, sex, _ = drawn
    for keep in (False, True):
        kept = cif.FairSubspace(keep_residual=keep).fit(X, y, sensitive=sex)
        assert np.ptp(means_of(kept.transform(X), sex), axis=0) == pytest.approx(0, abs=1e-10)
    assert np.ptp(means_of(X["pay"].to_numpy(), sex)) > 0.5


def test_several_attributes_are_all_taken_out(drawn):
    X, y, sex, old = drawn
    kept = cif.FairSubspace(keep_residual=True).fit(X, y, sensitive=pd.concat([sex, old], axis=1))
    assert kept.sensitive_dim_ == 2
    for attribute in (sex, old):
        assert np.ptp(means_of(kept.transform(X), attribute), axis=0) == pytest.approx(0, abs=1e-10)


@pytest.mark.parametrize(
    ("notion", "levels"), [("equal_opportunity", [1]), ("equalized_odds", [0, 1])]
)
def test_notions_take_differences_out_within_levels_of_the_target(drawn, notion, levels):
    X, y, sex, _ = drawn
    kept = cif.FairSubspace(notion=notion).fit(X, y, sensitive=sex).transform(X)
    for level in levels:
        within = y == level
        assert np.ptp(means_of(kept[within], sex[within])) == pytest.approx(0, abs=1e-10)


def test_directions_are_uncorrelated_with_variance_one(drawn):
    X, y, sex, _ = drawn
    kept = cif.FairSubspace(shared=1, keep_residual=True).fit(X, y, sensitive=sex)
    values = kept.transform(X)
    assert np.cov(values.T, ddof=0) == pytest.approx(np.eye(values.shape[1]), abs=1e-8)
    assert list(kept.get_feature_names_out()) == ["target1", "shared1", "residual1", "residual2"]


def test_everything_shared_holds_the_target_direction(drawn):
    # The linear discriminant of y is a function of target1 and shared1 (Li 1991 for two levels).
    from sklearn.discriminant_analysis import LinearDiscriminantAnalysis

    X, y, sex, _ = drawn
    kept = cif.FairSubspace(shared=1).fit(X, y, sensitive=sex).transform(X)
    encoded = pd.get_dummies(X, drop_first=True).astype(float)
    score = LinearDiscriminantAnalysis().fit(encoded, y).transform(encoded)[:, 0]
    inputs = np.column_stack([np.ones(ROWS), kept])
    left = score - inputs @ np.linalg.lstsq(inputs, score, rcond=None)[0]
    assert np.abs(left).max() < 1e-8
    alone = inputs[:, :2]
    assert np.abs(score - alone @ np.linalg.lstsq(alone, score, rcond=None)[0]).max() > 0.1


def test_aware_is_the_residual_on_the_attribute(drawn):
    X, y, sex, _ = drawn
    model = cif.FairSubspace(aware=True, keep_residual=True).fit(X, y, sensitive=sex)
    kept = model.transform(X, sensitive=sex)
    encoded = pd.get_dummies(X, drop_first=True).astype(float)
    residual = encoded - encoded.groupby(sex.to_numpy()).transform("mean")
    inputs = np.column_stack([np.ones(ROWS), kept])
    assert residual.to_numpy() == pytest.approx(
        inputs @ np.linalg.lstsq(inputs, residual, rcond=None)[0], abs=1e-8
    )


def test_aware_predicts_for_one_person(drawn):
    X, y, sex, _ = drawn
    model = cif.FairSubspace(aware=True).fit(X, y, sensitive=sex)
    whole = model.transform(X, sensitive=sex)
    alone = model.transform(X.iloc[[7]], sensitive=sex.iloc[[7]])
    assert alone == pytest.approx(whole[[7]])


def test_a_place_on_the_line_is_one_column(drawn):
    X, y, sex, _ = drawn
    scores = [
        cif.FairSubspace(shared=place).fit(X, y, sensitive=sex).transform(X)[:, 0]
        for place in (0.0, 0.25, 1.0)
    ]
    assert scores[1] == pytest.approx(0.75 * scores[0] + 0.25 * scores[2])
    inputs = pd.get_dummies(X, drop_first=True).astype(float)
    # Its penalty looks the same from all uncorrelated coordinates; PCA's divisor is n - 1.
    whole = make_pipeline(PCA(whiten=True), LogisticRegression()).fit(inputs, y)
    assert scores[2] == pytest.approx(whole.decision_function(inputs), abs=0.02)
    assert np.ptp(means_of(scores[0], sex)) < 1e-10
    curve = cif.fairness_tradeoff(
        X.assign(y=y, sex=sex), "y", "sex", shared=[0.25], measures="accuracy", folds=1, seed=1
    )
    assert scores[1] == pytest.approx(curve.scores[0.25].to_numpy())


def test_directions_have_mean_zero_and_the_line_the_mean_of_the_target(drawn):
    X, y, sex, _ = drawn
    kept = cif.FairSubspace(keep_residual=True).fit(X, y, sensitive=sex)
    assert kept.transform(X).mean(axis=0) == pytest.approx(0, abs=1e-10)
    for place in (0.0, 1.0):  # the first equation of a logistic model
        scores = cif.FairSubspace(shared=place).fit(X, y, sensitive=sex).transform(X)[:, 0]
        assert expit(scores).mean() == pytest.approx(y.mean(), abs=1e-6)


def test_the_evidence_about_a_dimension_is_kept(drawn):
    X, y, sex, _ = drawn
    assert cif.FairSubspace().fit(X, y, sensitive=sex).dimension_evidence_ == {}  # means: all
    found = cif.FairSubspace(reduction="dr").fit(X, y, sensitive=sex)
    assert set(found.dimension_evidence_) == {"target", "sensitive"}
    for side, evidence in found.dimension_evidence_.items():
        best = int(evidence.table["ladle"].idxmin())
        assert getattr(found, f"{side}_dim_") == max(1, evidence.table["dimension"][best])


def test_works_in_a_pipeline_and_pickles(drawn):
    X, y, sex, _ = drawn
    chain = make_pipeline(cif.FairSubspace(), LogisticRegression())
    chain.fit(X, y, fairsubspace__sensitive=sex)
    told = chain.predict_proba(X)[:, 1]
    assert told.shape == (ROWS,)
    assert pickle.loads(pickle.dumps(chain)).predict_proba(X)[:, 1] == pytest.approx(told)
    assert clone(chain[0]).get_params() == chain[0].get_params()


def test_routes_the_attribute_as_metadata(drawn):
    from sklearn import config_context

    X, y, sex, _ = drawn
    with config_context(enable_metadata_routing=True):
        asked = cif.FairSubspace().set_fit_request(sensitive=True)
        asked.set_transform_request(sensitive=True)  # fit_transform wants both alike
        chain = make_pipeline(asked, LogisticRegression()).fit(X, y, sensitive=sex)
    assert np.ptp(means_of(chain[0].transform(X), sex)) < 1e-10


def test_pandas_out(drawn):
    X, y, sex, _ = drawn
    kept = cif.FairSubspace().set_output(transform="pandas").fit(X, y, sensitive=sex).transform(X)
    assert list(kept.columns) == ["target1"]
    assert kept.index.equals(X.index)


def test_transform_does_not_read_the_attribute(drawn):
    X, y, sex, _ = drawn
    kept = cif.FairSubspace().fit(X, y, sensitive=sex)
    with pytest.raises(DataError, match="does not read it"):
        kept.transform(X, sensitive=sex)


def test_nothing_of_the_users_is_changed(drawn):
    X, y, sex, _ = drawn
    before = X.copy(), y.copy(), sex.copy()
    cif.FairSubspace().fit_transform(X, y, sensitive=sex)
    pd.testing.assert_frame_equal(X, before[0])
    assert (y == before[1]).all()
    pd.testing.assert_series_equal(sex, before[2])


def refit(drawn, **given):
    X, y, sex, _ = drawn
    data = {"X": X, "y": y, "sensitive": sex, **given}
    return cif.FairSubspace().fit(data["X"], data["y"], sensitive=data["sensitive"])


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (lambda d: refit(d, sensitive=np.repeat("F", ROWS)), "one level, 'F', in all rows"),
        (lambda d: refit(d, X=d[0].assign(woman=d[2] == "F")), r"'woman\[True\]' is a function"),
        (lambda d: refit(d, X=d[0].assign(woman=1.0 * (d[2] == "F"))), "'woman' is a function"),
        (lambda d: refit(d, y=np.ones(ROWS)), "the target has one level"),
        (lambda d: refit(d, sensitive=d[2][:10]), "sensitive has 10 rows, and X has 600"),
        (
            lambda d: cif.FairSubspace().fit(
                np.random.default_rng(1).normal(size=(60, 70)), d[1][:60], sensitive=d[2][:60]
            ),
            "70 encoded features and 60 rows",
        ),
        (lambda d: refit(d).transform(d[0].assign(job="pilot")), "the level 'pilot'"),
        (lambda d: refit(d).transform(d[0].assign(pay=np.nan)), "'pay' is missing in 600 of 600"),
        (
            lambda d: cif.FairSubspace(aware=True).fit(d[0], d[1], sensitive=d[2]).transform(d[0]),
            r"needs\s+sensitive=",
        ),
        (
            lambda d: (
                cif.FairSubspace(aware=True)
                .fit(d[0], d[1], sensitive=d[2])
                .transform(d[0], sensitive=np.repeat("X", ROWS))
            ),
            "sensitive has the level 'X' in 600 of 600 rows",
        ),
        (
            lambda d: cif.FairSubspace("all", 0, shared="x").fit(d[0], d[1], sensitive=d[2]),
            r"(?s)3 problems.*target_dim='all'.*sensitive_dim=0.*shared='x'",
        ),
        (
            lambda d: cif.FairSubspace(shared=2).fit(d[0], d[1], sensitive=d[2]),
            "there are 1 shared",
        ),
        (lambda d: cif.FairSubspace(shared=1.5).fit(d[0], d[1], sensitive=d[2]), "from 0.0 to 1.0"),
        (lambda d: cif.FairSubspace(notion="dp").fit(d[0], d[1], sensitive=d[2]), "notion='dp'"),
        (
            lambda d: cif.FairSubspace(aware=True, notion="equalized_odds").fit(
                d[0], d[1], sensitive=d[2]
            ),
            "need the target at prediction",
        ),
        (lambda d: cif.FairSubspace(target_dim=3).fit(d[0], d[1], sensitive=d[2]), "target_dim=3"),
    ],
)
def test_bad_input_is_named(drawn, change, words):
    with pytest.raises(DataError, match=words):
        change(drawn)


@pytest.mark.filterwarnings("ignore::causalif.errors.ConvergenceWarning")
def test_small_groups_are_warned_of(drawn):
    X, y, sex, _ = drawn
    rare = sex.where(np.arange(ROWS) > 9, "X")
    with pytest.warns(SmallSampleWarning, match="group 'X' of sex has 10 rows"):
        cif.FairSubspace().fit(X, y, sensitive=rare)


def test_redundant_columns_are_left_out_with_a_warning(drawn):
    X, y, sex, _ = drawn
    with pytest.warns(DataWarning, match="'double': constant, or a linear function"):
        kept = cif.FairSubspace().fit(X.assign(double=2 * X["pay"] + 1), y, sensitive=sex)
    same = cif.FairSubspace().fit(X, y, sensitive=sex).transform(X)
    assert kept.transform(X.assign(double=0.0)) == pytest.approx(same)


def test_without_an_attribute_it_says_so(drawn):
    X, y, _, _ = drawn
    with pytest.warns(DataWarning, match="was given no sensitive="):
        cif.FairSubspace().fit(X, y)

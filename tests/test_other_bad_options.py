"""More options and learners of the kinds in the catalogue: one clear error each."""

from __future__ import annotations

import threading

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import pytest
from numpy.testing import assert_array_equal
from sklearn.linear_model import LinearRegression, LogisticRegression
from sklearn.neighbors import KNeighborsClassifier, KNeighborsRegressor
from sklearn.preprocessing import StandardScaler
from sklearn.svm import LinearSVC

import causalif as cif
from causalif.errors import FitError
from tests.refusals import NeverClassify, NeverFit, accepted, refused

N = 899
ROW = np.arange(N)


@pytest.fixture(scope="module")
def bundled() -> pd.DataFrame:
    return cif.load_dataset("jobs")


@pytest.fixture
def jobs(bundled):
    return bundled.copy()


@pytest.fixture(scope="module")
def plain(bundled):
    return accepted(bundled)


# -- options ---------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("option", "values"),
    [
        ("seed", [-1, "a", True, 1.0, [1, 2], np.random.RandomState(1)]),
        ("n_jobs", [0, "two", 1.0, True, [1]]),
        ("folds", [0, -3, True, "5", 5.0, None, [5], 10**9, np.nan]),
        ("repeats", [0, 1.5, "3", True]),
        ("truncate", [-0.1, 0.5, 1, "0.1", np.nan, True, (0.1, 0.9)]),
        ("method", [None, "", "TMLE", ["tmle"], 5]),
        ("scale", [None, "Ratio", "odds"]),
        ("missing", [None, True, "drop", ["ipw"]]),
        ("stabilize", [None, 1, "yes"]),
        ("progress", ["yes", 2]),
    ],
)
def test_options_out_of_range(jobs, option, values):
    for value in values:
        refused(jobs, f"{option}={value!r} is", **{option: value})


@pytest.mark.parametrize("none", [[], (), set(), np.array([]), pd.Index([]), None])
def test_no_intermediates_are_none(jobs, plain, none):
    found = accepted(jobs, intermediates=none)
    assert_array_equal(found.influence, plain.influence)


def test_overlap_given_other_predictors_where_some_levels_are_not_compared(jobs):
    window = {"exposure": "econ_hard", "covariates": "age", "levels": ((1, 2), (3, 4))}
    third = {"exposure": "g", "levels": (0, 2)}
    for options in (window, third):
        found = accepted(jobs.assign(g=ROW % 3), **options)
        covariates = list(found.design.covariates)
        assert found.plot("overlap", given=["job_seek", *covariates]).get_legend_handles_labels()
        plt.close("all")


def test_numbers_of_numpy_are_numbers(jobs, plain):
    options = {"folds": np.int64(5), "repeats": np.int8(1), "seed": np.uint8(1)}
    found = accepted(jobs, n_jobs=np.int32(1), stabilize=np.True_, **options)
    assert_array_equal(found.influence, plain.influence)


@pytest.mark.parametrize(
    ("effect", "argument", "says"),
    [
        (cif.average_effect, "mediators", "It belongs to other effects"),
        (cif.average_effect, "intermediates", "It belongs to other effects"),
        (cif.path_specific_effects, "mediators", "It belongs to other effects"),
        (cif.weighted_direct_effect, "covariates", "It belongs to other effects"),
        (cif.mediate, "intermediate", "Did you mean 'intermediates'"),
        (cif.mediate, "horizn", "Did you mean 'horizon'"),
    ],
)
def test_keywords_that_an_effect_does_not_take(jobs, effect, argument, says):
    graph = {"dag": "treat -> depress2"} if effect is cif.weighted_direct_effect else {}
    with pytest.raises(TypeError, match=rf"unexpected keyword argument {argument!r}\. {says}"):
        effect(jobs, "treat", "depress2", **{argument: "job_seek"}, **graph)


@pytest.mark.parametrize("estimand", ["interventonal", None, ["natural"]])
def test_estimand(jobs, estimand):
    refused(jobs, f"estimand={estimand!r} is not one of", effects=[cif.mediate], estimand=estimand)


@pytest.mark.parametrize(
    ("levels", "says"),
    [
        ((0,), "two or more different levels"),
        ((), "two or more different levels"),
        ((0, 0), "two or more different levels"),
        ((0, 0.0), "names a level twice"),
        ((0, 1, 2), "no level 2. Levels present: 0 (299 rows), 1 (600 rows)"),
        (("0", "1"), "no level '0', '1'"),
        ((0, None), "no level None"),
        ((0, np.nan), "no level nan"),
        ((0, [1]), "no level [1]"),
        ("01", "must be a list or tuple"),
        (1, "must be a list or tuple"),
        ({0, 1}, "must be a list or tuple"),
        (np.array([[0, 1], [2, 3]]), "too few rows"),
        ((0, np.array([1])), "two or more different levels"),
        ((0, pd.NA), "two or more different levels"),
        (((1, 0), (2, 3)), "windows (low, high)"),
    ],
)
def test_levels(jobs, levels, says):
    refused(jobs, says, levels=levels)


@pytest.mark.parametrize("reference", [2, "0", [0], np.nan, np.array([0, 1]), pd.NA, {0}])
def test_reference(jobs, reference):
    refused(jobs, "reference=" if repr(reference).startswith(("array", "<NA")) else "no level",
            reference=reference)  # fmt: skip
    refused(jobs, reference=reference, levels=(0, 1))


def test_levels_in_any_sequence(jobs, plain):
    for levels in ([0, 1], np.array([0, 1]), pd.Series([0, 1]), range(2), (False, True)):
        assert_array_equal(accepted(jobs, levels=levels).influence, plain.influence)


# -- learners --------------------------------------------------------------------------------


class Returns(LinearRegression):
    def __init__(self, change=None):
        super().__init__()
        self.change = change

    def predict(self, X):
        return self.change(super().predict(X))


class Believes(LogisticRegression):
    def __init__(self, change=None):
        super().__init__()
        self.change = change

    def predict_proba(self, X):
        return self.change(super().predict_proba(X))


class NoConstructor(LinearRegression):
    def __init__(self, wrong=1):
        super().__init__()


class Duck:
    def fit(self, X, y):
        return self


@pytest.mark.parametrize(
    ("learners", "says"),
    [
        ({}, "names no learner"),
        ({"outcom": NeverFit()}, "'outcom' is not a role. Did you mean 'outcome'?"),
        ({"outcome": NeverFit}, "NeverFit is a class, not an estimator. Write NeverFit()"),
        ({"outcome": "gml"}, "Did you mean 'glm'?"),
        ("gml", "Did you mean 'glm'?"),
        (None, "no fit"),
        (5, "no fit"),
        ([NeverFit(), NeverClassify()], "no fit"),
        ({"outcome": StandardScaler()}, "StandardScaler has no predict"),
        ({"outcome": Duck()}, "Duck has no predict and no get_params"),
        ({"exposure": NeverFit()}, "NeverFit has no predict_proba"),
        ({"exposure": LinearSVC()}, "LinearSVC has no predict_proba"),
        ({"missing": NeverFit()}, "NeverFit has no predict_proba"),
        (NeverFit(), "no predict_proba"),
        (NeverClassify(), "is a classifier, and the outcome is continuous"),
        ({"outcome": NeverClassify(), "exposure": NeverClassify()}, "is a classifier"),
    ],
)
def test_unusable_learners(jobs, learners, says):
    refused(jobs, "learners", says, learners=learners)


def test_learners_without_weights(jobs):
    for learners in (
        {"outcome": KNeighborsRegressor(), "exposure": NeverClassify()},
        {"outcome": NeverFit(), "exposure": KNeighborsClassifier()},
    ):
        says = ("KNeighbors", "takes no sample_weight", "sampling weights are given")
        refused(jobs, *says, learners=learners, weights=1.0 + ROW)


GOOD = {"outcome": LinearRegression(), "exposure": LogisticRegression()}


@pytest.mark.parametrize(
    ("role", "learner", "says"),
    [
        ("outcome", Returns(lambda p: p[:-1]), "reshape"),
        ("outcome", Returns(lambda p: np.column_stack([p, p])), "reshape"),
        ("outcome", Returns(lambda p: p.astype(str) + "x"), "convert"),
        ("outcome", Returns(lambda p: p * np.inf), "180 missing or infinite predictions"),
        ("outcome", NoConstructor(), "AttributeError"),
        ("outcome", KNeighborsRegressor(5000), "n_neighbors"),
        ("exposure", Believes(lambda p: p * np.nan), "missing or infinite"),
        ("exposure", Believes(lambda p: p * 5), "180 predictions that are no probabilities"),
        ("exposure", Believes(lambda p: p - 2), "180 predictions that are no probabilities"),
        ("exposure", Believes(lambda p: p[:, :1]), r"shape \(180, 1\) for 2 classes"),
        ("exposure", Believes(lambda p: p[:, 1]), r"shape \(180,\) for 2 classes"),
        ("exposure", LogisticRegression(C=-1), "InvalidParameterError"),
    ],
)
def test_learners_that_fail(jobs, role, learner, says):
    name = type(learner).__name__
    with pytest.raises(FitError, match=rf"{role} learner.*{name}.*{says}") as caught:
        accepted(jobs, learners={**GOOD, role: learner})
    assert "fold 1 of 5" in str(caught.value)
    assert f"learners={{{role!r}: ...}}" in str(caught.value)


def test_a_fitted_learner_is_fitted_afresh(jobs):
    fitted = LinearRegression().fit(jobs[["age"]], jobs.depress2)
    coefficients = fitted.coef_.copy()
    found = accepted(jobs, learners={**GOOD, "outcome": fitted})
    assert_array_equal(found.influence, accepted(jobs, learners=GOOD).influence)
    assert_array_equal(fitted.coef_, coefficients)


def test_a_learner_that_does_not_pickle_and_workers(jobs):
    learners = {**GOOD, "outcome": Returns(threading.Lock())}
    with pytest.raises(FitError, match=r"n_jobs=2 workers.*Use n_jobs=1"):
        accepted(jobs, learners=learners, n_jobs=2)

"""The catalogue of bad inputs, through the public functions; each test names its row."""

from __future__ import annotations

import re
import warnings

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from sklearn.linear_model import LinearRegression, LogisticRegression, RidgeClassifier
from sklearn.tree import DecisionTreeClassifier, DecisionTreeRegressor

import causalif as cif
from causalif.errors import (
    ConvergenceWarning,
    DataError,
    DataWarning,
    FitError,
    NotIdentified,
    PositivityWarning,
    SmallSampleWarning,
)
from tests.refusals import NEVER, NeverClassify, NeverFit, accepted, refused
from tests.truth.learners import CellMeans, CellShares

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
    """What every harmless way of writing the same data must give."""
    return accepted(bundled)


def same(found, plain):
    """Equal but for the last digits: a changed order of rows changes sums."""
    assert_allclose(found.values, plain.values, rtol=1e-9)
    assert_allclose(found.std_error, plain.std_error, rtol=1e-9)


# -- names -----------------------------------------------------------------------------------


def test_unknown_column(jobs):  # 1
    refused(jobs, "no column 'job_sek' in data", "Did you mean 'job_seek'?", mediators="job_sek")
    refused(jobs, "no column 'agge'", "'age'?", covariates=["agge"])


def test_all_problems_at_once(jobs):  # 2
    says = ("3 problems", "'job_sek'", "'agge'", "folds=1", "learners='glm'")
    changes = {"mediators": "job_sek", "covariates": "agge", "folds": 1, "learners": "auto"}
    refused(jobs, *says, **changes)
    says = ("5 problems", "'agge'", "folds=2.5", "method='tmel'", "seed=-1", "n_jobs=0")
    refused(jobs, *says, covariates="agge", folds=2.5, method="tmel", seed=-1, n_jobs=0)


def test_two_roles(jobs):  # 3
    says = ("'treat'", "the exposure", "a covariate", "take it out")
    refused(jobs, *says, covariates=["treat", "age"])


def test_given_twice(jobs, plain):  # 4
    with pytest.warns(DataWarning, match="'age' is given twice; it is used once"):
        found = accepted(jobs, covariates=["age", "sex", "econ_hard", "age"])
    same(found, plain)


def test_duplicated_column_name(jobs):  # 5
    says = ("2 columns", "'age'", "duplicated", "Rename")
    refused(pd.concat([jobs, jobs[["age"]]], axis=1), *says)


@pytest.mark.parametrize("take", [lambda d: d.iloc[:0], lambda d: d[d.age > 200]])
def test_no_rows(jobs, take):  # 6
    refused(take(jobs), "no rows", "Check the filter")


def test_few_rows(jobs):  # 7
    says = ("too few rows per fold", "'treat'", "0 (3 rows), 1 (3 rows)", "folds=3 or fewer")
    refused(jobs.groupby("treat").head(3), *says)


def test_formula_that_cannot_be_read(jobs):  # 30
    for formula, place in {
        "depress2 ~ treat | | age": 18,  # between the bars
        "depress2 ~ treat": 16,
        "depress2 treat": 9,
        "~ treat": 0,
    }.items():
        with pytest.raises(DataError) as caught:
            cif.mediate(formula, jobs, learners=NEVER)
        lines = str(caught.value).splitlines()
        assert lines[1].strip() == formula
        assert lines[2].index("^") - lines[1].index(formula) == place
        assert "outcome ~ exposure | mediators | covariates" in lines[3]


@pytest.mark.parametrize(
    "names",
    [
        {"treat": "my treat", "age": "age.in.years", "sex": "Intercept"},
        {"treat": "é", "depress2": "y ~ 1", "job_seek": "m|x", "age": "a:b", "econ_hard": "C(x)"},
        {"depress2": "lambda", "age": "np", "sex": "1", "job_seek": "a`b", "econ_hard": "-1"},
        {name: k for k, name in enumerate(["treat", "depress2", "job_seek", "age", "sex"])},
        {"age": "", "sex": "age ", "econ_hard": "a\nb", "treat": 0.5},
    ],
)
def test_odd_names_by_keyword(jobs, plain, names):  # 29
    roles = {
        "exposure": names.get("treat", "treat"),
        "outcome": names.get("depress2", "depress2"),
        "mediators": [names.get("job_seek", "job_seek")],
        "covariates": [names.get(c, c) for c in ("age", "sex", "econ_hard")],
    }
    same(accepted(jobs.rename(columns=names), **roles), plain)


def test_odd_names_in_backticks(jobs, plain):  # 29
    odd = jobs.rename(columns={"treat": "my treat", "age": "age.1", "sex": "Intercept"})
    formula = "depress2 ~ `my treat` | job_seek | `age.1` + Intercept + econ_hard"
    same(cif.mediate(formula, odd, learners="glm", seed=1), plain)


@pytest.mark.parametrize("mediators", [[], (), None, [[]], set(), np.array([]), iter(())])
def test_no_mediator(jobs, mediators):  # 40
    refused(jobs, "at least one mediator", "average_effect", mediators=mediators)


def test_outcome_among_the_mediators(jobs):  # 40
    says = ("'depress2'", "the outcome", "a mediator")
    refused(jobs, *says, mediators=["job_seek", "depress2"])


# -- the exposure ----------------------------------------------------------------------------


def test_exposure_constant(jobs):  # 8
    refused(jobs.assign(treat=1), "'treat' has one level only (1 in all 899 rows)")


def test_three_levels_give_a_contrast_each(jobs):  # 9
    found = accepted(jobs.assign(treat=np.array(["b", "a", "c"])[ROW % 3]))
    assert {"NIE [b vs a]", "NIE [c vs a]"} <= set(found.names)
    assert "'b', 'c' compared with the reference 'a'" in found.summary()


@pytest.mark.parametrize(
    ("recode", "reference"),
    [
        (lambda a: np.where(a == 1, "yes", "no"), "'no'"),
        (lambda a: a.astype(bool), "False"),
        (lambda a: a.astype("category"), "0"),
        (lambda a: a + 1, "1"),
        (lambda a: pd.Categorical(np.where(a == 1, "a", "z"), ["z", "a"]), "'z'"),
    ],
)
def test_two_levels_of_any_type(jobs, plain, recode, reference):  # 10
    found = accepted(jobs.assign(treat=recode(jobs.treat)))
    same(found, plain)
    assert f"compared with the reference {reference}." in found.summary()


def test_stray_level(jobs):  # 11
    stray = np.where(jobs.treat == 1, np.where(ROW < 9, "Yes", "yes"), "no")
    says = ("3 levels", "'no' (299 rows)", "'Yes'", "'yes'", "rows)")
    refused(jobs.assign(treat=stray), *says)


def test_level_absent(jobs):  # 12
    says = ("no level 'a', 'z'", "present: 0 (299 rows), 1 (600 rows)")
    refused(jobs, *says, levels=("a", "z"))


def test_continuous_exposure(jobs):  # 13
    says = ("'age' is continuous: 875 distinct", "levels=(", "pd.cut")
    refused(jobs, *says, exposure="age", covariates="sex")


# -- the outcome -----------------------------------------------------------------------------


def test_outcome_of_many_words(jobs):  # 14
    refused(jobs, "'occp' has 7 values", "must be numeric or two-valued", outcome="occp")


def test_outcome_constant(jobs):  # 15
    refused(jobs.assign(depress2=2.5), "'depress2' is constant (2.5 in all 899 rows)")


def test_outcome_missing(jobs):  # 16
    says = ("'depress2' is missing in 40 of 899 rows", "dropna", 'missing="ipw"')
    refused(jobs.assign(depress2=jobs.depress2.where(ROW >= 40)), *says)


def test_outcome_missing_and_weighted_for(jobs):  # 17
    data = jobs.assign(depress2=jobs.depress2.where((ROW % 23 > 0) | (jobs.sex == 1)))
    gone = int(data.depress2.isna().sum())
    cells = {"outcome": CellMeans(), "exposure": CellShares(), "missing": CellShares()}
    options = {"missing": "ipw", "folds": 1, "truncate": 0, "learners": cells}
    found = accepted(data, effect=cif.average_effect, covariates="sex", **options)
    # Closed form: with one binary covariate, standardised means of the observed outcomes.
    means = data.pivot_table("depress2", "treat", "sex")
    truth = ((means.loc[1] - means.loc[0]) * jobs.sex.value_counts(normalize=True)).sum()
    assert_allclose(found.values["TE"], truth, rtol=1e-9)
    assert len(found.influence) == N
    assert found.diagnostics.observed == N - gone
    assert f"missing in {gone} of 899 rows" in found.summary()


# -- mediators and covariates ----------------------------------------------------------------


def test_missing_values(jobs):  # 18
    holes = jobs.assign(job_seek=jobs.job_seek.where(ROW >= 3), age=jobs.age.where(ROW % 80 > 0))
    says = ("'job_seek' is missing in 3 of 899", "'age' is missing in 12 of 899", "dropna", "rows")
    refused(holes, *says, effects=[cif.mediate])


@pytest.mark.parametrize("value", [np.inf, -np.inf, 1e308])
def test_infinite_value(jobs, value):  # 19
    says = ("'age' is infinite", "2 of 899 rows", "rows 5, 9", "Correct")
    refused(jobs.assign(age=jobs.age.where(~np.isin(ROW, [5, 9]), value)), *says)


def test_mediator_constant(jobs):  # 20
    with pytest.warns(DataWarning, match=r"'job_seek' is constant in all 899.*NIE.* is 0 by con"):
        found = accepted(jobs.assign(job_seek=2.0))
    total = accepted(jobs, effect=cif.average_effect)
    assert_allclose(found.values[["NDE", "NIE"]], [total.values["TE"], 0], atol=1e-12)
    assert np.isfinite(found.tidy().loc[:1, "p_value"]).all()


@pytest.mark.parametrize("role", ["job_seek", "age"])
def test_no_overlap(jobs, role):  # 21, 22
    says = (f"{role!r}", "no overlap", f"P(treat | {role}) is 0 or 1", "Leave it out")
    refused(jobs.assign(**{role: jobs.treat}), *says, effects=[cif.mediate])


def test_hardly_any_overlap(jobs):  # 22
    strong = jobs.treat + np.random.default_rng(0).normal(0, 0.25, N)
    with pytest.warns(PositivityWarning) as given:
        found = accepted(jobs.assign(age=strong))
    assert re.search(r"\d+ of 899 rows \(\d+\.\d%\) have a probability", str(given[0].message))
    assert found.diagnostics.overlap["rows_below"].gt(0).all()
    assert "floor" in found.summary()


def test_identifier(jobs):  # 23
    says = ("'age' looks like an identifier: 899 distinct", "Leave it out")
    refused(jobs.assign(age=[f"id {i}" for i in ROW]), *says)


def test_dates_and_mixed_types(jobs):  # 24
    mixed = pd.Series(["a", 1] * 449 + [2.5], dtype=object)
    says = (
        "2 problems",
        "'age' holds values of type datetime64",
        "days since",
        "'sex'",
        "str (449",
    )
    refused(jobs.assign(age=pd.date_range("2020-01-01", periods=N), sex=mixed), *says)


def test_rare_category(jobs):  # 25
    rare = np.where(ROW < 2, "rare", np.where(jobs.sex == 1, "f", "m"))
    with pytest.warns(ConvergenceWarning, match="merge rare categories"):
        found = accepted(jobs.assign(sex=rare))
    same_but_for_two_rows = accepted(jobs)
    gap = (found.values - same_but_for_two_rows.values)[["TE", "NDE", "NIE"]].abs()
    assert (gap < 0.1 * found.std_error[["TE", "NDE", "NIE"]]).all()


@pytest.mark.parametrize(
    "index",
    [np.zeros(N, int), ROW[::-1], [f"p{i % 300}" for i in ROW], pd.date_range("2020", periods=N)],
)
def test_any_index(jobs, plain, index):  # 26
    found = accepted(jobs.set_index(pd.Index(index)))
    pd.testing.assert_index_equal(found.influence.index, pd.Index(index), exact="equiv")
    assert_array_equal(found.influence, plain.influence)


@pytest.mark.parametrize(
    "convert",
    [
        pl.from_pandas,
        lambda d: pa.Table.from_pandas(d, preserve_index=False),
        lambda d: d.convert_dtypes(),
        lambda d: d.convert_dtypes(dtype_backend="pyarrow"),
        lambda d: d.astype({"occp": "string[pyarrow]", "treat": "Int64", "age": "Float64"}),
        lambda d: d.astype({"occp": object, "treat": "int8", "sex": "uint8"}),
    ],
)
def test_other_frames_and_dtypes(jobs, convert):  # 27
    covariates = ["age", "sex", "occp"]
    found = accepted(convert(jobs), covariates=covariates)
    assert_array_equal(found.influence, accepted(jobs, covariates=covariates).influence)


@pytest.mark.parametrize(
    ("convert", "remedy"),
    [
        (lambda d: pl.from_pandas(d).lazy(), "data.collect()"),
        (lambda d: d.to_dict("list"), "pd.DataFrame(data)"),
        (lambda _: "jobs.csv", 'pd.read_csv("jobs.csv")'),
    ],
)
def test_not_a_frame(jobs, convert, remedy):  # 28
    refused(convert(jobs), "not a data frame in memory", remedy)


# -- the sampling ----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("weights", "problem"),
    [
        (np.where(ROW < 3, -1.0, 1.0), "negative in 3 of 899 rows"),
        (np.zeros(N), "zero in all rows"),
        (np.where(ROW < 3, np.nan, 1.0), "missing or infinite in 3 of 899 rows"),
        (np.ones(5), "length 5, but data has 899 rows"),
    ],
)
def test_unusable_weights(jobs, weights, problem):  # 31
    refused(jobs, "weights", problem, weights=weights)


@pytest.mark.parametrize(
    "learners",
    [
        "glm",
        {
            "outcome": DecisionTreeRegressor(max_depth=4),
            "exposure": DecisionTreeClassifier(min_samples_leaf=60),
        },
    ],
)
def test_the_unit_of_weights_does_not_matter(jobs, learners):  # 32
    weights = np.random.default_rng(1).uniform(0.2, 9, N)
    one, other = (accepted(jobs, weights=w, learners=learners) for w in (weights, 1000 * weights))
    assert_array_equal(one.values, other.values)
    assert_array_equal(one.influence, other.influence)
    assert_array_equal(one.std_error, other.std_error)


def test_clusters(jobs):  # 33
    refused(jobs, "one cluster only", "Leave clusters= out", clusters=np.ones(N))
    holes = np.where(ROW < 6, np.nan, ROW % 40)
    refused(jobs, "clusters are missing in 6 of 899 rows", "rows 0, 1, 2", clusters=holes)
    with pytest.warns(SmallSampleWarning, match="only 12 clusters") as given:
        accepted(jobs, clusters=ROW % 12)
    assert len(given) == 1


# -- options and learners --------------------------------------------------------------------


@pytest.mark.parametrize(
    ("options", "says"),
    [
        ({"folds": 2.5}, ("folds=2.5", "whole number from 1")),
        ({"truncate": 0.6}, ("truncate=0.6", "[0, 0.5)")),
        ({"method": "tmel"}, ("method='tmel'", "Did you mean 'tmle'?")),
    ],
)
def test_options_out_of_range(jobs, options, says):  # 34
    refused(jobs, *says, **options)


def test_level_of_an_interval(plain):  # 34
    for ask in (plain.confint, plain.tidy, plain.summary):
        with pytest.raises(DataError, match=r"level=95 is not between 0 and 1.*level=0\.95"):
            ask(level=95)


@pytest.mark.parametrize("learner", [LinearRegression(), RidgeClassifier(), NeverFit()])
def test_exposure_learner_without_probabilities(jobs, learner):  # 35
    says = ("exposure", type(learner).__name__, "has no predict_proba", "classifier")
    refused(jobs, *says, learners={"outcome": NeverFit(), "exposure": learner})


class BreaksThirdTime(LogisticRegression):
    fits = 0

    def fit(self, X, y, sample_weight=None):
        type(self).fits += 1
        if type(self).fits == 3:
            raise RuntimeError("out of luck")
        return super().fit(X, y, sample_weight)


class PredictsNaN(LinearRegression):
    def predict(self, X):
        return np.where(np.arange(len(X)) < 4, np.nan, super().predict(X))


def test_learner_that_raises(jobs):  # 36
    BreaksThirdTime.fits = 0
    says = r"exposure learner .*BreaksThirdTime.* in fold 3 of 5: RuntimeError: out of luck"
    with pytest.raises(FitError, match=says) as caught:
        accepted(jobs, learners={"outcome": LinearRegression(), "exposure": BreaksThirdTime()})
    assert isinstance(caught.value.__cause__, RuntimeError)


def test_learner_that_gives_nan(jobs):  # 36
    says = r"outcome learner .*PredictsNaN.* gave 4 missing or infinite .* fold 1 of 5.* another"
    with pytest.raises(FitError, match=says):
        accepted(jobs, learners={"outcome": PredictsNaN(), "exposure": LogisticRegression()})


# -- graphs ----------------------------------------------------------------------------------

ARROWS = """
    treat -> job_seek -> depress2; treat -> depress2
    {age sex econ_hard} -> {treat job_seek depress2}
"""


def test_graph_with_a_cycle(jobs):  # 37
    says = ("the graph has a cycle: ", "age -> treat", "depress2 -> age", "Take out or turn one")
    refused(jobs, *says, dag=f"{ARROWS}; depress2 -> age")


def test_graph_with_nodes_that_are_no_columns(jobs):  # 37
    says = ("nodes 'agge', 'zeal' of the graph are no columns", "'age'?", "agge [latent]")
    refused(jobs, *says, dag=f"{ARROWS}; agge -> treat; zeal -> depress2", covariates=None)
    latent = accepted(jobs, dag=f"{ARROWS}; agge [latent]; agge -> treat", covariates=None)
    assert set(latent.design.covariates) == {"age", "sex", "econ_hard"}


def test_exposure_that_is_not_in_the_graph(jobs):  # 37
    says = ("exposure 'treat' is not in the graph", "Known: 'age', 'depress2'")
    refused(jobs, *says, dag="age -> depress2", covariates=None)
    says = ("mediator 'job_seek' is not in the graph", "covariate 'sex' is not in the graph")
    refused(jobs, *says, dag="age -> depress2 <- treat; econ_hard", effects=(cif.mediate,))


@pytest.mark.parametrize("dag", [5, "", "treat ->", [], [("treat",)], {"treat": 3}, object()])
def test_what_is_no_graph(jobs, dag):  # 37
    refused(jobs, "problems:", "folds=2.5", dag=dag, folds=2.5)


def test_covariates_that_are_no_valid_set(jobs):  # 38
    says = ("{age, sex} does not identify", "treat <- econ_hard -> ", "stays open", "Adjust for")
    refused(jobs, *says, dag=ARROWS, covariates=["age", "sex"], error=NotIdentified)
    latent = f"{ARROWS}; U [latent]; U -> {{treat depress2}}"
    says = ("treat <- U -> depress2 stays open and U is latent", "Measure U")
    for covariates in (["age", "sex", "econ_hard"], None):
        refused(jobs, *says, dag=latent, covariates=covariates, error=NotIdentified)
    says = ("job_seek lies on treat -> job_seek -> depress2",)
    changes = {"covariates": ["age", "sex", "econ_hard", "job_seek"], "error": NotIdentified}
    refused(jobs, *says, dag=ARROWS, effects=(cif.average_effect,), **changes)


def test_outcome_before_the_exposure(jobs):  # 39
    says = ("reversed order: depress2 comes before treat", "depress2 -> sex -> treat")
    for covariates in (["age"], None):
        dag = "depress2 -> sex -> treat; treat -> job_seek; age -> depress2"
        refused(jobs, *says, dag=dag, covariates=covariates, error=NotIdentified)


# -- estimates -------------------------------------------------------------------------------


def test_combine_of_other_rows(jobs, plain):  # 42
    part = accepted(jobs.iloc[:800])
    with pytest.raises(DataError, match="not the same rows: 99 of the 899"):
        cif.combine([plain, part])
    weighted = accepted(jobs, weights=ROW + 1.0)
    for join in (lambda: cif.combine([plain, weighted]), lambda: plain - weighted):
        with pytest.raises(DataError, match=r"not the same rows.*unequal weights"):
            join()


@pytest.mark.parametrize(
    ("values", "influence", "says"),
    [
        ([1, 2], np.zeros((5, 3)), r"shape \(2,\).*shape \(5, 3\)"),
        ([1, 2], [[0, np.nan], [1, 1], [0, 0]], "'term 2' is NaN or infinite in 1 of 3 rows"),
        ([1], [[0.0]], "1 row;.*at least two"),
    ],
)
def test_estimate(values, influence, says):  # 43
    with pytest.raises(DataError, match=says):
        cif.Estimate(values, influence)


def test_undefined_functions_of_an_estimate():  # 44
    est = cif.Estimate([-2.0, 0.0], [[1, 1], [-1, 0], [0, -1]], names=["NDE", "NIE"])
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        with pytest.raises(DataError, match="NDE = -2"):
            np.log(est["NDE"])
        with pytest.raises(DataError, match="NIE = 0"):
            est["NDE"] / est["NIE"]


def test_a_learner_that_is_called_would_be_noticed(jobs):
    with pytest.raises(FitError, match="fitted"):
        accepted(jobs, learners={"outcome": NeverFit(), "exposure": NeverClassify()})

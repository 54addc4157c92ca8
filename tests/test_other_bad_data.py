"""More data of the kinds in the catalogue: each one clear error, or the same numbers."""

from __future__ import annotations

from decimal import Decimal
from fractions import Fraction

import numpy as np
import pandas as pd
import polars as pl
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from sklearn.linear_model import LinearRegression, LogisticRegression

import causalif as cif
from causalif.errors import DataError, PositivityWarning
from tests.refusals import NEVER, accepted, refused

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


# -- columns ---------------------------------------------------------------------------------

UNUSABLE = {
    "complex": (ROW + 1j, "complex numbers"),
    "zone": (pd.date_range("2020", periods=N, tz="UTC"), "datetime64"),
    "timedelta": (pd.to_timedelta(ROW, unit="D"), "timedelta64"),
    "period": (pd.period_range("2020", periods=N), "period"),
    "bytes": ([b"a", b"b", b"c"] * 299 + [b"a", b"b"], "bytes (899 rows)"),
    "lists": ([[k] for k in ROW], "list (899 rows)"),
    "dicts": ([{"k": k} for k in ROW], "dict (899 rows)"),
    "tuples": ([("k", k % 2) for k in ROW], "tuple (899 rows)"),
    "fractions": ([Fraction(int(k), 3) for k in ROW], "Fraction (899 rows)"),
    "beyond float64": (pd.Series([10**400 + int(k) for k in ROW], dtype=object), "beyond 1e+150"),
    "missing": ([np.nan] * N, "missing in"),
    "nothing": ([None] * N, "missing in"),
    "dates as text": (pd.date_range("2020", periods=N).astype(str), "distinct values"),
}


@pytest.mark.parametrize("kind", UNUSABLE)
@pytest.mark.parametrize("role", ["age", "job_seek"])
def test_unusable_columns(jobs, kind, role):
    values, says = UNUSABLE[kind]
    refused(jobs.assign(**{role: values}), f"{role!r}", says, mediators="job_seek")


@pytest.mark.parametrize("kind", [kind for kind in UNUSABLE if kind != "dates as text"])
@pytest.mark.parametrize("role", ["treat", "depress2"])
def test_unusable_exposures_and_outcomes(jobs, kind, role):
    values, says = UNUSABLE[kind]
    refused(jobs.assign(**{role: values}), f"{role!r}", says)


@pytest.mark.parametrize(
    "columns",
    [
        {"age": lambda d: pd.arrays.SparseArray(d.age)},
        {"treat": lambda d: pd.arrays.SparseArray(d.treat)},
        {"age": lambda d: [Decimal(str(v)) for v in d.age]},
        {"age": lambda d: d.age.astype(object)},
        {"sex": lambda d: d.sex == 1},
        {"treat": lambda d: np.where(d.treat == 1, 1.0, np.where(ROW % 2, 0.0, -0.0))},
        {"treat": lambda d: d.treat.astype(str)},
        {"treat": lambda d: d.treat.map({0: False, 1: True}).astype(object)},
        {"treat": lambda d: pd.cut(d.treat, [-1, 0.5, 2])},
    ],
)
def test_unusual_types_of_the_same_numbers(jobs, plain, columns):
    found = accepted(jobs.assign(**{name: make(jobs) for name, make in columns.items()}))
    assert_allclose(found.influence, plain.influence, atol=1e-9)


def test_two_valued_outcomes_of_any_type(jobs):
    event = jobs.depress2 > 1.8
    expected = accepted(jobs.assign(depress2=event.astype(float)))
    for same in (event, event.astype("boolean"), event.map({True: "low", False: "high"})):
        found = accepted(jobs.assign(depress2=same))
        assert_allclose(found.influence, expected.influence, atol=1e-9)


def test_outcome_of_numbers_as_text(jobs):
    says = ("numeric or two-valued", 'read as numbers: data["depress2"] = pd.to_numeric')
    refused(jobs.assign(depress2=jobs.depress2.astype(str)), *says)


# -- frames and names ------------------------------------------------------------------------


def test_columns_in_several_levels(jobs):
    refused(pd.concat({"jobs": jobs}, axis=1), "several levels", "Flatten")


@pytest.mark.parametrize(
    "data", [None, 5, [1, 2], np.ones((3, 3)), pd.Series([1.0]), pl.Series([1]), pd.DataFrame]
)
def test_other_things_than_frames(data):
    refused(data, "not a data frame in memory")


NAMES = ("age", "sex", "econ_hard")


@pytest.mark.parametrize(
    "names",
    [
        NAMES,
        set(NAMES),
        dict.fromkeys(NAMES),
        pd.Index(NAMES),
        np.array(NAMES),
        np.array(NAMES, dtype=object),
        pl.Series(NAMES),
        iter(NAMES),
        (name for name in NAMES),
    ],
)
def test_any_collection_of_names(jobs, plain, names):
    found = accepted(jobs, covariates=names)  # a set is read in the order of the frame
    assert_allclose(found.influence, plain.influence, rtol=1e-6, atol=1e-9)


@pytest.mark.parametrize(
    "name", [["job_seek"], ("job_seek",), {"job_seek"}, np.array("job_seek"), iter(["job_seek"])]
)
def test_one_name_in_any_collection(jobs, plain, name):
    assert_array_equal(accepted(jobs, mediators=name).influence, plain.influence)


@pytest.mark.parametrize(
    ("names", "says"),
    [
        (lambda d: d[["age"]], "covariates must be column names, not a DataFrame"),
        (lambda d: d.age, "covariates must be column names, not a Series"),
        (lambda _: len, "covariates must be column names"),
        (lambda _: [["age"], ["sex"]], "covariates must be column names"),
        (lambda _: np.array([["age"]]), "covariates must be column names"),
        (lambda _: {"age", "sexx"}, "no column 'sexx' in data. Did you mean 'sex'?"),
        (lambda _: ["age", None], "no column 'None'"),
        (lambda _: "age, sex", "no column 'age, sex'"),
        (lambda _: " age", "Did you mean 'age'?"),
        (lambda _: "", "no column ''"),
        (lambda _: 5, "no column '5'"),
        (lambda d: d.columns == "age", "no column 'True'"),
    ],
)
def test_unusable_covariates(jobs, names, says):
    refused(jobs, says, covariates=names(jobs))


@pytest.mark.parametrize("argument", ["exposure", "outcome"])
def test_exposure_and_outcome_are_one_column(jobs, argument):
    name = {"exposure": "treat", "outcome": "depress2"}[argument]
    refused(jobs, f"{argument} must be one column name, not 2", **{argument: [name, "age"]})
    refused(jobs, f"{argument} must be a column name, not nothing", **{argument: None})
    refused(jobs, f"Give {name!r}", **{argument: jobs[name]})
    for wrong in ({name}, np.array([name]), b"treat", jobs[[name]]):
        refused(jobs, f"{argument} must be a column name, not a", **{argument: wrong})


@pytest.mark.parametrize("mediators", [1.5, object(), len, [["job_seek"], 5]])
def test_unusable_mediators(jobs, mediators):
    refused(jobs, mediators=mediators)


@pytest.mark.parametrize("effect", [cif.mediate, cif.average_effect])
def test_unknown_keyword(jobs, effect):
    with pytest.raises(TypeError, match=r"keyword argument 'covariate'.*mean 'covariates'"):
        effect(jobs, "treat", "depress2", covariate=["age"])


@pytest.mark.parametrize(
    "formula",
    ["depress2 ~ treat | job_seek | I(raise)", "", "|", "depress2 ~ treat | job_seek | (age"],
)
def test_formula_that_cannot_be_read(jobs, formula):
    for data in ((formula, jobs), (jobs, formula)) if formula.count("~") else ((formula, jobs),):
        with pytest.raises(DataError, match="Expected: outcome ~ exposure"):
            cif.mediate(*data, learners=NEVER)


# -- weights, clusters and strata ------------------------------------------------------------


@pytest.mark.parametrize("argument", ["weights", "clusters", "strata"])
@pytest.mark.parametrize(
    ("value", "says"),
    [
        (pd.Series(1.0 + ROW, index=ROW + 5), "a Series whose index is not that of data"),
        (pd.Series(1.0 + ROW, index=ROW[::-1]), "a Series whose index is not that of data"),
        (np.ones((N, 1)), "a column name or an array of length 899"),
        ([[k] for k in ROW], "a column name or an array of length 899"),
        (["age"], "length 1, but data has 899 rows"),
        ([], "length 0, but data has 899 rows"),
        ({0: 1.0}, "length 1, but data has 899 rows"),
        (3, "no column '3'"),
        ("agee", "no column 'agee' in data. Did you mean 'age'?"),
        ([None] * N, "are missing"),
    ],
)
def test_unusable_row_roles(jobs, argument, value, says):
    refused(jobs, says, **{argument: value})


@pytest.mark.parametrize(
    "weights", [pd.date_range("2020", periods=N), ROW + 1j, ["a", 1] * 449 + ["b"], "occp"]
)
def test_weights_that_are_no_numbers(jobs, weights):
    refused(jobs, "weights must be numbers", "pd.to_numeric", weights=weights)


@pytest.mark.parametrize("unit", [1e306, 1e-306])
def test_weights_of_any_size(jobs, unit):
    weights = 1.0 + ROW % 7
    found = accepted(jobs, weights=unit * weights)
    assert_allclose(found.values, accepted(jobs, weights=weights).values, rtol=1e-8)


def test_rows_without_weight_say_nothing_of_overlap(jobs):
    """Their exposure is known from their age; those that count keep the overlap they have."""
    counts = ROW % 3 > 0
    apart = jobs.assign(age=np.where(counts, jobs.age, 1000.0 * jobs.treat))
    found = accepted(apart, weights=counts.astype(float), effect=cif.average_effect)
    assert found.glance()["least_propensity"].item() > 0.2
    assert not found.diagnostics.overlap["rows_below"].any()


def test_labels_of_mixed_types(jobs, plain):
    mixed = [k if k % 2 else f"c{k}" for k in ROW % 40]
    same = accepted(jobs, clusters=ROW % 40)
    assert_allclose(accepted(jobs, clusters=mixed).std_error, same.std_error)


def test_clusters_that_hold_a_whole_level(jobs):
    one = np.where(jobs.treat == 1, 0, 10 + ROW % 30)
    says = ("no row with an observed outcome is left at treat = 1", "folds=1")
    refused(jobs, *says, clusters=one)


# -- scales and thin data --------------------------------------------------------------------


def test_scales_that_are_not_defined(jobs):
    says = ("scale='ratio'", "nowhere above 0 in all 299 rows at treat = 0", "difference")
    refused(jobs.assign(depress2=-jobs.depress2), *says, scale="ratio")
    refused(jobs, "between 0 and 1", "from 1 to 4.909", scale="odds_ratio")
    none = jobs.assign(depress2=((jobs.treat == 1) & (ROW % 3 == 0)) * 1.0)
    for method in ("onestep", "tmle"):
        refused(none, "nowhere above 0 in all 299 rows", scale="odds_ratio", method=method)
    every = jobs.assign(depress2=((jobs.treat == 1) | (ROW % 3 == 0)) * 1.0)
    refused(every, "is 1 in all 600 rows at treat = 1", scale="odds_ratio")


def test_hardly_any_exposed(jobs):
    refused(jobs.assign(treat=(ROW == 5) * 1), "0 (898 rows), 1 (1 rows)")
    with pytest.warns(PositivityWarning) as given:
        accepted(jobs.assign(treat=(ROW % 150 == 5) * 1.0), learners={
            "outcome": LinearRegression(), "exposure": LogisticRegression()})  # fmt: skip
    assert any("effective sample" in str(w.message) for w in given)


def test_outcome_missing_in_a_whole_arm(jobs):
    gone = jobs.assign(depress2=jobs.depress2.where(jobs.treat == 0))
    refused(gone, "2 problems", "missing in 600 of 899", "observed outcome", "1 (0 rows)")
    refused(gone, "0 (299 rows), 1 (0 rows)", missing="ipw")


def test_weighting_does_not_excuse_missing_outcomes(jobs):
    holes = jobs.assign(depress2=jobs.depress2.where(ROW >= 40))
    refused(holes, "missing in 40 of 899", 'missing="ipw"', method="ipw")


def test_nothing_is_missing(jobs, plain):
    assert_array_equal(accepted(jobs, missing="ipw").influence, plain.influence)


def test_more_folds_than_rows(jobs):
    refused(jobs, "folds=300 needs at least 300 rows", "folds=299 or fewer", folds=300)

"""One test per row of the catalogue of bad inputs that concerns data (its numbers in brackets)."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd
import polars as pl
import pytest

from causalif.data import Design, build_design, resolve_call
from causalif.errors import DataError, DataWarning, Problems

Build = Callable[..., Design]
N = 899
ROW = np.arange(N)


def says(*parts: str) -> str:
    """A pattern in which all parts occur, in this order."""
    return r"(?s)" + ".*".join(re.escape(part) for part in parts)


def test_unknown_column_is_answered_with_the_closest(design: Build) -> None:  # [1]
    with pytest.raises(DataError, match=says("no column 'job_sek'", "mean 'job_seek'?")):
        design(mediators="job_sek")


def test_all_problems_come_in_one_message(design: Build) -> None:  # [2]
    problems = Problems()
    problems.add("folds=2.5 is not an integer.")
    with pytest.raises(DataError, match=says("3 problems", "folds=2.5", "'job_sek'", "'agge'")):
        design(mediators="job_sek", covariates=["agge"], folds=2.5, problems=problems)


def test_problems_of_different_kinds_come_together(design: Build) -> None:  # [2]
    expected = says("5 problems", "'sexx'", "weights", "one level", "missing in 4", "infinite")
    with pytest.raises(DataError, match=expected):
        design(
            treat=1,
            depress2=np.where(ROW < 4, np.nan, 1.0 * ROW),
            age=np.where(ROW == 7, np.inf, 30.0),
            covariates=["age", "sexx"],
            weights=[1.0],
        )


@pytest.mark.parametrize(
    ("roles", "both"),
    [
        ({"covariates": ["treat", "age"]}, ("'treat'", "the exposure", "a covariate")),  # [3]
        ({"mediators": ["job_seek", "depress2"]}, ("'depress2'", "the outcome", "a mediator")),
        ({"covariates": "job_seek"}, ("'job_seek'", "a mediator", "a covariate")),
        ({"outcome": "treat"}, ("'treat'", "the exposure", "the outcome")),
        ({"intermediates": "age"}, ("'age'", "a covariate", "an intermediate")),
        ({"weights": "depress2"}, ("'depress2'", "the outcome", "the weights")),
    ],
)
def test_a_column_in_two_roles_is_named_with_both(
    design: Build, roles: dict[str, Any], both: tuple[str, ...]
) -> None:  # [3, 40]
    with pytest.raises(DataError, match=says(*both, "take it out")) as caught:
        design(**roles)
    assert "problems" not in str(caught.value)  # and nothing that follows from it


def test_a_column_given_twice_is_used_once(design: Build) -> None:  # [4]
    with pytest.warns(DataWarning, match="'age' is given twice; it is used once"):
        assert design(covariates=["age", "sex", "age"]).covariates == ("age", "sex")


def test_duplicated_column_name(design: Build, jobs: pd.DataFrame) -> None:  # [5]
    twice = pd.concat([jobs, jobs[["age"]]], axis=1)
    with pytest.raises(DataError, match=says("2 columns", "'age'", "duplicated", "Rename")):
        design(twice)
    assert design(twice, covariates="sex").n == N  # of no concern where it is not used


@pytest.mark.parametrize("take", [lambda d: d.iloc[:0], lambda _: pd.DataFrame()])  # [6]
def test_no_rows(design: Build, jobs: pd.DataFrame, take: Callable[[Any], Any]) -> None:
    with pytest.raises(DataError, match=says("no rows", "Check")):
        design(take(jobs))


def test_too_few_rows_per_fold(design: Build, jobs: pd.DataFrame) -> None:  # [7]
    six = jobs.groupby("treat").head(3)
    with pytest.raises(DataError, match=says("too few rows", "0 (3 rows), 1 (3 rows)", "folds=3")):
        design(six)
    assert design(six, covariates="age", folds=3).n == 6


def test_rows_without_outcome_or_weight_do_not_fill_a_fold(
    design: Build, jobs: pd.DataFrame
) -> None:  # [7]
    four = (jobs.treat == 1) | np.isin(ROW, ROW[jobs.treat == 0][:4])
    with pytest.raises(DataError, match=says("too few rows", "observed outcome", "Use folds=4")):
        design(depress2=jobs.depress2.where(four), missing="ipw")
    with pytest.raises(DataError, match=says("too few rows", "positive weight", "0 (0 rows)")):
        design(weights=jobs.treat)


def test_exposure_constant(design: Build) -> None:  # [8]
    with pytest.raises(DataError, match=says("'treat' has one level only (1 in all 899", "contr")):
        design(treat=1)


def test_three_levels_are_each_contrasted_with_the_stated_reference(design: Build) -> None:  # [9]
    found = design(treat=np.array(["b", "a", "c"])[ROW % 3])
    assert found.exposure.levels == ("a", "b", "c")
    assert found.exposure.contrasted == 3
    assert "'b', 'c' compared with the reference 'a'" in found.notes[0]


@pytest.mark.parametrize(
    ("recode", "levels"),
    [
        (lambda a: np.where(a == 1, "yes", "no"), ("no", "yes")),
        (lambda a: a.astype(bool), (False, True)),
        (lambda a: a.astype("boolean"), (False, True)),
        (lambda a: a.astype("category"), (0, 1)),
        (lambda a: a + 1, (1, 2)),
        (lambda a: a.astype(float), (0, 1)),
        (lambda a: a.astype("Int64"), (0, 1)),
        (lambda a: pd.Categorical(np.where(a == 1, "a", "z"), ["z", "a", "unused"]), ("z", "a")),
    ],
)
def test_two_levels_of_any_type(
    design: Build, jobs: pd.DataFrame, recode: Callable[[Any], Any], levels: tuple[Any, ...]
) -> None:  # [10]
    found = design(treat=recode(jobs.treat))
    assert found.exposure.levels == levels
    np.testing.assert_array_equal(found.exposure.codes, jobs.treat)
    shown = repr(levels[0])
    assert found.notes[0].endswith(f"compared with the reference {shown}.")


def test_stray_variant_of_a_level(design: Build, jobs: pd.DataFrame) -> None:  # [11]
    stray = np.where(jobs.treat == 1, np.where(ROW < 40, "Yes", "yes"), "no")
    yes, odd = (int((stray == word).sum()) for word in ("yes", "Yes"))
    expected = says("3 levels", f"'Yes' ({odd} rows)", "'no' (299 rows)", f"'yes' ({yes} rows)")
    with pytest.raises(DataError, match=expected):
        design(treat=stray)
    assert design(treat=stray, levels=("no", "yes")).exposure.contrasted == 2


def test_level_absent(design: Build) -> None:  # [12]
    expected = says("'treat' has no level 'z'", "present: 0 (299 rows), 1 (600 rows)")
    with pytest.raises(DataError, match=expected):
        design(levels=(0, "z"))
    with pytest.raises(DataError, match=says("no level 7", "0 (299 rows)")):
        design(reference=7)


def test_continuous_exposure_without_levels(design: Build) -> None:  # [13]
    with pytest.raises(DataError, match=says("continuous: 875 distinct", "levels=(", "pd.cut")):
        design(exposure="age", covariates="sex")


def test_outcome_is_text_of_many_values(design: Build) -> None:  # [14]
    with pytest.raises(DataError, match=says("'occp' has 7 values", "numeric or two-valued")):
        design(outcome="occp")
    with pytest.raises(DataError, match=says("read as numbers", "pd.to_numeric")):
        design(depress2=(ROW % 7).astype(str))


def test_outcome_constant(design: Build) -> None:  # [15]
    with pytest.raises(DataError, match=says("'depress2' is constant (2.5 in all 899 rows)")):
        design(depress2=2.5)


def test_outcome_missing(design: Build, jobs: pd.DataFrame) -> None:  # [16, 17]
    seen = jobs.depress2.where(ROW >= 40)
    expected = says("missing in 40 of 899", "rows 0, 1, 2", "dropna", 'missing="ipw"')
    with pytest.raises(DataError, match=expected):
        design(depress2=seen)
    found = design(depress2=seen, missing="ipw")
    assert found.n == N
    assert (~found.outcome.observed).sum() == 40
    assert any("missing in 40 of 899" in note for note in found.notes)


def test_mediator_and_covariate_missing(design: Build, jobs: pd.DataFrame) -> None:  # [18]
    expected = says(
        "mediator 'job_seek' is missing in 3 of 899", "dropna", "impute",
        "covariate 'age' is missing in 12 of 899", "rows 0, 80, 160", "dropna", "impute",
    )  # fmt: skip
    with pytest.raises(DataError, match=expected):
        design(job_seek=jobs.job_seek.where(ROW >= 3), age=jobs.age.where(ROW % 80 > 0))


@pytest.mark.parametrize("value", [np.inf, -np.inf, 1e308])  # [19]
def test_infinite_covariate(design: Build, jobs: pd.DataFrame, value: float) -> None:
    expected = says("covariate 'age' is infinite", "2 of 899", "rows 5, 9", "Correct")
    with pytest.raises(DataError, match=expected):
        design(age=jobs.age.where(~np.isin(ROW, [5, 9]), value))


def test_constant_mediator_means_no_indirect_effect(design: Build) -> None:  # [20]
    with pytest.warns(DataWarning, match="mediator 'job_seek' is constant.*NIE.* 0 by construct"):
        found = design(job_seek=2.0)
    assert found.mediators == ((),)
    assert "job_seek" not in found.columns


@pytest.mark.parametrize(
    "copy",
    [
        lambda a: a,
        lambda a: 1 - a,
        lambda a: a.map({0: "x", 1: "y"}),
        lambda a: a + ROW / N / 2,
        lambda a: 2 * (ROW % 5) + a,  # no threshold, but odd means exposed
        lambda a: np.where(a == 1, np.where(ROW % 2 == 0, "w", "y"), np.where(ROW % 3, "x", "z")),
    ],
)
@pytest.mark.parametrize("role", ["mediator", "covariate"])
def test_no_overlap(
    design: Build, jobs: pd.DataFrame, copy: Callable[[Any], Any], role: str
) -> None:  # [21, 22]
    name = {"mediator": "job_seek", "covariate": "age"}[role]
    expected = says(f"{role} {name!r}", "no overlap", f"P(treat | {name}) is 0 or 1")
    with pytest.raises(DataError, match=expected):
        design(**{name: copy(jobs.treat)})


def test_identifier(design: Build) -> None:  # [23]
    with pytest.raises(DataError, match=says("'age' looks like an identifier: 899 distinct")):
        design(age=[f"id {i}" for i in ROW])


def test_dates_and_mixed_types(design: Build) -> None:  # [24]
    mixed = pd.Series(["a", 1] * 449 + [2.5], dtype=object)
    expected = says(
        "'age' holds values of type datetime64", "days since",
        "'sex' holds values of mixed", "str (449 rows)", "int (449 rows)", "float (1 rows)",
    )  # fmt: skip
    with pytest.raises(DataError, match=expected):
        design(age=pd.date_range("2020-01-01", periods=N), sex=mixed)


def test_rare_category_is_encoded_once_for_all_rows(design: Build) -> None:  # [25]
    rare = np.where(ROW < 2, "rare", np.where(ROW % 2 == 0, "often", "too"))
    column = design(sex=rare).columns["sex"]
    assert column.labels == ("sex[rare]", "sex[too]")
    assert column.values.sum(axis=0).tolist() == [2, (rare == "too").sum()]


@pytest.mark.parametrize(
    "index",
    [np.zeros(N, int), ROW[::-1], [f"p{i % 300}" for i in ROW], pd.date_range("2020", periods=N)],
)
def test_any_index_is_kept_in_order(design: Build, jobs: pd.DataFrame, index: Any) -> None:  # [26]
    labels = pd.Index(index)
    found = design(jobs.set_index(labels))
    assert found.index.tolist() == labels.tolist()
    np.testing.assert_array_equal(found.columns["age"].values[:, 0], jobs.age)
    call = resolve_call("depress2 ~ treat | job_seek | log(age)", jobs.set_index(labels))
    np.testing.assert_allclose(call.design().columns["log(age)"].values[:, 0], np.log(jobs.age))


@pytest.mark.parametrize(
    ("convert", "remedy"),
    [
        (lambda d: pl.from_pandas(d).lazy(), "data.collect()"),
        (lambda d: d.to_dict("list"), "pd.DataFrame(data)"),
        (lambda _: "jobs.csv", 'pd.read_csv("jobs.csv")'),
        (lambda d: d.to_numpy(), "pd.DataFrame(data, columns=[...])"),
        (lambda _: None, "Give a pandas DataFrame"),
        (lambda d: d.treat, "Give a pandas DataFrame"),
    ],
)
def test_not_a_frame(
    design: Build, jobs: pd.DataFrame, convert: Callable[[Any], Any], remedy: str
) -> None:  # [28]
    wrong = convert(jobs)
    with pytest.raises(DataError, match=says("not a data frame in memory", remedy)):
        build_design(wrong, "treat", "depress2")


@pytest.mark.parametrize(
    ("weights", "problem"),
    [
        (np.where(ROW < 3, -1.0, 1.0), ("negative in 3 of 899", "rows 0, 1, 2")),
        (np.zeros(N), ("zero in all rows",)),
        (np.where(ROW < 3, np.nan, 1.0), ("missing or infinite in 3 of 899",)),
        ([1.0, 2.0], ("length 2", "899 rows")),
        (np.ones((N, 2)), ("column name or an array of length 899",)),
        ("occp", ("must be numbers",)),
        ("wieght", ("no column 'wieght'",)),
    ],
)
def test_unusable_weights(design: Build, weights: Any, problem: tuple[str, ...]) -> None:  # [31]
    with pytest.raises(DataError, match=says(*problem)):
        design(weights=weights)


@pytest.mark.parametrize("unit", [1000, 1 / 7])  # [32]
def test_the_unit_of_weights_does_not_matter(design: Build, unit: float) -> None:
    weights = np.random.default_rng(1).uniform(0.2, 9, N)
    one, other = design(weights=weights).weights, design(weights=unit * weights).weights
    assert one is not None
    assert one.mean() == pytest.approx(1)
    np.testing.assert_array_equal(one, other)


def test_unusable_clusters(design: Build, jobs: pd.DataFrame) -> None:  # [33]
    with pytest.raises(DataError, match=says("one cluster only")):
        design(clusters=np.ones(N))
    with pytest.raises(DataError, match=says("clusters are missing in 6 of 899", "rows 0, 1, 2")):
        design(clusters=jobs.occp.where(ROW > 5))
    with pytest.raises(DataError, match=says("only 2 clusters", "folds=2")):
        design(clusters=ROW % 2)

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest

from causalif.data import Design, build_design
from causalif.errors import DataError, DataWarning

N = 120
RNG = np.random.default_rng(5)
K = np.arange(N)
DATA = pd.DataFrame(
    {
        "a": K % 2,
        "y": RNG.normal(size=N),
        "age": RNG.uniform(20, 60, N),
        "kids": RNG.integers(0, 4, N),
        "educ": RNG.choice(["bach", "high", "grad"], N),
        "smokes": RNG.random(N) < 0.5,
    }
)


def design(covariates: Any, data: pd.DataFrame = DATA, **options: Any) -> Design:
    return build_design(data, "a", "y", covariates=covariates, **options)


def test_encoding_is_that_of_pandas_dummies() -> None:
    names = ["age", "kids", "educ", "smokes"]
    found = design(names)
    dummies = pd.get_dummies(DATA[names], columns=["educ", "smokes"], drop_first=True)
    np.testing.assert_array_equal(found.matrix(found.covariates), dummies.astype(float))
    labels = [label for name in names for label in found.columns[name].labels]
    assert labels == ["age", "kids", "educ[grad]", "educ[high]", "smokes[True]"]
    assert [found.columns[name].discrete for name in names] == [False, True, True, True]


def test_order_of_a_category_is_kept_and_empty_levels_are_dropped() -> None:
    order = pd.CategoricalDtype(["high", "none", "bach", "grad"], ordered=True)
    found = design("educ", DATA.astype({"educ": order}))
    assert found.columns["educ"].labels == ("educ[bach]", "educ[grad]")


def test_imputed_numbers_get_an_indicator() -> None:
    gaps = DATA.assign(age=DATA.age.where(K >= 9))
    found = design(["age", "kids"], gaps, missing="impute")
    assert found.covariates == ("age", "age[missing]", "kids")
    median = np.median(DATA.age[9:])
    np.testing.assert_array_equal(found.columns["age"].values[:9, 0], median)
    np.testing.assert_array_equal(found.columns["age[missing]"].values[:, 0], K < 9)
    assert found.columns["age[missing]"].discrete
    assert any("'age' is missing in 9 rows: imputed by the median" in n for n in found.notes)


def test_imputed_categories_get_a_level() -> None:
    gaps = DATA.assign(educ=DATA.educ.where(K >= 9))
    found = design("educ", gaps, missing="impute")
    assert found.columns["educ"].labels == ("educ[grad]", "educ[high]", "educ[missing]")
    np.testing.assert_array_equal(found.columns["educ"].values[:, 2], K < 9)


def test_missing_everywhere_cannot_be_imputed() -> None:
    with pytest.raises(DataError, match="covariate 'age' is missing in all 120 rows"):
        design("age", DATA.assign(age=np.nan), missing="impute")


def test_missingness_that_reveals_the_exposure_leaves_no_overlap() -> None:
    gaps = DATA.assign(age=DATA.age.where(DATA.a == 1))
    with pytest.raises(DataError, match=r"P\(a \| age\[missing\]\) is 0 or 1"):
        design("age", gaps, missing="impute")


def test_constant_columns_are_left_out_with_a_warning() -> None:
    with pytest.warns(DataWarning, match="covariate 'kids' is constant in all 120 rows"):
        found = design(["age", "kids"], DATA.assign(kids=3))
    assert found.covariates == ("age",)
    assert any("'kids' is constant" in note for note in found.notes)


def test_duplicate_values_are_allowed() -> None:
    assert design(["age", "again"], DATA.assign(again=DATA.age)).covariates == ("age", "again")


def test_a_column_that_only_nearly_separates_is_allowed() -> None:
    nearly = np.where(K == 0, 1 - DATA.a, DATA.a)
    assert design("kids", DATA.assign(kids=nearly)).covariates == ("kids",)


def test_distinct_values_do_not_separate() -> None:  # each age occurs once, at one level
    assert design("age").covariates == ("age",)


@pytest.mark.parametrize(
    ("values", "problem"),
    [
        ([f"id{k}" for k in K], "looks like an identifier: 120 distinct"),
        (K.astype(complex), "holds complex numbers"),
        ([b"x"] * N, r"unknown type: bytes \(120 rows\)"),
        ([[1]] * N, r"unknown type: list \(120 rows\)"),
        (pd.timedelta_range("1h", periods=N), "type timedelta64.*days since"),
        ([pd.Timestamp("2020-01-01").date()] * N, r"date \(120 rows\).*days since"),
    ],
)
def test_unusable_columns(values: Any, problem: str) -> None:
    with pytest.raises(DataError, match=f"covariate 'age' .*{problem}"):
        design("age", DATA.assign(age=values))


def test_too_many_levels() -> None:
    rows = 3000
    data = pd.DataFrame({"a": np.arange(rows) % 2, "y": RNG.normal(size=rows)})
    data["town"] = [f"t{k // 4}" for k in range(rows)]
    with pytest.raises(DataError, match=r"'town' has 750 levels.*Group the rare ones"):
        design("town", data)


def test_groups_of_mediators() -> None:
    both = [["age"], ["kids", "educ"]]
    ordered = build_design(DATA, "a", "y", mediators=both, ordered=True)
    assert ordered.mediators == (("age",), ("kids", "educ"))
    assert build_design(DATA, "a", "y", mediators=both).mediators == (("age", "kids", "educ"),)
    names = build_design(DATA, "a", "y", mediators=["age", "kids"], ordered=True)
    assert names.mediators == (("age",), ("kids",))
    assert build_design(DATA, "a", "y").mediators == ()
    roles = build_design(DATA, "a", "y", mediators="age", intermediates="kids")
    assert roles.intermediates == ("kids",)


def test_rows_without_a_mediator_hold_the_values_of_complete_rows():
    """Two mediators of one row come from one other, so that no new combination appears."""
    columns = {"a": np.arange(40) // 4 % 2, "y": np.arange(40.0)}
    data = pd.DataFrame(columns | {"m": np.arange(40) % 4, "k": list("pqrs") * 10})
    data["m"] = data["m"].where(data.index % 5 > 0)
    design = build_design(data, "a", "y", mediators=["m", "k"], missing="ipw")
    assert design.complete is not None
    assert design.complete.tolist() == data["m"].notna().tolist()
    found = design.matrix(("m", "k"))
    known = {tuple(row) for row in found[design.complete]}
    assert len(known) == 4
    assert {tuple(row) for row in found} == known
    assert len({tuple(row) for row in found[~design.complete]}) > 1  # not all from one row

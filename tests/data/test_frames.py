from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from typing import Any

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest

from causalif.data import Design, build_design, frames, resolve_call
from causalif.errors import DataError, Problems

N = 200


@pytest.fixture
def plain() -> pd.DataFrame:
    """Numpy dtypes only, with missing values in one column of each kind."""
    rng = np.random.default_rng(0)
    whole = pd.DataFrame(
        {
            "y": rng.normal(size=N),
            "a": rng.integers(0, 2, N),
            "m": rng.integers(0, 4, N),
            "text": rng.choice(["x", "q", "z"], N),
            "flag": rng.random(N) < 0.5,
        }
    )
    gaps = (
        whole[["y", "text", "flag"]]
        .astype({"flag": object})[lambda d: d.index > 5]
        .reindex(whole.index)
    )
    return whole.join(gaps.add_suffix("_gaps"))


COVARIATES = ["text", "flag", "y_gaps", "text_gaps", "flag_gaps"]
CONVERSIONS: dict[str, Callable[[pd.DataFrame], Any]] = {
    "polars": lambda d: pl.from_pandas(nullable(d)),
    "polars categorical": lambda d: pl.from_pandas(nullable(d)).with_columns(
        pl.col("text", "text_gaps").cast(pl.Categorical)
    ),
    "pyarrow": lambda d: pa.Table.from_pandas(nullable(d)),
    "pyarrow dictionary": lambda d: pa.Table.from_pandas(nullable(d).astype({"text": "category"})),
    "pandas nullable": lambda d: nullable(d).convert_dtypes(),
    "pandas on pyarrow": lambda d: nullable(d).convert_dtypes(dtype_backend="pyarrow"),
    "string[pyarrow]": lambda d: d.astype({"text": "string[pyarrow]"}),
    "category": lambda d: d.astype({"text": "category", "text_gaps": "category"}),
    "object": lambda d: d.astype(object),
    "small numbers": lambda d: d.astype({"a": "int8", "m": "float32"}),
    "sparse": lambda d: d.assign(m=pd.arrays.SparseArray(d.m)),
    "decimal": lambda d: d.assign(m=[Decimal(int(v)) for v in d.m]),
}


def nullable(data: pd.DataFrame) -> pd.DataFrame:
    return data.assign(flag_gaps=data.flag_gaps.astype("boolean"))


def design(data: Any) -> Design:
    return build_design(data, "a", "y", mediators="m", covariates=COVARIATES, missing="impute")


@pytest.mark.parametrize("kind", CONVERSIONS)
def test_every_frame_and_dtype_gives_the_same_numbers(plain: pd.DataFrame, kind: str) -> None:
    given = CONVERSIONS[kind](plain)
    found, expected = design(given), design(plain)
    assert list(found.columns) == list(expected.columns)
    for name, column in expected.columns.items():
        assert found.columns[name].labels == column.labels
        assert found.columns[name].values.dtype == np.float64
        np.testing.assert_array_equal(found.columns[name].values, column.values)
    assert found.exposure.levels == expected.exposure.levels == (0, 1)
    np.testing.assert_array_equal(found.exposure.codes, expected.exposure.codes)
    np.testing.assert_array_equal(found.outcome.values, expected.outcome.values)


def test_the_callers_frame_is_never_changed_nor_kept(plain: pd.DataFrame) -> None:
    before = plain.copy(deep=True)
    found = design(plain)
    resolve_call("exp(y) ~ a | log(m + 1) | text:flag", plain).design()
    pd.testing.assert_frame_equal(plain, before)
    for column in found.columns.values():
        column.values[:] = -1.0
    found.outcome.values[:] = -1.0
    pd.testing.assert_frame_equal(plain, before)


def test_polars_order_of_an_enum_is_kept(plain: pd.DataFrame) -> None:
    given = pl.from_pandas(plain[["y", "a", "text"]])
    given = given.with_columns(pl.col("text").cast(pl.Enum(["z", "x", "q"])))
    found = build_design(given, "a", "y", covariates="text")
    assert found.columns["text"].labels == ("text[x]", "text[q]")


def test_polars_is_read_without_pyarrow(
    plain: pd.DataFrame, monkeypatch: pytest.MonkeyPatch
) -> None:
    def absent(_: Any) -> None:
        raise ModuleNotFoundError("pyarrow")

    given, expected = CONVERSIONS["polars"](plain), design(plain)
    monkeypatch.setattr("narwhals.Series.to_pandas", absent)
    found = design(given)
    for name, column in expected.columns.items():
        np.testing.assert_array_equal(found.columns[name].values, column.values)


def test_names_of_any_kind(plain: pd.DataFrame) -> None:
    odd = plain.rename(columns={"y": "my y", "a": 0, "m": "Intercept", "text": "a.b", "flag": "é"})
    odd["é"] = odd["é"].astype(float)
    found = build_design(odd, 0, "my y", mediators="Intercept", covariates=["a.b", "é"])
    assert list(found.columns) == ["Intercept", "a.b", "é"]
    assert found.exposure.name == "0"
    call = resolve_call("`my y` ~ `0` | Intercept | `a.b` + é + exp(é)", odd)
    assert list(call.design().columns) == ["Intercept", "a.b", "é", "exp(é)"]


def test_sets_follow_the_order_of_the_frame(plain: pd.DataFrame) -> None:
    found = build_design(plain, "a", "y", covariates={"flag", "text", "m"})
    assert found.covariates == ("m", "text", "flag")
    with pytest.raises(DataError, match=r"no column 'txt' in data\. Did you mean 'text'"):
        build_design(plain, "a", "y", covariates={"flag", "txt"})


def test_columns_of_several_levels(plain: pd.DataFrame) -> None:
    plain.columns = pd.MultiIndex.from_product([["x"], plain.columns])
    with pytest.raises(DataError, match=r"several levels.*Flatten"):
        build_design(plain, "a", "y")


def test_duplicated_names_in_pyarrow(plain: pd.DataFrame) -> None:
    table = pa.table([plain.y, plain.a, plain.a], names=["y", "a", "a"])
    with pytest.raises(DataError, match=r"(?s)'a'.*Rename"):
        build_design(table, "a", "y")


def test_values_in_place_of_names(plain: pd.DataFrame) -> None:
    with pytest.raises(DataError, match=r"exposure must be a column name, not a Series. Give 'a'"):
        build_design(plain, plain.a, "y")
    with pytest.raises(DataError, match=r"covariates must be column names, not a Series"):
        build_design(plain, "a", "y", covariates=plain.m)
    with pytest.raises(DataError, match=r"outcome must be one column name, not 2"):
        build_design(plain, "a", ["y", "m"])


def test_dask_is_lazy(plain: pd.DataFrame) -> None:
    dask = pytest.importorskip("dask.dataframe")
    lazy = dask.from_pandas(plain[["y", "a"]], npartitions=2)
    with pytest.raises(DataError, match=r"data.compute\(\)"):
        frames.read_frame(lazy, Problems())

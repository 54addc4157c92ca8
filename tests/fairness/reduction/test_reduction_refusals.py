"""What a dimension reduction refuses, before it computes anything."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from causalif.errors import DataError
from causalif.fairness.reduction import reduce_dimension

ROWS = 60


@pytest.fixture
def frame():
    rng = np.random.default_rng(0)
    return pd.DataFrame(rng.normal(size=(ROWS, 3)), columns=["age", "hours", "debt"])


@pytest.fixture
def level():
    return np.arange(ROWS) % 2


def test_collinear_columns_are_named_with_the_remedy(frame, level):
    frame["pay"] = frame["age"] + 2 * frame["hours"]
    with pytest.raises(DataError, match=r"column 'pay': a linear function .* ridge="):
        reduce_dimension(frame, level)
    assert reduce_dimension(frame, level, ridge=0.1, dimension=1).dimension == 1


def test_constant_columns_are_named(frame, level):
    frame["year"], frame["land"] = 2020.1, "DE"
    for ridge in (0.0, 0.1):
        with pytest.raises(DataError, match=r"columns 'land', 'year': the same in all 60 rows"):
            reduce_dimension(frame, level, ridge=ridge)


def test_more_columns_than_rows(level):
    x = np.random.default_rng(1).normal(size=(ROWS, ROWS))
    with pytest.raises(DataError, match=r"60 encoded columns and 60 rows.* ridge="):
        reduce_dimension(x, level)
    found = reduce_dimension(x, level, ridge=0.5, dimension=1)
    assert np.isfinite(found.loadings.std_error).all()
    with pytest.raises(DataError, match="needs residuals"):
        reduce_dimension(x, np.arange(ROWS) / 7, method="phd", ridge=0.5)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"method": "sirr"}, "Did you mean 'sir'"),
        ({"dimension": 0}, "dimension=0 is neither"),
        ({"dimension": True}, "dimension=True is neither"),
        ({"dimension": 1.5}, "dimension=1.5 is neither"),
        ({"slices": 1}, "slices=1 is not"),
        ({"ridge": -1}, "ridge=-1 is not"),
        ({"ridge": float("nan")}, "ridge=nan is not"),
        ({"permutations": -1}, "permutations=-1 is not"),
        ({"rule": "aic"}, "rule='aic' is not one of"),
        ({"method": "dr", "rule": "bic"}, 'not available for method="dr"'),
        ({"method": "opg", "rule": "permutation"}, 'not available for method="opg"'),
        ({"dimension": 2}, "at most 1 here"),
        ({"weights": -np.ones(ROWS)}, "weights is negative"),
        ({"weights": np.ones(3)}, "weights has shape"),
    ],
)
def test_options(frame, level, options, message):
    with pytest.raises(DataError, match=message):
        reduce_dimension(frame, level, **options)


@pytest.mark.parametrize(
    ("response", "message"),
    [
        (np.ones(ROWS), "the same in all rows"),
        (np.arange(ROWS - 1), "59 rows, and x has 60"),
        (np.where(np.arange(ROWS) == 7, np.nan, np.arange(ROWS)), "missing in 1 of 60 .*rows? 7"),
        (np.where(np.arange(ROWS) == 7, np.inf, np.arange(ROWS)), "infinite"),
        (pd.Series(np.arange(ROWS) % 2, index=np.arange(ROWS)[::-1]), "labelled by different"),
    ],
)
def test_responses(frame, response, message):
    frame.index = np.arange(ROWS)
    with pytest.raises(DataError, match=message):
        reduce_dimension(frame, response)


def test_levels_where_numbers_are_needed(frame):
    with pytest.raises(DataError, match="needs numbers"):
        reduce_dimension(frame, ["a", "b"] * (ROWS // 2), method="phd")


def test_missing_values_and_types_of_columns_in_one_error(frame, level):
    frame.loc[3, "age"] = np.nan
    frame.loc[4, "debt"] = np.inf
    frame["when"] = pd.Timestamp("2020-01-01")
    with pytest.raises(DataError) as error:
        reduce_dimension(frame, level, method="sirr", slices=0)
    for part in ("5 problems", "'age' is missing in 1 of 60", "'debt' is infinite", "'when'"):
        assert part in str(error.value)


def test_shapes_of_x(level):
    with pytest.raises(DataError, match="reshape"):
        reduce_dimension(np.arange(ROWS) * 1.0, level)
    with pytest.raises(DataError, match="no columns"):
        reduce_dimension(np.empty((ROWS, 0)), level)
    twice = pd.DataFrame(np.random.default_rng(0).normal(size=(ROWS, 2)), columns=["a", "a"])
    with pytest.raises(DataError, match="2 columns 'a'"):
        reduce_dimension(twice, level)


def test_direction_that_no_group_shows_can_be_none():
    rng = np.random.default_rng(2)
    found = reduce_dimension(rng.normal(size=(2000, 5)), rng.integers(0, 2, 2000), seed=0)
    assert found.dimension == 0
    assert found.directions.shape == (5, 0)
    with pytest.raises(DataError, match="no loadings"):
        _ = found.loadings


def test_one_column(level):
    x = np.random.default_rng(3).normal(size=(ROWS, 1)) + level[:, None]
    assert reduce_dimension(x, level, seed=0).dimension == 1

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest

from causalif.data import Design, build_design
from causalif.errors import DataError

N = 60
K = np.arange(N)
DATA = pd.DataFrame({"a": K % 2, "y": K.astype(float), "g": K // 3, "s": K // 30, "w": K + 1.0})


def design(data: pd.DataFrame = DATA, **roles: Any) -> Design:
    return build_design(data, "a", "y", **roles)


@pytest.mark.parametrize("wrap", [np.asarray, list, lambda x: x, lambda x: pd.array(x, "Int64")])
def test_arrays_mean_the_same_as_columns(wrap: Any) -> None:
    named = design(clusters="g", strata="s", weights="w")
    given = design(clusters=wrap(DATA.g), strata=wrap(DATA.s), weights=wrap(DATA.w))
    for one, other in zip(
        (named.weights, named.clusters, named.strata),
        (given.weights, given.clusters, given.strata),
        strict=True,
    ):
        np.testing.assert_array_equal(one, other)
    np.testing.assert_allclose(named.weights, DATA.w / DATA.w.mean(), rtol=1e-9)
    np.testing.assert_array_equal(named.clusters, DATA.g)


def test_a_series_in_another_order_is_refused() -> None:
    with pytest.raises(DataError, match=r"index is not that of data.*weights.loc\[data.index\]"):
        design(weights=DATA.w.iloc[::-1])


def test_strata_and_clusters_may_be_covariates_too() -> None:
    assert design(covariates=["s", "g"], strata="s", clusters="g").covariates == ("s", "g")


def test_clusters_must_be_nested_in_strata() -> None:
    with pytest.raises(DataError, match=r"20 clusters have rows in several strata \(60 pairs"):
        design(clusters="g", strata=K % 3)


def test_huge_weights_and_weights_that_are_dates() -> None:
    np.testing.assert_array_equal(
        design(weights=DATA.w * 1e305).weights, design(weights="w").weights
    )
    with pytest.raises(DataError, match="weights must be numbers, not values of type datetime64"):
        design(weights=pd.date_range("2020-01-01", periods=N))


@pytest.mark.parametrize("role", ["clusters", "strata"])
def test_missing_labels(role: str) -> None:
    labels = np.where(K < 4, None, (K // 3).astype(str))
    with pytest.raises(DataError, match=f"{role} are missing in 4 of 60.*never imputed"):
        design(missing="impute", **{role: labels})

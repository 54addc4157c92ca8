"""What an estimate accepts and refuses, and that it cannot be changed."""

from __future__ import annotations

import pickle
import subprocess
import sys

import numpy as np
import pandas as pd
import pytest
from numpy.testing import assert_allclose

import causalif as cif
from causalif.errors import DataError

N = 40
GOOD = np.random.default_rng(0).normal(size=(N, 2))


def with_nan(*places):
    rows = GOOD.copy()
    for place in places:
        rows[place] = np.nan
    return rows


@pytest.mark.parametrize(
    ("values", "influence", "keywords", "says"),
    [
        ([1, 2], np.zeros((5, 3)), {}, r"shape \(2,\).*shape \(5, 3\)"),
        ([1, 2], np.zeros((2, 5)), {}, r"\(2, 5\).*Transpose"),
        ([1, 2], np.zeros(5), {}, r"shape \(2,\).*shape \(5,\)"),
        ([], np.zeros((5, 0)), {}, "shape"),
        ([1.0], [[1.0]], {}, "1 row;.*at least two"),
        ([1.0], np.zeros((0, 1)), {}, "0 rows;.*at least two"),
        (
            [1, 2],
            with_nan((3, 1), (8, 1)),
            {"names": ["NDE", "NIE"]},
            r"term 'NIE' is NaN or infinite in 2 of 40 rows \(first: rows 3, 8\)",
        ),
        ([1, np.inf], GOOD, {"names": ["NDE", "NIE"]}, "value of term 'NIE' is inf"),
        ([1, 2], GOOD, {"names": ["NDE"]}, "names has 1 entries for 2 values"),
        ([1, 2], GOOD, {"names": ["NDE", "NDE"]}, "names repeats 'NDE'"),
        (["x", 2], GOOD, {}, "values must be numbers"),
        ([1, 2], [["a", "b"]] * 3, {}, "influence must be numbers"),
        ([1, 2], GOOD, {"scale": "lgo"}, "scale='lgo' is not one of 'identity'"),
        ([1, 2], GOOD, {"scale": ["log"]}, "scale has 1 entries for 2 terms"),
        ([1, 2], GOOD, {"weights": np.r_[-1, np.ones(39)]}, "weights is negative in 1 of 40"),
        ([1, 2], GOOD, {"weights": np.zeros(N)}, "weights is zero in every row"),
        ([1, 2], GOOD, {"weights": np.r_[np.nan, np.ones(39)]}, r"weights is missing.* in 1 of 40"),
        ([1, 2], GOOD, {"weights": ["heavy"] * N}, "weights is missing or not finite in 40"),
        ([1, 2], GOOD, {"weights": np.ones(9)}, r"weights has shape \(9,\) for 40 rows"),
        ([1, 2], GOOD, {"weights": np.ones((N, 2))}, r"weights has shape \(40, 2\)"),
        ([1, 2], GOOD, {"clusters": ["one"] * N}, "one cluster only"),
        ([1, 2], GOOD, {"clusters": [None, *range(39)]}, "clusters is missing in 1 of 40 rows"),
        ([1, 2], GOOD, {"clusters": "site"}, r"clusters has shape \(\) for 40 rows"),
        ([1, 2], GOOD, {"strata": [np.nan] * N}, "strata is missing in 40 of 40"),
        ([1, 2], GOOD, {"references": ["tchetgen2012"]}, "Did you mean 'tchetgen2012semi"),
    ],
)
def test_unusable_arguments(values, influence, keywords, says):
    with pytest.raises(DataError, match=says):
        cif.Estimate(values, influence, **keywords)


def test_all_problems_in_one_message():
    with pytest.raises(DataError) as caught:
        cif.Estimate(
            [1, np.nan],
            with_nan((0, 0)),
            names=["a", "b"],
            scale="ln",
            weights=-np.ones(N),
            clusters=np.ones(3),
        )
    for part in ("5 problems", "'a' is NaN", "'b' is nan", "scale='ln'", "negative", "(3,)"):
        assert part in str(caught.value)


@pytest.mark.parametrize("index", [[f"r{i}" for i in range(N)], range(N, 2 * N)])
def test_series_of_other_rows_is_refused(index):
    frame = pd.DataFrame(GOOD, index=index)
    with pytest.raises(DataError, match="weights and influence are labelled by different rows"):
        cif.Estimate([1, 2], frame, weights=pd.Series(np.ones(N)))


def test_names_come_from_values_or_from_the_columns():
    frame = pd.DataFrame(GOOD, columns=["b", "a"])
    assert cif.Estimate([1, 2], frame).names == ("b", "a")
    for values in ({"a": 1.0, "b": 2.0}, pd.Series({"a": 1.0, "b": 2.0})):
        estimate = cif.Estimate(values, frame)
        assert estimate.names == ("a", "b")
        assert_allclose(estimate.influence["a"], frame["a"])  # its own column, by name
    assert cif.Estimate([1, 2], GOOD).names == ("term 1", "term 2")
    assert cif.Estimate(3.0, GOOD[:, 0], names="mean").names == ("mean",)


def test_from_uncentred_names_the_rows_with_missing_values():
    with pytest.raises(DataError, match=r"'m' is NaN.* 1 of 3 rows \(first: row 1\)"):
        cif.Estimate.from_uncentred({"m": [1.0, np.nan, 3.0]})
    with pytest.raises(DataError, match="weights is negative"):
        cif.Estimate.from_uncentred({"m": [1.0, 2.0]}, weights=[-1, 1])


def test_from_uncentred_keeps_labels_and_keywords():
    estimate = cif.Estimate.from_uncentred(
        {"p": [0.0, 1.0, 1.0]}, index=["x", "y", "z"], label="L", weights=[2, 1, 1]
    )
    assert estimate.label == "L"
    assert list(estimate.influence.index) == ["x", "y", "z"]
    assert_allclose(estimate.values, 0.5)
    assert_allclose(estimate.influence["p"], [-0.5, 0.5, 0.5])


def test_nothing_of_the_callers_is_kept_or_changed():
    rows, weights = GOOD.copy(), np.ones(N)
    frame, clusters = pd.DataFrame(rows), np.arange(N)
    estimate = cif.Estimate([1, 2], frame, weights=weights, clusters=clusters)
    before = estimate.cov()
    rows[:], weights[:], clusters[:] = 0, 9, 0  # the caller's arrays stay writeable
    frame.iloc[:, 0] = 5.0
    again = cif.Estimate(
        estimate.values, estimate.influence, weights=np.ones(N), clusters=np.arange(N)
    )
    assert again.cov().equals(before)


def test_it_is_frozen():
    estimate = cif.Estimate([1, 2], GOOD, weights=np.ones(N))
    with pytest.raises(AttributeError, match="frozen"):
        estimate.label = "x"
    with pytest.raises(AttributeError, match="frozen"):
        del estimate.label
    with pytest.raises(ValueError, match="read-only"):
        estimate.weights[0] = 2
    values, cov = estimate.values, estimate.cov()
    values.iloc[0], cov.iloc[0, 0] = 99, 99  # these belong to the caller
    assert estimate.values.iloc[0] == 1
    assert estimate.cov().iloc[0, 0] < 1


def test_it_pickles():
    both = cif.Estimate(
        [1, 2],
        GOOD,
        names=["a", "b"],
        weights=np.arange(1, N + 1),
        clusters=[f"c{i}" for i in range(N)],
        scale="log",
        label="L",
    )
    estimate = cif.combine([both, both["a"] / both["b"]])
    estimate.cov()
    back = pickle.loads(pickle.dumps(estimate))
    assert back.tidy().equals(estimate.tidy())
    assert back.fractions["a / b"].cov().equals(estimate.fractions["a / b"].cov())
    assert back.scale == estimate.scale
    with pytest.raises(ValueError, match="read-only"):
        back.weights[0] = 2
    assert_allclose((back - estimate).std_error, 0, atol=1e-15)


def test_selection():
    estimate = cif.Estimate([1, 2], GOOD, names=["NDE", "NIE"], label="L")
    assert estimate["NIE"].names == ("NIE",)
    assert estimate[["NIE", "NDE"]].cov().equals(estimate.cov().iloc[::-1, ::-1])
    assert "NIE" in estimate
    assert list(estimate) == ["NDE", "NIE"]
    assert len(estimate) == 2
    assert float(estimate["NIE"]) == 2
    assert_allclose(np.asarray(estimate), [1, 2])
    with pytest.raises(DataError, match=r"no term 'NEI'. Did you mean 'NIE'"):
        estimate["NEI"]
    with pytest.raises(DataError, match="each term once"):
        estimate[["NIE", "NIE"]]
    with pytest.raises(DataError, match="no term 0"):
        estimate[0]
    with pytest.raises(TypeError, match="2 terms"):
        float(estimate)


def test_refit_needs_a_recipe():
    with pytest.raises(DataError, match=r"no recipe.*mediate"):
        cif.Estimate([1, 2], GOOD).refit([0, 1])


def test_importing_it_loads_little():
    heavy = [
        "sklearn",
        "matplotlib",
        "statsmodels",
        "formulaic",
        "narwhals",
        "scipy.stats",
        "scipy.optimize",
        "torch",
    ]
    code = (
        f"import sys, causalif, causalif.estimate; print([m for m in {heavy} if m in sys.modules])"
    )
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert found.stdout.strip() == "[]"

"""Estimates side by side: covariance kept, rows matched by label, strangers refused."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from numpy.testing import assert_allclose

import causalif as cif
from causalif.errors import DataError

N = 50
LABELS = pd.Index([f"id{i}" for i in range(N)])


@pytest.fixture
def rows():
    data = np.random.default_rng(5).normal(size=(N, 2))
    return pd.DataFrame(data, index=LABELS, columns=["a", "b"])


def single(rows, name, **keywords):
    return cif.Estimate([1.0], rows[[name]], **keywords)


def test_covariance_between_estimates_is_kept(rows):
    whole = cif.Estimate([1.0, 1.0], rows)
    assert_allclose(cif.combine([single(rows, "a"), single(rows, "b")]).cov(), whole.cov())


def test_rows_are_matched_by_label(rows):
    order = np.random.default_rng(1).permutation(N)
    weights, clusters = np.arange(1, N + 1), np.arange(N) % 40
    first = single(rows, "a", weights=weights, clusters=clusters)
    second = single(rows.iloc[order], "b", weights=weights[order], clusters=clusters[order])
    whole = cif.Estimate([1.0, 1.0], rows, weights=weights, clusters=clusters)
    joined = cif.combine([first, second])
    assert_allclose(joined.cov(), whole.cov())
    assert joined.influence.index.equals(rows.index)
    assert_allclose((first - second).cov(), (whole["a"] - whole["b"]).cov())


def test_other_rows_are_refused(rows):
    with pytest.raises(DataError, match=r"not the same rows: 1 of the 50.*id0"):
        cif.combine([single(rows, "a"), single(rows.iloc[1:], "b")])
    with pytest.raises(DataError, match="not the same rows"):
        single(rows, "a") + single(rows.reset_index(drop=True), "b")
    with pytest.raises(DataError, match="not the same rows: 0 of the 49"):
        cif.combine([single(rows.iloc[1:], "a"), single(rows, "b")])


@pytest.mark.parametrize(
    ("word", "mine", "theirs"),
    [
        ("weights", np.arange(1, N + 1), np.arange(N, 0, -1)),
        ("clusters", np.arange(N) % 40, np.arange(N) % 35),
        ("strata", np.arange(N) % 2, np.arange(N) // 25),
    ],
)
def test_other_sampling_is_refused(rows, word, mine, theirs):
    one = single(rows, "a", **{word: mine})
    for other in (single(rows, "b"), single(rows, "b", **{word: theirs})):
        with pytest.raises(DataError, match=f"not the same rows.*unequal {word}"):
            cif.combine([one, other])
        with pytest.raises(DataError, match=f"unequal {word}"):
            one - other


def test_equal_sampling_may_be_written_differently(rows):
    groups = np.arange(N) % 40
    one = single(rows, "a", weights=np.full(N, 3.0), clusters=groups)
    other = single(rows, "b", clusters=[f"g{g}" for g in groups])
    cif.combine([one, other])


def test_duplicated_labels_are_matched_in_their_order_only(rows):
    twice = rows.set_axis(pd.Index([i // 2 for i in range(N)]))
    cif.combine([single(twice, "a"), single(twice, "b")])
    with pytest.raises(DataError, match=r"duplicated.*reset_index"):
        cif.combine([single(twice, "a"), single(twice.iloc[::-1], "b")])


def test_repeated_names_take_labels_or_places(rows):
    men, women = single(rows, "a", label="men"), single(rows, "a", label="women")
    assert cif.combine([men, women]).names == ("a [men]", "a [women]")
    plain = single(rows, "a")
    assert cif.combine([plain, plain, single(rows, "b")]).names == ("a [1]", "a [2]", "b")
    assert cif.combine([men, men]).names == ("a [1]", "a [2]")


def test_scales_labels_fractions_and_references_travel(rows):
    whole = cif.Estimate([1.0, 2.0], rows, label="L")
    ratio = whole["a"] / whole["b"]
    other = single(rows, "b", scale="log", label="L", references=("chernozhukov2018double",))
    joined = cif.combine([ratio, other])
    assert joined.scale == ("identity", "log")
    assert joined.label == "L"
    assert list(joined.fractions) == ["a / b"]
    assert joined.references == ("vandervaart1998", "chernozhukov2018double")
    reordered = cif.combine([single(rows.iloc[::-1], "a"), ratio])
    assert_allclose(reordered.fractions["a / b"].cov(), ratio.fractions["a / b"].cov())
    assert reordered.fractions["a / b"].influence.index.equals(rows.index[::-1])


def test_only_estimates_combine(rows):
    for wrong in ([], [1.0], [single(rows, "a"), None]):
        with pytest.raises(DataError, match="needs a list of Estimates"):
            cif.combine(wrong)

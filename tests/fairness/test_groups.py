"""Sensitive attributes as groups: levels, combinations, and what is refused or warned of."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from causalif.errors import DataError, SmallSampleWarning
from causalif.fairness.groups import read_groups

SEX = pd.Series(["M", "F"] * 40, name="sex")
RACE = pd.Series(["white", "white", "black", "black"] * 20, name="race")


def test_levels_are_sorted_and_the_first_is_the_reference():
    groups = read_groups(SEX)
    assert (groups.name, groups.levels, groups.reference) == ("sex", ("F", "M"), 0)
    assert groups.counts.tolist() == [40, 40]
    assert groups.codes[:2].tolist() == [1, 0]
    assert groups.others == [1]


def test_the_order_of_categories_is_kept_and_unused_ones_are_left_out():
    groups = read_groups(pd.Series(pd.Categorical(SEX, categories=["M", "other", "F"])))
    assert groups.levels == ("M", "F")
    assert groups.codes[:2].tolist() == [0, 1]


def test_several_attributes_give_the_combinations_that_occur():
    both = pd.DataFrame({"sex": SEX, "race": RACE})[~((SEX == "M") & (RACE == "black"))]
    before = both.copy()
    with pytest.warns(SmallSampleWarning, match=r"group '., \w+' of sex x race has 20 rows"):
        groups = read_groups(both, reference="F, white")
    assert groups.levels == ("F, black", "F, white", "M, white")
    assert groups.counts.tolist() == [20, 20, 20]
    assert groups.others == [0, 2]
    labels = [groups.levels[code] for code in groups.codes]
    assert labels == (both["sex"] + ", " + both["race"]).tolist()
    pd.testing.assert_frame_equal(both, before)


def test_columns_may_share_a_name():
    twice = pd.DataFrame(np.column_stack([SEX, np.roll(SEX, 1)]), columns=["s", "s"])
    assert read_groups(twice).levels == ("F, M", "M, F")


def test_frames_of_polars_keep_their_names():
    polars = pytest.importorskip("polars")
    groups = read_groups(polars.DataFrame({"sex": SEX.tolist()}))
    assert (groups.name, groups.levels) == ("sex", ("F", "M"))


@pytest.mark.parametrize(("size", "warned"), [(29, [True]), (30, [])])
def test_groups_below_thirty_rows_are_warned_of(size, warned):
    import warnings

    with warnings.catch_warnings(record=True) as given:
        warnings.simplefilter("always")
        read_groups(np.repeat(["a", "b"], [size, 60]))
    assert ["group 'a' of sensitive has 29 rows" in str(one.message) for one in given] == warned


@pytest.mark.parametrize(
    ("given", "words"),
    [
        (SEX.where(SEX.index > 4), r"'sex' is missing in 5 of 80 rows \(first: rows 0, 1, 2\)"),
        (np.repeat("a", 80), "one level, 'a', in all rows"),
        (np.arange(80.0), r"80 distinct numbers. Cut it into groups first: pd.cut"),
        (pd.DataFrame(index=range(80)), "no column"),
        (np.zeros((4, 4, 4)), "no column"),
        (np.array([1, "1"] * 40, dtype=object), r"read alike \(1, '1'\)"),
        (pd.DataFrame({"a": SEX.where(SEX.index > 4), "b": "w", "c": np.arange(80)}),
         "(?s)3 problems.*'a'.*'b'.*'c'"),
    ],
)  # fmt: skip
def test_what_makes_no_groups_is_refused(given, words):
    with pytest.raises(DataError, match=words):
        read_groups(given)


@pytest.mark.parametrize("reference", ["X", 0, ["F"], np.nan, pd.NA, np.array(["F", "M"])])
def test_a_reference_that_is_no_level_is_refused(reference):
    with pytest.raises(DataError, match=r"is no level of sex\. Its levels: 'F', 'M'"):
        read_groups(SEX, reference=reference)

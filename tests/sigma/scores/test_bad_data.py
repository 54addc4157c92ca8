"""Data that no score may read: one clear error, before any score is computed."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from causalif.errors import DataError
from causalif.sigma.scores.nodes import SCORES, read_nodes
from tests.sigma.scored import score_table


def draw(rows: int = 50, columns: int = 3) -> pd.DataFrame:
    values = np.random.default_rng(1).normal(size=(rows, columns))
    return pd.DataFrame(values, columns=[f"v{k}" for k in range(columns)])


def levels(rows: int = 50) -> pd.DataFrame:
    return draw(rows).apply(lambda c: np.where(c > 0, "high", "low"))


def usable(score: str) -> pd.DataFrame:
    return levels() if score == "bdeu" else draw()


@pytest.mark.parametrize("score", SCORES)
@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda d: d.iloc[:2], "2 rows are fewer than 3 columns"),
        (lambda d: d.iloc[:0], "data has no rows"),
        (lambda d: d.assign(v1=1.0), "column 'v1' has one value in all 50 rows"),
        (lambda d: d.assign(v1="x"), "column 'v1' has one value in all 50 rows"),
        (
            lambda d: d.assign(v1=d["v1"].where(d.index > 1)),
            r"column 'v1' is missing in 2 of 50 rows \(first: rows 0, 1\)\. Drop them "
            r'\(data\.dropna\(subset=\["v1"\]\)\)',
        ),
        (lambda d: d.assign(v1=np.inf), "column 'v1' is infinite or beyond"),
        (lambda d: d.assign(v1=[f"id{k}" for k in range(50)]), "'v1' looks like an identifier"),
        (lambda d: d.assign(v1=pd.Timestamp("2020-01-01")), "column 'v1' holds"),
        (lambda d: d.set_axis(["v0", "v0", "v2"], axis=1), "data has 2 columns named 'v0'"),
        (lambda d: d.to_numpy(), "not a data frame"),
        (lambda d: d[[]], "no column to make a graph of"),
    ],
)
def test_unusable_data(score, change, message):
    with pytest.raises(DataError, match=message):
        score_table(change(usable(score)), score=score)


@pytest.mark.parametrize("score", SCORES)
def test_too_many_columns(score):
    with pytest.raises(DataError, match=r"15 columns are too many .* Name at most 14"):
        score_table(
            draw(50, 15).round() if score == "bdeu" else draw(50, 15), score=score, max_parents=1
        )


@pytest.mark.parametrize("score", SCORES)
def test_more_columns_than_bits(score):
    data = draw(100, 63).round() if score == "bdeu" else draw(100, 63)
    with pytest.raises(DataError, match=r"63 columns are too many: .* 62 bits"):
        read_nodes(data, score=score)
    assert len(read_nodes(data, score=score, columns=list(data)[1:]).names) == 62


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"score": "bgge"}, "score='bgge' is not one of .* Did you mean 'bge'"),
        ({"score": None}, "score=None is not one of"),
        ({"prior": "flat"}, "prior='flat' is not one of"),
        ({"equivalent_rows": 0}, "equivalent_rows=0 is not a positive number"),
        ({"equivalent_rows": np.nan}, "equivalent_rows=nan"),
        ({"equivalent_rows": "1"}, "equivalent_rows='1'"),
        ({"columns": "v0"}, "columns='v0' is no list of names"),
        ({"columns": ["v0", "v9"]}, r"no column 'v9' in data\. Known: 'v0'"),
        ({"tiers": [["v9"]]}, "tiers names 'v9'"),
        ({"required": "v0 -> v1 -> v0"}, "required arrows make a cycle"),
        ({"score": "bdeu"}, r"'v0' has 50 values, .* up to 20 levels\. Cut it"),
    ],
)
def test_unusable_options(given, message):
    with pytest.raises(DataError, match=message):
        score_table(draw(), **given)


def test_text_is_no_number():
    data = draw().assign(smokes=levels()["v0"])
    for score in ("bge", "bic"):
        with pytest.raises(
            DataError, match=f"column 'smokes' holds text .2 levels., and score='{score}'"
        ):
            score_table(data, score=score)
    grades = data.assign(smokes=data["smokes"].astype("category").cat.rename_categories([1, 2]))
    with pytest.raises(DataError, match="holds categories"):
        score_table(grades)


def test_yes_and_no_are_numbers():
    data = draw().assign(yes=lambda d: d["v0"] > 0)
    found = score_table(data)
    expected = score_table(data.assign(yes=data["yes"].astype(float)))
    assert (found.scores == expected.scores).all()


def test_collinear_columns_have_no_bic():
    data = draw().assign(sum=lambda d: 3 * d["v0"] - d["v2"] + 7)
    with pytest.raises(DataError, match="column 'sum' is a linear function of 'v0', 'v1', 'v2'"):
        score_table(data, score="bic")
    with pytest.raises(DataError, match="column 'v0' is a linear function of the others"):
        score_table(data.assign(v1=levels()["v1"]), score="mixed")
    table = score_table(data)  # the prior of BGe keeps them apart
    assert np.isfinite(table.scores).sum() == 32


def test_rounding_is_no_variation():
    data = draw().assign(v1=lambda d: np.where(d["v0"] > 0, 0.1 + 0.2, 0.3))
    with pytest.raises(DataError, match="column 'v1' varies by rounding only"):
        score_table(data)


def test_too_many_levels_of_text():
    names = [f"town {k}" for k in range(24)]
    with pytest.raises(DataError, match=r"'v0' has 24 values, .* Group the rare ones"):
        score_table(levels(96).assign(v0=names * 4), score="bdeu")


def test_all_problems_come_together():
    data = draw().assign(v1=2.0, note=levels()["v0"])
    data.loc[3, "v0"] = np.nan
    with pytest.raises(DataError) as caught:
        score_table(data, prior="flat", required="v0 -> vv2", max_parents=-1)
    text = str(caught.value)
    says = ["6 problems", "'flat'", "'vv2'", "max_parents=-1", "'v0' is missing in 1 of 50",
            "'v1' has one value", "'note' holds text"]  # fmt: skip
    assert [part for part in says if part not in text] == []


def test_data_are_not_changed_and_columns_can_be_chosen():
    data = draw().assign(other="text")
    before = data.copy()
    table = score_table(data, columns=["v2", "v0"])
    assert table.names == ("v2", "v0")
    pd.testing.assert_frame_equal(data, before)
    expected = score_table(draw()[["v2", "v0"]]).scores
    assert (table.scores == expected).all()


def test_other_frames():
    polars = pytest.importorskip("polars")
    data = draw()
    assert (score_table(polars.from_pandas(data)).scores == score_table(data).scores).all()

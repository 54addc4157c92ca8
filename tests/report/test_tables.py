"""The three renderings hold the same digits, and nothing unescaped."""

from __future__ import annotations

import re
from html.parser import HTMLParser

import numpy as np
import pandas as pd
import pytest

from causalif.report import tables

FRAME = pd.DataFrame(
    {
        "term": ["TE", "a & b", None],
        "estimate": [12.3456, -0.5, np.nan],
        "count": [3, 200, 10],
        "p_value": [0.04321, 2e-9, np.nan],
        "limit": [-np.inf, np.inf, 1.5],
    }
)


def test_cells_by_hand():
    cells = tables.formatted(FRAME)
    assert list(cells["term"]) == ["TE", "a & b", ""]
    assert list(cells["estimate"]) == ["12.346", "-0.500", ""]
    assert list(cells["count"]) == ["3", "200", "10"]
    assert list(cells["p_value"]) == ["0.0432", "<0.0001", ""]
    assert list(cells["limit"]) == ["-inf", "inf", "1.50"]


@pytest.mark.parametrize(
    ("numbers", "shown"),
    [
        ([1.0, 0.0], ["1.00", "0.00"]),
        ([1234.5, 0.123], ["1234.500", "0.123"]),
        ([1e-9, 5.0], ["1e-09", "5"]),
        ([2.5e8, 1.0], ["2.5e+08", "1"]),
        ([0.0, 0.0], ["0.000", "0.000"]),
        ([-1e-9, 12345678.0], ["-1e-09", "1.235e+07"]),
        ([-0.0004, 100.0], ["-0.000400", "100.000000"]),
        ([], []),
    ],
)
def test_digits(numbers, shown):
    assert (
        list(tables.formatted(pd.DataFrame({"x": pd.Series(numbers, dtype=float)}))["x"]) == shown
    )


def test_no_minus_zero():
    assert list(tables.formatted(pd.DataFrame({"x": [-0.0, 1.0]}))["x"]) == ["0.00", "1.00"]


def test_missing_values_of_every_kind_are_empty():
    frame = pd.DataFrame(
        {
            "a": pd.array([1, None], dtype="Int64"),
            "b": ["x", pd.NA],
            "c": [pd.NaT, "y"],
            "d": [True, False],
            "e": [(1, 2), None],
        }
    )
    cells = tables.formatted(frame)
    assert cells.to_numpy().tolist() == [
        ["1", "x", "", "True", "(1, 2)"],
        ["", "", "y", "False", ""],
    ]


def test_text_lines_up():
    lines = tables.as_text(FRAME, indent="  ").splitlines()
    assert len(lines) == 4
    assert all(line.startswith("  ") for line in lines)
    ends = [lines[0].index("estimate") + len("estimate")]
    ends += [
        line.index(number) + len(number)
        for line, number in zip(lines[1:3], ("12.346", "-0.500"), strict=True)
    ]
    assert len(set(ends)) == 1


class Cells(HTMLParser):
    def __init__(self):
        super().__init__()
        self.tags, self.data = [], []

    def handle_starttag(self, tag, attrs):
        self.tags.append(tag)
        if tag == "td":
            self.data.append("")

    def handle_data(self, data):
        if self.tags and self.tags[-1] == "td" and data.strip():
            self.data[-1] += data


def test_html_holds_the_cells_and_escapes_the_rest():
    evil = FRAME.assign(term=["<script>x</script>", "a & b", '"'])
    text = tables.as_html(evil, caption="<i>", notes=["<u>"])
    parser = Cells()
    parser.feed(text)
    assert not {"script", "i", "u"} & set(parser.tags)
    assert parser.data == [c for row in tables.formatted(evil).to_numpy() for c in row]


def test_latex_holds_the_cells():
    text = tables.as_latex(FRAME, caption="50% & more", label="t")
    body = text.split(r"\midrule")[1].split(r"\bottomrule")[0]
    rows = [
        re.split(r" (?<!\\)& ", row.strip()) for row in body.strip().split(r"\\") if row.strip()
    ]
    assert rows[0] == ["TE", "12.346", "3", "0.0432", "$-$inf"]
    assert rows[1] == [r"a \& b", "$-$0.500", "200", "$<$0.0001", "inf"]
    assert r"\begin{tabular}{lrrrr}" in text
    assert r"\caption{50\% \& more}" in text
    assert text.startswith(r"\begin{table}")


def test_the_frame_is_not_changed():
    before = FRAME.copy()
    for render in (tables.as_text, tables.as_html, tables.as_latex):
        render(FRAME)
    pd.testing.assert_frame_equal(FRAME, before)


def test_notes_with_a_dash_become_one_list():
    page = tables.as_html(
        pd.DataFrame({"x": [1.0]}), notes=["Assumed:", "- <a>", "- b", "", "End."]
    )
    assert "<p>Assumed:</p>\n<ul><li>&lt;a&gt;</li><li>b</li></ul>\n<p>End.</p>" in page

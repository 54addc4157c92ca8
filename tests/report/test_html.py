"""The report is one valid page that loads nothing, runs nothing and never changes."""

from __future__ import annotations

import subprocess
import sys
from collections import Counter
from html.parser import HTMLParser

import matplotlib
import numpy as np
import pandas as pd
import pytest
from matplotlib.figure import Figure

from causalif.errors import DataError
from causalif.report import plots
from causalif.report.cells import grid, p_value
from causalif.report.html import Section, figure_svg, render

EVIL = "<b onclick=x()>&\"'--><script>"
VOID = {"meta", "link", "br", "hr", "img", "input"}
TIDY = pd.DataFrame(
    {
        "term": ["NDE", "NIE", "PM"],
        "estimate": [-0.0402, -0.0161, 0.286],
        "std_error": [0.0407, 0.0093, 0.31],
        "conf_low": [-0.12, -0.0343, -np.inf],
        "conf_high": [0.0396, 0.0021, np.inf],
        "p_value": [0.323, 0.00002, 0.36],
    }
)


class Page(HTMLParser):
    """What a reader's browser would find: elements, attributes, texts; complains of bad nesting."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.texts: list[tuple[str, str]] = []
        self.feed(html)
        self.close()
        assert self.open == []

    def handle_starttag(self, tag, attrs):
        assert len({name for name, _ in attrs}) == len(attrs), tag
        self.elements.append((tag, dict(attrs)))
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag, attrs):
        self.elements.append((tag, dict(attrs)))

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        if data.strip():
            self.texts.append((self.open[-1] if self.open else "", data.strip()))

    def all(self, tag: str) -> list[dict[str, str | None]]:
        return [attributes for name, attributes in self.elements if name == tag]

    def said_in(self, tag: str) -> list[str]:
        return [text for where, text in self.texts if where == tag]


def forest_svg(tidy: pd.DataFrame = TIDY) -> str:
    return figure_svg(lambda ax: plots.forest(tidy, ax=ax))


def overlap_svg() -> str:
    p = pd.DataFrame({0: [0.5, 0.8, 0.3], 1: [0.5, 0.2, 0.7]})
    return figure_svg(lambda ax: plots.overlap(p, pd.Series([0, 0, 1], name="A"), ax=ax))


def whole_report(word: str = "plain") -> str:
    figure = Figure(figsize=(3, 2))
    figure.subplots().plot([1, 2], label=word)
    table = TIDY.rename(columns={"std_error": word}).replace({"NDE": word})
    sections = [
        Section("Question", [f"Is {word} a cause?", "- one", f"- {word}", "Then."]),
        Section(f"Effects of {word}", (), table, forest_svg(TIDY.replace({"NDE": word})), word),
        Section("Overlap", figure=overlap_svg()),
        Section("Again", table=table.set_index("term"), figure=figure),
    ]
    return render(f"Title {word}", f"Subtitle {word}", sections, footer=f"footer {word}")


@pytest.fixture(scope="module")
def page() -> Page:
    return Page(whole_report())


# ---------------------------------------------------------------- one valid page


def test_elements_nest_and_the_document_has_its_parts(page):
    counts = Counter(tag for tag, _ in page.elements)
    assert whole_report().startswith("<!DOCTYPE html>\n<html lang=")
    for tag in ("html", "head", "title", "body", "header", "nav", "main", "footer", "h1"):
        assert counts[tag] == 1, tag
    assert counts["section"] == 4
    assert counts["svg"] == counts["figure"] == counts["figcaption"] == 3


def test_names_are_unique_though_every_figure_calls_its_parts_alike(page):
    names = Counter(a["id"] for _, a in page.elements if "id" in a)
    assert [name for name, times in names.items() if times > 1] == []
    assert not any(" " in name for name in names)


def test_every_inner_link_has_its_target(page):
    names = {a.get("id") for _, a in page.elements}
    links = [a[k] for _, a in page.elements for k in ("href", "xlink:href") if k in a]
    assert len(page.all("use")) > 5
    assert all(link.startswith("#") and link[1:] in names for link in links)
    clips = [a["clip-path"] for _, a in page.elements if "clip-path" in a]
    assert clips
    assert all(clip[5:-1] in names for clip in clips)


def test_contents_name_the_sections_in_order(page):
    assert page.said_in("a") == ["Question", "Effects of plain", "Overlap", "Again"]
    assert Page(render("t", "", [Section("only")])).all("nav") == []


def test_text_becomes_paragraphs_and_lists(page):
    assert page.said_in("p")[:3] == ["Subtitle plain", "Is plain a cause?", "Then."]
    assert page.said_in("li") == ["one", "plain"]
    assert len(page.all("ul")) == 1
    assert "a whole string" in Page(render("t", "", [Section("s", "a whole string")])).said_in("p")


# ---------------------------------------------------------------- safe and self-contained


def test_everything_of_the_users_is_escaped():
    html = whole_report(EVIL)
    page = Page(html)
    assert page.all("script") == page.all("b") == []
    assert not [a for _, a in page.elements if any(k.startswith("on") for k in a)]
    assert EVIL in page.said_in("th")
    assert EVIL in page.said_in("text")
    assert page.said_in("title") == page.said_in("h1") == [f"Title {EVIL}"]


def test_nothing_is_loaded_from_elsewhere():
    html = whole_report()
    for trace in ("http:", "https:", "src=", "<link", "<script", "@import", "url(h"):
        assert trace not in html, trace


@pytest.mark.parametrize(
    "svg",
    [
        "<svg><script>alert(1)</script></svg>",
        "<svg><image href='http://example.org/a.png'/></svg>",
        '<svg><a xlink:href="https://example.org">x</a></svg>',
        '<svg onload="alert(1)"></svg>',
        '<svg aria-label="a > b" onload="alert(1)"></svg>',
        "<svg><style>@import 'x.css';</style></svg>",
        '<svg><rect style="fill: url(other.svg#a)"/></svg>',
    ],
)
def test_a_figure_that_points_outside_is_refused(svg):
    with pytest.raises(DataError, match="loads nothing and runs nothing"):
        render("t", "", [Section("s", figure=svg)])


def test_words_in_a_figure_are_no_attributes():
    svg = '<svg><text>group one = 3, src = url(x) id="a"</text></svg>'
    assert 'group one = 3, src = url(x) id="a"' in render("t", "", [Section("s", figure=svg)])


def test_text_that_is_no_svg_is_refused():
    with pytest.raises(DataError, match="without an <svg> element"):
        render("t", "", [Section("s", figure="forest.png")])


# ---------------------------------------------------------------- figures


def test_same_input_same_bytes():
    assert whole_report() == whole_report()
    assert whole_report() != whole_report("other")


def test_another_process_writes_the_same_figure():
    code = (
        "from causalif.report.html import figure_svg; import sys\n"
        "draw = lambda ax: ax.fill_between([0, 1], [1, 2], hatch='//', label='x')\n"
        "sys.stdout.write(figure_svg(draw))"
    )
    runs = [
        subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
        for _ in range(2)
    ]
    assert runs[0].stdout == runs[1].stdout
    assert "<svg" in runs[0].stdout


def test_the_users_own_style_does_not_reach_a_figure():
    plain = forest_svg()
    with matplotlib.rc_context({"font.size": 30, "axes.facecolor": "red"}):
        assert forest_svg() == plain


def test_drawing_leaves_pyplot_and_its_settings_alone():
    from matplotlib import pyplot

    before = dict(matplotlib.rcParams), pyplot.get_fignums()
    forest_svg()
    assert (dict(matplotlib.rcParams), pyplot.get_fignums()) == before
    code = (
        "import sys, causalif.report.html as h; h.figure_svg(lambda ax: ax.plot([1]))\n"
        "sys.exit('matplotlib.pyplot' in sys.modules)"
    )
    subprocess.run([sys.executable, "-c", code], check=True)


def test_words_in_any_script_stay_words():
    assert "年龄" in forest_svg(TIDY.replace({"NDE": "年龄"}))


def test_size_is_in_inches():
    svg = figure_svg(lambda ax: ax.plot([1, 2]), size=(5, 3))
    assert 'width="360pt" height="216pt"' in svg


# ---------------------------------------------------------------- tables


def test_headings_carry_their_scope_and_numbers_stand_at_the_right(page):
    scopes = Counter(a["scope"] for a in page.all("th"))
    assert scopes == {"col": 12, "row": 6}
    assert all(a.get("class") == "number" for a in page.all("td"))
    assert page.said_in("caption") == ["Table 1. Effects of plain", "Table 2. Again"]


def test_cells_show_three_to_four_digits_and_line_up():
    rows = grid(TIDY).rows
    assert rows[0] == ("NDE", "−0.0402", "0.0407", "−0.1200", "0.0396", "0.323")
    assert rows[1] == ("NIE", "−0.0161", "0.0093", "−0.0343", "0.0021", "<0.001")
    assert rows[2] == ("PM", "0.2860", "0.3100", "−∞", "∞", "0.360")


@pytest.mark.parametrize(
    ("column", "texts"),
    [
        ([899, 48842], ("899", "48842")),
        ([5.0, 10.0], ("5", "10")),
        ([123.456, 98.7], ("123", "99")),
        ([1.5, 2.25, 0.0], ("1.50", "2.25", "0.00")),
        ([0.5, 0.25, 3e-7], ("0.500", "0.250", "3e−07")),
        ([np.nan, 0.5], ("n/a", "0.500")),
        ([True, False], ("yes", "no")),
        (["a", None, 0.123456], ("a", "", "0.123")),
        (pd.array([1, None], dtype="Int64"), ("1", "n/a")),
        ([pd.Timestamp("2020-01-02")], ("2020-01-02 00:00:00",)),
    ],
)
def test_columns_as_text(column, texts):
    assert grid(pd.DataFrame({"x": column})).columns[0].texts == texts


def test_p_values_have_three_decimals_or_a_bound():
    assert [p_value(p) for p in (1.0, 0.0499, 0.001, 0.00099, 0.0)] == [
        "1.000",
        "0.050",
        "0.001",
        "<0.001",
        "<0.001",
    ]
    assert p_value(np.nan) == "n/a"


def test_an_index_with_names_heads_the_rows_and_a_counting_one_is_left_out():
    named = grid(pd.DataFrame({"x": [1.5]}, index=pd.MultiIndex.from_tuples([("a", 1)])))
    assert named.row_heads == 2
    assert named.rows == [("a", "1", "1.50")]
    counted = grid(pd.DataFrame({"x": [1.5]}))
    assert (counted.row_heads, counted.rows) == (0, [("1.50",)])
    nested = pd.DataFrame([[1.5]], columns=pd.MultiIndex.from_tuples([("age", "mean")]))
    assert grid(nested).columns[0].heading == "age / mean"

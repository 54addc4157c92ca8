"""The report: one HTML file with everything inside, for a reader without Python."""

from __future__ import annotations

import io
import re
import warnings
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any

import pandas as pd
from jinja2 import Environment, PackageLoader, StrictUndefined, Template
from markupsafe import Markup
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from causalif.errors import DataError
from causalif.report import cells

TAG = re.compile(r"""<(?:[^<>"']|"[^"]*"|'[^']*')*>""")
OUTSIDE = re.compile(
    r"""<script|<iframe|\son\w+\s*=|\ssrc\s*=|href\s*=\s*["'](?!\#|data:image/)|url\((?!\#)|@import""",
    re.IGNORECASE,
)


@dataclass(frozen=True, eq=False)
class Section:
    """One part of a report.

    Attributes
    ----------
    title : str
    text : sequence of str
        Paragraphs; an item that starts with ``"- "`` belongs to a bullet list.
    table : DataFrame, optional
        Its index is shown unless it only counts the rows.
    figure : Figure or str, optional
        A matplotlib figure, or the text of an SVG (see `figure_svg`).
    note : str
        Small print below the table and the figure.
    """

    title: str
    text: Sequence[str] = ()
    table: pd.DataFrame | None = None
    figure: Figure | str | None = None
    note: str = ""


def render(title: str, subtitle: str, sections: Sequence[Section], *, footer: str = "") -> str:
    """The report as one self-contained HTML page.

    Nothing is loaded from elsewhere, everything of the user's is escaped, and the same input
    gives the same bytes.

    Parameters
    ----------
    title, subtitle : str
    sections : sequence of Section
    footer : str
        Versions and the like.

    Returns
    -------
    str

    Raises
    ------
    DataError
        A figure given as text is no SVG, or it holds a script or a link to elsewhere.

    Examples
    --------
    >>> page = render("Depression", "JOBS II", [Section("Question", ["Is <A> a cause?"])])
    >>> page[:15], "Is &lt;A&gt; a cause?" in page
    ('<!DOCTYPE html>', True)
    """
    parts: list[dict[str, Any]] = []
    tables = figures = 0
    for section in sections:
        tables += section.table is not None
        figures += section.figure is not None
        parts.append(
            {
                "title": section.title,
                "blocks": _blocks(section.text),
                "table": None if section.table is None else cells.grid(section.table),
                "table_number": tables,
                "figure": _inline_svg(section.figure, prefix=f"f{figures}-"),
                "figure_number": figures,
                "note": section.note,
            }
        )
    return _template().render(title=title, subtitle=subtitle, sections=parts, footer=footer)


def figure_svg(draw: Callable[[Axes], object], size: tuple[float, float] = (6.0, 4.0)) -> str:
    """What `draw` puts on an Axes, as the text of an SVG, without a window or pyplot.

    Parameters
    ----------
    draw : callable
        Takes an Axes: ``lambda ax: plots.forest(tidy, ax=ax)``.
    size : tuple of float
        Width and height in inches.

    Returns
    -------
    str
        Drawn in matplotlib's default style whatever the user's own, with no date in it: the
        same drawing gives the same text.

    Examples
    --------
    >>> figure_svg(lambda ax: ax.plot([1, 2]))[:5]
    '<?xml'
    """
    from matplotlib import style

    with style.context("default"):
        figure = Figure(figsize=size, layout="constrained")
        draw(figure.subplots())
        return _svg(figure)


def _svg(figure: Figure) -> str:
    """Words stay words (they can be searched and read aloud); names of parts never change."""
    from matplotlib import rc_context

    file = io.StringIO()
    with (
        rc_context({"svg.hashsalt": "causalif", "svg.fonttype": "none"}),
        warnings.catch_warnings(),
    ):
        # Words in a script that matplotlib's font lacks: the reader's browser has it.
        warnings.filterwarnings("ignore", message="Glyph")
        figure.savefig(file, format="svg", metadata={"Date": None, "Creator": None})
    return file.getvalue()


def _inline_svg(figure: Figure | str | None, prefix: str) -> Markup | None:
    """An SVG element fit for a page with others: its names are its own, nothing points outside."""
    if figure is None:
        return None
    text = figure if isinstance(figure, str) else _svg(figure)
    found = re.search(r"<svg\b.*</svg>", text, flags=re.DOTALL)
    if found is None:
        raise DataError("the figure of a section is text without an <svg> element.")
    svg = re.sub(r"<!--.*?-->|<metadata>.*?</metadata>", "", found[0], flags=re.DOTALL)
    _check_closed(svg)
    return Markup(TAG.sub(lambda tag: _own_names(tag[0], prefix), svg))


def _check_closed(svg: str) -> None:
    markup = " ".join(TAG.findall(svg) + re.findall(r"<style.*?</style>", svg, flags=re.DOTALL))
    outside = OUTSIDE.search(markup)
    if outside is not None:
        raise DataError(
            f"the SVG of a figure holds {outside[0].strip()!r}, but a report loads nothing and "
            "runs nothing. Draw it without scripts and links."
        )


def _own_names(tag: str, prefix: str) -> str:
    """Two figures of matplotlib call their parts alike; in one page each name may stand once."""
    tag = re.sub(r'\sxmlns(:\w+)?="[^"]*"', "", tag)
    return re.sub(r'(\sid="|href="#|url\(#)', rf"\1{prefix}", tag)


def _blocks(text: Sequence[str]) -> list[tuple[str, list[str]]]:
    """Paragraphs, and lists made of neighbouring bullets."""
    blocks: list[tuple[str, list[str]]] = []
    for item in [text] if isinstance(text, str) else text:
        kind = "list" if item.startswith("- ") else "paragraph"
        if kind == "list" and blocks and blocks[-1][0] == "list":
            blocks[-1][1].append(item[2:])
        else:
            blocks.append((kind, [item[2:] if kind == "list" else item]))
    return blocks


@cache
def _template() -> Template:
    environment = Environment(
        loader=PackageLoader("causalif.report", ""),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    return environment.get_template("report.html.jinja")

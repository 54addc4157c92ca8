"""A result as HTML: a table for a notebook, and one self-contained report."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from causalif.errors import DataError
from causalif.estimate.citations import cited
from causalif.report import canvas, html, tables
from causalif.sigma.assumed import assumptions, settings_of
from causalif.sigma.result import REFERENCES

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from causalif.sigma.result import SigmaResult

SHOWN, LISTED = 12, 25  # pathways, in a notebook and in a report
GRAPHS = 10
RARE = 0.05  # arrows below are not listed
MATRIX = 30  # columns at most
SHORT = ["path", "stability", "effect", "std_error", "conf_low", "conf_high"]
TABLE = ["path", "stability", "mc_error", "effect", "std_error", "conf_low", "conf_high"]


def as_html(result: SigmaResult) -> str:
    """For notebooks: the head sentence, a table of pathways, then what to know.

    Everything of the user's is escaped.
    """
    head, notes = _paragraphs(result)
    table = result.tidy().head(SHOWN + 1)[SHORT].rename(columns={"path": "pathway"})
    # All effects are on one scale: the same decimals, three digits of the largest error.
    places = canvas.decimals([table["std_error"].max() / 10])
    for column in SHORT[1:]:
        decimals = 2 if column == "stability" else places
        table[column] = [canvas.number(x, decimals) for x in table[column].tolist()]
    return tables.as_html(table.replace("n/a", ""), caption=head, notes=notes)


def _paragraphs(result: SigmaResult) -> tuple[str, list[str]]:
    """The summary without its table: the head as one line, and the lines below the table."""
    head, table, *rest = result.summary().split("\n\n")
    lines = [line for part in rest for line in part.split("\n") if line]
    if result.pathways.empty:
        lines = [table, *lines]
    return "; ".join(head.split("\n")), lines


def write_report(result: SigmaResult, path: str | Path) -> Path:
    """Write one self-contained HTML file.

    Returns
    -------
    Path
        Absolute, of the file written.

    Raises
    ------
    DataError
        There is no such folder.
    """
    file = Path(path).expanduser().resolve()
    if not file.parent.is_dir():
        raise DataError(f"no folder {str(file.parent)!r} to write the report to. Make it first.")
    file.write_text(page(result), encoding="utf-8")
    return file


def page(result: SigmaResult) -> str:
    """The report as one HTML page."""
    from causalif import __version__

    study, posterior = result.study, result.posterior
    columns = f"{len(posterior.names)} columns, {len(study.index)} rows"
    return html.render(
        f"Pathways from {study.exposure} to {study.outcome}",
        f"Averaged over causal graphs of {columns}",
        sections(result),
        footer=f"causalif {__version__}; seed {study.settings.entropy}.",
    )


def sections(result: SigmaResult) -> list[html.Section]:
    """Answer first, then what it rests on, then what it was made with."""
    head, notes = _paragraphs(result)
    cautions = [note for note in notes if note.startswith("- ")]
    said = [note for note in notes if not note.startswith("- ") and note != "To know:"]
    return [
        html.Section(
            "Pathways",
            [head, *said],
            table=result.tidy()[TABLE].head(LISTED + 1).set_index("path"),
            figure=_figure(lambda ax: result.plot("pathways", ax=ax)),
            note=f"Effects average over graphs, those without the pathway as zero; "
            f"{100 * result.level:g}% intervals are quantiles of the mixture over graphs. "
            "Stability: the probability of graphs that have the pathway; mc_error: its "
            f"Monte-Carlo error.{_unlisted(result)}",
        ),
        *_where_present(result),
        *_variance(result),
        *_arrows(result),
        html.Section(
            "Mediators",
            ["The probability of some pathway through each column."],
            table=result.mediators.set_index("mediator"),
        ),
        _together(result),
        _graphs(result),
        html.Section("What had to be assumed", [f"- {text}" for text in assumptions(result)]),
        html.Section("To know", cautions),
        html.Section("Settings and diagnostics", table=settings_of(result)),
        html.Section("References", [f"- {one}" for one in cited(REFERENCES)]),
    ]


def _unlisted(result: SigmaResult) -> str:
    more = len(result.pathways) - LISTED
    return f" {more} less stable pathways are not listed." if more > 0 else ""


def _where_present(result: SigmaResult) -> list[html.Section]:
    if result.present.empty:
        return []
    return [
        html.Section(
            "Effects where the pathway is there",
            ["Averages over those graphs alone that have the pathway."],
            table=result.present.set_index("path"),
            note="against: the weight of graphs in which the sign differs from the average; "
            "not_identified: the weight of graphs in which the effect is not identified.",
        )
    ]


def _variance(result: SigmaResult) -> list[html.Section]:
    table = result.tidy()[["path", "std_error", "within_var", "between_var"]].dropna()
    if table.empty:
        return []
    words = "Within graphs: sampling error. Between graphs: the effect differs, or is not there."
    figure = _figure(lambda ax: result.plot("variance", ax=ax))
    return [
        html.Section(
            "Where the uncertainty lies", [words], table=table.set_index("path"), figure=figure
        )
    ]


def _arrows(result: SigmaResult) -> list[html.Section]:
    posterior = result.posterior
    names, values, errors = posterior.names, posterior.arrows, posterior.arrow_errors
    order = np.argsort(-values, axis=None, kind="stable")
    found = [
        (f"{names[i]} -> {names[j]}", values[i, j], errors[i, j], values[j, i])
        for i, j in zip(*np.unravel_index(order, values.shape), strict=True)
        if values[i, j] >= RARE
    ]
    table = pd.DataFrame(found, columns=["arrow", "probability", "mc_error", "reverse"])
    halves = " Those of the first half of the rows." if len(result.halves) > 1 else ""
    parts = [
        html.Section(
            "Arrows",
            [f"Arrows of a probability of at least {RARE:g}.{halves}"],
            table=table.set_index("arrow"),
            figure=_figure(lambda ax: result.plot("arrows", ax=ax)),
            note="The wider an arrow, the more probable. Where both directions are possible, "
            "each has the half of the line that ends in its head.",
        )
    ]
    if len(names) <= MATRIX:
        words = ["The probability of the arrow from row to column."]
        svg = _figure(lambda ax: posterior.plot("matrix", ax=ax))
        parts.append(html.Section("All arrows", words, figure=svg))
    return parts


def _together(result: SigmaResult) -> html.Section:
    title, both = "Pathways that are there together", result.concurrent()
    if both.empty:
        return html.Section(title, ["Fewer than two pathways are stable."])
    return html.Section(title, ["Pairs of stable pathways."], table=both.set_index("path"))


def _graphs(result: SigmaResult) -> html.Section:
    posterior = result.posterior
    count = len(posterior.weights)
    rows = [
        ("; ".join(f"{tail} -> {head}" for tail, head in graph.edges) or "no arrows", weight)
        for graph, weight in zip(posterior.graphs[:GRAPHS], posterior.weights, strict=False)
    ]
    said = f"The heaviest of {count} distinct graphs among {len(posterior.draws)} draws."
    return html.Section("Graphs", [said], table=pd.DataFrame(rows, columns=["graph", "weight"]))


def _figure(draw: Callable[[Axes | None], Axes]) -> str:
    """A plot as SVG, as large as it would make itself."""
    from matplotlib import pyplot, style

    with pyplot.ioff(), style.context("default"):
        figure: Any = draw(None).figure
        width, height = figure.get_size_inches().tolist()
        pyplot.close(figure)
    return html.figure_svg(draw, (width, height))

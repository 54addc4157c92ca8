"""A trade-off as one self-contained HTML report."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from causalif.errors import DataError
from causalif.estimate.citations import cited
from causalif.fairness.measures import MEASURES
from causalif.report import html

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from causalif.fairness.curve import TradeoffCurve


def write_report(curve: TradeoffCurve, path: str | Path) -> Path:
    """Write the report.

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
    file.write_text(page(curve), encoding="utf-8")
    return file


def page(curve: TradeoffCurve) -> str:
    """The report as one HTML page: the answer first, then what it rests on."""
    from causalif import __version__

    head, notes = curve.summary_parts()
    ends = sorted(set(curve.places))
    terms = {term.split("[")[0] for term in curve.terms}
    return html.render(
        curve.label,
        f"{curve.n:,} rows",
        [
            html.Section(
                "Accuracy against the gap",
                [*head, *notes],
                figure=_figure(lambda ax: curve.plot("pareto", ax=ax)),
            ),
            html.Section(
                "What sharing everything buys",
                [f"Each measure at {ends[-1]:g} less that at {ends[0]:g}, on the same rows."],
                table=curve.compare(ends[0], ends[-1]).tidy().set_index("term"),
            ),
            html.Section(
                "Gaps along the way", figure=_figure(lambda ax: curve.plot("curve", ax=ax))
            ),
            html.Section("All measures", table=curve.tidy()),
            html.Section(
                "All features, nothing taken out", table=curve.unmitigated.tidy().set_index("term")
            ),
            html.Section("Directions", figure=_figure(lambda ax: curve.plot("loadings", ax=ax))),
            html.Section(
                "Measures in words",
                [f"- {name}: {one.words}." for name, one in MEASURES.items() if name in terms],
            ),
            html.Section("References", [f"- {one}" for one in cited(curve.references)]),
        ],
        footer=f"causalif {__version__}.",
    )


def _figure(draw: Callable[[Axes], object]) -> str:
    return html.figure_svg(draw, (6.5, 4.2))

"""What the summary of a trade-off says above and below its table."""

from __future__ import annotations

from typing import TYPE_CHECKING

from causalif.fairness.few import in_words

if TYPE_CHECKING:
    from causalif.fairness.curve import TradeoffCurve


def head(curve: TradeoffCurve) -> list[str]:
    """Groups and their sizes, and the price in advance."""
    pairs = zip(curve.groups.levels, curve.groups.counts, strict=True)
    reference = curve.groups.levels[curve.groups.reference]
    lines = [
        "between groups: "
        + ", ".join(f"{level} ({count:,})" for level, count in pairs)
        + f"; gaps are differences from {reference}"
    ]
    if curve.cosines is not None:
        first = curve.cosines.tidy().iloc[0]
        lines.append(
            f"cosine between target and sensitive directions {first['estimate']:.2f} "
            f"({first['std_error']:.2f}); near 1 there is nothing to keep that is fair"
        )
    return lines


def notes(curve: TradeoffCurve) -> list[str]:
    """Of which rows, with which uncertainty, and what to beware of."""
    rows = "rows held out" if curve.held_out else "the rows that were fitted"
    lines = [f"Measures are of {rows}."]
    if curve.frozen:
        lines.append("Standard errors hold the predictions fixed.")
    else:
        lines.append(
            "Standard errors include that of the representation; decisions are smoothed at "
            "the threshold for it."
        )
    lines.append("Straight lines are taken out, other dependence may remain: see .leakage().")
    if len(curve.few):
        lines.append(f"Intervals are too short where few rows are behind: {in_words(curve.few)}.")
    return lines

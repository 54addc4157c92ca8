"""What a sensitivity analysis says, in plain words."""

from __future__ import annotations

from collections.abc import Hashable, Mapping
from typing import TYPE_CHECKING, Any

import pandas as pd

from causalif.estimate.words import meaning

if TYPE_CHECKING:
    from causalif.effects.sensitivity.analysis import Sensitivity

KNOWN = 2.0  # standard errors: a reach below so many is hardly known
SHOWN = 6  # terms that are told in words; the table has them all
ROBUST = ["robustness_value", "robustness_value_ci", "e_value", "e_value_ci"]
NUMBERS = ["term", "estimate", "std_error", *ROBUST]
COMPARED = ["term", "covariate", "outcome_r2", "exposure_r2", "bias_bound", "adjusted", "without"]


def summary(found: Sensitivity) -> str:
    """The table, and what it says of each term."""
    from causalif.report.tables import as_text

    lines = [_title(found), "", as_text(found.table[NUMBERS]), "", *sentences(found)]
    for title, table in _more(found):
        lines += ["", title, "", as_text(table)]
    return "\n".join([*lines, "", *notes(found)])


def as_html(found: Sensitivity) -> str:
    """The same for a notebook."""
    from causalif.report.tables import as_html as table_html

    parts = [table_html(found.table, caption=_title(found), notes=sentences(found))]
    parts += [table_html(table, caption=title) for title, table in _more(found)]
    parts += [f"<p><small>{text}</small></p>" for text in notes(found)]
    return "\n".join(parts)


def sentences(found: Sensitivity) -> list[str]:
    """One or two sentences a term."""
    rows = list(zip(found.table.to_dict("records"), found.sides, strict=True))
    lines = [_sentence(found, row, side) for row, side in rows[:SHOWN]]
    if len(rows) > SHOWN:
        lines.append(f"The other {len(rows) - SHOWN} terms read in the same way.")
    return lines


def _sentence(found: Sensitivity, row: Mapping[Hashable, Any], side: str) -> str:
    term, value, limit = row["term"], row["robustness_value"], row["robustness_value_ci"]
    name = f"{term} ({meaning(term)})" if meaning(term) else term
    confounder = row["against"]
    comma = "," if ", independent of" in confounder else ""
    ends = (
        f"{side}, and of {found.outcome}," if " or " in side else f"both {side} and {found.outcome}"
    )
    first = (
        f"{name}: {confounder}{comma} that explains {value:.1%} of what is left of {ends} "
        f"could bring it to {_target(found)};"
    )
    percent = f"{100 * found.level:g}%"
    if limit > 0:
        second = f"{limit:.1%} could bring its one-sided {percent} limit there."
    else:
        second = f"its one-sided {percent} limit is past {_target(found)} without one."
    return f"- {first} {second}{_in_ratios(row)}"


def _target(found: Sensitivity) -> str:
    return "zero" if found.null == 0 else f"{found.null:g}"


def _in_ratios(row: Mapping[Hashable, Any]) -> str:
    value, limit = row["e_value"], row["e_value_ci"]
    if value != value:  # NaN: some mean is not positive
        return ""
    word = "Mediational E-value" if "independent of" in row["against"] else "E-value"
    return f" {word} {value:.2f} ({limit:.2f} for the limit)."


def _more(found: Sensitivity) -> list[tuple[str, pd.DataFrame]]:
    """Bounds and benchmarks, where they were asked for."""
    parts: list[tuple[str, pd.DataFrame]] = []
    if found.bounds_table is not None:
        title = (
            f"Bounds if a confounder explains {found.outcome_r2:.1%} of what is left of "
            f"{found.outcome} and {found.exposure_r2:.1%} on the other side (one-sided "
            f"{100 * found.level:g}% limits at each end):"
        )
        parts.append((title, found.bounds_table))
    if found.benchmarks is not None:
        title = (
            "A confounder as strong as each of these, given the others (adjusted: the estimate at "
            "worst; without: the estimate when the covariate is left out):"
        )
        parts.append((title, pd.DataFrame(found.benchmarks[COMPARED])))
    return parts


def notes(found: Sensitivity) -> list[str]:
    """What the numbers mean, and what they take for granted."""
    lines = [
        "Estimates are differences of means, whatever the scale of the analysis.",
        "The share on the side of exposure or mediators is of the variance of the term's weights: "
        "what the confounder would add to it. For a binary exposure it is near the partial R2 with "
        "the exposure, for indirect and direct effects near that with a normal mediator.",
    ]
    if found.table["against"].str.contains("independent of").any():
        lines.append(
            "Indirect and direct effects are held against confounders that are independent of "
            "what is named there, given the covariates. One that drives the exposure as well can "
            "bias them further than these numbers say."
        )
    if found.benchmarks is not None:
        lines.append(
            "An exposure_r2 of 0 says that the weights vary no less without the covariate, not "
            "that the covariate does nothing: compare the estimate without it."
        )
    lines.append(
        "An E-value is the risk ratio that a confounder would need with both sides, beyond what is "
        "adjusted for."
    )
    vague = found.reach.values.to_numpy() < KNOWN * found.reach.std_error.to_numpy()
    if vague.any():
        lines.append(
            f"How far a confounder can move {', '.join(found.table['term'][vague])} is itself "
            "hardly known, as the exposure tells too little of the mediators: go by the limits "
            "there, not by the robustness values."
        )
    if found.approximate:
        lines.append(
            "E-values of a continuous outcome are approximate: risk ratio exp(0.91 d), with d the "
            "estimate in standard deviations of the outcome."
        )
    return lines


def _title(found: Sensitivity) -> str:
    return f"Sensitivity to what was not measured: {found.label}"

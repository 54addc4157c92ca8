"""What a result rests on: its assumptions in words, its settings as a table."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import pandas as pd

if TYPE_CHECKING:
    from causalif.sigma.result import SigmaResult

UNSAID = (None, (), [], "")  # settings that were left as they are


def assumptions(result: SigmaResult) -> list[str]:
    """What the numbers rest on, in words."""
    study, about = result.study, result.posterior.settings
    found = [
        "No two columns have a common cause that is no column, and the causal graph has no cycles.",
        *([_SCORES[about["score"]]] if about.get("score") in _SCORES else []),
        *_knowledge(about),
        "Rows are independent of one another.",
    ]
    if study.per_unit:
        found.append("Effects along a pathway are products of slopes: no arrow changes another's.")
    else:
        found.append(
            f"Every kind of row could have had either level of {study.exposure} (positivity)."
        )
    return found


_SCORES = {
    "ladder": "Each column is a function of its parents, linear or not, with noise of any shape.",
    "bge": "Each column is linear in its parents, with Gaussian noise of one variance.",
    "bic": "Each column is linear in its parents, with Gaussian noise of one variance.",
    "bdeu": "Each column's levels have probabilities of their own for each levels of its parents.",
    "mixed": "Each column follows a generalised linear model in its parents.",
}


def _knowledge(about: Mapping[str, Any]) -> list[str]:
    """Background knowledge, as it was given."""
    found: list[str] = []
    tiers = about.get("tiers")
    if isinstance(tiers, Mapping):
        times = sorted(tiers.items(), key=lambda pair: pair[1])
        found.append("Order in time: " + ", ".join(f"{name} ({t:g})" for name, t in times) + ".")
    elif tiers:
        found.append("Order in time: " + "; then ".join(_listed(tier) for tier in tiers) + ".")
    for role in ("required", "forbidden"):
        if given := about.get(role):
            arrows = given if isinstance(given, str) else "; ".join(_arrow(a) for a in given)
            found.append(f"Arrows that are {role}: {arrows}.")
    return found


def _listed(tier: str | Sequence[str]) -> str:
    return tier if isinstance(tier, str) else ", ".join(tier)


def _arrow(arrow: str | Sequence[str]) -> str:
    return arrow if isinstance(arrow, str) else " -> ".join(arrow)


def settings_of(result: SigmaResult) -> pd.DataFrame:
    """Options, and what was found on the way, one a row."""
    rows: dict[str, Any] = {"threshold": result.threshold, "fdr": result.fdr, "level": result.level}
    for k, half in enumerate(result.halves):
        part = f" (half {k + 1})" if len(result.halves) > 1 else ""
        rows |= {f"{name}{part}": value for name, value in half.posterior.settings.items()}
        rows |= {f"{name}{part}": value for name, value in half.posterior.diagnostics.items()}
        rows |= {f"regressions {name}{part}": value for name, value in half.fits.items()}
        rows[f"weight of graphs left out{part}"] = half.left_out
    said = {name: _said(value) for name, value in rows.items() if value not in UNSAID}
    return pd.DataFrame({"value": said.values()}, index=pd.Index(said, name="setting"))


def _said(value: Any) -> str:
    if isinstance(value, float):
        return f"{value:.6g}"
    if isinstance(value, Mapping):
        return "; ".join(f"{name}: {_said(v)}" for name, v in value.items())
    if isinstance(value, list | tuple):
        return "; ".join(_listed(v) if isinstance(v, str | list | tuple) else str(v) for v in value)
    return str(value)

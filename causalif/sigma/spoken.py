"""A result in words: what acts through what, how sure that is, and what would make it surer."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import permutations
from typing import TYPE_CHECKING

import numpy as np

from causalif.sigma.posterior import DAGPosterior
from causalif.sigma.walks import arrow_shares, has_arrow, has_path
from causalif.sigma.words import SETTLED

if TYPE_CHECKING:
    from causalif.sigma.result import SigmaResult

SHOWN = 12
# A statement of order is worth asking for if it moves the stability of a pathway by as much,
# and the data leave it open.
WORTH, OPEN = 0.15, 0.05


def spoken(result: SigmaResult) -> str:
    """The answer, a table of pathways, and what to know before believing it."""
    lines = [_head(result), "", *_table(result), ""]
    lines += _stable(result)
    lines += _open(result)
    lines += _cautions(result)
    return "\n".join(lines)


def _head(result: SigmaResult) -> str:
    study, total = result.study, result.total
    unit = "per unit" if study.per_unit else _levels(result)
    known = f"{total['effect']:.4g} [{total['conf_low']:.4g}, {total['conf_high']:.4g}]"
    return (
        f"Effect of {study.exposure} on {study.outcome} ({unit}), averaged over causal graphs\n"
        f"total {known if np.isfinite(total['effect']) else 'not identified'}; some pathway is "
        f"there with probability {total['stability']:.2f}"
    )


def _levels(result: SigmaResult) -> str:
    design = result.study.design
    assert design is not None
    reference, level = design.exposure.levels[:2]
    return f"{level} compared with {reference}"


def _table(result: SigmaResult) -> list[str]:
    shown = result.pathways.head(SHOWN)
    if shown.empty:
        return ["No graph that was drawn has a directed path from exposure to outcome."]
    width = max(len(path) for path in [*shown["path"], "pathway"])
    head = f"{'pathway':<{width}}  stability   effect  std.error  {result.level:.0%} interval"
    lines = [head]
    for row in shown.to_dict("records"):
        effect = "      --         --  "
        if np.isfinite(row["effect"]):
            effect = (
                f"{row['effect']:>8.4g}  {row['std_error']:>9.3g}  [{row['conf_low']:.4g}, "
                f"{row['conf_high']:.4g}]"
            )
        lines.append(f"{row['path']:<{width}}  {row['stability']:>9.2f} {effect}")
    if (more := len(result.pathways) - SHOWN) > 0:
        lines.append(f"(and {more} less stable ones: .pathways)")
    return lines


def _stable(result: SigmaResult) -> list[str]:
    by = f"stability of at least {result.threshold:g}"
    if result.fdr is not None:
        by = f"an expected share of absent ones of at most {result.fdr:g}"
    stable = result.stable
    if not stable:
        return [f"No pathway has {by}."]
    lines = [f"With {by}: {'; '.join(stable)}."]
    both = result.concurrent()
    lines += [
        f"{row['path']} and {row['other']} are there together with probability "
        f"{row['together']:.2f}."
        for row in both.head(3).to_dict("records")
    ]
    return lines


def _open(result: SigmaResult) -> list[str]:
    """What equivalent graphs leave open, and which order of two columns would settle it."""
    lines: list[str] = []
    for row in result.pathways.head(4).to_dict("records"):
        path, stability = str(row["path"]), float(row["stability"])
        nodes = path.split(" -> ")
        if stability > SETTLED or stability < OPEN:
            continue
        hints = settling(result.posterior, nodes)
        if hints:
            first, later, low, high = hints[0]
            lines.append(
                f"{path}: the data do not tell the order of {first} and {later}. Were {first} "
                f"known to come first (tiers), its stability would be {high:.2f}; were {later}, "
                f"{low:.2f}."
            )
    return lines


def settling(posterior: DAGPosterior, path: Sequence[str]) -> list[tuple[str, str, float, float]]:
    """Pairs of columns whose order would move a pathway's stability most.

    Returns
    -------
    list of (first, later, low, high)
        The stability is `high` given that the one comes first, `low` given the reverse.
    """
    names = posterior.names
    place = {name: k for k, name in enumerate(names)}
    has = has_path(posterior.draws, [place[name] for name in path])
    weights = posterior.draw_weights
    shares = arrow_shares(posterior.draws, weights)
    found: list[tuple[str, str, float, float]] = []
    for first, later in permutations(range(len(names)), 2):
        if min(shares[first, later], shares[later, first]) < OPEN:
            continue
        one = weights * ~has_arrow(posterior.draws, later, first)
        two = weights * ~has_arrow(posterior.draws, first, later)
        high, low = float(one @ has / one.sum()), float(two @ has / two.sum())
        if high - low > WORTH:
            found.append((names[first], names[later], low, high))
    return sorted(found, key=lambda pair: pair[2] - pair[3])


def _cautions(result: SigmaResult) -> list[str]:
    lines = ["", "To know:"]
    unsure = result.present[result.present["not_identified"] > 0]
    for row in unsure.head(3).to_dict("records"):
        lines.append(
            f"- {row['path']}: in {row['not_identified']:.0%} of the weight of graphs that have "
            f"it, its effect alone is not identified: {row['why']}. The average is over the rest."
        )
    for half in result.halves:
        if half.total.not_identified > 0:
            lines.append(
                f"- The total effect is not identified in {half.total.not_identified:.0%} of the "
                f"weight of graphs with a pathway: {half.total.reason}."
            )
    left_out = max(half.left_out for half in result.halves)
    if left_out > 0:
        lines.append(
            f"- Effects were not estimated in light graphs, {left_out:.1%} of the weight "
            "(coverage=)."
        )
    kinds = {kind for text in result.present["estimand"] for kind in text.split(", ") if kind}
    lines += [f"- {_KINDS[kind]}" for kind in _KINDS if kind in kinds]
    graphs = sum(len(half.posterior.weights) for half in result.halves)
    fits = {key: sum(half.fits[key] for half in result.halves) for key in ("fitted", "apart")}
    lines += [
        f"- {graphs} distinct graphs; {fits['fitted']} regressions serve all of them (one graph at "
        f"a time: {fits['apart']}).",
        "- A common cause that is no column is not modelled: a pathway may stand for it.",
        "- " + _rows(result),
    ]
    return lines


_KINDS = {
    "per unit": "Effects are per unit of the exposure: products of slopes, each an average slope "
    "where it is not the same everywhere.",
    "natural": "Natural effects: one and the same person's mediators under either level.",
    "interventional": "Where a first arrow is shared, interventional effects: a mediator drawn "
    "from its law at a level of the exposure.",
}


def _rows(result: SigmaResult) -> str:
    if len(result.halves) > 1:
        return "Graphs and effects come from different halves of the rows, averaged over both ways."
    return "The same rows serve graphs and effects; split=True keeps them apart."

"""What `benchmarks.graph_truth` found, as a page."""

from __future__ import annotations

import datetime
from collections import defaultdict
from collections.abc import Mapping
from typing import Protocol

import pandas as pd

HEAD = """# Adjustment criteria against exact enumeration

{date}: `python -m benchmarks.graph_truth --dags {dags}`, one process, one thread.

Random graphs of 4 to 6 nodes, every arrow with one probability between .3 and .8 per graph, all
nodes binary. Three random laws for each graph (probabilities between .1 and .9; natural effects:
structural models with independent errors of five values, so that cross-world means are sums
too). Every set of observed covariates is tried: it is valid if its functional equals the truth
to 1e-9 in all laws. For total and controlled effects the truth is the mean of Y under each
setting, not only their difference; for the WCDE it is the difference where A -> Y, and both means
where that arrow is left out and the difference is zero in any case. "By chance": not accepted,
valid in three laws, and not in twenty more.
"""

NOTES = """
"Best" compares variances of efficient influence functions, in each law, over all sets that the
criterion accepts. "Zero effect": no causal path; no theorem speaks of variances then. For natural
effects there is no theorem either. Three mild laws prove nothing about all: see
`tests/graph/test_exact.py` for a law with probabilities of .02 and .98 in which a valid set for
the WCDE has a sixth of the variance of the outcome's parents. For controlled and natural effects
"effects" are counted, not graphs: one for each setting of the mediators.
"""


MISSED = """
The sets missed for natural effects were looked at one by one on 2026-11-25 (13 in the 3,000
graphs of this command). All are of one kind: they adjust for A -> M and A -> Y, and Y is
independent of A given M and the covariates in the graph without A -> Y, although something drives
both M and Y. Then E[Y | a, m, z] averages over that cause as M(a*) needs it. The criterion asks
that nothing does, which is the condition of the literature.

"Several undominated": here a set that meets the conditions only with an independent covariate
left aside stands beside the outcome's parents; the rules do not say which is better, and laws
differ.
"""


class Found(Protocol):
    """What a study counted and listed."""

    counts: Mapping[str, int]
    listed: list[str]
    worst: Mapping[str, float]


def report(found: Mapping[str, Found], dags: int) -> str:
    date = datetime.date.today().isoformat()
    text = HEAD.format(date=date, dags=dags) + "\n## The criterion\n\n" + criterion_table(found)
    text += "\n\n## The best set\n" + NOTES + "\n" + best_table(found)
    text += "\n\n## Rules that say which set is never worse (WCDE)\n\n" + rules_table(found)
    return text + "\n\n## Disagreements\n" + MISSED + disagreements(found)


def criterion_table(found: Mapping[str, Found]) -> str:
    columns = ["graphs", "sets", "accepted", "false accept", "missed", "by chance"]
    rows = {name: {c: tally.counts.get(c, 0) for c in columns} for name, tally in found.items()}
    return pd.DataFrame.from_dict(rows, orient="index").to_markdown()


def best_table(found: Mapping[str, Found]) -> str:
    rows = []
    for name, tally in found.items():
        for what, ratio in sorted(tally.worst.items()):
            graphs, least = (tally.counts[f"{what}: {end}"] for end in ("graphs", "least"))
            rows.append(
                {
                    "study": name,
                    "set": what,
                    "effects": graphs,
                    "least in all laws": least,
                    "share": f"{least / graphs:.4f}",
                    "worst ratio": f"{ratio:.4g}",
                }
            )
    return pd.DataFrame(rows).to_markdown(index=False, disable_numparse=True)


def rules_table(found: Mapping[str, Found]) -> str:
    kinds = ("rule", "pairs", "undominated", "dominated", "several")
    rows = [
        {"study": name, "what": what, "count": count}
        for name, tally in found.items()
        for what, count in sorted(tally.counts.items())
        if any(kind in what for kind in kinds)
    ]
    return pd.DataFrame(rows).to_markdown(index=False)


def disagreements(found: Mapping[str, Found], most: int = 20) -> str:
    lines = []
    for name, tally in found.items():
        kinds = defaultdict(list)
        for line in tally.listed:
            what, _, rest = line.partition(": ")
            kinds[what].append(rest)
        for what, cases in kinds.items():
            rest = f", the first {most}" if len(cases) > most else ""
            lines.append(f"\n{name}, {what}: {len(cases)}{rest}\n")
            lines += [f"- {case}" for case in cases[:most]]
    return "\n".join(lines) + "\n" if lines else "None.\n"

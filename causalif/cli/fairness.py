"""``causalif fairness``: what fairness costs, on any CSV file."""

from __future__ import annotations

import argparse
import sys
from typing import Any

from causalif.cli.arguments import check_output, names
from causalif.cli.tables import read_table
from causalif.errors import DataError

HANDED_ON = (
    *("features", "measures", "notion", "reduction", "keep_residual", "threshold", "positive"),
    *("reference", "folds", "weights", "clusters", "seed"),
)


def add_commands(commands: Any) -> None:
    """The command, with its arguments."""
    fairness = commands.add_parser(
        "fairness",
        help="accuracy against the gap between groups, from nothing shared to everything",
        description="Predicts the outcome from features without a sensitive attribute, and says "
        "what accuracy is lost as less of what tells the attribute is used.",
    )
    fairness.add_argument("data", metavar="DATA.csv")
    fairness.add_argument("--outcome", required=True, metavar="COLUMN")
    fairness.add_argument("--sensitive", required=True, type=names, metavar="A,B")
    fairness.add_argument("--features", type=names, metavar="A,B", help="by default all others")
    fairness.add_argument(
        "--shared", type=names, metavar="0.0,0.5,1", help="places (0.5) or counts of directions (1)"
    )
    fairness.add_argument("--measures", type=names, metavar="A,B")
    fairness.add_argument("--notion", metavar="demographic_parity|equal_opportunity|equalized_odds")
    fairness.add_argument("--reduction", metavar="sir|save|dr")
    fairness.add_argument(
        "--keep-residual",
        action="store_true",
        default=None,
        help="all but sensitive directions",
    )
    fairness.add_argument("--threshold", type=float, metavar="P", help="of a favourable decision")
    fairness.add_argument("--positive", metavar="LEVEL", help="the favourable outcome")
    fairness.add_argument("--reference", metavar="LEVEL", help="the group compared with")
    fairness.add_argument("--folds", type=int)
    fairness.add_argument("--weights", metavar="COLUMN")
    fairness.add_argument("--clusters", metavar="COLUMN")
    fairness.add_argument("--seed", type=int)
    fairness.add_argument("--json", action="store_true", help="print the tidy table as JSON")
    fairness.add_argument("--report", metavar="FILE", help="write an HTML report")
    fairness.add_argument("--plot", metavar="FILE", help="draw accuracy against the gap")
    fairness.set_defaults(run=_fairness)


def _fairness(chosen: argparse.Namespace) -> int:
    check_output("--report", chosen.report)
    check_output("--plot", chosen.plot)
    data, shared = read_table(chosen.data), _places(chosen.shared)
    from causalif.fairness.tradeoff import fairness_tradeoff

    given = {name: getattr(chosen, name) for name in HANDED_ON}
    given["positive"] = _as_in(data, chosen.outcome, given["positive"])
    if len(chosen.sensitive) == 1:  # of several the levels are combinations, in words
        given["reference"] = _as_in(data, chosen.sensitive[0], given["reference"])
    found = fairness_tradeoff(
        data,
        chosen.outcome,
        chosen.sensitive,
        shared=shared,
        **{name: value for name, value in given.items() if value is not None},
    )
    print(
        found.tidy().to_json(orient="records", double_precision=15)
        if chosen.json
        else found.summary()
    )
    lines: list[str] = []
    if chosen.report is not None:
        lines.append(f"Report: {found.report(chosen.report)}")
    if chosen.plot is not None:
        figure: Any = found.plot().figure
        figure.savefig(chosen.plot, bbox_inches="tight")
        lines.append(f"Plot: {chosen.plot}")
    if lines:
        print("\n" + "\n".join(lines), file=sys.stderr if chosen.json else sys.stdout)
    return 0


def _places(words: list[str] | None) -> list[float] | None:
    """Text with a point is a place on the line, a whole number a count of directions."""
    if words is None:
        return None
    try:
        return [float(word) if "." in word else int(word) for word in words]
    except ValueError:
        raise DataError(
            f"--shared {','.join(words)}: give places such as 0.5, or counts such as 1."
        ) from None


def _as_in(data: Any, column: str, word: str | None) -> Any:
    """A level that is a number in the data, as that number."""
    if word is None or column not in data or data[column].dtype == object:
        return word
    try:
        number = float(word)
    except ValueError:
        return word
    return int(number) if number.is_integer() else number

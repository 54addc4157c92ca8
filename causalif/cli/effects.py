"""``causalif demo``, ``effect``, ``mediate``, ``paths``, ``controlled``, ``weighted``."""

from __future__ import annotations

import argparse
import sys
from typing import TYPE_CHECKING, Any

from causalif.cli.arguments import (
    as_in_data,
    check_output,
    graph_source,
    held_at,
    names,
    values_at,
)
from causalif.cli.tables import read_table

if TYPE_CHECKING:
    import pandas as pd

    from causalif.estimate import Estimate


INTERMEDIATES = "changed by the exposure, and causes of mediators and outcome"
IN_ORDER = "the earliest first, + for one group; left out with --dag to be taken from the graph"


def add_commands(commands: Any) -> None:
    """The commands, with their arguments."""
    demo = commands.add_parser("demo", help="mediation in the JOBS II trial, with an HTML report")
    demo.add_argument("--report", metavar="FILE", default="causalif-demo.html")
    demo.add_argument("--seed", type=int, default=1)
    demo.set_defaults(run=_demo)

    effect = commands.add_parser("effect", help="average effect of an exposure")
    _add_data_arguments(effect)
    effect.set_defaults(run=_effect)

    mediate = commands.add_parser("mediate", help="direct and indirect effects")
    _add_data_arguments(mediate)
    mediate.add_argument("--mediators", required=True, type=names, metavar="A,B")
    mediate.add_argument("--estimand", default="natural", metavar="natural|interventional")
    mediate.add_argument("--intermediates", type=names, metavar="A,B", help=INTERMEDIATES)
    mediate.add_argument("--decomposition", default="one", metavar="one|both")
    mediate.set_defaults(run=_mediate)

    paths = commands.add_parser("paths", help="an effect split by ordered mediators")
    _add_data_arguments(paths)
    paths.add_argument("--mediators", type=_groups, metavar="A,B+C", help=IN_ORDER)
    paths.set_defaults(run=_paths)

    controlled = commands.add_parser("controlled", help="direct effect at each mediator value")
    _add_data_arguments(controlled)
    controlled.add_argument("--mediators", required=True, type=names, metavar="A,B")
    controlled.add_argument("--intermediates", type=names, metavar="A,B", help=INTERMEDIATES)
    controlled.add_argument("--at", type=held_at, metavar="M=VALUE", help="hold mediators there")
    controlled.add_argument("--df", type=int, default=4, help="of a curve over many values")
    controlled.set_defaults(run=_controlled)

    weighted = commands.add_parser("weighted", help="direct effect over the mediators' own law")
    _add_data_arguments(weighted)
    weighted.set_defaults(run=_weighted)


def _add_data_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("data", metavar="DATA.csv")
    parser.add_argument("--exposure", required=True, metavar="COLUMN")
    parser.add_argument("--outcome", required=True, metavar="COLUMN")
    parser.add_argument("--covariates", type=names, metavar="A,B")
    parser.add_argument("--dag", metavar="FILE", help="a causal graph that picks the covariates")
    parser.add_argument("--reference", metavar="LEVEL", help="level to compare with")
    parser.add_argument("--levels", type=names, metavar="A,B", help="levels to compare")
    for role in ("weights", "clusters", "strata"):
        parser.add_argument(f"--{role}", metavar="COLUMN")
    parser.add_argument("--method", default="onestep", metavar="onestep|tmle|plugin|ipw")
    parser.add_argument("--learners", default="auto", metavar="auto|glm")
    parser.add_argument("--scale", default="difference", metavar="difference|ratio|odds_ratio")
    parser.add_argument("--missing", default="error", metavar="error|ipw|impute")
    parser.add_argument("--event", metavar="COLUMN", help="1: happened at the outcome, a time")
    parser.add_argument("--horizon", type=float, metavar="TIME", help="by when an event counts")
    parser.add_argument("--event-summary", default="risk", metavar="risk|restricted_mean")
    parser.add_argument("--by", metavar="COLUMN", help="give the effects in each of its groups")
    parser.add_argument("--folds", type=int, default=5)
    parser.add_argument("--repeats", type=int)
    parser.add_argument("--truncate", type=float, metavar="FLOOR")
    parser.add_argument("--seed", type=int)
    parser.add_argument("--n-jobs", "--jobs", type=int, default=1, dest="n_jobs")
    parser.add_argument("--level", type=float, default=0.95, help="of the intervals")
    parser.add_argument("--json", action="store_true", help="print the tidy table as JSON")
    parser.add_argument("--report", metavar="FILE", help="write an HTML report")


SHARED = (
    *("method", "learners", "scale", "missing", "folds", "repeats", "truncate", "seed"),
    *("n_jobs", "weights", "clusters", "strata", "event", "horizon", "event_summary", "by"),
)


def _demo(chosen: argparse.Namespace) -> int:
    from causalif.datasets import load_dataset
    from causalif.effects import mediate

    check_output("--report", chosen.report)
    print("JOBS II: does a job-search workshop lower depression through confidence in the search?")
    print('cif.mediate("depress2 ~ treat | job_seek | econ_hard + sex + age", jobs)\n')
    found = mediate(
        load_dataset("jobs"),
        "treat",
        "depress2",
        "job_seek",
        ["econ_hard", "sex", "age"],
        seed=chosen.seed,
    )
    print(found.summary())
    return _write_report(found, chosen.report)


def _mediate(chosen: argparse.Namespace) -> int:
    from causalif.effects import mediate

    data = _checked_table(chosen)
    found = mediate(
        data,
        chosen.exposure,
        chosen.outcome,
        chosen.mediators,
        chosen.covariates,
        estimand=chosen.estimand,
        intermediates=chosen.intermediates,
        decomposition=chosen.decomposition,
        **_options(chosen, data),
    )
    return _show(found, chosen)


def _paths(chosen: argparse.Namespace) -> int:
    from causalif.effects import path_specific_effects

    data = _checked_table(chosen)
    found = path_specific_effects(
        data,
        chosen.exposure,
        chosen.outcome,
        chosen.mediators,
        chosen.covariates,
        **_options(chosen, data),
    )
    return _show(found, chosen)


def _groups(text: str) -> list[list[str]]:
    """``"a, b + c"`` as ordered groups of names."""
    return [[name.strip() for name in group.split("+")] for group in names(text)]


def _controlled(chosen: argparse.Namespace) -> int:
    from causalif.effects import controlled_direct_effect

    data = _checked_table(chosen)
    found = controlled_direct_effect(
        data,
        chosen.exposure,
        chosen.outcome,
        chosen.mediators,
        chosen.covariates,
        intermediates=chosen.intermediates,
        at=values_at(chosen.at, data),
        df=chosen.df,
        **_options(chosen, data),
    )
    return _show(found, chosen)


def _weighted(chosen: argparse.Namespace) -> int:
    from causalif.effects import weighted_direct_effect
    from causalif.errors import DataError

    if chosen.dag is None:
        raise DataError("a weighted controlled direct effect needs a graph: add --dag FILE.")
    data = _checked_table(chosen)
    found = weighted_direct_effect(
        data,
        chosen.exposure,
        chosen.outcome,
        adjustment=chosen.covariates or "optimal",
        **_options(chosen, data),
    )
    return _show(found, chosen)


def _effect(chosen: argparse.Namespace) -> int:
    from causalif.effects import average_effect

    data = _checked_table(chosen)
    found = average_effect(
        data, chosen.exposure, chosen.outcome, chosen.covariates, **_options(chosen, data)
    )
    return _show(found, chosen)


def _options(chosen: argparse.Namespace, data: pd.DataFrame) -> dict[str, Any]:
    options = {name: getattr(chosen, name) for name in SHARED}
    if chosen.dag is not None:
        options["dag"] = graph_source(chosen.dag)
    return options | {
        "levels": as_in_data(chosen.levels, chosen.exposure, data),
        "reference": (as_in_data([chosen.reference], chosen.exposure, data) or [None])[0]
        if chosen.reference is not None
        else None,
    }


def _checked_table(chosen: argparse.Namespace) -> pd.DataFrame:
    """The data, once all that would fail after the fits has been looked at."""
    from causalif.estimate.inference import check_level

    check_level(chosen.level)
    check_output("--report", chosen.report)
    return read_table(chosen.data)


def _show(found: Estimate, chosen: argparse.Namespace) -> int:
    if chosen.json:
        print(found.tidy(level=chosen.level).to_json(orient="records", double_precision=15))
    else:
        print(found.summary(level=chosen.level))
    return _write_report(found, chosen.report, quiet=chosen.json)


def _write_report(found: Estimate, report: str | None, *, quiet: bool = False) -> int:
    from causalif.effects import EffectEstimate

    if report is not None and isinstance(found, EffectEstimate):  # zero by structure has none
        path = found.report(report)
        print(f"\nReport: {path}", file=sys.stderr if quiet else sys.stdout)
    return 0

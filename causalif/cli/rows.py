"""``causalif robustness`` and ``causalif value``: rows of a CSV file."""

from __future__ import annotations

import argparse
import json
import sys
from typing import Any

import numpy as np

from causalif.cli.arguments import check_output, names
from causalif.cli.tables import read_table
from causalif.errors import DataError, did_you_mean

MODELS = ("ols", "logit", "poisson")


def add_commands(commands: Any) -> None:
    """The command, with its arguments."""
    robustness = commands.add_parser(
        "robustness",
        help="the fewest rows whose removal overturns a regression's answer",
        description="Fits a regression of the outcome on exposure and covariates, and looks for "
        "the smallest set of rows without which the exposure's coefficient has another sign, or "
        "another significance. Text columns become indicators.",
    )
    robustness.add_argument("data", metavar="DATA.csv")
    robustness.add_argument("--outcome", required=True, metavar="COLUMN")
    robustness.add_argument("--exposure", required=True, metavar="COLUMN")
    robustness.add_argument("--covariates", type=names, default=[], metavar="A,B")
    robustness.add_argument("--model", default="ols", metavar="|".join(MODELS))
    robustness.add_argument("--goal", default="sign", metavar="sign|significance|both")
    robustness.add_argument("--groups", metavar="COLUMN", help="leave out whole groups")
    robustness.add_argument("--level", type=float, default=0.95)
    robustness.add_argument("--json", action="store_true", help="print the answer as JSON")
    robustness.add_argument("--plot", metavar="FILE", help="draw the answer as rows go")
    robustness.set_defaults(run=_robustness)
    value = commands.add_parser(
        "value",
        help="what each row is worth for being like a reference",
        description="Values the rows of DATA by how much nearer they bring it to REFERENCE, and "
        "prints the rows worth least.",
    )
    value.add_argument("data", metavar="DATA.csv")
    value.add_argument("reference", metavar="REFERENCE.csv")
    value.add_argument("--label", metavar="COLUMN", help="labels in both files")
    value.add_argument("--label-method", default="residual", metavar="residual|joint|within")
    value.add_argument("--worst", type=int, default=10, metavar="N", help="rows to print")
    value.add_argument("--seed", type=int)
    value.add_argument("--out", metavar="FILE.csv", help="write the values of all rows")
    value.add_argument("--json", action="store_true", help="print the worst rows as JSON")
    value.add_argument("--plot", metavar="FILE", help="draw the values")
    value.set_defaults(run=_value)


def _robustness(chosen: argparse.Namespace) -> int:
    check_output("--plot", chosen.plot)
    if chosen.model not in MODELS:
        raise DataError(f"--model {chosen.model}. {did_you_mean(chosen.model, MODELS)}")
    data = read_table(chosen.data)
    columns = [chosen.outcome, chosen.exposure, *chosen.covariates]
    columns += [chosen.groups] if chosen.groups else []
    for name in columns:
        if name not in data:
            raise DataError(f"no column {name!r} in data. {did_you_mean(name, list(data))}")
    complete = data.dropna(subset=columns)
    if len(complete) < len(data):
        print(f"{len(data) - len(complete)} rows with missing values left out.", file=sys.stderr)
    from causalif.attribution import sign_robustness

    found = sign_robustness(
        _fit(complete, chosen),
        term=_term(complete, chosen.exposure),
        goal=chosen.goal,
        groups=None if chosen.groups is None else complete[chosen.groups],
        level=chosen.level,
    )
    if chosen.json:
        kept = ("term", "goal", "size", "share", "rows", "estimate", "estimate_after",
                "predicted", "lower_bound", "exact", "n")  # fmt: skip
        answer = {name: getattr(found, name) for name in kept}
        print(json.dumps(answer, default=_plain))
    else:
        print(found.summary())
    if chosen.plot is not None:
        figure: Any = found.plot().figure
        figure.savefig(chosen.plot, bbox_inches="tight")
        print(f"\nPlot: {chosen.plot}", file=sys.stderr if chosen.json else sys.stdout)
    return 0


def _value(chosen: argparse.Namespace) -> int:
    check_output("--plot", chosen.plot)
    check_output("--out", chosen.out)
    if chosen.worst < 1:
        raise DataError(f"--worst {chosen.worst} is not a whole number from 1 up.")
    from causalif.attribution import kairos

    found = kairos(
        read_table(chosen.data),
        read_table(chosen.reference),
        label=chosen.label,
        label_method=chosen.label_method,
        seed=chosen.seed,
    )
    worst = found.worst(chosen.worst)
    if chosen.json:
        print(worst.rename_axis("row").reset_index().to_json(orient="records"))
    else:
        print(f"{found.summary()}\n\nWorth least (rows counted from 0):\n{worst.round(6)}")
    told: list[str] = []
    if chosen.out is not None:
        table = found.components.assign(value=found.values, leave_one_out=found.leave_one_out)
        table.rename_axis("row").to_csv(chosen.out)
        told.append(f"Values: {chosen.out}")
    if chosen.plot is not None:
        figure: Any = found.plot().figure
        figure.savefig(chosen.plot, bbox_inches="tight")
        told.append(f"Plot: {chosen.plot}")
    if told:
        print("\n" + "\n".join(told), file=sys.stderr if chosen.json else sys.stdout)
    return 0


def _design(data: Any, chosen: argparse.Namespace) -> Any:
    import pandas as pd

    inputs = pd.get_dummies(data[[chosen.exposure, *chosen.covariates]], drop_first=True)
    return inputs.astype(float).assign(intercept=1.0)


def _term(data: Any, exposure: str) -> str:
    import pandas as pd

    found = pd.get_dummies(data[[exposure]], drop_first=True).columns
    if len(found) != 1:
        raise DataError(
            f"exposure {exposure!r} has {len(found) + 1} levels. Give a number, or two levels."
        )
    return str(found[0])


def _fit(data: Any, chosen: argparse.Namespace) -> Any:
    import pandas as pd
    import statsmodels.api as sm

    outcome = data[chosen.outcome]
    if not pd.api.types.is_numeric_dtype(outcome):
        levels = sorted(outcome.unique())
        if chosen.model != "logit" or len(levels) != 2:
            raise DataError(f"outcome {chosen.outcome!r} holds no numbers. Recode it.")
        outcome = (outcome == levels[1]).astype(int)
    if chosen.model == "logit" and not set(np.unique(outcome)) <= {0, 1}:
        raise DataError(f"--model logit: outcome {chosen.outcome!r} has other values than 0 and 1.")
    model = {"ols": sm.OLS, "logit": sm.Logit, "poisson": sm.Poisson}[chosen.model]
    quiet: dict[str, Any] = {} if chosen.model == "ols" else {"disp": 0}
    return model(outcome, _design(data, chosen)).fit(**quiet)


def _plain(value: Any) -> Any:
    return value.item() if hasattr(value, "item") else str(value)

"""Group values along the curve that rest on few rows: found, warned of, put in words."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd

from causalif.errors import SmallSampleWarning, warn
from causalif.fairness.along import mixed
from causalif.fairness.groups import Groups
from causalif.fairness.measures import FEW, MEASURES, by_group
from causalif.fairness.measures.parts import Predictions
from causalif.fairness.points import Rung
from causalif.fairness.problem import Problem

MOST_NAMED = 4


def few_events(
    problem: Problem,
    rungs: Mapping[int, Rung],
    mixes: Sequence[Mapping[int, float]],
    names: Sequence[str],
    threshold: float,
) -> pd.DataFrame:
    """Group values that are averages over few rows at some place: measure, group, events."""
    weights = np.ones(len(problem.outcome)) if problem.weights is None else problem.weights
    fewest: dict[tuple[str, str], int] = {}
    for mix in mixes:
        linear = mixed(rungs, mix).linear
        told = Predictions(problem.outcome, linear, weights, problem.logistic, threshold)
        for asked in (MEASURES[name] for name in names if MEASURES[name].kind != "utility"):
            for page in asked.pages.values():
                parts = by_group(page, told, problem.groups, asked)
                for level, (_, part) in zip(problem.groups.levels, parts, strict=True):
                    key = (asked.value, str(level))
                    fewest[key] = min(part.events, fewest.get(key, FEW))
    rows = [(*key, events) for key, events in fewest.items() if events < FEW]
    return pd.DataFrame(rows, columns=["measure", "group", "events"])


def warn_of_few(few: pd.DataFrame, groups: Groups) -> None:
    """Group values that rest on few rows; and if one is what all others are compared with."""
    if not len(few):
        return
    reference = str(groups.levels[groups.reference])
    largest = groups.levels[int(np.argmax(groups.counts))]
    remedy = (
        f"All gaps are differences from {reference}: take a larger group (reference={largest!r})."
        if len(groups.levels) > 2 and reference in set(few["group"]) and reference != str(largest)
        else "Merge small groups, or report the counts (.few) beside it."
    )
    warn(
        f"few rows behind {in_words(few)}: intervals of gaps from these are too short. {remedy}",
        SmallSampleWarning,
    )


def in_words(few: pd.DataFrame) -> str:
    """Group values with few rows, the fewest first, in words."""
    table = few.sort_values("events", kind="stable")
    shown = [f"{row.measure} of {row.group} ({row.events})" for row in table.itertuples()]
    more = f" and {len(shown) - MOST_NAMED} more" if len(shown) > MOST_NAMED else ""
    return ", ".join(shown[:MOST_NAMED]) + more

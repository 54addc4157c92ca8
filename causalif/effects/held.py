"""Mediators by their levels, and the values at which they are held."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from causalif.data.design import Design
from causalif.data.variables import shown
from causalif.errors import DataError, Problems, did_you_mean

MOST_VALUES = 20  # of one mediator, and of all together where none is chosen
Combination = tuple[int, ...]


@dataclass(frozen=True)
class Factor:
    """A mediator as codes (n,) and the levels that they stand for."""

    name: str
    codes: np.ndarray
    levels: tuple[Any, ...]


def factors_of(design: Design) -> list[Factor]:
    """The mediators by their levels; those with too many, or imputed, are refused."""
    problems, factors = Problems(), list[Factor]()
    for name in (name for group in design.mediators for name in group):
        column = design.columns[name]
        if any(note.startswith(f"mediator {name!r} is missing in") for note in design.notes):
            problems.add(
                f"mediator {name!r} has missing values, and what is set to a value cannot be "
                "imputed.",
                f'Drop these rows: data.dropna(subset=["{name}"]).',
            )
        elif column.levels:
            codes = column.values @ np.arange(1, column.values.shape[1] + 1)
            factors.append(Factor(name, codes.astype(np.intp), column.levels))
        elif column.values.shape[1] > 1:
            problems.add(
                f"mediator {name!r} is a formula term of {column.values.shape[1]} columns.",
                "Name a column of data instead.",
            )
        else:
            values, codes = np.unique(column.values[:, 0], return_inverse=True)
            levels = tuple(int(v) if v == np.floor(v) else float(v) for v in values)
            factors.append(Factor(name, codes, levels))
    for factor in factors:
        if len(factor.levels) > MOST_VALUES:
            problems.add(
                f"mediator {factor.name!r} has {len(factor.levels)} values, and to set it to one "
                f"takes many rows at each (at most {MOST_VALUES} values).",
                f'Give at= on a column with few levels, or cut it: pd.cut(data["{factor.name}"], '
                "3).",
            )
    problems.raise_if_any()
    if not factors:
        raise DataError(
            "no mediator varies, so that holding them fixed changes nothing. Use "
            "average_effect() for the total effect."
        )
    return factors


def chosen_by(factors: Sequence[Factor], at: Any) -> Combination:
    """The one combination that `at` names."""
    if not isinstance(at, Mapping):
        raise DataError(
            f"at={at!r} must give a value for each mediator, as in at={example(factors)}."
        )
    problems, names = Problems(), [factor.name for factor in factors]
    given: dict[str, Any] = {str(name): value for name, value in at.items()}
    for name in given:
        if name not in names:
            hint = did_you_mean(name, names)
            problems.add(f"at= names {name!r}, which is no mediator that varies.", hint)
    places: list[int] = []
    for factor in factors:
        if factor.name not in given:
            problems.add(
                f"at= gives no value for mediator {factor.name!r}.",
                "Add one, or leave at= out for every combination.",
            )
            continue
        value = given[factor.name]
        value = value.item() if isinstance(value, np.ndarray) and value.ndim == 0 else value
        known = not isinstance(value, np.ndarray | pd.Series | pd.Index) and value is not pd.NA
        if not known or value not in factor.levels:
            alike = [level for level in factor.levels if str(level) == str(value)]
            hint = did_you_mean(value, factor.levels)
            problems.add(
                f"mediator {factor.name!r} has no rows at {shown(value)}.",
                f"Did you mean {shown(alike[0])} ({type(alike[0]).__name__})?" if alike else hint,
            )
            continue
        places.append(factor.levels.index(value))
    problems.raise_if_any()
    return tuple(places)


def words_at(factors: Sequence[Factor], at: Combination) -> str:
    """``m1=0, m2=1``."""
    pairs = zip(factors, at, strict=True)
    return ", ".join(f"{factor.name}={factor.levels[code]}" for factor, code in pairs)


def listed(factors: Sequence[Factor]) -> str:
    """Their names."""
    return ", ".join(factor.name for factor in factors)


def example(factors: Sequence[Factor]) -> str:
    """An `at` that could be given."""
    return "{" + ", ".join(f"{f.name!r}: {f.levels[0]!r}" for f in factors) + "}"

"""The columns that scores read, checked: numbers with their moments, or levels."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from causalif.data.checks import check_levels, is_constant
from causalif.data.encoding import is_discrete
from causalif.data.frames import Frame
from causalif.data.variables import Variable, read_variable
from causalif.errors import Problems, did_you_mean, first_rows

MOST_LEVELS = 20
# In units of the last place of the largest number: what varies by less is rounding.
ROUNDING = 16


@dataclass(frozen=True)
class Levels:
    """A column of categories.

    Attributes
    ----------
    codes : ndarray of int, shape (n,)
    count : int
        The number of levels that occur.
    """

    codes: np.ndarray
    count: int


def choose_columns(frame: Frame, columns: Any, problems: Problems) -> list[str]:
    """The names of the nodes: all columns, or those that are named."""
    if columns is None:
        return list(frame.positions)
    if isinstance(columns, str) or not isinstance(columns, Iterable):
        problems.add(f"columns={columns!r} is no list of names.")
        return []
    names = [str(name) for name in columns]
    for name in names:
        if name not in frame.positions:
            problems.add(f"no column {name!r} in data.", did_you_mean(name, frame.positions))
    return list(dict.fromkeys(name for name in names if name in frame.positions))


def read_all(frame: Frame, names: Sequence[str], problems: Problems) -> list[Variable]:
    """Read each column; what cannot be used is noted and left out."""
    found: list[Variable] = []
    for name in names:
        if (count := len(frame.positions[name])) > 1:
            problems.add(f"data has {count} columns named {name!r}.", "Rename one of each.")
        elif (variable := read_variable(frame, name, "column", problems)) and _usable(
            variable, frame, problems
        ):
            found.append(variable)
    if frame.n < len(names):
        problems.add(
            f"{frame.n} rows are fewer than {len(names)} columns.",
            "Leave columns out: so few rows say next to nothing on the graph.",
        )
    return found


def _usable(variable: Variable, frame: Frame, problems: Problems) -> bool:
    what, missing = f"column {variable.name!r}", variable.missing
    if rows := int(missing.sum()):
        problems.add(
            f"{what} is missing in {rows} of {frame.n} rows ({first_rows(frame.labels(missing))}).",
            f"{frame.drop_hint(variable.name)} or impute them before the analysis.",
        )
        return False
    if is_constant([variable.array]):
        problems.add(
            f"{what} has one value in all {frame.n} rows: no arrow to or from it can be seen.",
            "Leave it out.",
        )
        return False
    if _is_rounding(variable.numbers):
        problems.add(
            f"{what} varies by rounding only.", "Round it; leave it out if it is constant."
        )
        return False
    return check_levels(variable, "column", problems)


def _is_rounding(numbers: np.ndarray | None) -> bool:
    if numbers is None:
        return False
    return bool(np.ptp(numbers) <= ROUNDING * np.spacing(np.abs(numbers).max()))


def as_numbers(variable: Variable, score: str, problems: Problems) -> np.ndarray | None:
    """The numbers of a column (yes and no are 1 and 0); levels are a problem."""
    if variable.numbers is not None:
        return variable.numbers
    if set(variable.levels) <= {False, True} and not variable.text:
        return variable.array.astype(float)
    kind = "text" if variable.text else "categories"
    problems.add(
        f"column {variable.name!r} holds {kind} ({len(variable.levels)} levels), and "
        f"score={score!r} reads numbers.",
        'Leave it out, or use score="mixed" (numbers and levels) or "bdeu" (levels only).',
    )
    return None


def as_levels(variable: Variable, score: str, problems: Problems) -> Levels | None:
    """The levels of a column; too many of them are a problem."""
    codes, levels = variable.coded()
    if len(levels) <= MOST_LEVELS:
        return Levels(np.asarray(codes, dtype=np.intp), len(levels))
    name = variable.name
    remedy = (
        "Group the rare ones."
        if variable.numbers is None
        else f'Cut it (pd.qcut(data["{name}"], 4)), or use score="mixed".'
    )
    problems.add(
        f"column {name!r} has {len(levels)} values, and score={score!r} reads up to "
        f"{MOST_LEVELS} levels.",
        remedy,
    )
    return None


def is_continuous(variable: Variable) -> bool:
    """Numeric, with more than a few values."""
    return variable.numbers is not None and not is_discrete(variable.numbers)

"""Subgroups of the rows, in each of which an effect is asked for."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from causalif.data.frames import Frame
from causalif.data.variables import Variable, read_variable, shown
from causalif.errors import Problems, first_rows

MOST_GROUPS = 10


@dataclass(frozen=True)
class Subgroups:
    """The levels of a column that part the rows.

    Attributes
    ----------
    name : str
    levels : tuple
    codes : ndarray of int, shape (n,)
    crossed : bool, default False
        Whether regressions are shown products of these levels with what comes after the
        covariates: straight lines would else have the same slope in every group.
    """

    name: str
    levels: tuple[Any, ...]
    codes: np.ndarray
    crossed: bool = False

    def take(self, rows: np.ndarray) -> Subgroups:
        """The same for some of the rows."""
        return replace(self, codes=self.codes[rows])

    def at(self, code: int, sign: str = "=") -> str:
        """A group in words: ``sex=female``."""
        return f"{self.name}{sign}{self.levels[code]}"

    def as_variable(self) -> Variable:
        """The column as categories, whatever it was: a dummy for every group but the first."""
        return Variable(self.name, codes=self.codes, levels=self.levels)


def read_subgroups(name: str | None, frame: Frame, problems: Problems) -> Subgroups | None:
    """Read the column of subgroups; None without one, or where it cannot serve.

    Parameters
    ----------
    name : str or None
    frame : Frame
    problems : Problems

    Examples
    --------
    >>> import pandas as pd
    >>> from causalif.data.frames import read_frame
    >>> problems = Problems()
    >>> frame = read_frame(pd.DataFrame({"sex": ["f", "m", "f"]}), problems)
    >>> groups = read_subgroups("sex", frame, problems)
    >>> groups.levels, groups.codes.tolist(), groups.at(1)
    (('f', 'm'), [0, 1, 0], 'sex=m')
    """
    if name is None:
        return None
    variable = read_variable(frame, name, "by", problems)
    if variable is None:
        return None
    if variable.missing.any():
        rows = int(variable.missing.sum())
        problems.add(
            f"by={name!r} is missing in {rows} of {frame.n} rows "
            f"({first_rows(frame.labels(variable.missing))}).",
            f"{frame.drop_hint(name)}, or give these rows a level of their own.",
        )
        return None
    codes, levels = variable.coded()
    if 2 <= len(levels) <= MOST_GROUPS:
        return Subgroups(name, levels, np.asarray(codes))
    _refuse(name, levels, variable, frame, problems)
    return None


def _refuse(
    name: str, levels: tuple[Any, ...], variable: Variable, frame: Frame, problems: Problems
) -> None:
    if len(levels) == 1:
        problems.add(
            f"by={name!r} has one value only ({shown(levels[0])} in all {frame.n} rows).",
            "Leave it out, or name a column that parts the rows.",
        )
        return
    cut = "" if variable.numbers is None else f': pd.cut(data["{name}"], 3) or pd.qcut'
    problems.add(
        f"by={name!r} has {len(levels)} values, and effects are given in 2 to {MOST_GROUPS} "
        "groups.",
        f"Join values into fewer{cut}.",
    )

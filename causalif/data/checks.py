"""Checks of single columns: missing, identifiers, constants, no overlap."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
import pandas as pd

from causalif.data.design import Exposure
from causalif.data.frames import Frame
from causalif.data.variables import Variable, shown
from causalif.errors import Problems, first_rows

MOST_DUMMIES = 500


def check_missing(
    variable: Variable, frame: Frame, role: str, missing: str, problems: Problems
) -> bool:
    """Note missing values that will not be made up for; whether the column can be used.

    With "ipw" rows without a mediator are, by weighting those that have it.
    """
    rows = int(variable.missing.sum())
    what = f"{role} {variable.name!r}"
    if rows == frame.n:
        problems.add(f"{what} is missing in all {rows} rows.", "Leave it out.")
        return False
    late = role in ("mediator", "intermediate")
    if not rows or missing == "impute" or (missing == "ipw" and late):
        return True
    first = first_rows(frame.labels(variable.missing))
    problems.add(
        f"{what} is missing in {rows} of {frame.n} rows ({first}).",
        f'{frame.drop_hint(variable.name)} or impute them (missing="impute").'
        + (' If that was by design, weigh complete rows (missing="ipw").' if late else ""),
    )
    return False


def check_levels(variable: Variable, role: str, problems: Problems) -> bool:
    """Note a column of near-distinct text, which tells rows apart and nothing else."""
    if variable.codes is None:
        return True
    count, rows = len(variable.levels), int((~variable.missing).sum())
    what = f"{role} {variable.name!r}"
    if count > rows / 2 and (count > 50 or count == rows >= 10):
        problems.add(
            f"{what} looks like an identifier: {count} distinct values in {rows} rows.",
            f'Leave it out; if these are numbers, pd.to_numeric(data["{variable.name}"]).',
        )
    elif count > MOST_DUMMIES:
        problems.add(
            f"{what} has {count} levels, one encoded column each.",
            f"Group the rare ones; at most {MOST_DUMMIES} levels are encoded.",
        )
    else:
        return True
    return False


def is_constant(arrays: Iterable[np.ndarray]) -> bool:
    """Whether every one of these columns has one value.

    Examples
    --------
    >>> is_constant([np.ones(3)]), is_constant([np.ones(3), np.arange(3.0)])
    (True, False)
    """
    return all(bool((array == array[0]).all()) for array in arrays)


def check_overlap(
    arrays: Iterable[np.ndarray], what: str, exposure: Exposure, problems: Problems
) -> None:
    """Note a column from which the exposure can be read off without error.

    Parameters
    ----------
    arrays : iterable of ndarray, shape (n,)
        Numbers, or codes of levels.
    what : str
        Role and name, for the message.
    exposure : Exposure
    problems : Problems
    """
    for array in arrays:
        for code in range(1, exposure.contrasted):
            if not _separates(array, exposure.codes, code):
                continue
            given = what.split(" ", 1)[1].strip("'")
            one, other = shown(exposure.levels[0]), shown(exposure.levels[code])
            problems.add(
                f"{what} alone tells {one} from {other} in "
                f"every row of exposure {exposure.name!r}: no overlap, "
                f"P({exposure.name} | {given}) is 0 or 1.",
                "Leave it out, or ask another question: these rows cannot be compared.",
            )
            return


def _separates(array: np.ndarray, codes: np.ndarray, code: int) -> bool:
    """Whether a threshold, or the repeated values themselves, part two exposure levels."""
    at, reference = array[codes == code], array[codes == 0]
    if at.max() < reference.min() or reference.max() < at.min():
        return True
    if len(at) > 5000 and len(pd.unique(at[:5000])) > 4500:  # continuous: spare the long count
        return False
    values, found = pd.factorize(np.concatenate([at, reference]))
    if len(found) > len(values) / 2:  # nearly all distinct: chance alone would part them
        return False
    exposed = np.bincount(values[: len(at)], minlength=len(found)) > 0
    unexposed = np.bincount(values[len(at) :], minlength=len(found)) > 0
    return not (exposed & unexposed).any()

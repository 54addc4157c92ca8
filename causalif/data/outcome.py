"""The outcome: numeric, or two values of which one is the event."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from causalif.data.design import Outcome
from causalif.data.frames import Frame
from causalif.data.variables import Variable, shown
from causalif.errors import Problems, first_rows


def read_outcome(
    variable: Variable, frame: Frame, missing: str, problems: Problems, notes: list[str]
) -> Outcome | None:
    """Code the outcome; None where it cannot be analysed.

    Parameters
    ----------
    variable : Variable
    frame : Frame
    missing : {"error", "ipw", "impute"}
        Unless "error", rows without an outcome stay, as NaN.
    problems : Problems
    notes : list of str
        Receives the event, and the number of missing outcomes.

    Examples
    --------
    >>> import pandas as pd
    >>> from causalif.data.frames import read_frame
    >>> from causalif.data.variables import read_variable
    >>> problems, notes = Problems(), []
    >>> frame = read_frame(pd.DataFrame({"cured": ["yes", "no", "yes"]}), problems)
    >>> variable = read_variable(frame, "cured", "outcome", problems)
    >>> outcome = read_outcome(variable, frame, "error", problems, notes)
    >>> outcome.kind, outcome.event, outcome.values.tolist()
    ('binary', 'yes', [1.0, 0.0, 1.0])
    """
    what = f"outcome {variable.name!r}"
    unseen = variable.missing
    rows = int(unseen.sum())
    if rows == frame.n:
        problems.add(f"{what} is missing in all {rows} rows.", "Choose another outcome.")
        return None
    if rows and missing == "error":
        problems.add(
            f"{what} is missing in {rows} of {frame.n} rows ({first_rows(frame.labels(unseen))}).",
            f'{frame.drop_hint(variable.name)} or weight for it (missing="ipw").',
        )
    elif rows:
        notes.append(
            f"{what} is missing in {rows} of {frame.n} rows; rows with an outcome are weighted "
            "by the inverse probability of its being observed."
        )
    constant = _constant(variable)
    if constant is not None:
        problems.add(
            f"{what} is constant ({shown(constant)} in all {frame.n - rows} rows).",
            "An effect on it is 0 by construction; choose another outcome.",
        )
        return None
    if variable.numbers is not None:
        binary = bool((unseen | (variable.numbers == 0) | (variable.numbers == 1)).all())
        return Outcome(variable.name, variable.numbers, "binary" if binary else "continuous")
    if len(variable.levels) > 2:
        _refuse_levels(variable, what, problems)
        return None
    return _two_valued(variable, what, notes)


def _two_valued(variable: Variable, what: str, notes: list[str]) -> Outcome:
    other, event = variable.levels
    values = np.where(variable.missing, np.nan, (variable.array == 1).astype(float))
    if (other, event) == (0, 1):  # also False and True
        return Outcome(variable.name, values, "binary")
    notes.append(f"{what}: the event is {shown(event)}, the other value {shown(other)}.")
    return Outcome(variable.name, values, "binary", event=event)


def _constant(variable: Variable) -> Any:
    """The only value that occurs, or None."""
    if variable.numbers is not None:
        values = variable.numbers[~variable.missing]
        return float(values[0]) if (values == values[0]).all() else None
    return variable.levels[0] if len(variable.levels) == 1 else None


def _refuse_levels(variable: Variable, what: str, problems: Problems) -> None:
    counts = variable.counts()
    values = ", ".join(f"{shown(v)} ({n} rows)" for v, n in list(counts.items())[:6])
    parsed = pd.to_numeric(pd.Series(variable.levels, dtype=object).astype(str), errors="coerce")
    name = variable.name
    remedy = (
        f'Its values read as numbers: data["{name}"] = pd.to_numeric(data["{name}"].astype(str)).'
        if parsed.notna().all()
        else f'Choose the event: data["{name}"] == {shown(variable.levels[0])}.'
    )
    problems.add(
        f"{what} has {len(variable.levels)} values ({values}{', ..' if len(counts) > 6 else ''}): "
        "the outcome must be numeric or two-valued.",
        remedy,
    )

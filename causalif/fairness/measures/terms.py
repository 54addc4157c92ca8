"""A measure evaluated: its terms, put together from its parts in groups of rows."""

from __future__ import annotations

import numpy as np

from causalif.errors import DataError, Problems
from causalif.fairness.groups import Groups
from causalif.fairness.measures.parts import Measured, Part, Predictions, evaluate
from causalif.fairness.measures.ranks import area_under_curve
from causalif.fairness.measures.table import Measure, Page, check_measure


def measure(
    name: str,
    outcome: np.ndarray,
    linear: np.ndarray,
    groups: Groups,
    *,
    logistic: bool = True,
    threshold: float = 0.5,
    weights: np.ndarray | None = None,
) -> Measured:
    """Evaluate a measure of predictions.

    Parameters
    ----------
    name : str
        A key of `MEASURES`.
    outcome : ndarray, shape (n,)
        Zeros and ones, or numbers.
    linear : ndarray, shape (n,)
        Log odds, or predictions of numbers.
    groups : Groups
    logistic : bool, default True
    threshold : float, default 0.5
    weights : ndarray, shape (n,), optional
        With mean one.

    Returns
    -------
    Measured
        A gap has one term for each group but the reference: the difference from it.

    Raises
    ------
    DataError
        An unknown measure; one of decisions where numbers are predicted; a group without the
        event that the measure needs.

    Examples
    --------
    >>> from causalif.fairness.groups import read_groups
    >>> groups = read_groups(np.repeat(["a", "b"], 40))
    >>> outcome, score = np.tile([0.0, 1.0], 40), np.repeat([-1.0, 1.0], 40)
    >>> measure("demographic_parity", outcome, score, groups).values
    array([1.])
    """
    asked = check_measure(name, logistic=logistic)
    whole = Predictions(
        outcome,
        linear,
        np.ones(len(outcome)) if weights is None else weights,
        logistic,
        threshold,
    )
    n, found = len(outcome), Columns(len(outcome))
    for ending, page in asked.pages.items():
        if asked.kind == "utility":
            found.add(name, [(1.0, np.arange(n), _of_all(page, whole, asked))])
            continue
        parts = by_group(page, whole, groups, asked)
        if asked.kind == "worst":
            worst = max(parts, key=lambda part: part[1].value)
            found.add(name, [(1.0, *worst)])
            continue
        for other in groups.others:
            ends = [ending] if ending else []
            ends += [str(groups.levels[other])] if len(groups.levels) > 2 else []
            term = f"{name}[{', '.join(ends)}]" if ends else name
            found.add(term, [(1.0, *parts[other]), (-1.0, *parts[groups.reference])])
    return found.measured()


def _of_all(page: Page | None, whole: Predictions, asked: Measure) -> Part:
    part = _part(page, whole, len(whole.outcome))
    if part is None:
        raise DataError(
            f"there is no {asked.words} of {len(whole.outcome)} rows without {asked.event}. "
            "Give rows of either kind, with weights above 0."
        )
    return part


def by_group(
    page: Page | None, whole: Predictions, groups: Groups, asked: Measure
) -> list[tuple[np.ndarray, Part]]:
    """Of each group its rows and its own value.

    Raises
    ------
    DataError
        Every group that lacks what the measure is an average over.
    """
    found: list[tuple[np.ndarray, Part]] = []
    problems = Problems()
    for code, level in enumerate(groups.levels):
        rows = np.flatnonzero(groups.codes == code)
        inside = Predictions(
            whole.outcome[rows],
            whole.linear[rows],
            whole.weights[rows],
            whole.logistic,
            whole.threshold,
        )
        part = _part(page, inside, len(whole.outcome))
        if part is None:
            _add_empty(problems, f"group {level!r} of {groups.name}", len(rows), asked)
        else:
            found.append((rows, part))
    problems.raise_if_any()
    return found


def _part(page: Page | None, told: Predictions, rows: int) -> Part | None:
    if not (told.weights > 0).any():
        return None
    if page is None:
        return area_under_curve(told, rows)
    return evaluate(page(told), told.weights, rows)


def _add_empty(problems: Problems, who: str, rows: int, asked: Measure) -> None:
    bare = asked.event == "rows" or not rows
    event = "rows" if bare else f"{asked.event} in its {rows} rows"
    problems.add(
        f"{who} has no {event} (with a weight above 0), and so no {asked.value} to compute.",
        "Leave the group out, or take another measure.",
    )


class Columns:
    """Terms as they are put together from parts on some of the rows."""

    def __init__(self, rows: int) -> None:
        self._rows = rows
        self._names: list[str] = []
        self._values: list[float] = []
        self._influence: list[np.ndarray] = []
        self._slope: list[np.ndarray] = []

    def add(self, name: str, parts: list[tuple[float, np.ndarray, Part]]) -> None:
        """Add a term: the sum of parts, each with its sign and its rows."""
        influence, slope = np.zeros(self._rows), np.zeros(self._rows)
        for sign, rows, part in parts:
            influence[rows] += sign * part.influence
            slope[rows] += sign * part.slope
        self._names.append(name)
        self._values.append(sum(sign * part.value for sign, _, part in parts))
        self._influence.append(influence)
        self._slope.append(slope)

    def measured(self) -> Measured:
        """All terms."""
        return Measured(
            tuple(self._names),
            np.array(self._values),
            np.column_stack(self._influence),
            np.column_stack(self._slope),
        )

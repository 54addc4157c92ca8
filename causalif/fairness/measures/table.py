"""All measures by name, and the one function that evaluates them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np

from causalif.errors import DataError, did_you_mean
from causalif.fairness.groups import Groups
from causalif.fairness.measures import rates
from causalif.fairness.measures.parts import Measured, Part, Predictions, Ratio, evaluate
from causalif.fairness.measures.ranks import area_under_curve

Page = Callable[[Predictions], Ratio]


@dataclass(frozen=True)
class Measure:
    """A measure in words, and the pages it is made of.

    Attributes
    ----------
    words : str
    pages : mapping of str to callable
        By the ending of the term's name; "" for a single term. None stands for the area under
        the curve.
    kind : {"utility", "gap", "worst"}
        Of all rows, the difference of groups, or of the group with the largest value.
    smooth : bool
        Whether it has a derivative in the predictions; if not, they are smoothed for it.
    numbers : bool
        Whether it is also for predictions of numbers.
    event : str
        What a group must have.
    """

    words: str
    pages: Mapping[str, Page | None]
    kind: str = "gap"
    smooth: bool = False
    numbers: bool = False
    event: str = "rows"


MEASURES: dict[str, Measure] = {
    "accuracy": Measure("share of right decisions", {"": rates.correct}, "utility"),
    "log_loss": Measure("mean log loss", {"": rates.log_loss}, "utility", smooth=True),
    "mse": Measure(
        "mean squared error", {"": rates.squared_error}, "utility", smooth=True, numbers=True
    ),
    "auc": Measure("area under the curve", {"": None}, "utility"),
    "demographic_parity": Measure(
        "difference in the share of favourable decisions", {"": rates.positive_rate}
    ),
    "mean_score": Measure(
        "difference in the mean score", {"": rates.mean_score}, smooth=True, numbers=True
    ),
    "equal_opportunity": Measure(
        "difference in true positive rates",
        {"": rates.true_positive_rate},
        event="favourable outcomes",
    ),
    "equalized_odds": Measure(
        "differences in true and in false positive rates",
        {"TPR": rates.true_positive_rate, "FPR": rates.false_positive_rate},
        event="outcomes of both kinds",
    ),
    "predictive_parity": Measure(
        "difference in the share of favourable outcomes among favourable decisions",
        {"": rates.predictive_value},
        event="favourable decisions",
    ),
    "calibration": Measure(
        "difference in the mean of outcome less prediction",
        {"": rates.residual},
        smooth=True,
        numbers=True,
    ),
    "error": Measure("difference in error rates", {"": rates.wrong}),
    "loss": Measure(
        "difference in mean loss (log loss, or squared error)",
        {"": rates.loss},
        smooth=True,
        numbers=True,
    ),
    "auc_gap": Measure(
        "difference in areas under the curve", {"": None}, event="outcomes of both kinds"
    ),
    "worst_group": Measure(
        "mean loss in the group that has the largest",
        {"": rates.loss},
        "worst",
        smooth=True,
        numbers=True,
    ),
}


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
            found.add(name, [(1.0, np.arange(n), _part(page, whole, n, asked, "the data"))])
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


def check_measure(name: str, *, logistic: bool) -> Measure:
    """The measure of that name.

    Raises
    ------
    DataError
        There is none, or it is of decisions and numbers are predicted.
    """
    if name not in MEASURES:
        raise DataError(f"no measure {name!r}. {did_you_mean(name, MEASURES)}")
    if not logistic and not MEASURES[name].numbers:
        known = ", ".join(repr(key) for key, one in MEASURES.items() if one.numbers)
        raise DataError(
            f"{name!r} is of decisions, and numbers are predicted. Take one of {known}."
        )
    return MEASURES[name]


def by_group(
    page: Page | None, whole: Predictions, groups: Groups, asked: Measure
) -> list[tuple[np.ndarray, Part]]:
    """Of each group its rows and its own value."""
    found: list[tuple[np.ndarray, Part]] = []
    for code, level in enumerate(groups.levels):
        rows = np.flatnonzero(groups.codes == code)
        inside = Predictions(
            whole.outcome[rows],
            whole.linear[rows],
            whole.weights[rows],
            whole.logistic,
            whole.threshold,
        )
        who = f"group {level!r} of {groups.name}"
        found.append((rows, _part(page, inside, len(whole.outcome), asked, who)))
    return found


def _part(page: Page | None, told: Predictions, rows: int, asked: Measure, who: str) -> Part:
    part = (
        area_under_curve(told, rows) if page is None else evaluate(page(told), told.weights, rows)
    )
    if part is None:
        raise DataError(
            f"{who} has no {asked.event} ({len(told.outcome)} rows): there is no "
            f"{asked.words} to compute. Leave the group out, or take another measure."
        )
    return part


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

"""All measures by name: in words, and the pages they are made of."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from causalif.errors import DataError, did_you_mean
from causalif.fairness.measures import rates
from causalif.fairness.measures.parts import Predictions, Ratio

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
    each : str
        What the value of a single group is, for gaps in words of its own.
    """

    words: str
    pages: Mapping[str, Page | None]
    kind: str = "gap"
    smooth: bool = False
    numbers: bool = False
    event: str = "rows"
    each: str = ""

    @property
    def value(self) -> str:
        """A single group's value in words."""
        return self.each or self.words

    @property
    def is_log_loss(self) -> bool:
        """Whether it takes logarithms of probabilities."""
        return any(page in (rates.log_loss, rates.loss) for page in self.pages.values())


MEASURES: dict[str, Measure] = {
    "accuracy": Measure("share of right decisions", {"": rates.correct}, "utility"),
    "log_loss": Measure("mean log loss", {"": rates.log_loss}, "utility", smooth=True),
    "mse": Measure(
        "mean squared error", {"": rates.squared_error}, "utility", smooth=True, numbers=True
    ),
    "auc": Measure("area under the curve", {"": None}, "utility", event="outcomes of both kinds"),
    "demographic_parity": Measure(
        "difference in the share of favourable decisions",
        {"": rates.positive_rate},
        each="share of favourable decisions",
    ),
    "mean_score": Measure(
        "difference in the mean score",
        {"": rates.mean_score},
        smooth=True,
        numbers=True,
        each="mean score",
    ),
    "equal_opportunity": Measure(
        "difference in true positive rates",
        {"": rates.true_positive_rate},
        event="favourable outcomes",
        each="true positive rate",
    ),
    "equalized_odds": Measure(
        "differences in true and in false positive rates",
        {"TPR": rates.true_positive_rate, "FPR": rates.false_positive_rate},
        event="outcomes of both kinds",
        each="true and false positive rates",
    ),
    "predictive_parity": Measure(
        "difference in the share of favourable outcomes among favourable decisions",
        {"": rates.predictive_value},
        event="favourable decisions",
        each="share of favourable outcomes among favourable decisions",
    ),
    "calibration": Measure(
        "difference in the mean of outcome less prediction",
        {"": rates.residual},
        smooth=True,
        numbers=True,
        each="mean of outcome less prediction",
    ),
    "error": Measure("difference in error rates", {"": rates.wrong}, each="error rate"),
    "loss": Measure(
        "difference in mean loss (log loss, or squared error)",
        {"": rates.loss},
        smooth=True,
        numbers=True,
        each="mean loss (log loss, or squared error)",
    ),
    "auc_gap": Measure(
        "difference in areas under the curve",
        {"": None},
        event="outcomes of both kinds",
        each="area under the curve",
    ),
    "worst_group": Measure(
        "mean loss in the group that has the largest",
        {"": rates.loss},
        "worst",
        smooth=True,
        numbers=True,
        each="mean loss (log loss, or squared error)",
    ),
}


def check_measure(name: object, *, logistic: bool) -> Measure:
    """The measure of that name.

    Raises
    ------
    DataError
        There is none, or it is of decisions and numbers are predicted.
    """
    if not isinstance(name, str) or name not in MEASURES:
        raise DataError(f"no measure {name!r}. {did_you_mean(name, MEASURES)}")
    if not logistic and not MEASURES[name].numbers:
        known = ", ".join(repr(key) for key, one in MEASURES.items() if one.numbers)
        raise DataError(
            f"{name!r} is of decisions, and numbers are predicted. Take one of {known}."
        )
    return MEASURES[name]

"""`gap`: differences between groups in the predictions of any model."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from causalif.errors import DataError, SmallSampleWarning, warn
from causalif.estimate import Estimate
from causalif.fairness.groups import Groups, read_groups
from causalif.fairness.measures import Measure, by_group, check_measure
from causalif.fairness.measures import measure as evaluate
from causalif.fairness.measures.parts import Predictions
from causalif.fairness.predictions import check_numbers, common_index, linear_of
from causalif.fairness.targets import Target, read_target

if TYPE_CHECKING:
    from matplotlib.axes import Axes

TIED = 2.0  # standard errors


class GapEstimate(Estimate):
    """Gaps between groups, and each group's own value.

    Attributes
    ----------
    measure : str
    rates : Estimate
        The measure in each group, a term per group: for ratios, and for joint tests.
    groups : DataFrame
        A row per group: group, n, estimate, std_error.
    """

    measure: str
    rates: Estimate
    groups: pd.DataFrame
    _of: str

    def plot(self, *, ax: Axes | None = None, level: float = 0.95) -> Axes:
        """Draw the value of each group with its interval."""
        from causalif.report import plots

        return plots.forest(
            self.rates.tidy(level), null=float(self.rates.values.iloc[0]), ax=ax, title=self._of
        )

    def _summary_head(self) -> list[str]:
        sizes = ", ".join(f"{row.group} ({row.n:,})" for row in self.groups.itertuples())
        return [f"{self._of}; groups: {sizes}"]

    def _summary_notes(self) -> list[str]:
        shown = "; ".join(
            f"{row.group} {row.estimate:.3g} ({row.std_error:.2g})"
            for row in self.groups.itertuples()
        )
        return [
            f"By group: {shown}.",
            "The predictions are held fixed: the uncertainty of the model that made them is not "
            "in these standard errors.",
        ]


def gap(
    y: Any,
    prediction: Any,
    sensitive: Any,
    *,
    measure: str = "demographic_parity",
    threshold: float = 0.5,
    positive: Any = None,
    reference: Any = None,
    clusters: Any = None,
    weights: Any = None,
) -> GapEstimate:
    """A fairness gap of any predictor, with its influence function.

    Parameters
    ----------
    y : array or Series, shape (n,)
        The outcome: two levels, or numbers.
    prediction : array or Series, shape (n,)
        Probabilities of the favourable level, decisions (the levels of `y`), or numbers.
    sensitive : array, Series or DataFrame, n rows
        One attribute, or several: then their combinations.
    measure : str, default "demographic_parity"
        A key of ``cif.fairness.MEASURES``, which says each in words.
    threshold : float, default 0.5
        Probability from which the decision is favourable.
    positive, reference : optional
        The favourable level (by default the last), the group compared with (the first).
    clusters, weights : optional
        As for `Estimate`.

    Returns
    -------
    GapEstimate
        Two groups: one term, named like the measure, the second group less the first
        ("equalized_odds[TPR]" and "equalized_odds[FPR]"); more: a term for each but the
        reference, ``"demographic_parity[level]"``. Test them at once by ``.test(joint=True)``.

    Raises
    ------
    DataError
        Missing values, other lengths or row labels, a group without what the measure needs.

    Warns
    -----
    SmallSampleWarning
        A group below 30 rows; groups that tie for the worst.

    References
    ----------
    .. [1] Hardt, Price & Srebro (2016), Equality of Opportunity in Supervised Learning. NeurIPS.
    .. [2] DeLong, DeLong & Clarke-Pearson (1988), Biometrics 44(3):837-845.

    Examples
    --------
    >>> y = np.tile([0, 1], 50)
    >>> decided = np.concatenate([np.ones(30), np.zeros(70)])
    >>> cif.gap(y, decided, np.repeat(["a", "b"], 50)).values
    demographic_parity   -0.6
    dtype: float64
    """
    labelled = [one for one in (weights, clusters) if isinstance(one, pd.Series)]
    index = common_index(y, prediction, sensitive, *labelled)
    check_numbers(threshold, weights, len(index))
    target = read_target(y, 10, positive=positive)
    if target.numbers is None:
        raise DataError(
            f"y has {len(target.levels)} levels. A gap is of two, or of numbers: compare one level "
            "with the rest (y == level)."
        )
    asked = check_measure(measure, logistic=target.is_binary)
    linear = linear_of(prediction, target, len(target.numbers))
    groups = read_groups(sensitive, index, reference=reference)
    return _estimate(
        measure, asked, target, linear, groups, index, threshold, clusters=clusters, weights=weights
    )


def _estimate(
    name: str,
    asked: Measure,
    target: Target,
    linear: np.ndarray,
    groups: Groups,
    index: pd.Index,
    threshold: float,
    **sampling: Any,
) -> GapEstimate:
    assert target.numbers is not None
    weights = None if sampling["weights"] is None else np.asarray(sampling["weights"], dtype=float)
    if weights is not None:
        weights = weights / weights.mean()
    found = evaluate(
        name,
        target.numbers,
        linear,
        groups,
        logistic=target.is_binary,
        threshold=threshold,
        weights=weights,
    )
    whole = Predictions(
        target.numbers,
        linear,
        np.ones(len(linear)) if weights is None else weights,
        target.is_binary,
        threshold,
    )
    rates = _rates(asked, whole, groups, index, sampling)
    table = rates.tidy()[["term", "estimate", "std_error"]].rename(columns={"term": "group"})
    table.insert(1, "n", np.tile(groups.counts, len(asked.pages)))
    if asked.kind == "worst":
        _warn_of_ties(table)
    estimate = Estimate(
        found.values,
        pd.DataFrame(found.influence, index=index, columns=list(found.names)),
        names=list(found.names),
        label=f"{name.replace('_', ' ')} between groups of {groups.name}",
        **sampling,
    )
    return GapEstimate.from_estimate(
        estimate, measure=name, rates=rates, groups=table, _of=asked.words
    )


def _rates(
    asked: Measure, whole: Predictions, groups: Groups, index: pd.Index, sampling: dict[str, Any]
) -> Estimate:
    """Each group's own value."""
    columns: dict[str, np.ndarray] = {}
    values: list[float] = []
    for ending, page in asked.pages.items():
        parts = by_group(page, whole, groups, asked)
        for level, (rows, part) in zip(groups.levels, parts, strict=True):
            column = np.zeros(len(index))
            column[rows] = part.influence
            columns[f"{level} ({ending})" if ending else str(level)] = column
            values.append(part.value)
    frame = pd.DataFrame(columns, index=index)
    return Estimate(values, frame, names=list(columns), label=asked.words, **sampling)


def _warn_of_ties(table: pd.DataFrame) -> None:
    ranked = table.sort_values("estimate", ascending=False)
    if len(ranked) < 2:
        return
    first, second = ranked.iloc[0], ranked.iloc[1]
    error = float(np.hypot(first["std_error"], second["std_error"]))
    if first["estimate"] - second["estimate"] < TIED * error:
        warn(
            f"the worst group is not settled: {first['group']} {first['estimate']:.3f} and "
            f"{second['group']} {second['estimate']:.3f} differ by less than {TIED:g} standard "
            "errors. The largest of several noisy values is too large on average.",
            SmallSampleWarning,
        )

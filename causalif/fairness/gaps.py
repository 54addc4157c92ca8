"""`gap`: differences between groups in the predictions of any model."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from causalif.errors import SmallSampleWarning, said_once, warn
from causalif.estimate import Estimate
from causalif.fairness.groups import SMALL
from causalif.fairness.measures import FEW, MEASURES, Fixed, read_fixed

if TYPE_CHECKING:
    from matplotlib.axes import Axes

TIED = 2.0  # standard errors
NOTHING = 1e-12  # a standard error but for rounding


class GapEstimate(Estimate):
    """Gaps between groups, and each group's own value.

    Attributes
    ----------
    measure : str
    rates : Estimate
        The measure in each group, a term per group: for ratios, and for joint tests.
    groups : DataFrame
        A row per group: group, n, events, estimate, std_error. Events are the rows that the
        value is an average over: of a true positive rate those with the favourable outcome, of
        an area under the curve the rarer kind of outcome.
    fixed : Fixed
        Outcomes, predictions and groups as arrays: what `refit` evaluates again.
    """

    measure: str
    rates: Estimate
    groups: pd.DataFrame
    fixed: Fixed

    def refit(self, rows: Any) -> GapEstimate:  # type: ignore[override]
        """The same measure of the same predictions on some of the rows.

        Parameters
        ----------
        rows : ndarray
            Boolean mask of length n, or positions, of the rows to keep.

        Raises
        ------
        DataError
            Neither; or a group loses what the measure needs.
        """
        from causalif.effects.checks import check_rows

        kept = np.asarray(rows)
        check_rows(kept, self.n)
        return _estimated(self.fixed.take(kept))

    def plot(self, *, ax: Axes | None = None, level: float = 0.95) -> Axes:
        """Draw the value of each group with its interval; the broken line is the reference's.

        Returns
        -------
        Axes
        """
        from causalif.report import plots

        of, groups = MEASURES[self.measure], self.fixed.groups
        words, several = of.value, len(of.pages) > 1
        return plots.forest(
            self.rates.tidy(level),
            # one line cannot be the reference of two rates
            null=np.nan if several else float(self.rates.values.iloc[groups.reference]),
            xlabel=words[0].upper() + words[1:],
            block=len(groups.levels) if several else 1,
            level=level,
            ax=ax,
        )

    def _summary_head(self) -> list[str]:
        of, groups = MEASURES[self.measure], self.fixed.groups
        pairs = zip(groups.levels, groups.counts, strict=True)
        sizes = ", ".join(f"{level} ({count:,})" for level, count in pairs)
        reference = groups.levels[groups.reference]
        others = ", ".join(str(groups.levels[k]) for k in groups.others)
        compared = f", {others} less {reference}" if of.kind == "gap" else ""
        return [f"{of.words}{compared}; groups: {sizes}"]

    def _summary_notes(self) -> list[str]:
        table = self.groups
        shown = "; ".join(
            f"{row.group} {row.estimate:.3g} ({row.std_error:.2g}, {row.events:,} rows)"
            for row in table.itertuples()
        )
        alike = table[table["std_error"] < NOTHING]
        same = [f"{row.group} ({row.events:,} rows)" for row in alike.itertuples()]
        without = (
            f"The same in all rows of {', '.join(same)}: a standard error of 0 there says that "
            "none could be told, not that there is none."
        )
        return [
            f"By group: {shown}.",
            *([without] if same else []),
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
        One attribute, or several: then their combinations, labelled "F, old".
    measure : str, default "demographic_parity"
        A key of ``cif.fairness.MEASURES``, which says each in words.
    threshold : float, default 0.5
        Probability from which the decision is favourable, between 0 and 1.
    positive, reference : optional
        The favourable level (by default the last), the group compared with (the first).
    clusters, weights : optional
        As for `Estimate`; a Series is matched by its row labels.

    Returns
    -------
    GapEstimate
        Two groups: one term, named like the measure, the second group less the first
        ("equalized_odds[TPR]" and "equalized_odds[FPR]"); more: a term for each but the
        reference, ``"demographic_parity[level]"``. Test them at once by ``.test(joint=True)``.

    Raises
    ------
    DataError
        Missing or infinite values, other lengths or row labels, log loss of decisions, a group
        without what the measure needs; all problems that can be seen at once in one error.

    Warns
    -----
    SmallSampleWarning
        A group below 30 rows, or whose value is an average over fewer than 10; groups that tie
        for the worst.
    DataWarning
        Probabilities of 0 or 1 that proved wrong, where log loss is asked for.

    References
    ----------
    .. [1] Hardt, Price & Srebro (2016), Equality of Opportunity in Supervised Learning. NeurIPS.
    .. [2] DeLong, DeLong & Clarke-Pearson (1988), Biometrics 44(3):837-845.

    Examples
    --------
    >>> y = np.tile([0, 1], 75)
    >>> decided = np.repeat([1, 0, 1, 0, 1, 0], [30, 20, 10, 40, 20, 30])
    >>> group = np.repeat(["a", "b", "c"], 50)
    >>> found = cif.gap(y, decided, group)
    >>> found.values
    demographic_parity[b]   -0.4
    demographic_parity[c]   -0.2
    dtype: float64
    >>> found.test(joint=True)["p_value"].round(5).item()  # equal in all groups
    4e-05
    >>> found.rates["b"] / found.rates["a"]
    <Estimate n=150: b / a = 0.3333 (0.1)>
    """
    fixed = read_fixed(
        y,
        prediction,
        sensitive,
        measure=measure,
        threshold=threshold,
        positive=positive,
        reference=reference,
        clusters=clusters,
        weights=weights,
    )
    found = _estimated(fixed)
    _warn_of_few(found)
    if MEASURES[measure].kind == "worst":
        _warn_of_ties(found)
    return found


def _estimated(fixed: Fixed) -> GapEstimate:
    # Few clusters were warned of when they were read.
    with said_once(SmallSampleWarning):
        terms = fixed.terms()
        rates, table = fixed.by_group()
    return GapEstimate.from_estimate(
        terms, measure=fixed.measure, rates=rates, groups=table, fixed=fixed
    )


def _warn_of_few(found: GapEstimate) -> None:
    """Groups that are large enough, but not where the measure looks."""
    table = found.groups
    for row in table[(table["n"] >= SMALL) & (table["events"] < FEW)].itertuples():
        warn(
            f"the {MEASURES[found.measure].value} of group {row.group} is an average over "
            f"{row.events} of its {row.n} rows: its interval may be too short. Report the "
            "count beside it.",
            SmallSampleWarning,
        )


def _warn_of_ties(found: GapEstimate) -> None:
    values = found.rates.values.sort_values(ascending=False)
    first, second = values.index[:2]
    apart = found.rates[first] - found.rates[second]
    if apart.values.iloc[0] < TIED * apart.std_error.iloc[0]:
        warn(
            f"the worst group is not settled: {first} {values[first]:.3f} and {second} "
            f"{values[second]:.3f} differ by less than {TIED:g} standard errors. The largest of "
            "several noisy values is too large on average.",
            SmallSampleWarning,
        )

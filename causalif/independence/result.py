"""The answer: a table of tests, and what it means in words."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
from scipy.special import ndtri

from causalif.errors import DataError
from causalif.graph.independencies import Independence
from causalif.independence.found import Found

if TYPE_CHECKING:
    from matplotlib.axes import Axes

SHOWN = ["independence", "method", "estimate", "std_error", "p_value", "p_adjusted"]
P_VALUES = ("p_value", "p_adjusted")
WORDS = {"partial_correlation": "partial correlation", "classification": "classification"}


@dataclass(frozen=True, eq=False, repr=False)
class GraphFit:
    """Whether a graph fits data: every test, and what is rejected.

    Attributes
    ----------
    table : DataFrame
        A row per independence: independence (as text), first, second, given (a tuple), method,
        n, estimate (correlation of what is left of the two), std_error, statistic, df, p_value,
        p_adjusted (Holm), rejected. Where a column has more than two levels, a test looks at
        `df` correlations at once; `estimate` is the one that is most clearly not zero, and
        `statistic` is Hotelling's T squared. NaN where no test could be made.
    n : int
        Rows.
    level : float
    """

    table: pd.DataFrame
    n: int
    level: float

    @classmethod
    def from_tests(
        cls, claims: Sequence[Independence], found: Sequence[Found], n: int, level: float
    ) -> GraphFit:
        """Collect the tests and adjust their p-values."""
        columns: dict[str, Any] = {
            "independence": pd.Series([str(claim) for claim in claims], dtype=object),
            "first": pd.Series([str(claim.first) for claim in claims], dtype=object),
            "second": pd.Series([str(claim.second) for claim in claims], dtype=object),
            "given": pd.Series([tuple(map(str, claim.given)) for claim in claims], dtype=object),
            "method": pd.Series([test.method for test in found], dtype=object),
            "n": np.full(len(claims), n),
            **{
                name: np.array([getattr(test, name) for test in found], dtype=float)
                for name in ("estimate", "std_error", "statistic")
            },
            "df": np.array([test.df for test in found], dtype=np.int64),
            "p_value": np.array([test.p_value for test in found], dtype=float),
        }
        adjusted = holm(columns["p_value"])
        table = pd.DataFrame({**columns, "p_adjusted": adjusted, "rejected": adjusted <= level})
        return cls(table, n, level)

    @property
    def fits(self) -> bool:
        """Whether no independence is rejected."""
        return not bool(self.table["rejected"].any())

    @property
    def rejected(self) -> pd.DataFrame:
        """The rows of the rejected independencies, the least p-value first."""
        return self.table[self.table["rejected"]].sort_values("p_value", kind="stable")

    def tidy(self, level: float = 0.95) -> pd.DataFrame:
        """One row per test: term, estimate, its error and interval, p-values, rejected.

        Intervals are each test's own; those of partial correlations are Fisher's.
        """
        table = self.table
        low, high = _intervals(table, level)
        limits = {"conf_low": low, "conf_high": high}
        kept = table[["estimate", "std_error", "statistic", "p_value"]]
        return pd.concat(
            [
                table["independence"].rename("term"),
                kept,
                pd.DataFrame(limits, index=table.index),
                table[["p_adjusted", "rejected"]],
            ],
            axis=1,
        )

    def summary(self) -> str:
        """The answer in words, the rejected tests as a table, and what they leave open."""
        from causalif.report.tables import as_text

        lines = [self._verdict(), *self._counts()]
        if not self.fits:
            rows = self.rejected[SHOWN].head(20)
            lines += ["", as_text(rows, p_values=P_VALUES), "", *self._remedies()]
        return "\n".join([*lines, *self._notes()])

    def plot(self, *, most: int = 30, level: float = 0.95, ax: Axes | None = None) -> Axes:
        """Correlations and intervals of the tests with the least p-values, rejected ones marked.

        Parameters
        ----------
        most : int, default 30
            How many.
        level : float, default 0.95
            Of the intervals.
        ax : Axes, optional

        Returns
        -------
        Axes
        """
        from causalif.report import canvas
        from causalif.report.plots import forest

        rows = self.tidy(level).dropna(subset=["p_value"])
        if rows.empty:
            raise DataError("there is no test to draw: see .summary().")
        rows = rows.sort_values("p_value", kind="stable").head(most).reset_index(drop=True)
        title = f"{len(rows)} of {len(self.table)} tests" if len(rows) < len(self.table) else None
        ax = forest(
            rows,
            level=level,
            apart=(),
            xlabel="Correlation of what is left (no unit); diamonds: rejected",
            title=title,
            ax=ax,
        )
        marked = rows[rows["rejected"]]
        look: dict[str, Any] = {"color": canvas.VERMILLION, "linestyle": "none", "ms": 9}
        ax.plot(marked["estimate"], marked.index, "D", gid="rejected", **look)
        return ax

    def __str__(self) -> str:
        return self.summary()

    def __repr__(self) -> str:
        count = int(self.table["rejected"].sum())
        return f"<GraphFit n={self.n}: {count} of {len(self.table)} independencies rejected>"

    def _repr_html_(self) -> str:
        from causalif.report.tables import as_html

        words = [line for line in [self._verdict(), *self._counts()] if line]
        rows = self.table.sort_values("p_value", kind="stable")[[*SHOWN, "rejected"]].head(50)
        notes = [*([] if self.fits else self._remedies()), *self._notes()]
        return as_html(rows, p_values=P_VALUES, caption=" ".join(words), notes=notes)

    # -- in words -------------------------------------------------------------------------

    def _verdict(self) -> str:
        tested, count = len(self.table), int(self.table["rejected"].sum())
        if not tested:
            return "The graph implies no independence among the measured columns: any data fit it."
        many = f"{tested} implied independencies" if tested > 1 else "1 implied independence"
        shown = f"{count} rejected" if count else "none rejected"
        answer = "fits" if self.fits else "does not fit"
        return f"The graph {answer} these data: {many} tested, {shown} at {self.level:g} (Holm)."

    def _counts(self) -> list[str]:
        if self.table.empty:
            return []
        methods = self.table["method"].value_counts(sort=False)
        parts = [f"{count} by {WORDS[str(method)]}" for method, count in methods.items()]
        return [f"n = {self.n}; {', '.join(parts)}."]

    def _remedies(self) -> list[str]:
        rows = self.rejected
        pairs = [f"{a} and {b}" for a, b in zip(rows["first"], rows["second"], strict=True)]
        more = f", and {len(pairs) - 5} more" if len(pairs) > 5 else ""
        return [
            f"The graph lacks an arrow, or a common cause, between {'; '.join(pairs[:5])}{more}; "
            "or an arrow on the way between them is wrong."
        ]

    def _notes(self) -> list[str]:
        if self.table.empty:
            return []
        notes: list[str] = []
        untested = int(self.table["p_value"].isna().sum())
        if untested:
            notes.append(f"{untested} could not be tested: one of the two is a function of others.")
        if not self.fits and (self.rejected["method"] == "partial_correlation").any():
            notes.append(
                "Partial correlation takes relations to be linear; where they may be curved, see "
                'whether method="classification" rejects as well.'
            )
        if self.fits:
            notes.append(
                "That does not prove it: other graphs imply the same, and small dependence, or "
                "one without correlation, is not seen."
            )
        return ["", *notes] if notes else []


def holm(p_values: np.ndarray) -> np.ndarray:
    """Adjusted p-values of the tests that were made, NaN for the others.

    Examples
    --------
    >>> holm(np.array([0.01, np.nan, 0.03])).tolist()
    [0.02, nan, 0.03]
    """
    from statsmodels.stats.multitest import multipletests

    adjusted = np.full(len(p_values), np.nan)
    made = ~np.isnan(p_values)
    if made.any():
        adjusted[made] = multipletests(p_values[made], method="holm")[1]
    return adjusted


def _intervals(table: pd.DataFrame, level: float) -> tuple[np.ndarray, np.ndarray]:
    half = float(ndtri(0.5 + level / 2))
    r, error = table["estimate"].to_numpy(), table["std_error"].to_numpy()
    fisher = (table["method"] == "partial_correlation").to_numpy() & (np.abs(r) < 1)
    low, high = r - half * error, r + half * error
    z, scale = np.arctanh(r[fisher]), error[fisher] / (1 - r[fisher] ** 2)
    low[fisher], high[fisher] = np.tanh(z - half * scale), np.tanh(z + half * scale)
    return low, high

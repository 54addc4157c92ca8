"""How an estimate reads: summary, notebook HTML, LaTeX."""

# The modules of this package share the state of an estimate.
# pyright: reportPrivateUsage=false

from __future__ import annotations

import pandas as pd

from causalif.estimate.inference import check_level
from causalif.estimate.tidy import Tables
from causalif.estimate.words import meaning

RATIOS = "Exponentiated (log scale: ratios; logit scale: odds)"


class Presentation(Tables):
    """Everything printed is computed from `tidy`, so that it agrees with what is stored."""

    def summary(self, level: float = 0.95) -> str:
        """The estimates in words and numbers.

        Examples
        --------
        >>> import causalif as cif
        >>> print(cif.Estimate([2.0], [[-1.0], [0.0], [1.0]], names=["TE"]).summary())
        Estimate
        n = 3
        <BLANKLINE>
        term                estimate  std_error  statistic  p_value  conf_low  conf_high
        TE    total effect      2.00      0.471       4.24  <0.0001      1.08       2.92
        <BLANKLINE>
        95% confidence intervals.
        """
        from causalif.report.tables import as_text

        lines = [*self._heading(), "", as_text(_with_meaning(self.tidy(level)))]
        if self._exponentiable.any():
            lines += ["", f"{RATIOS}:"]
            lines += [as_text(_with_meaning(self._ratios(level)))]
        return "\n".join([*lines, "", *self._footing(level)])

    def _summary_head(self) -> list[str]:
        """Lines that a subclass shows before the table."""
        return []

    def _summary_notes(self) -> list[str]:
        """Lines that a subclass shows after the table."""
        return []

    def _heading(self) -> list[str]:
        counts = [f"n = {self.n}"]
        if self.clusters is not None:
            counts.append(f"clusters = {self._rows.n_units}")
        if self.strata is not None:
            counts.append(f"strata = {int(self._rows.stratum.max()) + 1}")
        if self.weights is not None:
            counts.append("weighted")
        return [self.label or type(self).__name__, ", ".join(counts), *self._summary_head()]

    def _footing(self, level: float) -> list[str]:
        line = f"{100 * check_level(level):g}% confidence intervals."
        return [line, *self._fraction_notes(level), *self._summary_notes()]

    def _ratios(self, level: float) -> pd.DataFrame:
        table = self.tidy(level, exponentiate=True)[self._exponentiable]
        return table[["term", "estimate", "conf_low", "conf_high"]].reset_index(drop=True)

    def __repr__(self) -> str:
        table = self.tidy()
        shown = [
            f"{row.term} = {row.estimate:.4g} ({row.std_error:.2g})"
            for row in table.head(6).itertuples()
        ]
        more = ", ..." if len(table) > 6 else ""
        return f"<{type(self).__name__} n={self.n}: {', '.join(shown)}{more}>"

    def __str__(self) -> str:
        return self.summary()

    def _repr_html_(self) -> str:
        from causalif.report.tables import as_html

        table = _with_meaning(self.tidy())
        caption, notes = "; ".join(self._heading()), self._footing(0.95)
        if not self._exponentiable.any():
            return as_html(table, caption=caption, notes=notes)
        ratios = as_html(_with_meaning(self._ratios(0.95)), caption=RATIOS, notes=notes)
        return as_html(table, caption=caption) + "\n" + ratios

    def to_latex(
        self,
        level: float = 0.95,
        exponentiate: bool = False,
        *,
        digits: int = 3,
        caption: str = "",
        label: str = "",
    ) -> str:
        """The tidy table as a LaTeX tabular (needs the booktabs package).

        Parameters
        ----------
        level, exponentiate
            As in `tidy`.
        digits : int, default 3
            Significant digits of the smallest entry of a column.
        caption, label : str
            With a caption, a table float.
        """
        from causalif.report.tables import as_latex

        table = self.tidy(level, exponentiate)
        return as_latex(table, digits=digits, caption=caption, label=label)


def _with_meaning(table: pd.DataFrame) -> pd.DataFrame:
    words = [meaning(term) for term in table["term"]]
    if any(words):
        table.insert(1, "", words)
    return table

"""How an estimate reads: summary, notebook HTML, LaTeX, tables of other packages."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from causalif.errors import DataError, first_rows
from causalif.estimate.inference import Inference, check_level
from causalif.estimate.references import bibliography
from causalif.estimate.words import meaning


class Presentation(Inference):
    """Everything printed is computed from `tidy`, so that it agrees with what is stored."""

    def glance(self) -> pd.DataFrame:
        """One row about the analysis.

        Returns
        -------
        DataFrame, one row
            n, clusters, strata, weighted, estimand, method, folds, least_propensity, note.
            What does not apply is missing; `note` says where an interval is unbounded.
        """
        return pd.DataFrame([self._glance()])

    def _glance(self) -> dict[str, Any]:
        """Entries of `glance`; a subclass fills in what it knows."""
        return {
            "n": self.n,
            "clusters": pd.NA if self.clusters is None else self._rows.n_units,
            "strata": pd.NA if self.strata is None else int(self._rows.stratum.max()) + 1,
            "weighted": self.weights is not None,
            "estimand": self.label or pd.NA,
            "method": pd.NA,
            "folds": pd.NA,
            "least_propensity": np.nan,
            "note": " ".join(self._fraction_notes()) or pd.NA,
        }

    def augment(self, data: Any) -> pd.DataFrame:
        """The data with the influence of each row on each term, matched by row label.

        Parameters
        ----------
        data : DataFrame
            Holds at least the rows of the analysis. Anything narwhals reads is converted.

        Returns
        -------
        DataFrame
            A copy of the data with columns ``influence_<term>`` and ``weights`` (ones
            without weights); NaN in rows that the analysis did not use.

        Raises
        ------
        DataError
            Rows of the analysis are absent from the data, labels are ambiguous, or a
            column of that name exists.

        Examples
        --------
        >>> import causalif as cif
        >>> est = cif.Estimate([2.0], [[-1.0], [0.0], [1.0]], names=["mean"])
        >>> est.augment(pd.DataFrame({"x": [1, 2, 3]}))
           x  influence_mean  weights
        0  1            -1.0      1.0
        1  2             0.0      1.0
        2  3             1.0      1.0
        """
        frame = _as_pandas(data)
        added = self.influence.add_prefix("influence_")
        added["weights"] = 1.0 if self.weights is None else self.weights
        taken = [name for name in added.columns if name in frame.columns]
        if taken:
            raise DataError(f"data already has a column {taken[0]!r}. Rename it first.")
        if not frame.index.equals(added.index):
            if not (frame.index.is_unique and added.index.is_unique):
                raise DataError(
                    "row labels are duplicated, so rows can be matched only in the same order. "
                    "Use the data of the analysis, or give it a unique index before."
                )
            missing = added.index.difference(frame.index, sort=False)
            if len(missing):
                raise DataError(
                    f"{len(missing)} of the {self.n} rows of the analysis are absent from data "
                    f"({first_rows(list(missing[:4]))}). Give the data of the analysis."
                )
            added = added.reindex(frame.index)
        added.index = frame.index
        return pd.concat([frame, added], axis=1)

    def bibtex(self) -> str:
        """BibTeX entries of the methods behind this estimate."""
        keys = (*self.references, *(("fieller1954",) if self._near_zero else ()))
        return bibliography(keys)

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
            lines += ["", "Exponentiated (log scale: ratios; logit scale: odds):"]
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

    def _fraction_notes(self, level: float = 0.95) -> list[str]:
        notes: list[str] = []
        limits = self.confint(level) if self._near_zero else pd.DataFrame()
        for term in self._near_zero:
            pair = self._fractions[term]
            total, error = pair._values[1], np.sqrt(pair._covariance[1, 1])
            sizes = f"its denominator ({total:.3g}) is {abs(total / error):.2g} standard errors"
            if np.isfinite(limits.loc[term, "conf_low"]):
                notes.append(f"{term}: {sizes} from zero; the interval is Fieller's.")
            else:
                notes.append(
                    f"{term}: {sizes} from zero; the total is too near zero for a bounded interval."
                )
        return notes

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

        head, *more = self._heading()
        parts = [as_html(_with_meaning(self.tidy()), caption=head, notes=more)]
        if self._exponentiable.any():
            caption = "Exponentiated (log scale: ratios; logit scale: odds)"
            parts.append(as_html(_with_meaning(self._ratios(0.95)), caption=caption))
        parts.append(as_html(pd.DataFrame(), notes=self._footing(0.95)).split("</table>\n")[-1])
        return "\n".join(parts)

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

    @property
    def __maketables_coef_table__(self) -> pd.DataFrame:
        table = self.tidy()
        columns = {"estimate": "b", "std_error": "se", "statistic": "t", "p_value": "p"}
        columns |= {"conf_low": "ci95l", "conf_high": "ci95u"}
        return table.rename(columns=columns).set_index("term").rename_axis("Coefficient")

    def __maketables_stat__(self, key: str) -> float | str | int | None:
        sampling = "influence function" + (", clustered" if self.clusters is not None else "")
        clusters = None if self.clusters is None else self._rows.n_units
        return {"N": self.n, "se_type": sampling, "n_clusters": clusters}.get(key)

    @property
    def __maketables_depvar__(self) -> str:
        return self.label


def _with_meaning(table: pd.DataFrame) -> pd.DataFrame:
    words = [meaning(term) for term in table["term"]]
    if any(words):
        table.insert(1, "", words)
    return table


def _as_pandas(data: Any) -> pd.DataFrame:
    if isinstance(data, pd.DataFrame):
        return data
    import narwhals.stable.v1 as nw

    try:
        return nw.from_native(data, eager_only=True).to_pandas()
    except TypeError:
        kind = type(data).__name__
        raise DataError(f"data must be a DataFrame, not {kind}. Try pd.DataFrame(data).") from None

"""Estimates as plain tables: tidy, glance, augment, and for the tables of other packages."""

# The modules of this package share the state of an estimate.
# pyright: reportPrivateUsage=false

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from causalif.errors import DataError, first_rows
from causalif.estimate import pull
from causalif.estimate.inference import Inference
from causalif.estimate.references import bibliography
from causalif.estimate.wald import z_test


class Tables(Inference):
    """What a program reads; `Presentation` prints the same numbers."""

    def tidy(
        self,
        level: float = 0.95,
        exponentiate: bool = False,
        *,
        method: str = "wald",
        seed: Any = 0,
    ) -> pd.DataFrame:
        """One row per term, as a plain table.

        Parameters
        ----------
        level : float, default 0.95
        exponentiate : bool, default False
            Give exp(estimate) and exp(limits) for terms on the log scale (ratios) and on
            the logit scale (odds). Standard errors, statistics and p-values stay those of
            the stored scale. Identity terms and ratio terms (`fractions`) stay as they are.
        method, seed
            As in `confint`.

        Returns
        -------
        DataFrame
            Columns term, estimate, std_error, statistic, p_value, conf_low, conf_high.

        Examples
        --------
        >>> import causalif as cif
        >>> cif.Estimate([2.0], [[-1.0], [0.0], [1.0]], names=["mean"]).tidy().round(3)
           term  estimate  std_error  statistic  p_value  conf_low  conf_high
        0  mean       2.0      0.471      4.243      0.0     1.076      2.924
        """
        limits = self.confint(level, method, seed).to_numpy(copy=True)
        estimate = self._values.copy()
        error = np.sqrt(np.diag(self._covariance))
        statistic, p_value = z_test(estimate, error)
        if exponentiate:
            log = self._exponentiable
            estimate[log], limits[log] = np.exp(estimate[log]), np.exp(limits[log])
        return pd.DataFrame(
            {
                "term": list(self.names),
                "estimate": estimate,
                "std_error": error,
                "statistic": statistic,
                "p_value": p_value,
                "conf_low": limits[:, 0],
                "conf_high": limits[:, 1],
            }
        )

    @property
    def _exponentiable(self) -> np.ndarray:
        pairs = zip(self.names, self._scales, strict=True)
        return np.array([s != "identity" and t not in self._fractions for t, s in pairs])

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

    def influential_rows(self, term: str | None = None, *, count: int = 10) -> pd.DataFrame:
        """The rows, or clusters, that move a term most when left out, to first order.

        Nuisances are held fixed: ``cif.row_influence(..., method="refit")`` fits again, and
        ``cif.sign_robustness`` asks how few overturn the answer.

        Parameters
        ----------
        term : str, optional
            By default the first.
        count : int, default 10

        Returns
        -------
        DataFrame
            Labelled by row or cluster: change (the value without it less that with it), without.

        Raises
        ------
        DataError
            No such term.

        Examples
        --------
        >>> import causalif as cif
        >>> y = np.array([1.0, 2.0, 3.0, 6.0])
        >>> cif.Estimate([y.mean()], y - y.mean(), names=["mean"]).influential_rows(count=1)
           change  without
        3    -1.0      2.0
        """
        return pull.influential_rows(self, term, count)

    def bibtex(self) -> str:
        """BibTeX entries of the methods behind this estimate."""
        keys = (*self.references, *(("fieller1954",) if self._near_zero else ()))
        return bibliography(keys)

    def _fraction_notes(self, level: float = 0.95) -> list[str]:
        notes: list[str] = []
        low = self.confint(level)["conf_low"].to_numpy()
        for term in self._near_zero:
            pair = self._fractions[term]
            total, error = pair._values[1], np.sqrt(pair._covariance[1, 1])
            sizes = f"its denominator ({total:.3g}) is {abs(total / error):.2g} standard errors"
            if np.isfinite(low[self.names.index(term)]):
                notes.append(f"{term}: {sizes} from zero; the interval is Fieller's.")
            else:
                notes.append(
                    f"{term}: {sizes} from zero; the total is too near zero for a bounded interval."
                )
        return notes

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


def _as_pandas(data: Any) -> pd.DataFrame:
    if isinstance(data, pd.DataFrame):
        return data
    import narwhals.stable.v1 as nw

    try:
        return nw.from_native(data, eager_only=True).to_pandas()
    except TypeError:
        kind = type(data).__name__
        raise DataError(f"data must be a DataFrame, not {kind}. Try pd.DataFrame(data).") from None

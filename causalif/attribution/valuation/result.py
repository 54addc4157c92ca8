"""`ValuationResult`: values of rows, with the data to add to and to take from."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from causalif.attribution.units import positions
from causalif.attribution.valuation.reading import read_rows
from causalif.attribution.valuation.state import Reference, State
from causalif.errors import DataError, Problems, check_choice

if TYPE_CHECKING:
    from matplotlib.axes import Axes

PLOTS = ("values", "removal")


@dataclass(frozen=True)
class ValuationResult:
    """What each row of data is worth: how much nearer it brings the data to the reference.

    Attributes
    ----------
    method : {"exact", "nystrom"}
    bandwidth : float
    error : Series or None
        Of landmarks: the root mean squared error, in standard deviations of the values, and the
        rank correlation, on rows valued by all pairs.
    """

    method: str
    bandwidth: float
    error: pd.Series[float] | None
    _reference: Reference = field(repr=False)
    _state: State = field(repr=False)

    @property
    def n(self) -> int:
        """How many rows."""
        return len(self._state.index)

    @cached_property
    def components(self) -> pd.DataFrame:
        """The features' part and the label's, unweighted: each sums to zero."""
        feature = np.empty(self.n)
        for places, means in self._state.means(self._reference):
            feature[places] = means.values()
        table = pd.DataFrame({"feature": feature}, index=self._state.index)
        if self._state.residual is not None:
            table["label"] = 2 * (self._state.residual.mean() - self._state.residual)
        return table

    @cached_property
    def values(self) -> pd.Series[float]:
        """Of each row; high is valuable, and negative pushes away from the reference."""
        return self._mixed(self.components).rename("value")

    @cached_property
    def leave_one_out(self) -> pd.Series[float]:
        """How much farther the data would be from the reference without each row, exactly.

        In units of the squared discrepancy; about the value over n - 1.
        """
        feature = np.empty(self.n)
        for places, means in self._state.means(self._reference):
            feature[places] = means.leave_one_out()
        table = pd.DataFrame({"feature": feature}, index=self._state.index)
        if self._state.residual is not None:
            apart = self._state.residual.mean() - self._state.residual
            table["label"] = 2 * apart / (self.n - 1)
        return self._mixed(table).rename("leave_one_out")

    @property
    def discrepancy(self) -> float:
        """Maximum mean discrepancy of the data from the reference, labels' residuals aside."""
        found = [
            (len(places), means.squared) for places, means in self._state.means(self._reference)
        ]
        squared = sum(count * value for count, value in found) / self.n
        return float(np.sqrt(max(squared, 0.0)))

    def add(self, batch: Any) -> ValuationResult:
        """The same with more rows, at the cost of their pairs alone.

        Raises
        ------
        DataError
            Columns, labels or row labels that do not fit.
        """
        new = read_rows(batch, self._reference)
        taken = self._state.index.intersection(new.index)
        if len(taken):
            raise DataError(
                f"row label {taken[0]!r} is there already. Give the batch labels of its own."
            )
        return self._with(self._state.plus(new, self._reference))

    def remove(self, rows: Any) -> ValuationResult:
        """The same without some rows, given by label or by a mask.

        Raises
        ------
        DataError
            Labels that no row has; all rows.
        """
        places = positions(rows, self._state.index)
        return self._with(self._state.less(places, self._reference))

    def worst(self, count: int = 10, data: pd.DataFrame | None = None) -> pd.DataFrame:
        """The rows worth least, with their values; of `data`, with its columns."""
        found = self.values.nsmallest(count).to_frame().join(self.components)
        return found if data is None else found.join(data)

    def summary(self) -> str:
        """The result in a few lines."""
        harmful = int((self.values < 0).sum())
        lines = [
            f"{self.n:,} rows against {len(self._reference.rows):,} of the reference; "
            f"maximum mean discrepancy {self.discrepancy:.4g} ({self.method}, bandwidth "
            f"{self.bandwidth:.3g})",
            f"{harmful:,} rows ({harmful / self.n:.1%}) push the data away from the reference.",
        ]
        if self._state.residual is not None:
            weight = self._reference.feature_weight
            lines.append(
                f"Values are {weight:g} of the features' part and {1 - weight:g} of how unexpected "
                f"{self._reference.label!r} is by a logistic model of the reference."
            )
        if self.error is not None:
            lines.append(
                f"By {len(self._reference.landmarks.points) if self._reference.landmarks else 0} "
                f"landmarks; on rows valued by all pairs they err by {self.error['rms']:.2%} of a "
                f"standard deviation, rank correlation {self.error['rank']:.4f}."
            )
        return "\n".join(lines)

    def __str__(self) -> str:
        return self.summary()

    def plot(self, kind: str = "values", *, ax: Axes | None = None) -> Axes:
        """Draw the values, or the discrepancy as rows are removed from the worst up.

        Parameters
        ----------
        kind : {"values", "removal"}
        ax : Axes, optional
        """
        problems = Problems()
        check_choice(problems, "kind", kind, PLOTS)
        problems.raise_if_any()
        from causalif.report import valuation

        if kind == "values":
            return valuation.values(self.values, ax=ax)
        return valuation.removal(self._removal(), ax=ax)

    def _removal(self) -> pd.DataFrame:
        """The discrepancy without the worst rows, and without rows drawn at random."""
        order = np.argsort(self.values.to_numpy(), kind="stable")
        chance = np.random.default_rng(0).permutation(self.n)
        shares = np.linspace(0, 0.5, 11)
        rows = []
        for share in shares:
            gone = int(share * self.n)
            both = [
                self._with(self._state.less(places[:gone], self._reference)).discrepancy
                if gone
                else self.discrepancy
                for places in (order, chance)
            ]
            rows.append((share, *both))
        return pd.DataFrame(rows, columns=["share", "worst", "random"])

    def _mixed(self, table: pd.DataFrame) -> pd.Series[float]:
        if "label" not in table:
            return table["feature"]
        weight = self._reference.feature_weight
        return weight * table["feature"] + (1 - weight) * table["label"]

    def _with(self, state: State) -> ValuationResult:
        return ValuationResult(self.method, self.bandwidth, self.error, self._reference, state)

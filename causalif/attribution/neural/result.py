"""`TorchInfluence`: what each training row does to each query, and how well it was solved."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from causalif.attribution.neural.solvers import SolveInfo
from causalif.errors import DataError, Problems, check_choice

if TYPE_CHECKING:
    from matplotlib.axes import Axes


@dataclass(frozen=True)
class TorchInfluence:
    """The change of every query when a training row is left out.

    Attributes
    ----------
    values : ndarray, shape (queries, rows)
        The query's measurement without the row less that with it: of losses, above zero where the
        row helps the query.
    scale : str
        Always "removal".
    measurement : str
    info : tuple of SolveInfo
        One for each model of an ensemble, or segment; none where no system was solved.
    damping : tuple of dict
        Of each parameter, likewise.
    approximated : tuple of str
        Parameters of which EKFAC knows the diagonal alone.
    method : str
    """

    values: np.ndarray
    measurement: str
    info: tuple[SolveInfo, ...]
    damping: tuple[dict[str, float], ...]
    approximated: tuple[str, ...] = ()
    scale: str = "removal"
    method: str = "Influence functions"

    def rows(self, scale: str = "removal") -> pd.DataFrame:
        """A line for each training row and a column for each query, as `row_influence` has it.

        Parameters
        ----------
        scale : {"removal", "upweight"}
            The effect of leaving the row out; or the derivative in the row's weight, one being
            added to a mean over n: -n times that.
        """
        problems = Problems()
        check_choice(problems, "scale", scale, ("removal", "upweight"))
        problems.raise_if_any()
        factor = 1.0 if scale == "removal" else -float(self.values.shape[1])
        table = pd.DataFrame(factor * self.values.T)
        return table.rename_axis(index="row", columns="query")

    def group(self, rows: Sequence[int] | np.ndarray) -> np.ndarray:
        """Without some rows together, to first order: sums, shape (queries,).

        Parameters
        ----------
        rows : sequence of int, or mask of length n
        """
        chosen = np.asarray(rows)
        if chosen.dtype == bool and chosen.shape != (self.values.shape[1],):
            raise DataError(
                f"the mask has {chosen.size} entries, and there are {self.values.shape[1]} rows."
            )
        return self.values[:, chosen].sum(axis=1)

    def top(self, count: int = 10, query: int = 0) -> pd.DataFrame:
        """The training rows that do most to a query.

        Parameters
        ----------
        count : int
        query : int
            Its position.
        """
        effect = self.values[query]
        order = np.argsort(-abs(effect), kind="stable")[:count]
        return pd.DataFrame({"effect": effect[order]}, index=pd.Index(order, name="row"))

    def summary(self) -> str:
        """Solver, residuals, damping and the largest effects in words."""
        queries, rows = self.values.shape
        lines = [
            f"{self.method}.",
            f"Effect of leaving out each of {rows:,} training rows on the {self.measurement} of "
            f"{queries:,} quer{'y' if queries == 1 else 'ies'}.",
        ]
        for info, damping in zip(self.info, self.damping, strict=True):
            low, high = min(damping.values()), max(damping.values())
            shown = f"{low:.2g}" if low == high else f"{low:.2g} to {high:.2g}"
            step = "" if info.step_size is None else f", steps of {info.step_size:.2g}"
            lines.append(
                f"Solved by {info.method} ({info.iterations} iterations{step}), damping {shown}; "
                f"relative residual {np.median(info.residual):.1e} (median), "
                f"{info.residual.max():.1e} (largest)."
            )
            if np.median(info.residual) > 1:
                lines.append("That is farther off than zero: read ranks of effects, not sizes.")
        if self.approximated:
            lines.append(f"Diagonal blocks alone: {', '.join(self.approximated)}.")
        row = int(np.argmax(abs(self.values).max(axis=0)))
        query = int(np.argmax(abs(self.values[:, row])))
        lines.append(f"Largest: row {row} on query {query}, {self.values[query, row]:+.3g}.")
        return "\n".join(lines)

    def plot(self, kind: str = "top", *, query: int = 0, count: int = 15, ax: Any = None) -> Axes:
        """Draw the rows that matter most to a query, or the spread of all effects.

        Parameters
        ----------
        kind : {"top", "distribution"}
        query, count : int
        ax : Axes, optional
        """
        problems = Problems()
        check_choice(problems, "kind", kind, ("top", "distribution"))
        problems.raise_if_any()
        if ax is None:
            from matplotlib import pyplot as plt

            ax = plt.subplots()[1]
        if kind == "top":
            table = self.top(count, query)[::-1]
            ax.barh([str(row) for row in table.index], table["effect"])
            ax.set_xlabel(f"{self.measurement} of query {query} without the row, less with it")
            ax.set_ylabel("training row")
        else:
            ax.hist(self.values[query], bins=60)
            ax.set_yscale("log")
            ax.set_xlabel(f"{self.measurement} of query {query} without a row, less with it")
            ax.set_ylabel("training rows")
        ax.axvline(0, color="0.5", linewidth=0.8)
        return ax

    def __repr__(self) -> str:
        return self.summary()

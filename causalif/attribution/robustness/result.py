"""`RobustnessResult`: which rows would overturn an answer, shown and told."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

if TYPE_CHECKING:
    from matplotlib.axes import Axes

SHOWN = 20


@dataclass(frozen=True)
class RobustnessResult:
    """The fewest rows found without which an answer is overturned.

    Attributes
    ----------
    term, goal : str
    in_words : str
        What would be so without them.
    n : int
        Units in all: rows, or groups.
    unit : {"rows", "groups"}
    size : int or None
        How many; an upper bound, verified by fitting again. None where no set was found.
    share : float
        Of all.
    rows : list
        Their labels.
    estimate, estimate_after : float
        With all, and without them.
    interval, interval_after : tuple of float
        Where intervals are known, else NaN.
    predicted : int or None
        How many first-order influence said there are.
    predicted_after : float
        What first-order influence says of removing the rows found.
    lower_bound : int
        No smaller set would do. 1 where nothing is proved.
    exact : bool
        Whether `size` is the least: it is the lower bound.
    looked_up_to : int
    history : DataFrame
        The greedy path: removed, estimate, conf_low, conf_high, with the answer itself first.
    """

    term: str
    goal: str
    in_words: str
    n: int
    unit: str
    size: int | None
    share: float
    rows: list[Any]
    estimate: float
    estimate_after: float
    interval: tuple[float, float]
    interval_after: tuple[float, float]
    predicted: int | None
    predicted_after: float
    lower_bound: int
    exact: bool
    looked_up_to: int
    history: pd.DataFrame = field(repr=False)

    def summary(self) -> str:
        """The answer in a few lines."""
        lines = [
            f"{self.term} = {self.estimate:.4g}{_interval(self.interval)}, {self.n:,} {self.unit}"
        ]
        if self.size is None:
            lines.append(
                f"No set of up to {self.looked_up_to:,} {self.unit} was found without which "
                f"{self.in_words}."
            )
            return "\n".join(lines)
        lines.append(
            f"Without {self.size:,} of {self.n:,} {self.unit} ({self.share:.2%}) {self.in_words}: "
            f"{self.estimate_after:.4g}{_interval(self.interval_after)}, fitted again."
        )
        if self.exact:
            lines.append("No smaller set does that.")
        elif self.lower_bound > 1:
            lines.append(f"It takes at least {self.lower_bound:,}; fewer than found may do.")
        else:
            lines.append("A smaller set may do: the search is not exhaustive.")
        guess = "none would do" if self.predicted is None else f"{self.predicted:,} would do"
        lines.append(f"First-order influence alone says that {guess}.")
        shown = ", ".join(str(row) for row in self.rows[:SHOWN])
        more = f", and {self.size - SHOWN:,} more" if self.size > SHOWN else ""
        lines.append(f"{self.unit.capitalize()}: {shown}{more}.")
        return "\n".join(lines)

    def __str__(self) -> str:
        return self.summary()

    def _repr_html_(self) -> str:
        from html import escape

        return f"<pre>{escape(self.summary())}</pre>"

    def show(self, data: pd.DataFrame) -> pd.DataFrame:
        """The rows of a data frame that are named, in the order found.

        Raises
        ------
        KeyError
            The frame has not these labels; or they are of groups.
        """
        return data.loc[self.rows]

    def plot(self, *, ax: Axes | None = None) -> Axes:
        """Draw the answer as the rows that push most are left out, one after the other."""
        from causalif.report.removal import removal

        return removal(
            self.history,
            ylabel=self.term,
            size=self.size,
            unit=self.unit,
            lower_bound=self.lower_bound if self.lower_bound > 1 else None,
            ax=ax,
        )


def _interval(limits: tuple[float, float]) -> str:
    low, high = limits
    return "" if np.isnan(low) else f" ({low:.4g} to {high:.4g})"

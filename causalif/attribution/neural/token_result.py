"""`TokenInfluence`: a number for every training token."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from causalif.attribution.neural.solvers import SolveInfo

if TYPE_CHECKING:
    from matplotlib.axes import Axes


@dataclass(frozen=True)
class TokenInfluence:
    """How far learning each token favours toxic over safe completions.

    Attributes
    ----------
    values : ndarray, shape (documents, tokens)
        At the token's own place; NaN of first tokens and of padding, which have no loss.
    info : SolveInfo
    split : str
    """

    values: np.ndarray
    info: SolveInfo
    split: str

    @property
    def documents(self) -> pd.Series:
        """Sums over the tokens of each document."""
        return pd.Series(np.nansum(self.values, axis=1), name="influence").rename_axis("document")

    def top(self, count: int = 10) -> pd.DataFrame:
        """The tokens of the highest influence."""
        flat = np.where(np.isfinite(self.values), self.values, -np.inf).ravel()
        order = np.argsort(-flat, kind="stable")[:count]
        document, token = np.unravel_index(order, self.values.shape)
        return pd.DataFrame({"document": document, "token": token, "influence": flat[order]})

    def summary(self) -> str:
        """Tokens, solver and the highest influence in words."""
        known = np.isfinite(self.values)
        best = self.top(1).iloc[0]
        solved = "products of gradients"
        if self.info.method != "identity":
            residual = self.info.residual.max()
            solved = f"solved by {self.info.method}, relative residual {residual:.1e}"
        return (
            f"{int(known.sum()):,} tokens of {len(self.values):,} documents; {solved}.\n"
            f"Highest: token {int(best['token'])} of document {int(best['document'])}, "
            f"{best['influence']:.3g}."
        )

    def plot(
        self, document: int = 0, *, words: Sequence[str] | None = None, ax: Any = None
    ) -> Axes:
        """Draw the influence of each token of a document.

        Parameters
        ----------
        document : int
        words : sequence of str, optional
            The tokens in writing.
        ax : Axes, optional
        """
        if ax is None:
            from matplotlib import pyplot as plt

            ax = plt.subplots()[1]
        line = self.values[document]
        places = np.flatnonzero(np.isfinite(line))
        colours = ["C3" if value > 0 else "C0" for value in line[places]]
        ax.bar(places, line[places], color=colours)
        if words is not None:
            ax.set_xticks(places, [words[int(k)] for k in places])
        ax.axhline(0, color="0.5", linewidth=0.8)
        ax.set_xlabel(f"token of document {document}")
        ax.set_ylabel("favours toxic completions")
        return ax

    def __repr__(self) -> str:
        return self.summary()

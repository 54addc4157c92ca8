"""The parts of a design: columns, exposure, outcome, and what a graph said."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any, Literal

import numpy as np

from causalif.data.times import Survival

type_of_outcome = Literal["binary", "continuous"]


@dataclass(frozen=True)
class Column:
    """One column (or formula term) of the user's, encoded.

    Attributes
    ----------
    name : str
        The user's name for it.
    values : ndarray, shape (n, p)
        float64; p > 1 for a categorical column (dummies without the first level).
    labels : tuple of str, length p
        A name per encoded column: ``"age"``, or ``"educ[bach]"``.
    discrete : bool
        Few distinct values: no spline is fitted in it.
    levels : tuple
        The levels of a categorical column, the one without a dummy first.
    """

    name: str
    values: np.ndarray
    labels: tuple[str, ...]
    discrete: bool
    levels: tuple[Any, ...] = ()


@dataclass(frozen=True)
class Exposure:
    """The exposure: coded levels, the reference first.

    Attributes
    ----------
    name : str
    levels : tuple
        Level labels in the order of the codes. The first `contrasted` of them are
        compared: each against ``levels[0]``, the reference.
    codes : ndarray of int, shape (n,)
    contrasted : int
    gathered : bool, default False
        Some level stands for many values: windows of a continuous exposure, "elsewhere".
    """

    name: str
    levels: tuple[Any, ...]
    codes: np.ndarray
    contrasted: int
    gathered: bool = False

    @property
    def held(self) -> tuple[str, ...]:
        """Columns that are set together with the exposure; none but for controlled effects."""
        return ()

    @property
    def whole(self) -> str:
        """All that is set, by name."""
        return ", ".join((self.name, *self.held))

    def at(self, code: int, sign: str = "=") -> str:
        """A level in words: ``treat=1``."""
        return f"{self.name}{sign}{self.levels[code]}"

    def comparisons(self) -> dict[str, tuple[int, int]]:
        """(level, level to compare it with), by what a term adds to its name."""
        if self.contrasted == 2:
            return {"": (1, 0)}
        reference, *others = self.levels[: self.contrasted]
        return {f" [{a} vs {reference}]": (k, 0) for k, a in enumerate(others, 1)}

    def within_arm(self) -> np.ndarray:
        """Rows and compared levels that share a level of the exposure alone: here all are met."""
        return np.ones((len(self.codes), self.contrasted), dtype=bool)

    def arm_codes(self) -> np.ndarray:
        """The level of the exposure alone in every row, shape (n,)."""
        return self.codes

    def headline(self) -> str:
        """What is compared with what, as a summary begins."""
        reference, *others = map(str, self.levels[: self.contrasted])
        return f"{self.name}: {', '.join(others)} against {reference}"


@dataclass(frozen=True)
class Outcome:
    """The outcome; `values` are NaN where it was not observed.

    Attributes
    ----------
    name : str
    values : ndarray, shape (n,)
        float64; 0/1 for a two-valued outcome.
    kind : {"binary", "continuous"}
    event : object
        The value counted as 1, for a two-valued outcome that was not 0/1.
    survival : Survival or None
        Of times some of which are censored; `values` then hold what is known without them,
        until the censored ones are made up for (`causalif.nuisance.censoring`).
    """

    name: str
    values: np.ndarray
    kind: type_of_outcome
    event: Any = None
    survival: Survival | None = None

    @property
    def observed(self) -> np.ndarray:
        """Whether the outcome was observed, shape (n,)."""
        return ~np.isnan(self.values)

    def take(self, rows: np.ndarray) -> Outcome:
        """The outcome of some of the rows."""
        survival = None if self.survival is None else self.survival.take(rows)
        return replace(self, values=self.values[rows], survival=survival)


@dataclass(frozen=True)
class Adjustment:
    """What a causal graph said of an analysis.

    Attributes
    ----------
    strategy : {"covariates", "front door"}
    covariates, mediators : tuple of str
        Columns that stand for the nodes that identify the effect.
    chosen : bool
        By the graph; otherwise named by the user and found valid.
    latent : tuple of str
        Nodes that were not measured.
    reason : str
        Why these, in one or two sentences.
    """

    strategy: Literal["covariates", "front door"]
    covariates: tuple[str, ...]
    mediators: tuple[str, ...]
    chosen: bool
    latent: tuple[str, ...]
    reason: str

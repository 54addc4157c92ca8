"""What was fitted, in words and tables, for diagnostics."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

import numpy as np
import pandas as pd

from causalif.data.design import Design
from causalif.nuisance.fits import Fit

T = TypeVar("T")
Held = tuple[tuple[str, ...], tuple[float, ...]] | tuple[()]


@dataclass(frozen=True)
class Mean:
    """A cross-fitted conditional mean E[target | exposure = level, given].

    Attributes
    ----------
    key : tuple
        What was regressed on what; names the fit and seeds it.
    given : tuple of str
    level : int
        Code of the exposure level at which it is evaluated.
    held : tuple of (names, row)
        Columns held at one value, encoded side by side, where it is evaluated; or empty.
    held_out : ndarray, shape (n,)
        Each row's prediction by the model that has not seen the row.
    """

    key: tuple[Any, ...]
    given: tuple[str, ...]
    level: int
    held: Held
    held_out: np.ndarray


class Record:
    """The nuisance functions of one design that were fitted so far.

    Parameters
    ----------
    design : Design
    floor : float
        Probabilities of the exposure below it are raised to it.
    """

    def __init__(self, design: Design, floor: float) -> None:
        self.design = design
        self.floor = floor
        self._fits: dict[tuple[Any, ...], Fit] = {}
        self._probabilities: dict[tuple[str, ...], np.ndarray] = {}
        self._means: dict[tuple[tuple[Any, ...], int, Held], Mean] = {}
        self._made: dict[tuple[Any, ...], Any] = {}

    def once(self, key: tuple[Any, ...], make: Callable[[], T]) -> T:
        """What a page makes of the fits and needs again: made once, and remembered."""
        if key not in self._made:
            self._made[key] = make()
        return self._made[key]

    @property
    def losses(self) -> pd.DataFrame:
        """Columns nuisance, learner, loss, relative (to the best constant) and weight."""
        rows = [
            {"nuisance": self.describe(key), **loss}
            for key, fit in self._fits.items()
            for loss in fit.losses
        ]
        return pd.DataFrame(rows)

    @property
    def count(self) -> int:
        """How many regressions were fitted."""
        return len(self._fits)

    def below_floor(self, given: Sequence[str]) -> np.ndarray:
        """Rows where some compared level was less probable than the floor, shape (n,)."""
        return np.any(self._weighed(self._canonical(given)) < self.floor, axis=1)

    def overlap(self) -> pd.DataFrame:
        """Least exposure probability, rows and share below the floor, per set of predictors."""
        found: dict[str, dict[str, float]] = {}
        for names in self._probabilities:
            below = self.below_floor(names)
            found[self.describe(("exposure", names))] = {
                "least": float(self._weighed(names).min()),
                "rows_below": int(below.sum()),
                "share_below": float(below.mean()),
            }
        return pd.DataFrame.from_dict(found, orient="index")

    def _weighed(self, names: tuple[str, ...]) -> np.ndarray:
        """Probabilities of the compared levels before flooring; infinite where none is used.

        Rows without sampling weight use none. Given what the exposure changed, a joint level is
        weighed against its own arm only: that another arm cannot have these values is no want
        of overlap.
        """
        exposure, weights = self.design.exposure, self.design.weights
        raw = self._fits["exposure", names].predictions[0][:, : exposure.contrasted]
        raw = raw if weights is None else np.where(weights[:, None] > 0, raw, np.inf)
        if set(names).isdisjoint(self.design.intermediates):
            return raw
        return np.where(exposure.within_arm(), raw, np.inf)

    @property
    def predictor_sets(self) -> list[tuple[str, ...]]:
        """The sets of predictors that the exposure was regressed on."""
        return list(self._probabilities)

    def frame(self) -> pd.DataFrame:
        """Every held-out nuisance prediction, a column each, named in words."""
        columns: dict[str, np.ndarray] = {}
        exposure = self.design.exposure
        for names, values in self._probabilities.items():
            given = ", ".join(names) or "1"
            for code in range(exposure.contrasted):
                columns[f"P({exposure.at(code)} | {given})"] = values[:, code]
        for (key, level, held), mean in self._means.items():
            named = key if isinstance(key[-1], tuple) else (*key[:-1], level)
            columns[self.describe((*named, level, held))] = mean.held_out
        return pd.DataFrame(columns, index=self.design.index)

    def describe(self, key: tuple[Any, ...]) -> str:
        """A nuisance in words, as diagnostics print it."""
        exposure, kind = self.design.exposure, key[0]
        if kind == "exposure":
            return f"P({exposure.whole} | {_listed(key[1]) or '1'})"
        if kind == "observed":
            return f"P(observed | {_listed([exposure.whole, *key[1]])})"
        if kind == "share":
            among = [] if key[3] is None else [exposure.at(key[3])]
            return f"P({_listed(key[1])} | {_listed([*among, *key[2]]) or '1'})"
        if kind == "dependence":
            among = "" if key[3] is None else f" at {exposure.at(key[3])}"
            return f"density ratio of {_listed(key[1])} and {_listed(key[2])}{among}"
        _, source, given, arm, *at = key
        if isinstance(arm, tuple):
            where = " or ".join(map(exposure.at, arm))
        else:
            where = exposure.whole if arm is None else exposure.at(arm)
        held = self._held_words(at[1] if at else ())
        inner = self.design.outcome.name
        if source != ("outcome",):
            inner = self.describe((*source[:3], *source[-2:-1], *source[-2:]))
        mean = "mean" if kind == "drawn" else "E"
        listed = [str(name) for name in (where, *(held.get(name, name) for name in given))]
        return f"{mean}[{inner} | {_listed(listed)}]"

    def _canonical(self, given: Sequence[str]) -> tuple[str, ...]:
        """The predictors in the order of the design: their order cannot change a number."""
        wanted = set(given)
        return tuple(name for name in self.design.columns if name in wanted)

    def _held_words(self, held: Held) -> dict[str, str]:
        """``{"z": "z=1"}``, for the columns that are held at a value."""
        words: dict[str, str] = {}
        if not held:
            return words
        names, row = held
        start = 0
        for name in names:
            stop = start + self.design.columns[name].values.shape[1]
            words[name] = f"{name}={', '.join(f'{value:g}' for value in row[start:stop])}"
            start = stop
        return words


def _listed(names: Sequence[str], most: int = 6) -> str:
    """A list short enough to print."""
    if len(names) <= most:
        return ", ".join(names)
    return f"{', '.join(names[: most - 1])} and {len(names) - most + 1} more"

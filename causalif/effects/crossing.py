"""Exposure and mediators as one joint exposure, for effects that set both."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from causalif.data.design import Design, Exposure
from causalif.effects.held import (
    MOST_VALUES,
    Combination,
    Factor,
    chosen_by,
    example,
    factors_of,
    listed,
    words_at,
)
from causalif.errors import DataError, Problems, SmallSampleWarning, warn

FEW_ROWS = 30  # below it, a mean over a joint level is anybody's guess


@dataclass(frozen=True)
class JointExposure(Exposure):
    """Exposure and mediators set together: each level is a level of all of them.

    Attributes
    ----------
    held : tuple of str
        The mediators.
    arms : tuple of int
        For each joint level, the level of the exposure alone.
    pairs : tuple of (str, int, int)
        What a term adds to its name, a joint level, and the one it is compared with.
    head : str
        What is compared with what, in words.
    """

    held: tuple[str, ...] = ()  # pyright: ignore[reportIncompatibleMethodOverride]
    arms: tuple[int, ...] = ()
    pairs: tuple[tuple[str, int, int], ...] = ()
    head: str = ""

    def at(self, code: int, sign: str = "=") -> str:
        """A joint level in words: ``treat=1, m=0``."""
        return str(self.levels[code]).replace("=", sign)

    def comparisons(self) -> dict[str, tuple[int, int]]:
        """Levels of the exposure, at each combination of mediators."""
        return {suffix: (level, reference) for suffix, level, reference in self.pairs}

    def headline(self) -> str:
        """What is compared with what, as a summary begins."""
        return self.head

    def within_arm(self) -> np.ndarray:
        """Rows and compared levels that share a level of the exposure alone."""
        arms = np.array(self.arms)
        return arms[self.codes][:, None] == arms[: self.contrasted]

    def arm_codes(self) -> np.ndarray:
        """The level of the exposure alone in every row."""
        return np.array(self.arms)[self.codes]

    def same_arm(self, code: int) -> tuple[int, ...]:
        """The joint levels that share a level of the exposure."""
        return tuple(k for k, arm in enumerate(self.arms) if arm == self.arms[code])


def cross(design: Design, folds: int, at: Any = None) -> Design:
    """The design with exposure and mediators joined, and no mediators beside it.

    Parameters
    ----------
    design : Design
    folds : int
        Every joint level that is compared needs as many rows.
    at : mapping of str to level, optional
        A value for each mediator; by default every combination in the data.

    Raises
    ------
    DataError
        A mediator of many values, an unknown name or level in `at`, a joint level without
        enough rows.

    Warns
    -----
    SmallSampleWarning
        A joint level that is compared has few rows.
    """
    factors = factors_of(design)
    stacked = np.column_stack([factor.codes for factor in factors])
    found, combination = np.unique(stacked, axis=0, return_inverse=True)
    observed: list[Combination] = [tuple(row) for row in found.tolist()]
    if at is not None:
        chosen = [chosen_by(factors, at)]
        if chosen[0] not in observed:
            raise DataError(f"no row has {words_at(factors, chosen[0])} together. {_OTHERS}")
    else:
        chosen = observed
        if len(chosen) > MOST_VALUES:
            raise DataError(
                f"{len(chosen)} combinations of {listed(factors)} are in the data, and effects at "
                f"up to {MOST_VALUES} are given at once. Choose one: at={example(factors)}."
            )
    cells = design.exposure.codes * len(observed) + combination.reshape(-1)
    place, labels = _places(design, factors, observed, cells, chosen, max(2, folds))
    return replace(
        design,
        exposure=_joint(design.exposure, factors, observed, chosen, place, labels, cells, at),
        mediators=(),
    )


def _places(
    design: Design,
    factors: Sequence[Factor],
    observed: Sequence[Combination],
    cells: np.ndarray,
    chosen: Sequence[Combination],
    least: int,
) -> tuple[np.ndarray, list[str]]:
    """The joint level of every cell (exposure level, combination), compared ones first."""
    exposure, width = design.exposure, len(observed)
    counts = np.bincount(cells, minlength=len(exposure.levels) * width)
    place = np.full(len(counts), -1)
    labels: list[str] = []

    def give(cell: int) -> None:
        place[cell] = len(labels)
        labels.append(f"{exposure.at(cell // width)}, {words_at(factors, observed[cell % width])}")

    for combination in chosen:
        for arm in range(exposure.contrasted):
            give(arm * width + observed.index(combination))
    _check_cells(design, place[cells], labels, least)
    for arm in range(len(exposure.levels)):  # what is not compared may be rare, and is joined then
        mine = [c for c in range(arm * width, (arm + 1) * width) if counts[c] and place[c] < 0]
        rare: list[int] = []
        for cell in sorted(mine, key=lambda cell: counts[cell]):
            if counts[cell] < least or 0 < counts[rare].sum() < least:
                rare.append(cell)
        for cell in mine:
            if cell not in rare:
                give(cell)
        if rare:
            place[rare] = len(labels)
            labels.append(f"{exposure.at(arm)}, {listed(factors)} elsewhere")
    return place, labels


def _joint(
    exposure: Exposure,
    factors: Sequence[Factor],
    observed: Sequence[Combination],
    chosen: Sequence[Combination],
    place: np.ndarray,
    labels: Sequence[str],
    cells: np.ndarray,
    at: Any,
) -> JointExposure:
    width, arms = len(observed), range(exposure.contrasted)
    used = np.flatnonzero(place >= 0)
    arm_of = dict(zip(place[used].tolist(), (used // width).tolist(), strict=True))
    pairs: list[tuple[str, int, int]] = []
    for combination in chosen:
        one, *others = (int(place[a * width + observed.index(combination)]) for a in arms)
        for arm, code in enumerate(others, 1):
            suffix = _suffix(exposure, arm, factors, None if at is not None else combination)
            pairs.append((suffix, code, one))
    return JointExposure(
        name=exposure.name,
        levels=tuple(labels),
        codes=place[cells],
        contrasted=len(chosen) * len(arms),
        gathered=exposure.gathered,
        held=tuple(factor.name for factor in factors),
        arms=tuple(arm_of[k] for k in range(len(labels))),
        pairs=tuple(pairs),
        head=f"{exposure.headline()}, at {_head(factors, chosen)}",
    )


def _check_cells(design: Design, codes: np.ndarray, labels: Sequence[str], least: int) -> None:
    """Every joint level that is compared has rows; few are worth a warning."""
    placed = codes[design.informative]
    counts = np.bincount(placed[placed >= 0], minlength=len(labels))
    problems = Problems()
    for label, rows in zip(labels, counts.tolist(), strict=True):
        if rows == 0:
            problems.add(f"no row with an observed outcome has {label}.", _OTHERS)
        elif rows < least:
            problems.add(
                f"{label} has {rows} rows with an observed outcome, and {least} are needed "
                "(one per fold).",
                _OTHERS,
            )
    problems.raise_if_any()
    thin = int(counts.argmin())
    if counts[thin] < FEW_ROWS:
        few = int((counts < FEW_ROWS).sum())
        warn(
            f"{labels[thin]} has only {counts[thin]} of {design.n} rows ({few} of {len(labels)} "
            f"such groups have fewer than {FEW_ROWS}). Intervals are not to be trusted at that "
            "size; choose levels that more people have with at=, or join rare ones.",
            SmallSampleWarning,
        )


_OTHERS = "Choose other levels with at= or levels=, or join rare ones."


def _head(factors: Sequence[Factor], chosen: Sequence[Combination], most: int = 6) -> str:
    first = "; ".join(words_at(factors, c) for c in chosen[:most])
    return first + (f" and {len(chosen) - most} more" if len(chosen) > most else "")


def _suffix(exposure: Exposure, arm: int, factors: Sequence[Factor], at: Combination | None) -> str:
    """`` [2 vs 0, m=1]``, without the part that goes without saying."""
    parts = [] if exposure.contrasted == 2 else [f"{exposure.levels[arm]} vs {exposure.levels[0]}"]
    parts += [] if at is None else [words_at(factors, at)]
    return f" [{', '.join(parts)}]" if parts else ""

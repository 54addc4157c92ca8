"""Exposure and mediators as one joint exposure, for effects that set both."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pandas as pd

from causalif.data.design import Design, Exposure
from causalif.data.variables import shown
from causalif.errors import DataError, Problems, SmallSampleWarning, did_you_mean, warn

MOST_VALUES = 20  # of one mediator, and of all together where none is chosen
FEW_ROWS = 30  # below it, a mean over a joint level is anybody's guess
Combination = tuple[int, ...]


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

    def same_arm(self, code: int) -> tuple[int, ...]:
        """The joint levels that share a level of the exposure."""
        return tuple(k for k, arm in enumerate(self.arms) if arm == self.arms[code])


@dataclass(frozen=True)
class _Factor:
    name: str
    codes: np.ndarray
    levels: tuple[Any, ...]


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
    factors = _factors(design)
    stacked = np.column_stack([factor.codes for factor in factors])
    found, combination = np.unique(stacked, axis=0, return_inverse=True)
    observed: list[Combination] = [tuple(row) for row in found.tolist()]
    if at is not None:
        chosen = [_chosen(factors, at)]
        if chosen[0] not in observed:
            raise DataError(f"no row has {_at(factors, chosen[0])} together. {_OTHERS}")
    else:
        chosen = observed
        if len(chosen) > MOST_VALUES:
            raise DataError(
                f"{len(chosen)} combinations of {_listed(factors)} are in the data, and effects at "
                f"up to {MOST_VALUES} are given at once. Choose one: at={_example(factors)}."
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
    factors: Sequence[_Factor],
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
        labels.append(f"{exposure.at(cell // width)}, {_at(factors, observed[cell % width])}")

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
            labels.append(f"{exposure.at(arm)}, {_listed(factors)} elsewhere")
    return place, labels


def _joint(
    exposure: Exposure,
    factors: Sequence[_Factor],
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


def _factors(design: Design) -> list[_Factor]:
    """The mediators by their levels; those with too many, or imputed, are refused."""
    problems, factors = Problems(), list[_Factor]()
    for name in (name for group in design.mediators for name in group):
        column = design.columns[name]
        if any(note.startswith(f"mediator {name!r} is missing in") for note in design.notes):
            problems.add(
                f"mediator {name!r} has missing values, and what is set to a value cannot be "
                "imputed.",
                f'Drop these rows: data.dropna(subset=["{name}"]).',
            )
        elif column.levels:
            codes = column.values @ np.arange(1, column.values.shape[1] + 1)
            factors.append(_Factor(name, codes.astype(np.intp), column.levels))
        elif column.values.shape[1] > 1:
            problems.add(
                f"mediator {name!r} is a formula term of {column.values.shape[1]} columns.",
                "Name a column of data instead.",
            )
        else:
            values, codes = np.unique(column.values[:, 0], return_inverse=True)
            levels = tuple(int(v) if v == np.floor(v) else float(v) for v in values)
            factors.append(_Factor(name, codes, levels))
    for factor in factors:
        if len(factor.levels) > MOST_VALUES:
            problems.add(
                f"mediator {factor.name!r} has {len(factor.levels)} values, and to set it to one "
                f"takes many rows at each (at most {MOST_VALUES} values).",
                f'Give at= on a column with few levels, or cut it: pd.cut(data["{factor.name}"], '
                "3).",
            )
    problems.raise_if_any()
    if not factors:
        raise DataError(
            "no mediator varies, so that holding them fixed changes nothing. Use "
            "average_effect() for the total effect."
        )
    return factors


def _chosen(factors: Sequence[_Factor], at: Any) -> Combination:
    """The one combination that `at` names."""
    if not isinstance(at, Mapping):
        raise DataError(
            f"at={at!r} must give a value for each mediator, as in at={_example(factors)}."
        )
    problems, names = Problems(), [factor.name for factor in factors]
    given: dict[str, Any] = {str(name): value for name, value in at.items()}
    for name in given:
        if name not in names:
            hint = did_you_mean(name, names)
            problems.add(f"at= names {name!r}, which is no mediator that varies.", hint)
    places: list[int] = []
    for factor in factors:
        if factor.name not in given:
            problems.add(
                f"at= gives no value for mediator {factor.name!r}.",
                "Add one, or leave at= out for every combination.",
            )
            continue
        value = given[factor.name]
        known = not isinstance(value, np.ndarray | pd.Series | pd.Index) and value is not pd.NA
        if not known or value not in factor.levels:
            problems.add(
                f"mediator {factor.name!r} has no rows at {shown(value)}.",
                did_you_mean(value, factor.levels),
            )
            continue
        places.append(factor.levels.index(value))
    problems.raise_if_any()
    return tuple(places)


def _check_cells(design: Design, codes: np.ndarray, labels: Sequence[str], least: int) -> None:
    """Every joint level that is compared has rows; few are worth a warning."""
    used = design.outcome.observed
    if design.weights is not None:
        used = used & (design.weights > 0)
    placed = codes[used]
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


def _at(factors: Sequence[_Factor], at: Combination) -> str:
    pairs = zip(factors, at, strict=True)
    return ", ".join(f"{factor.name}={factor.levels[code]}" for factor, code in pairs)


def _head(factors: Sequence[_Factor], chosen: Sequence[Combination], most: int = 6) -> str:
    first = "; ".join(_at(factors, c) for c in chosen[:most])
    return first + (f" and {len(chosen) - most} more" if len(chosen) > most else "")


def _suffix(
    exposure: Exposure, arm: int, factors: Sequence[_Factor], at: Combination | None
) -> str:
    """`` [2 vs 0, m=1]``, without the part that goes without saying."""
    parts = [] if exposure.contrasted == 2 else [f"{exposure.levels[arm]} vs {exposure.levels[0]}"]
    parts += [] if at is None else [_at(factors, at)]
    return f" [{', '.join(parts)}]" if parts else ""


def _listed(factors: Sequence[_Factor]) -> str:
    return ", ".join(factor.name for factor in factors)


def _example(factors: Sequence[_Factor]) -> str:
    return "{" + ", ".join(f"{f.name!r}: {f.levels[0]!r}" for f in factors) + "}"

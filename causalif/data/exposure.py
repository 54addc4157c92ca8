"""The exposure: its levels, the reference, and which levels are contrasted."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd

from causalif.data.design import Exposure
from causalif.data.frames import Frame
from causalif.data.variables import Variable, shown
from causalif.data.windows import ELSEWHERE, contrast_windows, is_pairs
from causalif.errors import Problems, first_rows

MOST_LEVELS = 10  # beyond it, numbers are continuous and categories need levels=


def read_exposure(
    variable: Variable,
    frame: Frame,
    levels: Sequence[Any] | None,
    reference: Any,
    folds: int,
    problems: Problems,
    notes: list[str],
) -> Exposure | None:
    """Code the exposure, the reference first; None where something is wrong with it.

    Parameters
    ----------
    variable : Variable
    frame : Frame
    levels : sequence or None
        Levels to contrast, the reference first; numbers or pairs of numbers (windows)
        for a continuous exposure.
    reference : object
        The level to compare with, instead of the first.
    folds : int
        A value of a continuous exposure is a level only if it fills the folds.
    problems : Problems
    notes : list of str
        Receives the reference used, or the windows.
    """
    what = f"exposure {variable.name!r}"
    if variable.missing.any():
        rows = int(variable.missing.sum())
        hint = first_rows(frame.labels(variable.missing))
        problems.add(
            f"{what} is missing in {rows} of {frame.n} rows ({hint}).",
            f"{frame.drop_hint(variable.name)}: an exposure is never imputed.",
        )
        return None
    if isinstance(levels, np.ndarray | pd.Index | pd.Series | range):
        levels = list(levels) if isinstance(levels, range) else levels.tolist()
    if levels is not None and not _usable(levels, problems):
        return None
    if not _is_level(reference):
        problems.add(f"reference={reference!r} must be one level.", "For example reference=0.")
        return None
    counts = variable.counts()
    if len(counts) == 1:
        level = shown(next(iter(counts)))
        problems.add(
            f"{what} has one level only ({level} in all {frame.n} rows): nothing to contrast.",
            "Add rows at another level, or choose another exposure.",
        )
        return None
    continuous = variable.numbers is not None and len(counts) > MOST_LEVELS
    if levels is None and not _clear(variable, counts, continuous, problems):
        return None
    windows = continuous and levels is not None and not _mass(levels, counts, folds)
    if levels is not None and (windows or is_pairs(levels)):
        return contrast_windows(variable, levels, reference, problems, notes)
    found = _contrast_levels(variable, counts, levels, reference, problems, notes)
    return _gathered(found) if found is not None and continuous else found


def check_counts(
    exposure: Exposure,
    usable: np.ndarray,
    folds: int,
    problems: Problems,
    what: str = "an observed outcome and a positive weight",
) -> bool:
    """Whether each contrasted level fills the folds with rows that carry information.

    Parameters
    ----------
    exposure : Exposure
    usable : ndarray of bool, shape (n,)
        The outcome was observed and the weight is positive.
    folds : int
    problems : Problems
    what : str
        What usable rows have.
    problems : Problems
    """
    total = len(exposure.levels)
    counts = np.bincount(exposure.codes[usable], minlength=total)[: exposure.contrasted]
    least = max(2, folds)
    if (counts >= least).all():
        return True
    labels = exposure.levels[: exposure.contrasted]
    seen = "" if usable.all() else f" with {what}"
    problems.add(
        f"too few rows per fold and exposure level{seen}: exposure {exposure.name!r} has "
        f"{_listed(dict(zip(labels, counts.tolist(), strict=True)))}; folds={folds} needs at "
        f"least {least} rows at each.",
        f"Use folds={counts.min()} or fewer, or contrast other levels."
        if counts.min() >= 2
        else "Contrast levels (or wider windows) that hold more rows.",
    )
    return False


def _usable(levels: Any, problems: Problems) -> bool:
    good = isinstance(levels, list | tuple) and len(levels) >= 2 and all(map(_is_level, levels))
    if good and len({repr(level) for level in levels}) == len(levels):
        return True
    problems.add(
        f"levels={levels!r} must be a list or tuple of two or more different levels.",
        "For example levels=(0, 1): the first is the reference.",
    )
    return False


def _is_level(level: Any) -> bool:
    """Whether comparing it says yes or no: not an array, and not pandas' NA."""
    return level is not pd.NA and not isinstance(level, np.ndarray | pd.Series | pd.Index)


def _mass(levels: Sequence[Any], counts: dict[Any, int], folds: int) -> bool:
    """Whether every level of a continuous exposure is a value that many rows share."""
    if not all(isinstance(level, int | float | np.number) for level in levels):
        return True  # not windows: reported as absent
    return all(counts.get(level, 0) >= max(10, 2 * folds) for level in levels)


def _clear(
    variable: Variable, counts: dict[Any, int], continuous: bool, problems: Problems
) -> bool:
    """Whether all levels found can be contrasted without `levels=`."""
    what = f"exposure {variable.name!r}"
    if continuous:
        low, high = np.quantile(variable.array, [0.25, 0.75])
        problems.add(
            f"{what} is continuous: {len(counts)} distinct values.",
            f"Say which values to contrast, levels=({low:.3g}, {high:.3g}) or windows "
            f"levels=((low, high), (low, high)); or cut it: "
            f'pd.cut(data["{variable.name}"], 3) or pd.qcut.',
        )
        return False
    if variable.text and len({str(level).strip().casefold() for level in counts}) < len(counts):
        problems.add(
            f"{what} has {len(counts)} levels, some of which differ only by case or spaces: "
            f"{_listed(counts)}.",
            f'Unify them (data["{variable.name}"].str.strip().str.lower()) or give levels=.',
        )
        return False
    if len(counts) > MOST_LEVELS:
        problems.add(
            f"{what} has {len(counts)} levels: {_listed(counts)}.",
            "Choose those to contrast with levels=(reference, other, ...).",
        )
        return False
    return True


def _contrast_levels(
    variable: Variable,
    counts: dict[Any, int],
    levels: Sequence[Any] | None,
    reference: Any,
    problems: Problems,
    notes: list[str],
) -> Exposure | None:
    codes, found = variable.coded()
    chosen = list(found if levels is None else levels)
    wanted = chosen if reference is None else [*chosen, reference]
    absent = [level for level in wanted if level not in found]
    if absent:
        problems.add(
            f"exposure {variable.name!r} has no level {', '.join(map(shown, absent))}.",
            f"Levels present: {_listed(counts)}.",
        )
        return None
    places = [found.index(level) for level in chosen]  # 0 finds False
    if len(set(places)) < len(places):
        problems.add(f"levels={tuple(chosen)!r} names a level twice.", "Name each once.")
        return None
    if reference is not None:
        first = found.index(reference)
        if first not in places:
            problems.add(f"reference={reference!r} is not one of levels={tuple(chosen)!r}.")
            return None
        places = [first, *(p for p in places if p != first)]
    others = [p for p in range(len(found)) if p not in places]
    order = [*places, *others]
    recode = np.argsort(order)
    ordered = tuple(found[p] for p in order)
    found_exposure = Exposure(variable.name, ordered, recode[codes], len(places))
    notes.append(_reference_note(found_exposure, levels is None))
    return found_exposure


def _gathered(exposure: Exposure) -> Exposure:
    """All other values of a continuous exposure as one level."""
    kept = exposure.contrasted
    codes = np.minimum(exposure.codes, kept)
    others = (ELSEWHERE,) if (codes == kept).any() else ()
    levels = (*exposure.levels[:kept], *others)
    return Exposure(exposure.name, levels, codes, kept, gathered=bool(others))


def _reference_note(exposure: Exposure, default: bool) -> str:
    reference, *others = map(shown, exposure.levels[: exposure.contrasted])
    compared = ", ".join(others)
    note = f"exposure {exposure.name!r}: {compared} compared with the reference {reference}"
    if len(others) > 1 and default:
        note += " (one contrast per level; choose with levels= or reference=)"
    elsewhere = int((exposure.codes >= exposure.contrasted).sum())
    if elsewhere:
        note += f"; {elsewhere} rows at other levels stay in the analysis"
    return note + "."


def _listed(counts: dict[Any, int]) -> str:
    first = ", ".join(f"{shown(level)} ({rows} rows)" for level, rows in list(counts.items())[:12])
    return first + (f", and {len(counts) - 12} more" if len(counts) > 12 else "")

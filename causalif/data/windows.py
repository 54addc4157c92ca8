"""Contrasts of a continuous exposure: windows around values, or given as pairs."""

from __future__ import annotations

import math
from collections.abc import Sequence
from itertools import pairwise
from typing import Any

import numpy as np

from causalif.data.design import Exposure
from causalif.data.variables import Variable
from causalif.errors import Problems

ELSEWHERE = "elsewhere"


def is_pairs(levels: Sequence[Any]) -> bool:
    """Whether levels are pairs of numbers, each the two ends of a window.

    Examples
    --------
    >>> is_pairs(((0, 1), (3, 4))), is_pairs((0, 1))
    (True, False)
    """
    return all(
        isinstance(pair, tuple | list)
        and len(pair) == 2
        and all(isinstance(end, int | float | np.number) for end in pair)
        for pair in levels
    )


def contrast_windows(
    variable: Variable,
    levels: Sequence[Any],
    reference: Any,
    problems: Problems,
    notes: list[str],
) -> Exposure | None:
    """Code the rows of a numeric exposure by the window that holds them.

    Around values the half-width is 1.06 sd n^(-1/4), wider than a density bandwidth
    because a window must hold rows enough for every fold, and less than half the distance
    between neighbours. Rows in no window get a further level, "elsewhere".
    """
    numbers = variable.numbers
    if numbers is None:
        problems.add(
            f"levels={tuple(levels)!r} are windows, but exposure {variable.name!r} is not numeric.",
            "Name its levels instead.",
        )
        return None
    places = list(range(len(levels)))
    if reference is not None:
        same = [k for k in places if _equal(levels[k], reference)]
        if not same:
            problems.add(f"reference={reference!r} is not one of levels={tuple(levels)!r}.")
            return None
        places = [same[0], *(k for k in places if k != same[0])]
    find = _explicit if is_pairs(levels) else _around
    ends, labels = find(variable, levels)
    if not _separate(ends, levels, problems):
        return None
    codes = np.full(len(numbers), len(levels))
    for code, k in enumerate(places):
        low, high = ends[k]
        codes[(numbers >= low) & (numbers <= high)] = code
    names = [labels[k] for k in places]
    counts = np.bincount(codes, minlength=len(levels) + 1)
    rows = ", ".join(f"{label!r} {n} rows" for label, n in zip(names, counts, strict=False))
    notes.append(
        f"exposure {variable.name!r} is continuous: {rows}, elsewhere {counts[-1]} rows; the "
        "estimand is the exposure drawn within its window as it is there, given the covariates."
    )
    found = tuple(names) + ((ELSEWHERE,) if counts[-1] else ())
    return Exposure(variable.name, found, codes, len(levels), gathered=True)


def _around(
    variable: Variable, levels: Sequence[Any]
) -> tuple[list[tuple[float, float]], list[str]]:
    numbers = variable.numbers
    assert numbers is not None
    centres = [float(level) for level in levels]
    gap = float(np.diff(np.sort(centres)).min())
    half = min(1.06 * float(numbers.std()) * len(numbers) ** -0.25, 0.499 * gap)
    half = _rounded_down(half)
    ends = [(centre - half, centre + half) for centre in centres]
    return ends, [f"{variable.name} near {centre} (within {half:g})" for centre in centres]


def _explicit(
    variable: Variable, levels: Sequence[Any]
) -> tuple[list[tuple[float, float]], list[str]]:
    ends = [(float(low), float(high)) for low, high in levels]
    return ends, [f"{variable.name} in [{low:g}, {high:g}]" for low, high in ends]


def _separate(ends: list[tuple[float, float]], levels: Sequence[Any], problems: Problems) -> bool:
    ordered = sorted(ends)
    reversed_ends = any(not low <= high for low, high in ends)
    overlap = any(b[0] <= a[1] for a, b in pairwise(ordered))
    if reversed_ends or overlap:
        problems.add(
            f"levels={tuple(levels)!r} must be windows (low, high) that do not overlap or touch.",
            "For example levels=((0, 1), (2, 3)).",
        )
    return not (reversed_ends or overlap)


def _rounded_down(value: float) -> float:
    """Two significant digits, so that a label states the width exactly."""
    if value <= 0:
        return 0.0
    unit = 10.0 ** (math.floor(math.log10(value)) - 1)
    return float(f"{math.floor(value / unit + 1e-9) * unit:.2g}")


def _equal(level: Any, reference: Any) -> bool:
    return bool(np.array_equal(np.asarray(level), np.asarray(reference)))

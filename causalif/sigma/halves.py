"""What one posterior and the rows beside it gave; two of them, where rows are split, made one."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import numpy as np

from causalif.sigma.effects.average import NO_EFFECT, merged
from causalif.sigma.effects.found import Averaged
from causalif.sigma.effects.plans import Path
from causalif.sigma.posterior import DAGPosterior

if TYPE_CHECKING:
    from causalif.sigma.effects.study import Study


@dataclass(frozen=True)
class Half:
    """What one posterior and the rows beside it gave.

    Attributes
    ----------
    posterior : DAGPosterior
    rows : ndarray of int or None
        The rows that effects were estimated from; None for all.
    has : dict of path to ndarray of bool, shape (count,)
        Every pathway that was drawn, and which draws have it.
    stability : dict of path to (float, float)
        The probability of each, and its Monte-Carlo error.
    effects : dict of path to Averaged
    total : Averaged
    left_out : float
        The weight of graphs in which no effect was estimated.
    fits : dict of str to int
        Regressions that were fitted, and that graphs would need one by one.
    """

    posterior: DAGPosterior
    rows: np.ndarray | None
    has: Mapping[Path, np.ndarray]
    stability: Mapping[Path, tuple[float, float]]
    effects: Mapping[Path, Averaged]
    total: Averaged
    left_out: float
    fits: Mapping[str, int]


def passes(name: str, path: Path) -> bool:
    """Whether a path passes a node on its way."""
    return name in path[1:-1]


PRESENT = [
    "path", "effect", "std_error", "conf_low", "conf_high", "against", "not_identified",
    "estimand", "why",
]  # fmt: skip


def all_paths(halves: Sequence[Half]) -> list[Path]:
    """Every path of some half, by mean stability."""
    every = dict.fromkeys(path for half in halves for path in half.stability)
    return sorted(every, key=lambda path: (-stability_of(halves, path)[0], len(path), path))


def stability_of(halves: Sequence[Half], path: Path) -> tuple[float, float]:
    """A path's stability, and its Monte-Carlo error, over halves."""
    pairs = np.array([half.stability.get(path, (0.0, 0.0)) for half in halves])
    return float(pairs[:, 0].mean()), float(np.sqrt((pairs[:, 1] ** 2).sum()) / len(halves))


def together(parts: Sequence[Averaged | None]) -> Averaged | None:
    """The average over halves; in a half that did not look at a path, it counts as absent."""
    some = [part for part in parts if part is not None]
    unknown = [part for part in some if part.mixture is None]
    if len(parts) == 1 or not some or unknown:  # half of an answer is none
        return next(iter([*unknown, *some]), None)
    mixtures = [NO_EFFECT if part is None else part.mixture or NO_EFFECT for part in parts]
    there = [part.present for part in some if part.present is not None]
    heaviest = max(some, key=lambda part: part.stability)
    return Averaged(
        float(np.mean([0.0 if part is None else part.stability for part in parts])),
        float(np.sqrt(sum(part.mc_error**2 for part in some)) / len(parts)),
        merged(mixtures),
        merged(there) if there else None,
        heaviest.influence,
        float(np.mean([part.not_identified for part in some])),
        tuple(dict.fromkeys(kind for part in some for kind in part.kinds)),
        heaviest.reason,
    )


def influence_of(
    halves: Sequence[Half], parts: Sequence[Averaged | None], study: Study
) -> np.ndarray:
    """Influence values on all rows, so that their mean is about the error of the average."""
    rows = len(study.index)
    found = np.zeros(rows)
    for half, part in zip(halves, parts, strict=True):
        if part is not None:
            where = np.arange(rows) if half.rows is None else half.rows
            found[where] += part.influence * rows / len(where) / len(halves)
    return found


def row_of(
    path: str, stability: float, mc_error: float, one: Averaged | None, level: float
) -> dict[str, Any]:
    """A row of `SigmaResult.pathways`."""
    row: dict[str, Any] = {"path": path, "stability": stability, "mc_error": mc_error}
    mixture = None if one is None else one.mixture
    if mixture is None:
        names = ("effect", "std_error", "within_var", "between_var", "conf_low", "conf_high")
        return row | dict.fromkeys(names, np.nan)
    low, high = mixture.interval(level)
    return row | {
        "effect": mixture.value,
        "std_error": mixture.std_error,
        "within_var": mixture.within,
        "between_var": mixture.between,
        "conf_low": low,
        "conf_high": high,
    }


def row_of_present(path: str, one: Averaged, level: float) -> dict[str, Any]:
    """A row of `SigmaResult.present`."""
    present = one.present
    low, high = (np.nan, np.nan) if present is None else present.interval(level)
    return {
        "path": path,
        "effect": np.nan if present is None else present.value,
        "std_error": np.nan if present is None else present.std_error,
        "conf_low": low,
        "conf_high": high,
        "against": np.nan if present is None else present.against(),
        "not_identified": one.not_identified,
        "estimand": ", ".join(one.kinds),
        "why": one.reason,
    }


def share_of_some(half: Half, which: Callable[[Path], bool]) -> tuple[float, float]:
    """The weight of graphs with some path of a kind, with its error."""
    drawn = np.zeros(len(half.posterior.draws), dtype=bool)
    for path, has in half.has.items():
        if which(path):
            drawn |= has
    return half.posterior.share(drawn)


def share_of_both(half: Half, one: str, other: str) -> tuple[float, float]:
    """The weight of graphs with both of two paths, with its error."""
    arrows = {arrow for path in (one, other) for arrow in pairwise(path.split(" -> "))}
    return half.posterior.probability_of(sorted(arrows))


def mean_share(found: Sequence[tuple[float, float]]) -> dict[str, float]:
    """The mean over halves of shares and of their errors."""
    pairs = np.array(found)
    return {
        "stability": float(pairs[:, 0].mean()),
        "mc_error": float(np.sqrt((pairs[:, 1] ** 2).sum()) / len(found)),
    }

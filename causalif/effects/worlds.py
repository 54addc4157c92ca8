"""Worlds and contrasts: an estimand as data.

A world is a vector of exposure levels, one per ordered group of mediators and a last one
for the outcome: ``(a_1, .., a_K, a)`` stands for E[Y(a, M_1(a_1), .., M_K(a_K, ..))].
An effect is a contrast of two worlds, so that an estimand is a table of contrasts; what two
contrasts leave of a third is a sum of such differences.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from causalif.data.design import Design
from causalif.errors import DataError, DataWarning, warn
from causalif.estimate import Estimate

if TYPE_CHECKING:
    from causalif.effects.curve import Curve
    from causalif.effects.options import Settings
    from causalif.effects.potential import PotentialMean
    from causalif.nuisance.crossfit import Nuisances

World = tuple[int, ...]
# A world minus another, and another such difference added to it where four are given.
Contrasts = Mapping[str, tuple[World, World] | tuple[World, World, World, World]]


def world_name(design: Design, world: World) -> str:
    """``E[Y(treated, M(control))]``, with the user's own levels."""
    levels = [str(design.exposure.levels[code]) for code in world]
    if len(set(levels)) == 1:
        return f"E[{design.outcome.name}({levels[0]})]"
    groups = [", ".join(group) for group in design.mediators]
    inner = ", ".join(f"{m}({a})" for m, a in zip(groups, levels[:-1], strict=True))
    return f"E[{design.outcome.name}({levels[-1]}, {inner})]"


@dataclass(frozen=True)
class Estimand:
    """A page: what the engine must know of an estimand, and nothing else.

    Attributes
    ----------
    name : str
        In words, for tables and reports.
    contrasts : callable
        ``(level, reference) -> {term: (world, minus world)}``; of four, two differences added.
    evaluate : callable
        ``(nuisances, design, world, settings) -> PotentialMean``.
    fractions : mapping of str to (str, str)
        Terms that are the ratio of two others: ``{"PM": ("NIE", "TE")}``.
    references : tuple of str
        Keys of the bibliography.
    assumptions : tuple of str
        What must hold for the terms to be causal effects, in plain words.
    words : mapping of str to str
        What each term is called.
    criterion : str, default "total"
        By which a graph chooses and judges covariates: the estimand of a `graph.dag.Question`.
    every_level : bool, default False
        Whether levels of the exposure that are not compared take part as well.
    for_design : callable, optional
        ``(estimand, design) -> Estimand``: what hangs on the number of mediators, or their names.
    named : callable, default world_name
        ``(design, world) -> str``: what the mean of a world is called.
    classifies : bool, default False
        Whether learners of the role "intermediate" are used.
    by_groups : bool, default True
        Whether a group's effect is the same functional of the law within the group: not where
        it averages over a product of marginal laws.
    least_rows : int, default 0
        Fewer effective rows than this are warned of, beyond what every effect warns of.
    together : bool, default False
        Whether mediators are adjusted for as covariates are, so that overlap and balance are
        those given both.
    """

    name: str
    contrasts: Callable[[int, int], Contrasts]
    evaluate: Callable[[Nuisances, Design, World, Settings], PotentialMean]
    fractions: Mapping[str, tuple[str, str]]
    references: tuple[str, ...]
    assumptions: tuple[str, ...]
    words: Mapping[str, str]
    criterion: str = "total"
    every_level: bool = False
    for_design: Callable[[Estimand, Design], Estimand] | None = None
    named: Callable[[Design, World], str] = world_name
    classifies: bool = False
    curve: Curve | None = None
    by_groups: bool = True
    least_rows: int = 0
    together: bool = False


def total_contrast(level: int, reference: int) -> Contrasts:
    """The one contrast of a total effect."""
    return {"TE": ((level,), (reference,))}


def worlds_of(estimand: Estimand, design: Design) -> tuple[World, ...]:
    """Every world that some contrast of the estimand needs, without repetition."""
    found: dict[World, None] = {}
    for level, reference in design.exposure.comparisons().values():
        for worlds in estimand.contrasts(level, reference).values():
            found.update(dict.fromkeys(worlds))
    return tuple(found)


def contrast(estimand: Estimand, design: Design, means: Estimate, scale: str) -> Estimate:
    """The terms of an estimand, on the chosen scale, from the means of its worlds.

    Parameters
    ----------
    estimand : Estimand
    design : Design
    means : Estimate
        One term per world of `worlds_of`, in its order; with subgroups, those of each group
        in turn.
    scale : {"difference", "ratio", "odds_ratio"}
        Ratios are kept on the log scale, where their intervals are made.

    Raises
    ------
    DataError
        A mean that is not positive (ratio), or not within (0, 1) (odds ratio).
    """
    _check_scale(means, scale)
    rows = _places(estimand, design)
    shares: dict[str, tuple[str, str]] = {}
    for term, (top, bottom) in estimand.fractions.items():
        for suffix in design.exposure.comparisons():
            for label in _groups(design):
                end = joined(suffix, label)
                shares[term + end] = (top + end, bottom + end)

    matrix = np.zeros((len(rows), len(means)))
    for k, places in enumerate(rows.values()):
        for place, sign in zip(places, itertools.cycle((1.0, -1.0)), strict=False):
            matrix[k, place] += sign
    index = {term: k for k, term in enumerate(rows)}
    link, excess = _LINKS[scale]

    def terms(values: np.ndarray) -> np.ndarray:
        effects = matrix @ link(values)
        parts = matrix @ excess(values)
        ratios = [parts[index[top]] / parts[index[bottom]] for top, bottom in shares.values()]
        return np.concatenate([effects, ratios])

    def fraction(top: str, bottom: str) -> Estimate:
        pair = matrix[[index[top], index[bottom]]]
        return means.transform(lambda values: pair @ excess(values), names=[top, bottom])

    parts = matrix @ excess(means.values.to_numpy())
    for term, (_, bottom) in list(shares.items()):
        if abs(parts[index[bottom]]) < 1e-12:
            del shares[term]
            warn(f"{term} is left out: {bottom} is estimated as zero.", DataWarning)
    result = means.transform(terms, names=[*rows, *shares])
    return Estimate.from_estimate(
        result,
        label=f"{estimand.name} of {design.exposure.name} on {design.outcome.name}",
        references=estimand.references,
        scale=[_STORED[scale]] * len(rows) + ["identity"] * len(shares),
        fractions={term: fraction(*pair) for term, pair in shares.items()},
    )


def joined(suffix: str, label: str) -> str:
    """What a term adds to its name, and a group, in one pair of brackets.

    Examples
    --------
    >>> joined("", "sex=f"), joined(" [2 vs 0]", "sex=f"), joined(" [2 vs 0]", "")
    (' [sex=f]', ' [2 vs 0, sex=f]', ' [2 vs 0]')
    """
    if not label:
        return suffix
    return f"{suffix[:-1]}, {label}]" if suffix else f" [{label}]"


def _groups(design: Design) -> list[str]:
    """The subgroups as they are named; one without a name where there are none."""
    by = design.by
    return [""] if by is None else [by.at(code) for code in range(len(by.levels))]


def terms_by_group(estimand: Estimand, design: Design) -> dict[str, list[str]]:
    """For every contrast, what it is called in each group."""
    return {
        term + suffix: [term + joined(suffix, label) for label in _groups(design)]
        for suffix, (level, reference) in design.exposure.comparisons().items()
        for term in estimand.contrasts(level, reference)
    }


def _places(estimand: Estimand, design: Design) -> dict[str, list[int]]:
    """For every term, which means make it: one added, the next one subtracted."""
    worlds = {world: k for k, world in enumerate(worlds_of(estimand, design))}
    rows: dict[str, list[int]] = {}
    for suffix, (level, reference) in design.exposure.comparisons().items():
        for term, of_term in estimand.contrasts(level, reference).items():
            for group, label in enumerate(_groups(design)):
                start = group * len(worlds)
                rows[term + joined(suffix, label)] = [start + worlds[world] for world in of_term]
    return rows


def _odds(values: np.ndarray) -> np.ndarray:
    return values / (1 - values)


# The scale on which effects add up, and the one on which a share of the total is taken
# (VanderWeele 2015, section 2.13: excess ratios; for odds ratios, excess odds).
_LINKS: Mapping[str, tuple[Callable[..., np.ndarray], Callable[..., np.ndarray]]] = {
    "difference": (lambda v: v, lambda v: v),
    "ratio": (np.log, lambda v: v),
    "odds_ratio": (lambda v: np.log(_odds(v)), _odds),
}
_STORED = {"difference": "identity", "ratio": "log", "odds_ratio": "log"}


def _check_scale(means: Estimate, scale: str) -> None:
    values = means.values
    if scale == "ratio" and (values <= 0).any():
        term = str(values.idxmin())
        raise DataError(
            f"scale='ratio' needs positive means, but {term} is estimated as "
            f"{values[term]:.4g}. Use scale='difference'."
        )
    if scale == "odds_ratio" and ((values <= 0) | (values >= 1)).any():
        term = values[(values <= 0) | (values >= 1)].index[0]
        raise DataError(
            f"scale='odds_ratio' needs means between 0 and 1, but {term} is estimated as "
            f"{values[term]:.4g}. Use scale='difference', or method='tmle' for a binary outcome."
        )

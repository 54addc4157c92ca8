"""The effects of one posterior on one set of rows: plan every graph, estimate each part once."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import pairwise

import numpy as np
import pandas as pd

from causalif.data.design import Design
from causalif.data.variables import Variable
from causalif.effects.options import Settings
from causalif.sigma.effects.estimates import Parts, estimate_means
from causalif.sigma.effects.found import GraphGroup, needed_parts
from causalif.sigma.effects.plans import Path, Plan, plan
from causalif.sigma.effects.slopes import estimate_slopes
from causalif.sigma.effects.terms import NOTHING, Slope, Term
from causalif.sigma.posterior import DAGPosterior
from causalif.sigma.walks import as_digraph, descendants_of, paths_of


@dataclass(frozen=True)
class Study:
    """What the effects are estimated from.

    Attributes
    ----------
    exposure, outcome : str
    variables : tuple of Variable
        The nodes, in the order of the posterior.
    index : Index, length n
    design : Design or None
        For an exposure of two levels; None where the effect is per unit of the exposure.
    settings : Settings
    """

    exposure: str
    outcome: str
    variables: tuple[Variable, ...]
    index: pd.Index
    design: Design | None
    settings: Settings

    @property
    def per_unit(self) -> bool:
        """Whether effects are per unit of a continuous exposure."""
        return self.design is None

    def take(self, rows: np.ndarray) -> Study:
        """The same study on some of its rows."""
        variables = tuple(
            replace(
                v,
                numbers=None if v.numbers is None else v.numbers[rows],
                codes=None if v.codes is None else v.codes[rows],
            )
            for v in self.variables
        )
        design = None if self.design is None else self.design.take(rows)
        return replace(self, variables=variables, index=self.index[rows], design=design)

    def estimate(self, parts: Sequence[object]) -> Parts:
        """Estimate every part, whatever graphs they come from."""
        if not parts:
            return Parts({}, None, 0, len(self.index))
        if self.design is None:
            named = {variable.name: variable for variable in self.variables}
            return estimate_slopes(parts, named, self.index, self.settings)
        return estimate_means(parts, self.design, self.settings)


def groups_of(
    posterior: DAGPosterior, study: Study, coverage: float
) -> tuple[list[GraphGroup], float]:
    """Graphs that ask for the same, the heaviest first, until they cover enough of the weight.

    What is neither an ancestor of the exposure nor of the outcome has no part in their effects:
    graphs that differ in the rest only are one.

    Returns
    -------
    (list of GraphGroup, float)
        Weights are shares of all graphs, and sum to one less what is left out, which is second.
    """
    names = posterior.names
    start, goal = names.index(study.exposure), names.index(study.outcome)
    kept = _ancestral(posterior.draws, start, goal)
    distinct, place = np.unique(kept, axis=0, return_inverse=True)
    weights = np.bincount(place.ravel(), posterior.draw_weights)
    found: list[GraphGroup] = []
    covered = 0.0
    for k in np.argsort(-weights, kind="stable"):
        if covered >= coverage and found:
            break
        parents = distinct[k].tolist()
        paths = [tuple(names[i] for i in path) for path in paths_of(parents, start, goal)]
        found.append(
            GraphGroup(_plan(parents, names, study, paths), float(weights[k]), place.ravel() == k)
        )
        covered += float(weights[k])
    return found, max(0.0, 1.0 - covered)


def _ancestral(graphs: np.ndarray, start: int, goal: int) -> np.ndarray:
    """Each graph on the ancestors of two nodes; other nodes without parents."""
    reached = descendants_of(graphs)
    ends = np.int64(1 << start | 1 << goal)
    return np.where((reached & ends) != 0, graphs, 0)


def _plan(
    parents: Sequence[int], names: Sequence[str], study: Study, paths: Sequence[Path]
) -> Plan:
    if study.per_unit:
        return _slopes_of(parents, names, study, paths)
    return plan(as_digraph(parents, names), study.exposure, study.outcome, paths)


def _slopes_of(
    parents: Sequence[int], names: Sequence[str], study: Study, paths: Sequence[Path]
) -> Plan:
    """Along each path the product of its slopes; what has levels without numbers has none."""
    terms: dict[Path, Term] = {}
    reasons: dict[Path, str] = {}
    total = Term(kind="per unit")
    levels = {v.name: len(v.levels) for v in study.variables if v.numbers is None}
    for path in paths:
        product = tuple(_slope(parents, names, parent, child) for parent, child in pairwise(path))
        wide = [name for name in path if levels.get(name, 2) > 2]
        if wide:
            reasons[path] = f"{wide[0]} has {levels[wide[0]]} levels, and no slope"
        else:
            terms[path] = Term({product: 1.0}, "per unit")
            total = total.plus(terms[path])
    if not paths:
        return Plan((), {}, {}, NOTHING)
    return Plan(tuple(paths), terms, reasons, None if reasons else total)


def _slope(parents: Sequence[int], names: Sequence[str], parent: str, child: str) -> Slope:
    mask = parents[names.index(child)]
    others = tuple(name for k, name in enumerate(names) if mask >> k & 1 and name != parent)
    return Slope(child, parent, others)


def estimate_wanted(
    groups: Sequence[GraphGroup], paths: Sequence[Path], study: Study
) -> tuple[Parts, dict[str, int]]:
    """Estimate what the wanted paths need in all graphs, and count what sharing saves."""
    parts, counts = needed_parts(groups, paths, study.settings.library)
    found = study.estimate(parts)
    return found, {**counts, "fitted": found.fits, "parts": len(parts)}

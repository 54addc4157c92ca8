"""What one posterior says of every pathway: how stable it is, and its effect in each graph."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from causalif.nuisance.library import Library
from causalif.sigma.effects.average import ABSENT, NO_EFFECT, Mixture
from causalif.sigma.effects.estimates import Parts
from causalif.sigma.effects.plans import Path, Plan
from causalif.sigma.effects.sharing import regressions_of
from causalif.sigma.effects.terms import Term


@dataclass(frozen=True)
class GraphGroup:
    """Graphs that ask for the same to be estimated.

    Attributes
    ----------
    plan : Plan
    weight : float
    draws : ndarray of bool, shape (count,)
        Which draws of the posterior these are.
    """

    plan: Plan
    weight: float
    draws: np.ndarray


@dataclass(frozen=True)
class Averaged:
    """An effect over graphs.

    Attributes
    ----------
    stability, mc_error : float
        The probability of graphs that have it, and its Monte-Carlo error.
    mixture : Mixture or None
        Over all graphs; None where it is identified in none that has it.
    present : Mixture or None
        Over graphs that have it.
    influence : ndarray, shape (n,)
        Of the average, for given weights.
    not_identified : float
        Of the weight of graphs that have it, the share in which it is not identified.
    kinds : tuple of str
        How it is identified, the heaviest first.
    reason : str
        Why it is not, in the heaviest graph where it is not.
    """

    stability: float
    mc_error: float
    mixture: Mixture | None
    present: Mixture | None
    influence: np.ndarray
    not_identified: float
    kinds: tuple[str, ...]
    reason: str


def averaged(
    stability: tuple[float, float],
    having: Sequence[tuple[float, Term | None, str]],
    parts: Parts,
) -> Averaged:
    """Average an effect over the graphs that have it, and those that do not.

    Parameters
    ----------
    stability : (float, float)
        The probability of graphs that have it, with its Monte-Carlo error.
    having : sequence of (weight, Term or None, reason)
        Per group of graphs that have it; None where it is not identified.
    parts : Parts
    """
    weights = {None: 0.0} | _by_key(having)
    terms = {term.key: term for _, term, _ in having if term is not None}
    lost, whole = weights.pop(None), sum(weight for weight, _, _ in having)
    reason = max(((w, why) for w, term, why in having if term is None), default=(0.0, ""))[1]
    share = lost / whole if whole > 0 else 0.0
    if not weights:
        nothing = np.zeros(parts.rows)
        mixture = None if having else NO_EFFECT
        return Averaged(*stability, mixture, None, nothing, share, (), reason)
    kept = np.array(list(weights.values()))
    kept /= kept.sum()
    found = [parts.of(terms[key]) for key in weights]
    values = np.array([value for value, _ in found])
    rows = np.column_stack([row for _, row in found])
    variances = (rows**2).sum(axis=0) / parts.rows**2
    present = Mixture(kept, values, variances, tuple(weights))
    mixture = Mixture(
        np.append(stability[0] * kept, 1 - stability[0]),
        np.append(values, 0.0),
        np.append(variances, 0.0),
        (*weights, ABSENT),
    )
    kinds = dict.fromkeys(terms[key].kind for key in sorted(weights, key=weights.__getitem__)[::-1])
    return Averaged(
        *stability, mixture, present, stability[0] * (rows @ kept), share, tuple(kinds), reason
    )


def _by_key(having: Sequence[tuple[float, Term | None, str]]) -> dict[object, float]:
    """The weight of each distinct term; graphs in which it is one number are one."""
    found: dict[object, float] = {}
    for weight, term, _ in having:
        key = None if term is None else term.key
        found[key] = found.get(key, 0.0) + weight
    return found


def having_path(groups: Sequence[GraphGroup], path: Path) -> list[tuple[float, Term | None, str]]:
    """The groups of graphs that have a path, with its term in each."""
    return [
        (group.weight, group.plan.terms.get(path), group.plan.reasons.get(path, ""))
        for group in groups
        if path in group.plan.paths
    ]


def having_any(groups: Sequence[GraphGroup]) -> list[tuple[float, Term | None, str]]:
    """The groups of graphs that have some path, with the total effect in each."""
    return [
        (group.weight, group.plan.total, next(iter(group.plan.reasons.values()), ""))
        for group in groups
        if group.plan.paths
    ]


def needed_parts(
    groups: Sequence[GraphGroup], paths: Sequence[Path], library: Library
) -> tuple[list[object], Mapping[str, int]]:
    """The parts of all terms that are wanted, and how many regressions sharing them saves."""
    wanted, found, apart = set(paths), dict[object, None](), 0
    for group in groups:
        own: dict[object, None] = {}
        for term in _wanted(group.plan, wanted):
            own.update(dict.fromkeys(term.parts))
        apart += len(regressions_of(own, library))
        found.update(own)
    return list(found), {"shared": len(regressions_of(found, library)), "apart": apart}


def _wanted(plan: Plan, paths: set[Path]) -> list[Term]:
    terms = [term for path, term in plan.terms.items() if path in paths]
    return terms if plan.total is None else [*terms, plan.total]

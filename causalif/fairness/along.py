"""Estimates along the line: measures of mixed linear predictors, with all of their influence."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd

from causalif.estimate import Estimate
from causalif.fairness.learning import Learned
from causalif.fairness.measures import measure
from causalif.fairness.points import Rung
from causalif.fairness.problem import Problem
from causalif.fairness.reduction.moments import influence


def mixed(rungs: Mapping[int, Rung], mix: Mapping[int, float]) -> Rung:
    """The linear mix of rungs: linear predictors and influence alike."""
    parts = [(rungs[k], share) for k, share in mix.items()]
    if len(parts) == 1:
        return parts[0][0]
    shares = np.array([share for _, share in parts])
    moved = [rung.influence for rung, _ in parts if rung.influence is not None]
    return Rung(
        np.tensordot(shares, [rung.linear for rung, _ in parts], axes=1),
        np.tensordot(shares, moved, axes=1) if moved else None,
    )


def measured_of(
    problem: Problem,
    rungs: Mapping[int, Rung],
    mix: Mapping[int, float],
    names: Sequence[str],
    threshold: float,
) -> dict[str, tuple[float, np.ndarray]]:
    """Of each term its value and influence, the coefficients' part included."""
    rung = mixed(rungs, mix)
    found = [
        measure(
            name,
            problem.outcome,
            rung.linear,
            problem.groups,
            logistic=problem.logistic,
            threshold=threshold,
            weights=problem.weights,
        )
        for name in names
    ]
    influence = np.hstack([one.influence for one in found])
    if rung.influence is not None:
        slope = np.hstack([one.slope for one in found])
        by_coefficient = np.vstack([slope.sum(axis=0), problem.values.T @ slope])
        influence = influence + rung.influence @ by_coefficient
    terms = [term for one in found for term in one.names]
    values = np.concatenate([one.values for one in found])
    return {term: (values[k], influence[:, k]) for k, term in enumerate(terms)}


def estimate_of(
    problem: Problem,
    at: Mapping[Any, Mapping[str, tuple[float, np.ndarray]]],
    label: str,
    sampling: Mapping[str, Any],
) -> Estimate:
    """Values and influence at all places as one estimate."""
    named = {
        term if place is None else f"{term} @ {place:g}": pair
        for place, found in at.items()
        for term, pair in found.items()
    }
    influence = np.column_stack([column for _, column in named.values()])
    return Estimate(
        [value for value, _ in named.values()],
        pd.DataFrame(influence, index=problem.index, columns=list(named)),
        names=list(named),
        label=label,
        references=("shi2025subspace", "li1991sliced"),
        **sampling,
    )


def cosines_of(problem: Problem, learned: Learned, sampling: Mapping[str, Any]) -> Estimate | None:
    """Cosines of the principal angles, with the influence of their squares, by the delta method."""
    cosines = learned.subspaces.cosines
    if not len(cosines):
        return None
    gradient = learned.subspaces.cosine_gradients()
    squares = influence(problem.values, learned.cell, learned.moments, gradient, problem.weights)
    columns = squares / np.maximum(2 * cosines, 1e-6)
    names = [f"cosine{k}" for k in range(1, len(cosines) + 1)]
    frame = pd.DataFrame(columns, index=problem.index, columns=names)
    return Estimate(cosines, frame, names=names, label="cosines of principal angles", **sampling)

"""From standardised features, target and sensitive attributes to their subspaces."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from causalif.errors import ConvergenceWarning, DataError, warn
from causalif.fairness.reduction.evidence import DimensionEvidence, dimension_evidence
from causalif.fairness.reduction.fits import Data
from causalif.fairness.reduction.kernels import Kernel, kernel, root
from causalif.fairness.reduction.moments import Gradient, Moments, cell_moments, influence
from causalif.fairness.reduction.spectral import gap
from causalif.fairness.sharing import count_shared
from causalif.fairness.subspaces import Pullback, Subspaces, decompose

NOTIONS = ("demographic_parity", "equal_opportunity", "equalized_odds")
REDUCTIONS = ("sir", "save", "dr")
RANK = 1e-9  # of the largest eigenvalue
NO_GAP = 1e-3
NEAR_SHARED = 0.95  # the cosine from which two directions count as one
ENOUGH = 5000  # rows, to tell how noisy a direction is


@dataclass(frozen=True)
class Choices:
    """What is asked of the subspaces; see `FairSubspace`.

    `apart`, how many directions of the target are its own, follows from `near_shared` where it
    is None.
    """

    target_dim: int | str = "auto"
    sensitive_dim: int | str = "auto"
    notion: str = "demographic_parity"
    reduction: str = "sir"
    near_shared: float = NEAR_SHARED
    apart: int | None = None


@dataclass(frozen=True)
class Learned:
    """Subspaces, and the averages that they are functions of.

    Attributes
    ----------
    moments : Moments
    cell : ndarray of int, shape (n,)
        The cell of each row: its levels of target and sensitive attributes.
    root : ndarray, shape (p, p)
        The inverse root of the covariance.
    pull_root : callable
    subspaces : Subspaces
    evidence : dict of str to DimensionEvidence
        Of "target" and "sensitive", where a dimension was chosen by the data.
    """

    moments: Moments
    cell: np.ndarray
    root: np.ndarray
    pull_root: Pullback
    subspaces: Subspaces
    evidence: dict[str, DimensionEvidence]


def learn(
    values: np.ndarray,
    target: np.ndarray,
    sensitive: Sequence[np.ndarray],
    choices: Choices,
    *,
    weights: np.ndarray | None = None,
    rng: np.random.Generator,
) -> Learned:
    """Subspaces of target and sensitive attributes.

    Parameters
    ----------
    values : ndarray, shape (n, p)
        Standardised by constants.
    target : ndarray of int, shape (n,)
        Levels of the target, or slices; the last is the favourable one.
    sensitive : sequence of ndarray of int, each shape (n,)
        Levels of each sensitive attribute; none leaves the sensitive subspace empty.
    choices : Choices
    weights : ndarray, shape (n,), optional
        With mean one.
    rng : Generator
        Draws the resamples that choose dimensions.

    Returns
    -------
    Learned
    """
    levels, cell = np.unique(np.column_stack([target, *sensitive]), axis=0, return_inverse=True)
    cell = np.ravel(cell)
    moments = cell_moments(values, cell, len(levels), weights)
    inverse, pull_root = root(moments)
    by_target = kernel(choices.reduction, moments, levels[:, 0])
    by_sensitive = _sensitive_kernel(moments, levels, choices)
    groups = np.unique(levels[:, 1:], axis=0, return_inverse=True)[1].ravel()[cell]
    data = {"target": Data(values, target, weights), "sensitive": Data(values, groups, weights)}
    dimensions, evidence = {"sensitive": 0}, {}
    sides = {"target": by_target} | ({"sensitive": by_sensitive} if sensitive else {})
    for side, of in sides.items():
        found = _dimension(side, choices, of, data[side], rng)
        if isinstance(found, DimensionEvidence):
            evidence[side] = found
            found = min(max(1, found.dimension), _rank(of))
        dimensions[side] = found
    subspaces = decompose(
        by_target,
        by_sensitive,
        target_dim=dimensions["target"],
        sensitive_dim=dimensions["sensitive"],
        apart=choices.apart,
    )
    if choices.apart is None:
        some = slice(None, None, -(-len(values) // ENOUGH))
        weight = None if weights is None else weights[some]

        def of_rows(gradient: Gradient) -> np.ndarray:
            found = influence(values[some], cell[some], moments, gradient, weight)
            return found if weight is None else found * weight[:, None]

        count = count_shared(subspaces, choices.near_shared, len(values), of_rows)
        subspaces = replace(subspaces, apart=subspaces.target_dim - count)
    _warn_of_no_gap("target", by_target, subspaces.target_dim)
    _warn_of_no_gap("sensitive", by_sensitive, subspaces.sensitive_dim)
    return Learned(moments, cell, inverse, pull_root, subspaces, evidence)


def _sensitive_kernel(moments: Moments, levels: np.ndarray, choices: Choices) -> Kernel:
    """The sum over attributes, within levels of the target where the notion asks for it."""
    outcome = levels[:, 0]
    strata = None if choices.notion == "demographic_parity" else outcome
    use = [int(outcome.max())] if choices.notion == "equal_opportunity" else None
    total: Kernel | None = None
    for column in range(1, levels.shape[1]):
        one = kernel(choices.reduction, moments, levels[:, column], strata=strata, use=use)
        total = one if total is None else total + one
    return _no_kernel(moments) if total is None else total


def _no_kernel(moments: Moments) -> Kernel:
    """Of no attribute: nothing is to be removed."""
    cells, width = moments.first.shape

    def pullback(gradient: np.ndarray) -> Gradient:
        outputs = len(gradient)
        return Gradient(np.zeros((outputs, cells)), np.zeros((outputs, cells, width)))

    return Kernel(np.zeros((width, width)), pullback)


def _dimension(
    side: str, choices: Choices, of: Kernel, data: Data, rng: np.random.Generator
) -> int | DimensionEvidence:
    """As given; or all that means differ in, or what the data say."""
    given = choices.target_dim if side == "target" else choices.sensitive_dim
    rank = _rank(of)
    if isinstance(given, str):
        # Every mean difference is to go, and a binary target has but one.
        if choices.reduction == "sir" and (side == "sensitive" or rank == 1):
            return rank
        return dimension_evidence(choices.reduction, data, rng=rng)
    if not 1 <= given <= rank:
        raise DataError(
            f"{side}_dim={given}: {choices.reduction} finds between 1 and {rank} directions of the "
            f"{side} here. Lower it, or take reduction='dr', which may find more."
        )
    return given


def _rank(of: Kernel) -> int:
    eigenvalues = np.linalg.eigvalsh(of.matrix)[::-1]
    return int((eigenvalues > RANK * max(eigenvalues[0], 1e-300)).sum())


def _warn_of_no_gap(side: str, of: Kernel, dimension: int) -> None:
    found = gap(of.matrix, dimension)
    if 0 < dimension < len(of.matrix) and found < NO_GAP:
        warn(
            f"the {side} subspace is hardly determined: eigenvalues {dimension} and "
            f"{dimension + 1} of its kernel differ by {found:.1e}. Standard errors that rest on it "
            f"are not to be trusted; choose another {side}_dim.",
            ConvergenceWarning,
        )

"""Named directions of a representation, as loadings of the standardised features."""

from __future__ import annotations

import numpy as np

from causalif.fairness.downstream import fit_linear
from causalif.fairness.learning import Learned
from causalif.fairness.subspaces import Subspaces


def named_directions(
    learned: Learned, shared: int, *, keep_residual: bool
) -> tuple[list[str], np.ndarray]:
    """Directions of the representation: the target's own, shared ones, and the rest.

    Parameters
    ----------
    learned : Learned
    shared : int
        How many of the shared directions.
    keep_residual : bool
        Add what neither subspace holds.

    Returns
    -------
    list of str, length k
        ``target1``, ..., ``shared1``, ..., ``residual1``, ...
    ndarray, shape (k, p)
        Loadings; the directions are uncorrelated, with variance one.
    """
    spaces = learned.subspaces
    own = _ordered(spaces, spaces.target_only(), spaces.apart)
    parts = [("target", own), ("shared", _ordered(spaces, spaces.shared(shared), shared))]
    if keep_residual:
        whole = np.eye(len(learned.root)) - spaces.sensitive_projection - own @ own.T
        parts.append(("residual", _ordered(spaces, whole, round(float(np.trace(whole))))))
    names = [f"{word}{k}" for word, part in parts for k in range(1, part.shape[1] + 1)]
    loadings = learned.root @ np.hstack([part for _, part in parts])
    return names, _signed(loadings.T)


def _ordered(spaces: Subspaces, projection: np.ndarray, dimension: int) -> np.ndarray:
    """An orthonormal basis of the span of a projection, by what each tells of the target."""
    basis = np.linalg.eigh(projection)[1][:, ::-1][:, :dimension]
    if not dimension:
        return basis
    turn = np.linalg.eigh(basis.T @ spaces.target.matrix @ basis)[1][:, ::-1]
    return basis @ turn


def _signed(loadings: np.ndarray) -> np.ndarray:
    """Rows whose largest loading is positive."""
    if not loadings.size:
        return loadings
    largest = np.argmax(np.abs(loadings), axis=1)
    return loadings * np.sign(loadings[np.arange(len(loadings)), largest])[:, None]


def line(
    learned: Learned,
    values: np.ndarray,
    outcome: np.ndarray,
    place: float,
    *,
    keep_residual: bool,
    logistic: bool,
) -> tuple[float, np.ndarray]:
    """Intercept and coefficients between the fairest model (0) and that on all features (1)."""
    nothing_shared, _ = learned.subspaces.representation(0, keep_residual=keep_residual)
    fair, free = (
        fit_linear(values, outcome, learned.root, projection, logistic=logistic)
        for projection in (nothing_shared, np.eye(len(learned.root)))
    )
    intercept = (1 - place) * fair.intercept + place * free.intercept
    return intercept, (1 - place) * fair.coefficients + place * free.coefficients

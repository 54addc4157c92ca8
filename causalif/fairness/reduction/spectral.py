"""Functions of the eigenvalues of a symmetric matrix, each with its derivative.

For M = U diag(s) U' and a function f of the eigenvalues, d f(M)[E] = U ((U' E U) * F) U', with
F the divided differences of f (Daleckii and Krein). This map is its own adjoint: what takes a
change of the matrix to a change of the value also takes gradients back.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

Pull = Callable[[np.ndarray], np.ndarray]
NOTHING = 1e-12  # of the largest eigenvalue


def inverse_root(matrix: np.ndarray) -> tuple[np.ndarray, Pull]:
    """M to the power of -1/2, and its derivative.

    Parameters
    ----------
    matrix : ndarray, shape (p, p)
        Positive definite, or with directions of no variance (as of a level that no row of a fold
        has): these are left out, as in a pseudoinverse.

    Returns
    -------
    ndarray, shape (p, p)
    callable
        From symmetric matrices, shape (..., p, p), to the same shape.

    References
    ----------
    .. [1] Higham (2008), Functions of Matrices, section 3.2.

    Examples
    --------
    >>> value, derivative = inverse_root(np.array([[4.0]]))
    >>> value, derivative(np.array([[1.0]]))
    (array([[0.5]]), array([[-0.0625]]))
    """
    eigenvalues, vectors = np.linalg.eigh(matrix)
    kept = eigenvalues > NOTHING * eigenvalues[-1]
    roots = np.sqrt(np.where(kept, eigenvalues, 1.0))
    value = (vectors * (kept / roots)) @ vectors.T
    # (s^-1/2 - t^-1/2) / (s - t), without the cancellation.
    divided = -1.0 / (np.outer(roots, roots) * (roots[:, None] + roots))
    return value, _map(vectors, divided * np.outer(kept, kept))


def leading_projection(matrix: np.ndarray, dimension: int) -> tuple[np.ndarray, Pull]:
    """Projection on the leading eigenvectors, and its derivative.

    Only the gap between the eigenvalues kept and the others matters; equal ones among the kept
    do no harm.

    Parameters
    ----------
    matrix : ndarray, shape (p, p)
    dimension : int
        How many are kept, from 0 to p.

    Returns
    -------
    ndarray, shape (p, p)
    callable
        As of `inverse_root`.

    Examples
    --------
    >>> value, derivative = leading_projection(np.diag([3.0, 1.0]), 1)
    >>> value.round(2), derivative(np.array([[0.0, 1.0], [1.0, 0.0]]))
    (array([[1., 0.],
           [0., 0.]]), array([[0. , 0.5],
           [0.5, 0. ]]))
    """
    eigenvalues, vectors = np.linalg.eigh(matrix)
    kept = np.arange(len(matrix)) >= len(matrix) - dimension
    across = kept[:, None] != kept
    apart = np.where(across, eigenvalues[:, None] - eigenvalues, 1.0)
    sign = np.where(kept, 1.0, -1.0)[:, None]
    divided = np.where(across, sign / np.where(apart == 0, np.inf, apart), 0.0)
    top = vectors[:, kept]
    return top @ top.T + 0.0, _map(vectors, divided)


def gap(matrix: np.ndarray, dimension: int) -> float:
    """How far the last eigenvalue that is kept lies above the next.

    Examples
    --------
    >>> gap(np.diag([3.0, 1.0]), 1)
    2.0
    """
    eigenvalues = np.linalg.eigvalsh(matrix)[::-1]
    if not 0 < dimension < len(eigenvalues):
        return float("inf")
    return float(eigenvalues[dimension - 1] - eigenvalues[dimension])


def _map(vectors: np.ndarray, divided: np.ndarray) -> Pull:
    def derivative(change: np.ndarray) -> np.ndarray:
        return vectors @ ((vectors.T @ change @ vectors) * divided) @ vectors.T

    return derivative

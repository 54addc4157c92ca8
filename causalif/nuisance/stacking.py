"""Short stacking: one convex combination of learners from their held-out predictions."""

from __future__ import annotations

from contextlib import suppress

import numpy as np
from scipy.linalg import cholesky
from scipy.optimize import nnls

from causalif.errors import FitError

FLOOR = 1e-12
# Relative; the first serves but for rounding errors.
RIDGES = (1e-10, 1e-8, 1e-6)


def simplex_weights(
    predictions: np.ndarray, y: np.ndarray, weights: np.ndarray | None = None
) -> np.ndarray:
    """Non-negative weights, sum one, of the combination with the least squared error.

    Parameters
    ----------
    predictions : ndarray, shape (n, k)
        Held-out predictions, a column per learner.
    y : ndarray, shape (n,)
    weights : ndarray, shape (n,), optional

    Returns
    -------
    ndarray, shape (k,)

    References
    ----------
    .. [1] Breiman (1996), Stacked regressions, Machine Learning 24.
    .. [2] Ahrens, Hansen, Schaffer, Wiemann (2025), Model averaging and double machine
       learning, J. Applied Econometrics 40.

    Examples
    --------
    >>> simplex_weights(np.array([[1.0, 3.0], [1.0, 3.0]]), np.array([1.5, 1.5])).round(6)
    array([0.75, 0.25])
    """
    errors = predictions - y[:, None]
    weighted = errors if weights is None else errors * weights[:, None]
    # With weights a that sum to one the loss is a'Qa, and a'Qa on the simplex is least
    # at b / sum(b), where b >= 0 is least in b'Qb / 2 - sum(b).
    b = _least_quadratic(errors.T @ weighted, np.ones(predictions.shape[1]))
    return _on_simplex(b)


def simplex_weights_logloss(
    probabilities: np.ndarray, codes: np.ndarray, weights: np.ndarray | None = None
) -> np.ndarray:
    """Non-negative weights, sum one, of the mixture with the least log-loss.

    Parameters
    ----------
    probabilities : ndarray, shape (n, k, classes)
        Held-out probabilities of every learner.
    codes : ndarray of int, shape (n,)
        The class seen.
    weights : ndarray, shape (n,), optional

    Returns
    -------
    ndarray, shape (k,)

    Notes
    -----
    Newton steps, each a non-negative least squares problem of size k, halved until the
    loss falls. The least point of loss + sum(b) over b >= 0 lies on the simplex.

    References
    ----------
    .. [1] Kim, Carbonetto, Stephens, Anitescu (2020), A fast algorithm for maximum
       likelihood estimation of mixture proportions, J. Comp. Graph. Statistics 29.

    Examples
    --------
    >>> p = np.array([[[0.9, 0.1], [0.5, 0.5]], [[0.2, 0.8], [0.5, 0.5]]])
    >>> simplex_weights_logloss(p, np.array([0, 1])).round(6)
    array([1., 0.])
    """
    seen = np.maximum(probabilities[np.arange(len(codes)), :, codes], FLOOR)
    share = np.full(len(codes), 1 / len(codes)) if weights is None else weights / weights.sum()
    b = np.full(seen.shape[1], 1 / seen.shape[1])
    loss = _mixture_loss(seen, share, b)
    for _ in range(50):
        relative = seen / (seen @ b)[:, None]
        gradient = 1 - share @ relative
        hessian = (relative * share[:, None]).T @ relative
        target = _least_quadratic(hessian, hessian @ b - gradient)
        gain = float(gradient @ (b - target))
        if gain < 1e-12:
            break
        for step in 0.5 ** np.arange(27):
            new = b + step * (target - b)
            new_loss = _mixture_loss(seen, share, new)
            if new_loss <= loss - 1e-4 * step * gain:
                b, loss = new, new_loss
                break
        else:
            break
    return _on_simplex(b)


def _on_simplex(b: np.ndarray) -> np.ndarray:
    shares = b / b.sum()
    shares[shares < 1e-9] = 0.0  # rounding; a learner of weight 0 need not predict
    return shares / shares.sum()


def _mixture_loss(seen: np.ndarray, share: np.ndarray, b: np.ndarray) -> float:
    return float(b.sum() - share @ np.log(np.maximum(seen @ b, 1e-300)))


def _least_quadratic(quadratic: np.ndarray, linear: np.ndarray) -> np.ndarray:
    """The b >= 0 of least ``b'Qb / 2 - linear'b``; near-equal learners share the weight."""
    size = np.sqrt(np.diag(quadratic))
    size = np.maximum(size, 1e-12 * size.max()) if size.any() else np.ones(len(size))
    scaled = quadratic / np.outer(size, size)
    for ridge in RIDGES:
        root = cholesky(scaled + ridge * np.eye(len(scaled)))
        # Older scipy may go in circles among near-equal learners: a larger ridge parts them.
        with suppress(RuntimeError):
            return nnls(root, np.linalg.solve(root.T, linear / size))[0] / size
    raise FitError(
        "the weights of the learners could not be found: their predictions are too much alike. "
        'Name one learner, as in learners="glm".'
    )

"""How many rows at least: bounds for least squares, exact for differences in means."""

from __future__ import annotations

import numpy as np

from causalif.attribution.model import Model

MOST_ROWS = 5000  # several tables of rows by rows


def least_size(model: Model, place: int, most: int) -> int:
    """No smaller set of rows turns the sign of a coefficient of least squares.

    Parameters
    ----------
    model : Model
        With squared losses and one linear predictor.
    place : int
        Of the coefficient.
    most : int
        Sizes are looked at up to this.

    Returns
    -------
    int
        At least 1.

    Notes
    -----
    In whitened coordinates Z, with K = Z Z', u = Z a and a the coefficient's direction, the change
    by removing a set T is L + Q + a remainder: L = sum of u_i e_i, Q = sum of u_i K_ij e_j, and the
    remainder at most c x y / (1 - c), where c^2, x^2 and y^2 are sums over T x T of K_ij^2,
    e_i e_j K_ij and u_i u_j K_ij. Each is at most the sum of the largest rows' largest entries.

    References
    ----------
    .. [1] Rubinstein & Hopkins (2024), Robustness auditing for linear regression: to singularity
           and beyond. arXiv 2410.07916.
    """
    rows = model.everything()
    first, second = model.at(rows)
    root = np.sqrt(second[:, 0, 0])
    used = root > 0
    design = (model.design * root[:, None])[used]
    residual = -(first[:, 0] / np.where(used, root, 1.0))[used]
    whitening = np.linalg.inv(np.linalg.cholesky(model.penalised(design.T @ design)))
    z = design @ whitening.T
    pull = z @ whitening[:, place]
    sign = 1.0 if np.ravel(model.coefficients)[place] >= 0 else -1.0
    value = abs(float(np.ravel(model.coefficients)[place]))
    pull = sign * pull
    gram = z @ z.T
    linear = np.cumsum(np.sort(pull * residual)[::-1])
    crossed = np.outer(pull, residual) * gram
    tables = {
        "Q": _largest((crossed + crossed.T) / 2, most),
        "c": _largest(gram**2, most),
        "x": _largest(np.outer(residual, residual) * gram, most),
        "y": _largest(np.outer(pull, pull) * gram, most),
    }
    for size in range(1, min(most, len(linear)) + 1):
        second_order, c, x, y = (tables[name][size - 1] for name in "Qcxy")
        c = np.sqrt(max(c, 0.0))
        if c >= 1:
            return size
        rest = c * np.sqrt(max(x, 0.0) * max(y, 0.0)) / (1 - c)
        if linear[size - 1] + second_order + rest >= value:
            return size
    return most + 1


def _largest(table: np.ndarray, most: int) -> np.ndarray:
    """Of each size k a bound of the sum of a table over k rows and the same columns.

    The k largest of: the diagonal entry and the k - 1 largest others of its row.
    """
    most = min(most, len(table))
    diagonal = np.diag(table).copy()
    others = table.copy()
    np.fill_diagonal(others, -np.inf)
    kept = np.sort(np.partition(others, -most, axis=1)[:, -most:], axis=1)[:, ::-1]
    found = np.empty(most)
    sums = diagonal
    for size in range(1, most + 1):
        if size > 1:
            sums = sums + np.where(np.isfinite(kept[:, size - 2]), kept[:, size - 2], 0.0)
        found[size - 1] = np.partition(sums, -size)[-size:].sum()
    return found


def means_apart(first: np.ndarray, second: np.ndarray) -> tuple[int, int] | None:
    """The fewest to leave out so that the mean of `first` is not above that of `second` any more.

    Parameters
    ----------
    first, second : ndarray
        Outcomes of two groups.

    Returns
    -------
    (int, int) or None
        The largest of `first`, the smallest of `second`; None where all of a group would go.

    Examples
    --------
    >>> means_apart(np.array([0.0, 1.0, 9.0]), np.array([1.0, 2.0, 3.0]))
    (1, 0)
    """
    high, low = np.sort(first)[::-1], np.sort(second)
    # Means once the k largest, or the k smallest, are gone; one is left at least.
    left_high = (high.sum() - np.concatenate([[0.0], np.cumsum(high)[:-1]])) / np.arange(
        len(high), 0, -1
    )
    left_low = (low.sum() - np.concatenate([[0.0], np.cumsum(low)[:-1]])) / np.arange(
        len(low), 0, -1
    )
    for size in range(len(high) + len(low) - 1):
        taken = np.arange(max(0, size - len(low) + 1), min(size, len(high) - 1) + 1)
        apart = left_high[taken] - left_low[size - taken]
        if len(apart) and apart.min() < 0:
            k = int(taken[np.argmin(apart)])
            return k, size - k
    return None

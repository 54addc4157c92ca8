"""Several draws of the folds into one answer."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd

from causalif.estimate import Estimate


def average(draws: Sequence[Estimate]) -> Estimate:
    """Mean over fold draws, its covariance the mean of (covariance + squared deviation).

    The mean, not the median, so that sums and differences of terms still add up; the
    covariance is the matrix form of Chernozhukov et al. (2018), equation 3.13, and is
    carried by the influence values: the averaged rows are moved by the smallest linear
    map that gives them this covariance.

    Parameters
    ----------
    draws : sequence of Estimate
        The same terms and rows, one estimate per draw of the folds.
    """
    if len(draws) == 1:
        return draws[0]
    values = np.array([draw.values.to_numpy() for draw in draws])
    rows = np.mean([draw.influence.to_numpy() for draw in draws], axis=0)
    mean = _like(draws[0], values.mean(axis=0), rows)
    deviations = values - values.mean(axis=0)
    wanted = np.mean([draw.cov().to_numpy() for draw in draws], axis=0)
    wanted = wanted + deviations.T @ deviations / len(draws)
    return _like(mean, mean.values.to_numpy(), rows @ transport(mean.cov().to_numpy(), wanted))


def _like(draw: Estimate, values: np.ndarray, influence: np.ndarray) -> Estimate:
    return Estimate(
        values,
        pd.DataFrame(influence, index=draw.influence.index, columns=list(draw.names)),
        names=draw.names,
        clusters=draw.clusters,
        strata=draw.strata,
        weights=draw.weights,
    )


def transport(given: np.ndarray, wanted: np.ndarray) -> np.ndarray:
    """The symmetric map T with T given T = wanted (optimal transport between Gaussians).

    Examples
    --------
    >>> transport(np.diag([1.0, 4.0]), np.diag([4.0, 4.0]))
    array([[2., 0.],
           [0., 1.]])
    """
    root, inverse = _roots(given)
    middle, _ = _roots(root @ wanted @ root)
    # where `given` has no spread there is nothing to stretch
    idle = np.eye(len(given)) - root @ inverse
    return inverse @ middle @ inverse + idle


def _roots(matrix: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Square root of a covariance, and that root's pseudo-inverse."""
    values, vectors = np.linalg.eigh((matrix + matrix.T) / 2)
    kept = values > 1e-12 * max(values.max(), 0.0)
    root = np.sqrt(np.where(kept, values, 0.0))
    inverse = np.where(kept, 1 / np.where(kept, root, 1.0), 0.0)
    return (vectors * root) @ vectors.T, (vectors * inverse) @ vectors.T

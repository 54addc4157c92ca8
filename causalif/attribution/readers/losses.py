"""First and second derivatives of losses in the linear predictor."""

from __future__ import annotations

from typing import Any

import numpy as np
from scipy.special import expit, softmax

from causalif.attribution.model import Derivatives


def squared(outcome: np.ndarray, weights: np.ndarray, offset: np.ndarray) -> Derivatives:
    """Half the square of the residual."""

    def derivatives(linear: np.ndarray, rows: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        first = weights[rows] * (linear[:, 0] + offset[rows] - outcome[rows])
        return first[:, None], weights[rows][:, None, None]

    return derivatives


def logistic(outcome: np.ndarray, weights: np.ndarray, offset: np.ndarray) -> Derivatives:
    """Minus the log likelihood of zeros and ones."""

    def derivatives(linear: np.ndarray, rows: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        mean = expit(linear[:, 0] + offset[rows])
        first = weights[rows] * (mean - outcome[rows])
        return first[:, None], (weights[rows] * mean * (1 - mean))[:, None, None]

    return derivatives


def poisson(outcome: np.ndarray, weights: np.ndarray, offset: np.ndarray) -> Derivatives:
    """Minus the log likelihood of counts with log-linear mean."""

    def derivatives(linear: np.ndarray, rows: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        mean = np.exp(linear[:, 0] + offset[rows])
        first = weights[rows] * (mean - outcome[rows])
        return first[:, None], (weights[rows] * mean)[:, None, None]

    return derivatives


def exponential_family(
    family: Any, outcome: np.ndarray, weights: np.ndarray, offset: np.ndarray
) -> Derivatives:
    """Minus the quasi-likelihood of a family of statsmodels, with its link.

    Notes
    -----
    The second derivative is the observed one. With the canonical link it is the expected one too.
    """
    link, variance_of = family.link, family.variance

    def derivatives(linear: np.ndarray, rows: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        eta = linear[:, 0] + offset[rows]
        mean, slope = link.inverse(eta), link.inverse_deriv(eta)
        apart, weight = outcome[rows] - mean, weights[rows]
        variance, bend = variance_of(mean), variance_of.deriv(mean)
        first = -weight * apart * slope / variance
        turned = link.inverse_deriv2(eta) / variance - slope**2 * bend / variance**2
        second = weight * (slope**2 / variance - apart * turned)
        return first[:, None], second[:, None, None]

    return derivatives


def categorical(
    codes: np.ndarray, weights: np.ndarray, classes: int, *, reference: bool
) -> Derivatives:
    """Minus the log likelihood of classes.

    Parameters
    ----------
    codes : ndarray of int, shape (n,)
        Classes 0 to `classes` - 1.
    weights : ndarray, shape (n,)
    classes : int
    reference : bool
        Whether class 0 has the linear predictor zero, and so none of its own.
    """
    first_class = int(reference)

    def derivatives(linear: np.ndarray, rows: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        whole = np.column_stack([np.zeros(len(linear)), linear]) if reference else linear
        chance = softmax(whole, axis=1)[:, first_class:]
        hit = codes[rows][:, None] == np.arange(first_class, classes)
        weight = weights[rows]
        second = -chance[:, :, None] * chance[:, None, :]
        diagonal = np.arange(chance.shape[1])
        second[:, diagonal, diagonal] += chance
        return weight[:, None] * (chance - hit), weight[:, None, None] * second

    return derivatives

"""Averages over a product of two laws: the second engine, beside the chain.

The mean is E_Z sum_l sum_m p(l | Z) q(m | Z) mu(l, m, Z): the mediators m are drawn given the
covariates alone, whatever l came out as, while a chain would draw them given l. For the front
door l is the exposure as it comes about; for interventional effects it is what the exposure
changed before the mediators. With

    nu(l, Z) = sum_m q(m | Z) mu(l, m, Z)    and    theta(Z) = sum_l p(l | Z) nu(l, Z),

the efficient influence function is, up to the constant,

    w_Y {Y - mu(L, M, Z)} + w_M {sum_l p(l | Z) mu(l, M, Z) - theta(Z)}
                          + w_L {nu(L, Z) - theta(Z)} + theta(Z).

It is the telescoping sum of `potential.py` over surfaces, with a column for every l: one
shift common to all columns solves each score. Where l has many values the four averages of mu
are regressions of their own, and the surfaces have two columns: what is subtracted, and what
is handed on.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from causalif.effects.options import Settings
from causalif.effects.potential import PotentialMean, Residual, potential_mean


def product_mean(
    outcome: np.ndarray,
    column: np.ndarray,
    law: np.ndarray,
    mu: np.ndarray,
    nu: np.ndarray,
    weights: Mapping[str, np.ndarray],
    settings: Settings,
    sampling: np.ndarray | None,
) -> PotentialMean:
    """One mean by any of the four methods, from two surfaces and the weights.

    Parameters
    ----------
    outcome : ndarray, shape (n,)
        NaN where not observed.
    column : ndarray of int, shape (n,)
        Which column of the surfaces each row's own l is.
    law : ndarray, shape (n, k)
        p(l | Z); rows are scaled to sum one, which floored probabilities need not.
    mu, nu : ndarray, shape (n, k)
        At each row's M and Z, and at its Z.
    weights : mapping of str to ndarray, shape (n,)
        w_Y, w_M and, unless it is one in every row, w_L; named for the diagnostics.
    settings : Settings
    sampling : ndarray or None, shape (n,)
        Sampling weights with mean one.
    """
    own = np.eye(law.shape[1])[column]
    law = law / law.sum(axis=1, keepdims=True)
    (outcome_name, w_outcome), (mediators_name, w_mediators), *first = weights.items()
    residuals = [
        Residual(outcome_name, w_outcome, mu, subtract=own, hand_on=law),
        Residual(mediators_name, w_mediators, nu, subtract=law, hand_on=own),
    ]
    for name, weight in first:  # with a weight of one, theta cancels
        residuals.append(Residual(name, weight, (law * nu).sum(axis=1)))
    return potential_mean(
        outcome,
        residuals,
        method=settings.method,
        stabilize=settings.stabilize,
        sampling=sampling,
    )


def drawn_product_mean(
    outcome: np.ndarray,
    regressions: tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray],
    weights: Mapping[str, np.ndarray],
    settings: Settings,
    sampling: np.ndarray | None,
) -> PotentialMean:
    """The same where no sum over l can be taken: its averages are given.

    Parameters
    ----------
    outcome : ndarray, shape (n,)
        NaN where not observed.
    regressions : tuple of ndarray, each of shape (n,)
        mu(L, M, Z); sum_l p(l | Z) mu(l, M, Z); nu(L, Z); theta(Z).
    weights : mapping of str to ndarray, shape (n,)
        w_Y, w_M and w_L, named for the diagnostics.
    settings : Settings
    sampling : ndarray or None, shape (n,)
        Sampling weights with mean one.
    """
    mu, over_first, over_mediators, theta = regressions
    (outcome_name, w_outcome), (mediators_name, w_mediators), (name, weight) = weights.items()
    left, right = (np.tile(shares, (len(mu), 1)) for shares in np.eye(2))
    residuals = [
        Residual(outcome_name, w_outcome, np.column_stack([mu, over_first]), left, right),
        Residual(
            mediators_name, w_mediators, np.column_stack([theta, over_mediators]), left, right
        ),
        Residual(name, weight, theta),
    ]
    return potential_mean(
        outcome,
        residuals,
        method=settings.method,
        stabilize=settings.stabilize,
        sampling=sampling,
    )

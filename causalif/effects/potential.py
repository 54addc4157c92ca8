"""From regressions and weights to the mean of one world: four methods, written once.

A sequential regression hands over ``regressions`` mu_K, .., mu_0 (latest first) and a
``weight`` for each residual mu_{k+1} - mu_k, with mu_{K+1} := Y. All four methods and the
influence function need nothing else. A regression may be a surface, with a column for every
value of a variable that is averaged over apart from the mediators (`product.py`).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial

import numpy as np
from scipy.special import expit, logit

from causalif.errors import DataError

# Probabilities this near 0 or 1 are moved in before a logit is taken.
EDGE = 1e-12


@dataclass(frozen=True)
class Residual:
    """One residual term of an efficient influence function, before any scaling.

    Attributes
    ----------
    name : str
        In words, for the diagnostics.
    weight : ndarray, shape (n,)
        Zero where the row does not take part.
    regression : ndarray, shape (n,) or (n, k)
        mu_k; or a surface, a column for each of k values.
    subtract, hand_on : ndarray, shape (n, k), optional
        For a surface: the shares of its columns in what is subtracted here, and in what
        the next residual (or the mean) is taken of.
    """

    name: str
    weight: np.ndarray
    regression: np.ndarray
    subtract: np.ndarray | None = None
    hand_on: np.ndarray | None = None

    def subtracted(self, regression: np.ndarray) -> np.ndarray:
        """What this residual takes away, shape (n,)."""
        return _mixed(regression, self.subtract)

    def handed_on(self, regression: np.ndarray) -> np.ndarray:
        """What the next residual starts from, shape (n,)."""
        return _mixed(regression, self.hand_on)


def _mixed(surface: np.ndarray, shares: np.ndarray | None) -> np.ndarray:
    return surface if shares is None else (surface * shares).sum(axis=1)


@dataclass(frozen=True)
class PotentialMean:
    """The estimated mean of one world with its uncentred influence values.

    Attributes
    ----------
    value : float
    uncentred : ndarray, shape (n,)
        Influence values plus a constant.
    weights : mapping of str to ndarray
        The weight of each residual term, divided by its mean; that of the outcome first.
    residual : ndarray, shape (n,)
        Outcome minus its regression; 0 where the weight of the outcome is.
    """

    value: float
    uncentred: np.ndarray
    weights: Mapping[str, np.ndarray]
    residual: np.ndarray


def potential_mean(
    outcome: np.ndarray,
    residuals: Sequence[Residual],
    *,
    method: str,
    stabilize: bool = True,
    sampling: np.ndarray | None = None,
    laws: int = 1,
    share: np.ndarray | None = None,
) -> PotentialMean:
    """Estimate one mean from its regressions and weights (latest residual first).

    Parameters
    ----------
    outcome : ndarray, shape (n,)
        NaN where not observed; the weight of the first residual is zero there.
    residuals : sequence of Residual
        K+1 of them: outcome minus mu_K, mu_K minus mu_{K-1}, .., mu_1 minus mu_0.
    method : {"onestep", "tmle", "plugin", "ipw"}
    stabilize : bool, default True
        Divide each weight by its mean (Hajek).
    sampling : ndarray, shape (n,), optional
        Sampling weights with mean one.
    laws : int, default 1
        Of how many laws, each estimated by the rows, the last regression is averaged over the
        product; what it hands on is then the mean of its averages over all but one of them,
        and a row counts once in each (a V-statistic).
    share : ndarray, shape (n,), optional
        Weights with mean one, under which the last regression is averaged: a group's members.

    Raises
    ------
    DataError
        All weights of a residual are zero.

    References
    ----------
    .. [1] van der Laan & Rubin (2006), Targeted maximum likelihood learning.
    .. [2] Zhou (2022), Semiparametric estimation for causal mediation analysis with
           multiple causally ordered mediators, section 4.
    """
    mean = _weighted_mean(sampling)
    y = np.where(np.isnan(outcome), 0.0, outcome)
    for residual in residuals:
        if mean(abs(residual.weight)) == 0:
            raise DataError(
                f"no row has any weight for {residual.name}: nobody there is like those it must "
                "stand for. Compare levels, or hold mediators at values, that more people have."
            )
    weights = {r.name: r.weight / mean(r.weight) if stabilize else r.weight for r in residuals}
    mean_last = mean if share is None else partial(_mean_of, mean, share)
    value, left, last = _METHODS[method](y, residuals, weights, mean, mean_last)
    uncentred = left + laws * last if share is None else left + share * (last - value) + value
    first = residuals[0]
    unexplained = np.where(first.weight != 0, y - first.subtracted(first.regression), 0.0)
    return PotentialMean(value, uncentred, weights, unexplained)


_Mean = Callable[[np.ndarray], float]


def _mean_of(mean: _Mean, share: np.ndarray, values: np.ndarray) -> float:
    return mean(share * values)


_Weights = Mapping[str, np.ndarray]
# The value, the weighted residuals, and what the last regression hands on.
_Found = tuple[float, np.ndarray, np.ndarray]


def _weighted_mean(sampling: np.ndarray | None) -> _Mean:
    def mean(values: np.ndarray) -> float:
        return float(values.mean() if sampling is None else (sampling * values).mean())

    return mean


def _efficient(
    y: np.ndarray,
    residuals: Sequence[Residual],
    weights: _Weights,
    regressions: Sequence[np.ndarray] | None = None,
) -> tuple[np.ndarray, np.ndarray]:
    """The parts of the efficient influence values, at updated regressions if there are any."""
    used = [r.regression for r in residuals] if regressions is None else regressions
    later, terms = y, []
    for residual, weight, regression in zip(residuals, weights.values(), used, strict=True):
        terms.append(weight * (later - residual.subtracted(regression)))
        later = residual.handed_on(regression)
    return sum(terms, start=np.zeros(len(y))), later


def _onestep(
    y: np.ndarray, residuals: Sequence[Residual], weights: _Weights, mean: _Mean, mean_last: _Mean
) -> _Found:
    left, last = _efficient(y, residuals, weights)
    return mean(left) + mean_last(last), left, last


def _plugin(
    y: np.ndarray, residuals: Sequence[Residual], weights: _Weights, mean: _Mean, mean_last: _Mean
) -> _Found:
    left, last = _efficient(y, residuals, weights)
    return mean_last(last), left, last


def _ipw(
    y: np.ndarray, residuals: Sequence[Residual], weights: _Weights, mean: _Mean, mean_last: _Mean
) -> _Found:
    """Weighted outcomes alone.

    Taking the weights as known would leave out what their estimation adds (for indirect
    effects nearly all of it); weights estimated well enough make this efficient, so that
    its influence is the efficient one (Hirano, Imbens & Ridder 2003).
    """
    weight = weights[residuals[0].name]
    return mean(weight * y) / mean(weight), *_efficient(y, residuals, weights)


def _tmle(
    y: np.ndarray, residuals: Sequence[Residual], weights: _Weights, mean: _Mean, mean_last: _Mean
) -> _Found:
    """Fluctuate each regression, latest first, until its score is solved.

    The weights do not depend on the regressions, so one backward pass solves all scores
    exactly; there is nothing to iterate.
    """
    used = weights[residuals[0].name] > 0
    low, high = float(y[used].min()), float(y[used].max())
    span = high - low if high > low else 1.0

    later, updated = np.clip((y - low) / span, 0, 1), []
    for residual, weight in zip(residuals, weights.values(), strict=True):
        start = np.clip((residual.regression - low) / span, EDGE, 1 - EDGE)
        moved = fluctuate(start, later, weight, mean, residual.subtract)
        later = residual.handed_on(moved)
        updated.append(low + span * moved)
    left, last = _efficient(y, residuals, weights, updated)
    return mean_last(last), left, last


def fluctuate(
    regression: np.ndarray,
    target: np.ndarray,
    weight: np.ndarray,
    mean: _Mean,
    shares: np.ndarray | None = None,
) -> np.ndarray:
    """Shift a regression on the logit scale until the weighted residual mean is zero.

    A surface is shifted as a whole, until that holds for the `shares` of its columns.

    Examples
    --------
    >>> start, target = np.full(4, 0.5), np.array([0.0, 1.0, 1.0, 1.0])
    >>> fluctuate(start, target, np.ones(4), np.mean).round(6)
    array([0.75, 0.75, 0.75, 0.75])
    """
    from scipy.optimize import brentq

    base = logit(np.clip(regression, EDGE, 1 - EDGE))

    def score(shift: float) -> float:
        return mean(weight * (target - _mixed(expit(base + shift), shares)))

    if score(0.0) == 0.0:
        return regression
    low, high = -1.0, 1.0
    while score(low) < 0 and low > -50:
        low *= 2
    while score(high) > 0 and high < 50:
        high *= 2
    if score(low) < 0 or score(high) > 0:  # all targets at one end of the range
        return np.full_like(regression, 1 - EDGE if score(high) > 0 else EDGE)
    return expit(base + brentq(score, low, high, xtol=1e-14))


_METHODS: Mapping[
    str, Callable[[np.ndarray, Sequence[Residual], _Weights, _Mean, _Mean], _Found]
] = {
    "onestep": _onestep,
    "tmle": _tmle,
    "plugin": _plugin,
    "ipw": _ipw,
}

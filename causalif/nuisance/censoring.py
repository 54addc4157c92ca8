"""A censored outcome made whole: what stands for it has its mean, given what was measured.

T is the time of the event, C of the censoring, X the earlier one, V everything measured at
the start (exposure, covariates, intermediates, mediators) and Y = f(min(T, t)) the outcome.
With G(u) = P(C > u | V), and Q(u) = E[Y | T > u, V],

    Y* = 1(Y seen) Y / G(before min(X, t)) + sum over u of Q(u) dM(u) / G(u),
    dM(u) = 1(censored at u) - 1(at risk of it at u) h(u),

where h is the hazard of censoring and an event comes before a censoring at the same time.
Since 1(Y seen) / G = 1 - sum of dM / G, Y* = Y + sum of (Q - Y) dM / G: its mean given V is
that of Y if h is right (dM has mean zero) or the hazard of the event is (Q - Y has).

Times are told apart where few are met, and the above is exact. Otherwise they are gathered in
30 periods, and a row counts as at risk in the one in which it leaves if it was there for half
of it, so that errors of order 1/k cancel: next to Kaplan-Meier on 400,000 rows with constant
hazards up to 3 and risks of 0.09 to 0.86, the risk is off by 0.0005 at most and the restricted
mean by 0.0007 of the horizon (with events of a period before its censorings: 0.03).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from causalif.data.times import Survival

# Distinct times are told apart up to this number; more are gathered in as many periods.
MOST_PERIODS = 30


@dataclass(frozen=True)
class Periods:
    """The follow-up cut at some times, the last the horizon: [0, end], (end, end], ..

    Attributes
    ----------
    ends : ndarray, shape (k,)
    middle : ndarray, shape (k,)
        Half-way between the first and the last time that is met in the period.
    tied : ndarray of bool, shape (k,)
        Only one time is met, so that all events come before all censorings.
    """

    ends: np.ndarray
    middle: np.ndarray
    tied: np.ndarray

    @classmethod
    def of(cls, survival: Survival, most: int = MOST_PERIODS) -> Periods:
        """Each time at which somebody leaves a period, or as many groups of them."""
        left = np.sort(survival.time[survival.lost | _seen(survival)])
        times = np.unique(left)
        ends = times
        if len(times) > most:
            shares = np.arange(1, most) / most
            ends = np.unique(np.quantile(left, shares, method="inverted_cdf"))
        ends = np.append(ends[ends < survival.horizon], survival.horizon)
        starts = np.append(-1.0, ends[:-1])
        first = np.searchsorted(times, starts, side="right")
        last = np.searchsorted(times, ends, side="right") - 1
        met = last >= first  # nobody leaves in the last period where no time is the horizon
        low = np.where(met, times[np.minimum(first, len(times) - 1)], ends)
        high = np.where(met, times[np.maximum(last, 0)], ends)
        return cls(ends, (low + high) / 2, low == high)

    def last_of(self, survival: Survival) -> np.ndarray:
        """The period in which a row leaves, or the last, shape (n,)."""
        return np.searchsorted(self.ends, np.minimum(survival.time, self.ends[-1]))


@dataclass(frozen=True)
class AtRisk:
    """Who is at risk of what in which period, shape (n, k), and who leaves so."""

    of_event: np.ndarray
    of_censoring: np.ndarray
    event: np.ndarray
    censoring: np.ndarray


def at_risk(survival: Survival, periods: Periods) -> AtRisk:
    """Risk sets: in the period in which a row leaves, whoever was there for half of it.

    Where a period has one time, events come first: who is censored then was at risk of the
    event, and who has the event was not at risk of being censored.
    """
    last = periods.last_of(survival)
    columns = np.arange(len(periods.ends))
    before, now = columns < last[:, None], columns == last[:, None]
    lost, seen = survival.lost, _seen(survival)
    late, tied = survival.time >= periods.middle[last], periods.tied[last]
    stays = ~lost | tied | late
    met = ~seen | (late & ~tied)
    return AtRisk(
        of_event=before | (now & stays[:, None]),
        of_censoring=before | (now & met[:, None]),
        event=now & seen[:, None],
        censoring=now & lost[:, None],
    )


def _seen(survival: Survival) -> np.ndarray:
    return survival.event & (survival.time <= survival.horizon)


def remaining_mean(survival: Survival, periods: Periods, hazard: np.ndarray) -> np.ndarray:
    """E[Y | no event by the time of leaving a period, V], shape (n, k).

    By recursion from the horizon. In a period of several times it is that at its middle.

    Parameters
    ----------
    survival : Survival
    periods : Periods
    hazard : ndarray, shape (n, k)
        P(event in the period | none before, V).
    """
    risk = survival.summary == "risk"
    at_event = np.ones(len(periods.ends)) if risk else periods.middle
    later = np.ones(len(periods.ends)) if risk else (periods.middle + periods.ends) / 2
    half = 1 - np.sqrt(1 - hazard)
    after = np.full(len(hazard), 0.0 if risk else survival.horizon)
    found = np.empty_like(hazard)
    for k in reversed(range(len(periods.ends))):
        found[:, k] = after
        if not periods.tied[k]:
            found[:, k] = half[:, k] * later[k] + (1 - half[:, k]) * after
        after = hazard[:, k] * at_event[k] + (1 - hazard[:, k]) * after
    return found


def staying(hazard: np.ndarray, floor: float) -> np.ndarray:
    """P(not censored through a period | V), no less than the floor, shape (n, k)."""
    return np.maximum(np.cumprod(1 - hazard, axis=1), floor)


def made_whole(
    survival: Survival, periods: Periods, stays: np.ndarray, remaining: np.ndarray
) -> np.ndarray:
    """Y*: what stands for the outcome of every row, shape (n,).

    Parameters
    ----------
    survival : Survival
    periods : Periods
    stays : ndarray, shape (n, k)
        From `staying`.
    remaining : ndarray, shape (n, k)
        From `remaining_mean`.

    References
    ----------
    .. [1] Rubin & van der Laan (2007), A doubly robust censoring unbiased transformation,
           International Journal of Biostatistics 3 (1), article 4.

    Examples
    --------
    Event and censoring at 1, event and end of follow-up at 2. By Kaplan-Meier the risk by 2
    is 1 - 3/4 * 1/2; of those without the event at 1, half have it at 2.

    >>> survival = Survival(
    ...     np.array([1.0, 1, 2, 2]), np.array([True, False, True, False]), 2.0, "risk"
    ... )
    >>> periods = Periods.of(survival)
    >>> event = remaining_mean(survival, periods, np.tile([1 / 4, 1 / 2], (4, 1)))
    >>> whole = made_whole(survival, periods, staying(np.tile([1 / 3, 0], (4, 1)), 0), event)
    >>> whole.round(6).tolist(), float(whole.mean().round(6))
    ([1.0, 0.5, 1.25, -0.25], 0.625)
    """
    sets = at_risk(survival, periods)
    before = np.column_stack([np.ones(len(stays)), stays[:, :-1]])
    hazard = 1 - np.divide(stays, before, out=np.ones_like(stays), where=before > 0)
    change = np.where(sets.censoring, 1.0, 0.0) - sets.of_censoring * hazard
    # Where all who are there are censored nobody is left to weigh, and the change is zero.
    scaled = np.divide(change, stays, out=np.zeros_like(stays), where=stays > 0)
    weight = np.where(survival.lost, 0.0, 1 - scaled.sum(axis=1))
    return weight * survival.known + (scaled * remaining).sum(axis=1)

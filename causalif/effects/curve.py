"""The curve of controlled direct effects over a continuous mediator.

For a mediator of many values no effect at one value can be estimated at the usual rate. What
can is the best fit to the curve psi_a(m) = E[Y(a, m)] by natural cubic splines b of a few
degrees of freedom, with the mediator's own law as weight (a working model):

    b(m)' beta,    beta = E[b(M) b(M)']^-1 E[b(M) psi_a(M)].

At m it is sum_z p(z) h(z) psi_a(z) with h(z) = b(m)' E[bb']^-1 b(z): an average over the
product of the law of M and that of the covariates, as the weighted controlled direct effect.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from causalif.data.design import Design
from causalif.effects.options import Settings
from causalif.effects.pairs import (
    Averages,
    at_pairs,
    density_ratio,
    marginal_product_mean,
    own_and,
    shifts_of,
)
from causalif.effects.potential import PotentialMean, Residual
from causalif.effects.worlds import World
from causalif.nuisance.crossfit import Nuisances


@dataclass(frozen=True)
class Curve:
    """A working model, and the values of the mediator at which it is given.

    Attributes
    ----------
    mediator : str
    knots : tuple of float
        As many as the degrees of freedom; the outer ones at the ends of the data.
    points : tuple of float
    """

    mediator: str
    knots: tuple[float, ...]
    points: tuple[float, ...]

    @property
    def words(self) -> tuple[str, ...]:
        """The points in as few digits, four or more, as place them and tell them apart."""
        span = self.knots[-1] - self.knots[0]
        words: tuple[str, ...] = ()
        for digits in range(4, 18):
            words = tuple(f"{point:.{digits}g}" for point in self.points)
            off = [abs(float(word) - at) for word, at in zip(words, self.points, strict=True)]
            if len(set(words)) == len(words) and max(off) <= span / 1000:
                break
        return words

    def basis(self, values: Any) -> np.ndarray:
        """Natural cubic splines that are 1 at one knot and 0 at the others, (n, df)."""
        from scipy.interpolate import CubicSpline

        spline = CubicSpline(self.knots, np.eye(len(self.knots)), bc_type="natural")
        return spline(np.asarray(values, dtype=float))

    def projection(self, rows: np.ndarray, sampling: np.ndarray) -> np.ndarray:
        """E[bb']^-1 b(M) at every row, shape (n, df)."""
        gram = (rows * sampling[:, None]).T @ rows / len(rows)
        return np.linalg.solve(gram, rows.T).T


@dataclass(frozen=True)
class _Level:
    """What the points of a curve share at one exposure level.

    `beside` are mu at pairs, (n, s); `amid` what intermediates add: a weight, and nu at pairs.
    """

    name: str
    weight: np.ndarray
    mu: np.ndarray
    beside: np.ndarray
    amid: tuple[str, np.ndarray, np.ndarray] | None


def curve_mean(
    nuisances: Nuisances, design: Design, world: World, settings: Settings, *, curve: Curve
) -> PotentialMean:
    """The fit to E[Y(a, m)] at a point, for the world (level a, place of the point).

    With intermediates L, psi_a(m) = E_W sum_l p(l | a, W) E[Y | a, m, l, W]: the regression
    nu(m, W) of mu on what comes before L is one on drawn values of the mediator.

    References
    ----------
    .. [1] Neugebauer & van der Laan (2007), Journal of Statistical Planning and Inference 137,
           419-434: working models, and the influence of their coefficients.
    """
    a, point = world
    sampling = np.ones(design.n) if design.weights is None else design.weights
    rows = curve.basis(design.columns[curve.mediator].values[:, 0])
    projected = curve.projection(rows, sampling)

    def fit(at: np.ndarray, settings: Settings = settings) -> PotentialMean:
        level = nuisances.once(("curve", a), lambda: _level(nuisances, design, a, curve, settings))
        averages = Averages.of(shifts_of(nuisances), sampling, projected @ at)
        residuals = _residuals(level, averages, projected @ at)
        return marginal_product_mean(design.outcome.values, residuals, settings, sampling)

    def coefficients() -> np.ndarray:  # at a knot one spline is 1 and the others are 0
        efficient = replace(settings, method="onestep")  # influence is the efficient one's always
        return np.array([fit(knot, efficient).value for knot in np.eye(len(curve.knots))])

    at = curve.basis([curve.points[point]])[0]
    found, beta = fit(at), nuisances.once(("coefficients", a), coefficients)
    # A row's own psi moves the fit by what the fit has not taken of it already.
    return replace(found, uncentred=found.uncentred - (projected @ at) * (rows @ beta))


def _level(
    nuisances: Nuisances, design: Design, a: int, curve: Curve, settings: Settings
) -> _Level:
    """Regressions and weights at one exposure level."""
    first, covariates, between = (curve.mediator,), design.covariates, design.intermediates
    given, both = (*covariates, *between), (*covariates, *between, *first)
    mu, shifts = nuisances.mean(None, both, a), shifts_of(nuisances)
    is_a = design.exposure.codes == a
    if between:
        # p(M) / p(M | a) by Bayes' rule, and p(M | a) / p(M | a, L, W)
        share = np.average(is_a, weights=design.weights)
        weight = share / nuisances.probability(first)[:, a]
        weight = weight * nuisances.dependence(first, given, a)
        weight = is_a / nuisances.probability(covariates)[:, a] * weight
    else:
        weight = is_a / nuisances.probability(both)[:, a]
        weight = weight * density_ratio(nuisances, design, first, given) if given else weight
    if not design.outcome.observed.all():
        weight = weight * design.outcome.observed / nuisances.observation(both, a)
    amid = None
    if between:
        nu = nuisances.mean_over_draws(mu, first, (*covariates, *first), a)
        weight_amid = is_a / nuisances.probability(covariates)[:, a]
        name = f"{', '.join(between)} at {design.exposure.levels[a]}"
        weight_amid = _stabilised(weight_amid, design, settings)
        amid = (name, weight_amid, at_pairs(nuisances, nu, first, shifts))
    return _Level(
        f"outcome at {design.exposure.levels[a]}",
        _stabilised(weight, design, settings),
        mu.held_out,
        at_pairs(nuisances, mu, first, shifts),
        amid,
    )


def _stabilised(weight: np.ndarray, design: Design, settings: Settings) -> np.ndarray:
    average = np.average(weight, weights=design.weights)
    return weight / average if settings.stabilize and average else weight


def _residuals(level: _Level, averages: Averages, factor: np.ndarray) -> list[Residual]:
    """The outcome's residual and, with intermediates, theirs."""
    surface, weight = averages.surface(level.beside), level.weight * factor
    if level.amid is None:
        return [Residual(level.name, weight, *own_and(level.mu, surface, averages.over_either))]
    name, amid, beside = level.amid
    return [
        Residual(level.name, weight, *own_and(level.mu, surface, averages.over_first)),
        Residual(name, amid, averages.surface(beside), averages.over_first, averages.over_either),
    ]

"""Feature bases learned from the columns alone: plain columns, or splines with products."""

from __future__ import annotations

from dataclasses import dataclass, replace
from itertools import combinations

import numpy as np
from scipy.interpolate import PPoly
from scipy.linalg import eigh

# Shares of the ridge penalty: a product has 1, a curve a tenth, a straight line less still.
LINE_SHARE = 0.02
CURVE_SHARE = 0.1
# How fast the share of a curve grows with its roughness: wiggles shrink before bends.
ROUGHNESS_POWER = 0.75
# Outer knots leave a hundred rows beyond them, where these quantiles allow.
OUTER_QUANTILES = (0.01, 0.05)
RANGES_BEYOND = 2.0
MOST_PRODUCTS = 200
MOST_INTERACTIONS = 300
CROSSED_CURVES = 6
ROWS_FOR_SCALES = 20_000


@dataclass(frozen=True)
class LinearBasis:
    """The columns themselves, centred and scaled; constant columns become zeros.

    Attributes
    ----------
    center, unit : ndarray, shape (p,)
        A feature is ``(x - center) * unit``; `unit` is 0 for a constant column.
    """

    center: np.ndarray
    unit: np.ndarray

    @property
    def size(self) -> int:
        """The number of features."""
        return len(self.center)

    def transform(self, X: np.ndarray, out: np.ndarray | None = None) -> np.ndarray:
        """Features of the rows of `X`, shape (n, size), written to `out` if it is given."""
        centered = np.subtract(X, self.center, out=out)
        return np.multiply(centered, self.unit, out=centered)


@dataclass(frozen=True)
class SplineBasis:
    """Lines and splines of each column, products of pairs, splines by discrete columns.

    A feature's share of the ridge penalty is part of its scale, so that one penalty
    serves all. A spline is linear beyond its outer knots and constant from two knot
    ranges beyond them, so that an outlier has bounded leverage.

    Attributes
    ----------
    limits : ndarray, shape (2, p)
        Columns are held within these bounds.
    columns : LinearBasis
        Mean and standard deviation of each column within its bounds.
    splines : tuple of (int, PPoly)
        A column and the nonlinear part of its natural spline.
    pairs : ndarray of int, shape (q, 2)
        Columns multiplied with each other.
    crossed : tuple of (int, int)
        A position in `splines` and the discrete column that multiplies it.
    scales : LinearBasis
        Mean and scale of each raw feature.
    """

    limits: np.ndarray
    columns: LinearBasis
    splines: tuple[tuple[int, PPoly], ...]
    pairs: np.ndarray
    crossed: tuple[tuple[int, int], ...]
    scales: LinearBasis

    @property
    def size(self) -> int:
        """The number of features."""
        return self.scales.size

    def transform(self, X: np.ndarray, out: np.ndarray | None = None) -> np.ndarray:
        """Features of the rows of `X`, shape (n, size), written to `out` if it is given."""
        raw = self.raw(self.columns.transform(np.clip(X, *self.limits)), out)
        return self.scales.transform(raw, raw)

    def raw(self, z: np.ndarray, out: np.ndarray | None = None) -> np.ndarray:
        """Features of standardised columns, before their own standardisation."""
        curves = [spline(z[:, j]) for j, spline in self.splines]
        products = z[:, self.pairs[:, 0]] * z[:, self.pairs[:, 1]]
        crossed = [curves[s][:, :CROSSED_CURVES] * z[:, [j]] for s, j in self.crossed]
        return np.concatenate([z, *curves, products, *crossed], axis=1, out=out)


def linear_basis(X: np.ndarray) -> LinearBasis:
    """Mean and standard deviation of each column.

    Examples
    --------
    >>> linear_basis(np.array([[0.0, 5.0], [2.0, 5.0]])).transform(np.array([[3.0, 5.0]]))
    array([[2., 0.]])
    """
    low, high = X.min(axis=0), X.max(axis=0)
    span = high - low
    # A spread at the level of rounding is no information.
    span[span <= 1e-13 * np.maximum(abs(low), abs(high))] = 0.0
    within = (X - low) * _inverse(span)
    return LinearBasis(
        center=low + span * within.mean(axis=0), unit=_inverse(span) * _inverse(within.std(axis=0))
    )


def spline_basis(X: np.ndarray) -> SplineBasis:
    """Learn knots, discrete columns and scales from the columns alone.

    A column with at most five distinct values has a knot at each of them, so that its
    features span every function of it; others have 5 to 12 knots at quantiles. With many
    columns, products are kept for the columns that vary most, so that the cost is bounded.

    Parameters
    ----------
    X : ndarray, shape (n, p)

    Returns
    -------
    SplineBasis
        Standardised on at most 20,000 rows.

    Examples
    --------
    >>> x = np.linspace(0, 1, 50)
    >>> spline_basis(np.column_stack([x, x > 0.5])).size    # 2 lines, 3 curves, 1 + 3 products
    9
    """
    discrete = np.array([_is_discrete(x) for x in X.T], dtype=bool)
    sample = _sample(X)
    knots = _knots(sample, discrete, len(X))
    limits = np.array([_limits(k, few) for k, few in zip(knots, discrete, strict=True)])
    limits = limits.reshape(-1, 2).T
    columns = linear_basis(np.clip(X, *limits))
    z = columns.transform(np.clip(sample, *limits))
    standard = [(k - c) * u for k, c, u in zip(knots, columns.center, columns.unit, strict=True)]
    curves = [_curves(x, k) for x, k in zip(z.T, standard, strict=True)]
    splines = tuple((j, spline) for j, (spline, _) in enumerate(curves) if spline is not None)
    bent = [j for j, _ in splines]
    pairs, crossed = _interactions(
        z, discrete, {j: min(len(curves[j][1]), CROSSED_CURVES) for j in bent}
    )
    shares = np.concatenate(
        [
            np.full(X.shape[1], LINE_SHARE),
            *(CURVE_SHARE * curves[j][1] for j in bent),
            np.ones(len(pairs)),
            *(curves[j][1][:CROSSED_CURVES] for j, _ in crossed),
        ]
    )
    draft = SplineBasis(
        limits=limits,
        columns=columns,
        splines=splines,
        pairs=pairs,
        crossed=tuple((bent.index(j), d) for j, d in crossed),
        scales=LinearBasis(np.empty(0), np.empty(0)),
    )
    raw = draft.raw(z)
    spread = raw.std(axis=0)
    spread[spread < 1e-7] = 0.0
    return replace(draft, scales=LinearBasis(raw.mean(axis=0), _inverse(spread) / np.sqrt(shares)))


def _inverse(values: np.ndarray) -> np.ndarray:
    return np.divide(1.0, values, out=np.zeros_like(values), where=values > 0)


def _sample(X: np.ndarray) -> np.ndarray:
    if len(X) <= ROWS_FOR_SCALES:
        return X
    return X[np.random.default_rng(0).choice(len(X), ROWS_FOR_SCALES, replace=False)]


def _is_discrete(x: np.ndarray) -> bool:
    return len(np.unique(x[:100])) <= 5 and len(np.unique(x)) <= 5


def _knot_count(rows: int, columns: int) -> int:
    return 5 if columns > 30 else int(np.clip(5 + np.log2(rows / 200), 5, 12))


def _knots(X: np.ndarray, discrete: np.ndarray, rows: int) -> list[np.ndarray]:
    count, outer = _knot_count(rows, X.shape[1]), np.clip(100 / rows, *OUTER_QUANTILES)
    grid = np.linspace(outer, 1 - outer, count)
    knots: list[np.ndarray] = []
    for x, quantiles, few in zip(X.T, np.quantile(X, grid, axis=0).T, discrete, strict=True):
        chosen = np.unique(quantiles)
        if few or len(chosen) < count:
            values = np.unique(x)
            if few or len(values) <= count:
                chosen = values
            elif len(chosen) < 4:  # ties, many zeros say: space the knots over the values seen
                chosen = np.quantile(values, grid)
        apart = np.diff(chosen, prepend=-np.inf) > 1e-9 * (chosen[-1] - chosen[0])
        knots.append(chosen[apart])
    return knots


def _limits(knots: np.ndarray, discrete: bool) -> tuple[float, float]:
    beyond = 0.0 if discrete else RANGES_BEYOND * (knots[-1] - knots[0])
    return knots[0] - beyond, knots[-1] + beyond


def _curves(z: np.ndarray, knots: np.ndarray) -> tuple[PPoly | None, np.ndarray]:
    """The nonlinear part of a natural spline, smoothest first, with shares of the penalty.

    The Demmler-Reinsch functions: orthonormal over the rows, ordered by the integral of
    their squared second derivative; the first two span the lines and are left out.
    """
    if len(knots) < 3:
        return None, np.empty(0)
    spline, roughness = _cardinal(knots)
    values = spline(z)
    gram = values.T @ values / len(z)
    gram.flat[:: len(knots) + 1] += 1e-9 * np.trace(gram)
    size, functions = eigh(roughness, gram)
    shares = (size[2:] / size[2]) ** ROUGHNESS_POWER
    return PPoly.construct_fast(spline.c @ functions[:, 2:], spline.x), shares


def _cardinal(knots: np.ndarray) -> tuple[PPoly, np.ndarray]:
    """Natural splines that are 1 at one knot and 0 at the others; their roughness matrix.

    As `scipy.interpolate.CubicSpline(knots, eye, "natural")`, with lines beyond the outer
    knots and in a quarter of the time; Green & Silverman (1994), section 2.1.
    """
    count, width = len(knots), np.diff(knots)[:, None]
    eye = np.eye(count)
    slope = np.diff(eye, axis=0) / width
    change = np.diff(slope, axis=0)
    mass = np.diag((width[1:] + width[:-1])[:, 0] / 3)
    mass += (np.diag(width[1:-1, 0], 1) + np.diag(width[1:-1, 0], -1)) / 6
    bend = np.zeros((count, count))
    bend[1:-1] = np.linalg.solve(mass, change)
    pieces = np.zeros((4, count + 1, count))
    pieces[0, 1:-1] = np.diff(bend, axis=0) / (6 * width)
    pieces[1, 1:-1] = bend[:-1] / 2
    pieces[2, 1:-1] = slope - width * (2 * bend[:-1] + bend[1:]) / 6
    pieces[3, 1:-1] = eye[:-1]
    pieces[2, 0], pieces[3, 0] = pieces[2, 1], eye[0] - pieces[2, 1]
    pieces[2, -1], pieces[3, -1] = slope[-1] + width[-1] * bend[-2] / 6, eye[-1]
    breaks = np.r_[knots[0] - 1, knots, knots[-1] + 1]
    return PPoly.construct_fast(pieces, breaks), change.T @ bend[1:-1]


def _interactions(
    z: np.ndarray, discrete: np.ndarray, sizes: dict[int, int]
) -> tuple[np.ndarray, list[tuple[int, int]]]:
    """Pairs of columns, and (spline, discrete column) pairs, within the budget of features.

    The choice must not look at the target, or held-out rows would leak into it: columns
    with many values come first, then discrete ones by how evenly they split the rows.
    """
    span = np.ptp(z, axis=0)
    evenness = np.where(discrete, 1 / np.maximum(span, 1.0), np.inf)
    order = [j for j in np.argsort(-evenness, kind="stable") if span[j] > 0]
    most = int((1 + np.sqrt(1 + 8 * MOST_PRODUCTS)) / 2)
    pairs = list(combinations(sorted(order[:most]), 2))
    crossed: list[tuple[int, int]] = []
    left = MOST_INTERACTIONS - len(pairs)
    for column in (d for d in order if discrete[d]):
        for curve, size in sizes.items():
            if curve != column and size <= left:
                crossed.append((curve, int(column)))
                left -= size
    return np.array(pairs, dtype=int).reshape(-1, 2), crossed

"""Partial correlations: is there a linear dependence left?"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from scipy.special import ndtr

from causalif.graph.independencies import Independence
from causalif.independence.columns import Measured
from causalif.independence.found import Found, untestable

# A column with less than this share of its variance left is a linear function of the others.
NOTHING_LEFT = 1e-9


def partial_correlations(
    claims: Sequence[Independence], columns: Mapping[str, Measured]
) -> list[Found]:
    """Fisher's z of every partial correlation, from one correlation matrix.

    Numbers enter as they are, other columns as dummies (as `given`; at the ends they must have
    two levels).

    References
    ----------
    .. [1] Fisher (1924), The distribution of the partial correlation coefficient, Metron 3.

    Examples
    --------
    >>> x, w = np.array([1.0, 1, -1, -1, 0]), np.array([1.0, -1, 1, -1, 0])    # orthogonal
    >>> columns = {"x": Measured("x", x, None), "y": Measured("y", x + w, None)}
    >>> found = partial_correlations([Independence("x", "y")], columns)[0]
    >>> round(found.estimate**2, 6), round(found.statistic, 4)    # artanh(sqrt(1/2)) * sqrt(2)
    (0.5, 1.2465)
    """
    names = dict.fromkeys(
        str(node) for claim in claims for node in (claim.first, claim.second, *claim.given)
    )
    places: dict[str, range] = {}
    parts: list[np.ndarray] = []
    for name in names:
        parts.append(columns[name].linear())
        start = max((place.stop for place in places.values()), default=0)
        places[name] = range(start, start + parts[-1].shape[1])
    stacked = np.concatenate(parts, axis=1)
    correlation = np.corrcoef(stacked, rowvar=False)
    return [_one(claim, correlation, places, len(stacked)) for claim in claims]


def _one(
    claim: Independence, correlation: np.ndarray, places: Mapping[str, range], n: int
) -> Found:
    ends = [places[str(claim.first)][0], places[str(claim.second)][0]]
    given = [place for node in claim.given for place in places[str(node)]]
    left = correlation[np.ix_(ends, ends)]
    if given:
        across = correlation[np.ix_(given, ends)]
        inner = correlation[np.ix_(given, given)]
        # Least squares of least norm: collinear `given` project as well as others.
        left = left - across.T @ np.linalg.lstsq(inner, across, rcond=1e-12)[0]
    for end, node in enumerate((claim.first, claim.second)):
        if left[end, end] < NOTHING_LEFT:
            return untestable("partial_correlation", f"{node} is a linear function of the others")
    r = float(np.clip(left[0, 1] / np.sqrt(left[0, 0] * left[1, 1]), -1, 1))
    if 1 - abs(r) < NOTHING_LEFT:
        r = float(np.sign(r))
    rank = len(given)
    scale = 1 / np.sqrt(n - rank - 3)
    with np.errstate(divide="ignore"):
        z = float(np.arctanh(r) / scale)
    return Found(
        method="partial_correlation",
        estimate=r,
        std_error=(1 - r**2) * scale,
        statistic=z,
        df=1,
        p_value=float(2 * ndtr(-abs(z))),
    )

"""`kairos`: what rows of data are worth for being like a reference."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
from scipy.stats import rankdata

from causalif.attribution.valuation.encoding import learn_coordinates
from causalif.attribution.valuation.kernels import Landmarks, median_distance, sums
from causalif.attribution.valuation.labels import classes_of, codes_of, expected_of
from causalif.attribution.valuation.reading import label_of, read_rows
from causalif.attribution.valuation.result import ValuationResult
from causalif.attribution.valuation.state import Reference, State
from causalif.errors import DataError, Problems, check_choice

METHODS = ("auto", "exact", "nystrom")
LABELS = ("residual", "joint", "within")
EXACT = 50_000  # rows up to which all pairs are taken
CHECKED = 500  # rows that landmarks are checked on


def kairos(
    data: Any,
    reference: Any,
    *,
    label: str | None = None,
    label_method: str = "residual",
    feature_weight: float = 0.97,
    kernel: str = "rbf",
    bandwidth: float | str = "median",
    standardise: bool = True,
    method: str = "auto",
    landmarks: int = 300,
    seed: Any = None,
) -> ValuationResult:
    """Value each row by how it moves the data towards a reference.

    Parameters
    ----------
    data : DataFrame or array, n rows
    reference : DataFrame or array, m rows
        Rows that are as they should be: clean, or from where the data are to be used.
    label : str, optional
        A column of labels in both.
    label_method : {"residual", "joint", "within"}, default "residual"
        "residual": features as without labels, and beside them how unexpected the label is by a
        logistic model of the reference. "joint": pairs of rows count where their labels agree.
        "within": each label is compared with its own part of the reference.
    feature_weight : float, default 0.97
        Of the features' part, with "residual".
    kernel : {"rbf"}, default "rbf"
        exp(-d^2 / (2 h^2)), d the distance of two rows.
    bandwidth : float or "median", default "median"
        h; the larger of the median distances within the data and within the reference.
    standardise : bool, default True
        Numeric columns less their means, by their standard deviations, in the reference. Rows with
        other levels of a category are 1 apart.
    method : {"auto", "exact", "nystrom"}, default "auto"
        All pairs, or by landmarks; "auto" takes landmarks above 50,000 rows.
    landmarks : int, default 300
        How many, drawn from data and reference.
    seed : int or Generator, optional
        Draws landmarks, and rows for the bandwidth.

    Returns
    -------
    ValuationResult
        ``.values``, ``.leave_one_out``, ``.components``, ``.add``, ``.remove``, ``.worst``,
        ``.plot``.

    Raises
    ------
    DataError
        Columns that do not fit, missing values, labels that are none, unknown options.

    Warns
    -----
    DataWarning
        Columns that are constant in the reference.

    References
    ----------
    .. [1] Zhu, Prashant, Cloninger & Salimi (2025), KAIROS: scalable model-agnostic data
           valuation. NeurIPS.
    .. [2] Gretton, Borgwardt, Rasch, Scholkopf & Smola (2012), Journal of Machine Learning
           Research 13:723-773.

    Examples
    --------
    >>> rng = np.random.default_rng(1)
    >>> clean = pd.DataFrame({"x": rng.normal(size=100)})
    >>> mixed = pd.DataFrame({"x": np.append(rng.normal(size=90), rng.normal(4, 0.5, size=10))})
    >>> worst = cif.kairos(mixed, clean, seed=1).worst(5).index
    >>> bool((worst >= 90).all())
    True
    """
    _check(label_method, feature_weight, kernel, bandwidth, method, landmarks)
    rng = np.random.default_rng(seed)
    left_out = [] if label is None else [label]
    coordinates, rows = learn_coordinates(reference, left_out, standardise=standardise)
    classes: tuple[Any, ...] = ()
    group, groups, expected = np.zeros(len(rows), dtype=int), 1, None
    if label is not None:
        given = label_of(reference, label, "reference")
        classes = classes_of(given)
        codes = codes_of(given, classes)
        if label_method == "residual":
            expected = expected_of(rows, codes, classes)
        else:
            group, groups = codes, len(classes) + 1
    own, _ = coordinates.of(data)
    width = _bandwidth(bandwidth, own, rows, rng)
    by_landmarks = method == "nystrom" or (method == "auto" and len(own) > EXACT)
    near = None
    if by_landmarks:
        both = np.vstack([own[_some(len(own), landmarks, rng)], rows])
        near = Landmarks(np.unique(both[_some(len(both), landmarks, rng)], axis=0), width)
    against = Reference(
        coordinates,
        rows,
        group,
        groups,
        width,
        label_method == "within" and label is not None,
        near,
        label,
        classes,
        expected,
        feature_weight if expected is not None else 1.0,
    )
    state = read_rows(data, against)
    if len(state.rows) < 2:
        raise DataError(f"data has {len(state.rows)} row. Give at least two.")
    error = _error(against, state, rng) if by_landmarks else None
    name = "nystrom" if by_landmarks else "exact"
    return ValuationResult(name, width, error, against, state)


def _check(
    label_method: str, feature_weight: float, kernel: str, bandwidth: Any, method: str, marks: Any
) -> None:
    problems = Problems()
    check_choice(problems, "label_method", label_method, LABELS)
    check_choice(problems, "kernel", kernel, ("rbf",))
    check_choice(problems, "method", method, METHODS)
    if not 0 <= feature_weight <= 1:
        problems.add(f"feature_weight={feature_weight!r} is not between 0 and 1.")
    number = isinstance(bandwidth, (int, float)) and not isinstance(bandwidth, bool)
    if bandwidth != "median" and not (number and bandwidth > 0):
        problems.add(f'bandwidth={bandwidth!r} is neither "median" nor above 0.')
    if not isinstance(marks, int) or marks < 2:
        problems.add(f"landmarks={marks!r} is not a whole number of at least 2.")
    problems.raise_if_any()


def _bandwidth(
    given: float | str, data: np.ndarray, reference: np.ndarray, rng: np.random.Generator
) -> float:
    if not isinstance(given, str):
        return float(given)
    found = max(median_distance(data, rng), median_distance(reference, rng))
    if not found:
        raise DataError("all rows are alike: there is no distance between them to go by.")
    return found


def _some(rows: int, most: int, rng: np.random.Generator) -> np.ndarray:
    return np.sort(rng.choice(rows, min(rows, most), replace=False))


def _error(reference: Reference, state: State, rng: np.random.Generator) -> pd.Series[float]:
    """Of the sums by landmarks, beside all pairs, on some rows."""
    places = _some(len(state.rows), CHECKED, rng)
    rows, group = state.rows[places], state.group[places]
    exact_data = sums(rows, state.rows, reference.bandwidth, labels=(group, state.group))
    exact_reference = sums(rows, reference.rows, reference.bandwidth,
                           labels=(group, reference.group))  # fmt: skip
    n, m = len(state.rows), len(reference.rows)
    exact = exact_reference / m - exact_data / n
    found = state.to_reference[places] / m - state.to_data[places] / n
    apart = (found - found.mean()) - (exact - exact.mean())
    rank = float(np.corrcoef(rankdata(exact), rankdata(found))[0, 1])
    return pd.Series({"rms": float(np.sqrt(np.mean(apart**2)) / exact.std()), "rank": rank})

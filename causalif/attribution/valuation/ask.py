"""`kairos`: what rows of data are worth for being like a reference."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
from scipy.stats import rankdata

from causalif.attribution.valuation.encoding import learn_coordinates
from causalif.attribution.valuation.kernels import Landmarks, median_distance, sums
from causalif.attribution.valuation.labels import classes_of, codes_of, expected_of
from causalif.attribution.valuation.reading import label_of, read_parts, read_rows
from causalif.attribution.valuation.result import ValuationResult
from causalif.attribution.valuation.state import Reference, State
from causalif.attribution.valuation.stream import (
    is_stream,
    parts_of,
    sample_of,
    state_of_parts,
)
from causalif.errors import DataError, Problems, check_choice

METHODS = ("auto", "exact", "nystrom")
LABELS = ("residual", "joint", "within")
EXACT = 50_000  # rows up to which all pairs are taken
CHECKED = 500  # rows that landmarks are checked on
SAMPLED_ROWS = 3000  # of a stream, for bandwidth and landmarks


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
    n_jobs: int = 1,
    progress: bool | None = None,
) -> ValuationResult:
    """Value each row by how it moves the data towards a reference.

    Parameters
    ----------
    data : DataFrame or array, n rows; path or Dask DataFrame
        A parquet file, a folder of them, or a Dask frame is read a part at a time, twice, and
        never all in memory; rows are then numbered, and cannot be added or removed.
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
    n_jobs : int, default 1
        Processes that read parts; joblib's Dask backend spreads them over a cluster.
    progress : bool, optional
        Show a bar while parts are read; by default where somebody looks.

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
    parts = parts_of(data) if is_stream(data) else None
    drawn = data if parts is None else sample_of(parts, SAMPLED_ROWS, rng)
    own, _ = coordinates.of(drawn)
    width = _bandwidth(bandwidth, own, rows, rng)
    by_landmarks = method == "nystrom" or (method == "auto" and len(own) > EXACT)
    near = None
    if by_landmarks or parts is not None:
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
    if parts is not None:
        _, some, of, _ = read_parts(drawn.iloc[_some(len(drawn), CHECKED, rng)], against)
        state, exact = state_of_parts(parts, against, (some, of), n_jobs=n_jobs, progress=progress)
        error = _error(against, _sums_by_landmarks(state, against, some, of), (some, of), exact,
                       len(state.index))  # fmt: skip
        return ValuationResult("nystrom", width, error, against, state)
    state = read_rows(data, against)
    if len(state.index) < 2:
        raise DataError(f"data has {len(state.index)} row. Give at least two.")
    error = None
    if near is not None:
        places = _some(len(state.index), CHECKED, rng)
        some, of = state.kept[places], state.group[places]
        exact = sums(some, state.kept, width, labels=(of, state.group))
        error = _error(against, _sums_by_landmarks(state, against, some, of), (some, of), exact,
                       len(state.index))  # fmt: skip
    return ValuationResult("exact" if near is None else "nystrom", width, error, against, state)


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


def _sums_by_landmarks(
    state: State, reference: Reference, rows: np.ndarray, group: np.ndarray
) -> np.ndarray:
    """Sums over the data of some rows, by landmarks."""
    assert state.totals is not None
    return reference.by_landmarks(rows, group, state.totals)


def _error(
    reference: Reference,
    near: np.ndarray,
    checked: tuple[np.ndarray, np.ndarray],
    exact: np.ndarray,
    n: int,
) -> pd.Series[float]:
    """Of the sums by landmarks, beside all pairs, on some rows."""
    rows, group = checked
    m = len(reference.rows)
    to_reference = sums(rows, reference.rows, reference.bandwidth,
                        labels=(group, reference.group))  # fmt: skip
    true = to_reference / m - exact / n
    found = reference.sums_to(rows, group) / m - near / n
    apart = (found - found.mean()) - (true - true.mean())
    rank = float(np.corrcoef(rankdata(true), rankdata(found))[0, 1])
    return pd.Series({"rms": float(np.sqrt(np.mean(apart**2)) / true.std()), "rank": rank})

"""Reads the arguments of `Estimate` once: shapes, names, weights, clusters, strata."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from scipy.special import stdtrit

from causalif.errors import DataError, Problems, SmallSampleWarning, first_rows, warn
from causalif.estimate.rows import Rows

FEW_CLUSTERS = 30
SCALES = ("identity", "log", "logit")


@dataclass(frozen=True)
class Parts:
    """Values, influence and row labels as arrays."""

    names: tuple[str, ...]
    values: np.ndarray
    influence: np.ndarray
    index: pd.Index[Any]


def read_parts(problems: Problems, values: Any, influence: Any, names: Any) -> Parts:
    """Read values, influence and names; every problem is noted and raised at once."""
    terms, vector = _read_values(values, names)
    matrix, index = _read_influence(influence, terms, len(vector))
    k = len(vector)
    if matrix.ndim != 2 or matrix.shape[1] != k or k == 0:
        turned = "Transpose the influence." if matrix.ndim == 2 and matrix.shape[0] == k else ""
        problems.add(
            f"values has shape {vector.shape} but influence has shape {matrix.shape}; "
            "influence needs a row per observation and a column per value.",
            turned,
        )
        problems.raise_if_any()
    if terms is None and isinstance(influence, pd.DataFrame):
        named = not isinstance(influence.columns, pd.RangeIndex)
        terms = tuple(str(c) for c in influence.columns) if named else None
    if terms is None:
        terms = ("estimate",) if k == 1 else tuple(f"term {j}" for j in range(1, k + 1))
    _check_names(problems, terms, k)
    problems.raise_if_any()
    _check_finite(problems, terms, vector, matrix, index)
    return Parts(terms, vector, matrix, index)


def _read_values(values: Any, names: Any) -> tuple[tuple[str, ...] | None, np.ndarray]:
    terms: Sequence[object] | None = None
    if isinstance(values, Mapping):
        terms, values = list(values.keys()), list(values.values())
    elif isinstance(values, pd.Series) and not isinstance(values.index, pd.RangeIndex):
        terms = list(values.index)
    if names is not None:
        terms = [names] if isinstance(names, str) else list(names)
    vector = np.atleast_1d(_floats("values", values))
    return (None if terms is None else tuple(str(t) for t in terms)), vector


def _read_influence(
    influence: Any, terms: tuple[str, ...] | None, k: int
) -> tuple[np.ndarray, pd.Index[Any]]:
    labelled = isinstance(influence, (pd.DataFrame, pd.Series))
    if isinstance(influence, pd.DataFrame) and terms is not None and len(set(terms)) == len(terms):
        columns = [str(c) for c in influence.columns]
        # Values given by name find their own column, whatever its place.
        if columns != list(terms) and sorted(columns) == sorted(terms):
            influence = influence.iloc[:, [columns.index(t) for t in terms]]
    matrix = _floats("influence", influence)
    if matrix.ndim == 1 and k == 1:
        matrix = matrix[:, None]
    index = influence.index if labelled else pd.RangeIndex(len(matrix) if matrix.ndim else 0)
    return matrix, index


def _floats(word: str, given: Any) -> np.ndarray:
    try:
        # Twice: what pandas 2.2 hands to np.array may still be the caller's memory.
        return np.array(np.asarray(given), dtype=float, order="C")
    except (TypeError, ValueError) as error:
        raise DataError(f"{word} must be numbers: {error}.") from error


def _check_names(problems: Problems, names: tuple[str, ...], k: int) -> None:
    if len(names) != k:
        problems.add(f"names has {len(names)} entries for {k} values.", "Give one name per value.")
    repeated = sorted({name for name in names if names.count(name) > 1})
    if repeated:
        problems.add(f"names repeats {', '.join(map(repr, repeated))}.", "Make each name unique.")


def _check_finite(
    problems: Problems,
    names: tuple[str, ...],
    values: np.ndarray,
    influence: np.ndarray,
    index: pd.Index[Any],
) -> None:
    if len(influence) < 2:
        problems.add(
            f"influence has {len(influence)} row{'s' * (len(influence) != 1)}; "
            "a standard error needs at least two."
        )
    for name, value, column in zip(names, values, influence.T, strict=True):
        if not np.isfinite(value):
            problems.add(f"the value of term {name!r} is {value}.", "Every value must be finite.")
        bad = ~np.isfinite(column)
        if bad.any():
            problems.add(
                f"the influence of term {name!r} is NaN or infinite in {bad.sum()} of "
                f"{len(column)} rows ({first_rows(list(index[bad][:4]))}).",
                "Look for missing values or a zero probability behind these rows.",
            )


def read_scales(problems: Problems, scale: Any, k: int) -> tuple[str, ...]:
    """One scale per term, from a word or a sequence of words."""
    scales = (scale,) * k if isinstance(scale, str) else tuple(scale)
    if len(scales) != k:
        problems.add(f"scale has {len(scales)} entries for {k} terms.", "Give one word per term.")
    for word in scales:
        if word not in SCALES:
            problems.add(f"scale={word!r} is not one of {', '.join(map(repr, SCALES))}.")
    return scales


def read_rows(
    problems: Problems, index: pd.Index[Any], weights: Any, clusters: Any, strata: Any
) -> Rows:
    """Check weights, clusters and strata; raise every problem, warn where they are few."""
    rows = Rows(
        index,
        read_weights(problems, index, weights),
        _read_labels(problems, "clusters", index, clusters),
        _read_labels(problems, "strata", index, strata),
    )
    problems.raise_if_any()
    if rows.n_units < 2:
        problems.add(
            "clusters has one cluster only; a standard error needs at least two.",
            "Leave clusters= out, or cluster by a finer unit.",
        )
    problems.raise_if_any()
    _warn_if_few(rows)
    return rows


def _matched(problems: Problems, word: str, index: pd.Index[Any], given: Any) -> np.ndarray | None:
    n = len(index)
    if isinstance(given, pd.Series) and not given.index.equals(index):
        same = given.index.is_unique and len(given) == n
        if same and not given.index.difference(index).size:
            given = given.reindex(index)
        elif not index.equals(pd.RangeIndex(n)):  # rows with labels of their own
            problems.add(
                f"{word} and influence are labelled by different rows.",
                f"Give {word} the index of the influence, or pass {word}.to_numpy().",
            )
            return None
    if np.shape(given) != (n,):
        shape = np.shape(given)
        problems.add(f"{word} has shape {shape} for {n} rows.", "Give one entry per row.")
        return None
    # Series turns categories and extension types into plain arrays of their labels.
    return pd.Series(given).to_numpy(copy=True)


def read_weights(problems: Problems, index: pd.Index[Any], given: Any) -> np.ndarray | None:
    """Weights with mean one; None without weights, or with a problem noted."""
    array = None if given is None else _matched(problems, "weights", index, given)
    if array is None:
        return None
    weights = pd.to_numeric(pd.Series(array), errors="coerce").to_numpy(
        dtype=float, na_value=np.nan
    )
    bad = ~np.isfinite(weights)
    if bad.any():
        problems.add(
            f"weights is missing or not finite in {bad.sum()} of {len(weights)} rows "
            f"({first_rows(list(index[bad][:4]))}).",
            "Give every row a weight, or drop these rows.",
        )
    elif (weights < 0).any():
        negative = weights < 0
        problems.add(
            f"weights is negative in {negative.sum()} of {len(weights)} rows "
            f"({first_rows(list(index[negative][:4]))}).",
            "Weights must be zero or more.",
        )
    elif not (weights > 0).any():
        problems.add("weights is zero in every row.", "At least one must be positive.")
    else:
        # Divided by the largest first: a mean of huge weights would overflow.
        weights = weights / weights.max()
        return weights / weights.mean()
    return None


def _read_labels(
    problems: Problems, word: str, index: pd.Index[Any], given: Any
) -> np.ndarray | None:
    labels = None if given is None else _matched(problems, word, index, given)
    if labels is None:
        return None
    bad = np.asarray(pd.isna(labels))
    if bad.any():
        problems.add(
            f"{word} is missing in {bad.sum()} of {len(labels)} rows "
            f"({first_rows(list(index[bad][:4]))}).",
            f"Drop these rows, or give each its own label in {word}.",
        )
        return None
    return labels


def _warn_if_few(rows: Rows) -> None:
    if rows.clusters is not None and rows.n_units < FEW_CLUSTERS:
        warn(
            f"only {rows.n_units} clusters: with fewer than about {FEW_CLUSTERS}, standard errors "
            "tend to be too small and normal intervals too short.",
            SmallSampleWarning,
        )
    if rows.strata is None:
        return
    _warn_if_few_are_left(rows.n_units, int(rows.stratum.max()) + 1, rows.clusters is not None)
    first = np.flatnonzero(np.bincount(rows.stratum_of_unit) == 1)
    if len(first):
        names = [str(rows.strata[np.flatnonzero(rows.stratum == h)[0]]) for h in first[:5]]
        more = f" and {len(first) - 5} more" if len(first) > 5 else ""
        unit = "row" if rows.clusters is None else "cluster"
        warn(
            f"{len(first)} of {rows.stratum.max() + 1} strata hold a single {unit} "
            f"({', '.join(names)}{more}); centred at the grand mean, which overstates the "
            "variance. Merge them with a neighbouring stratum.",
            SmallSampleWarning,
        )


def _warn_if_few_are_left(units: int, strata: int, in_clusters: bool) -> None:
    """Strata use up degrees of freedom: two clusters in each of 15 leave 15 differences."""
    left = units - strata
    if in_clusters and units >= FEW_CLUSTERS and 0 < left < FEW_CLUSTERS:
        wider = float(stdtrit(left, 0.975) / stdtrit(np.inf, 0.975) - 1)
        warn(
            f"{units} clusters in {strata} strata leave {left} degrees of freedom: normal 95% "
            f"intervals should be {wider:.0%} wider, as those of a t distribution are.",
            SmallSampleWarning,
        )

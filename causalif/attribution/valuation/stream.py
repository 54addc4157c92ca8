"""Rows that are read a part at a time: parquet files and Dask frames, never all in memory."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from causalif.attribution.valuation.kernels import sums
from causalif.attribution.valuation.reading import read_parts
from causalif.attribution.valuation.state import Reference, State
from causalif.errors import DataError
from causalif.nuisance.progress import progress_bar

SAMPLED = 10  # parts that bandwidth and landmarks are drawn from

Part = Callable[[], pd.DataFrame]


@dataclass(frozen=True)
class RowGroup:
    """A row group of a parquet file, its rows numbered as in the whole."""

    file: Path
    number: int
    start: int

    def __call__(self) -> pd.DataFrame:
        """Read it."""
        from pyarrow.parquet import ParquetFile

        found: pd.DataFrame = ParquetFile(self.file).read_row_group(self.number).to_pandas()
        found.index = pd.RangeIndex(self.start, self.start + len(found))
        return found


@dataclass(frozen=True)
class Partition:
    """A partition of a Dask frame."""

    delayed: Any

    def __call__(self) -> pd.DataFrame:
        """Compute it, here."""
        return self.delayed.compute(scheduler="synchronous")


def is_stream(data: Any) -> bool:
    """Whether data are named by a path, or are a Dask frame."""
    return isinstance(data, str | os.PathLike) or hasattr(data, "to_delayed")


def parts_of(data: Any) -> list[Part]:
    """The parts of a parquet file, of a folder of them, or of a Dask frame.

    Raises
    ------
    DataError
        No such file, none in the folder, or no parquet.
    """
    if hasattr(data, "to_delayed"):
        return [Partition(one) for one in data.to_delayed()]
    path = Path(data)
    files = sorted(path.glob("*.parquet")) if path.is_dir() else [path]
    if not files or not all(file.exists() for file in files):
        raise DataError(f"no parquet file at {str(path)!r}.")
    try:
        from pyarrow import ArrowInvalid
        from pyarrow.parquet import ParquetFile
    except ModuleNotFoundError:
        raise DataError("parquet files need pyarrow: pip install pyarrow") from None

    parts: list[Part] = []
    start = 0
    for file in files:
        try:
            metadata = ParquetFile(file).metadata
        except ArrowInvalid as error:
            raise DataError(f"{str(file)!r} is no parquet file: {error}") from None
        for number in range(metadata.num_row_groups):
            parts.append(RowGroup(file, number, start))
            start += metadata.row_group(number).num_rows
    return parts


def sample_of(parts: Sequence[Part], rows: int, rng: np.random.Generator) -> pd.DataFrame:
    """About so many rows, of at most ten parts."""
    chosen = np.sort(rng.choice(len(parts), min(SAMPLED, len(parts)), replace=False))
    each = -(-rows // len(chosen))
    found: list[pd.DataFrame] = []
    for k in chosen:
        part = parts[k]()
        places = np.sort(rng.choice(len(part), min(each, len(part)), replace=False))
        found.append(part.iloc[places])
    return pd.concat(found)


def state_of_parts(
    parts: Sequence[Part],
    reference: Reference,
    checked: tuple[np.ndarray, np.ndarray],
    *,
    n_jobs: int,
    progress: bool | None,
) -> tuple[State, np.ndarray]:
    """Two passes: the sums over landmarks, then each row's own; the rows are not kept.

    Parameters
    ----------
    parts : sequence of callable
    reference : Reference
        With landmarks.
    checked : tuple of ndarray
        Rows, and their groups, whose sums over all pairs are wanted beside.
    n_jobs : int
    progress : bool or None

    Returns
    -------
    State
    ndarray
        Of each row that is checked the sum of the kernel over all data.
    """
    from joblib import Parallel, delayed

    assert reference.landmarks is not None
    totals = np.zeros((reference.groups, len(reference.landmarks.points)))
    exact = np.zeros(len(checked[0]))
    with progress_bar(progress, 2 * len(parts), "part") as bar:
        first = (delayed(_first)(part, reference, checked) for part in parts)
        summed: Any
        for summed in Parallel(n_jobs, return_as="generator")(first):
            totals += summed[0]
            exact += summed[1]
            bar.update()
        second = (delayed(_second)(part, reference, totals) for part in parts)
        states: list[Any] = []
        for state in Parallel(n_jobs, return_as="generator")(second):
            states.append(state)
            bar.update()
    return _joined(states, totals), exact


def _first(
    part: Part, reference: Reference, checked: tuple[np.ndarray, np.ndarray]
) -> tuple[np.ndarray, np.ndarray]:
    _, rows, group, _ = read_parts(part(), reference)
    beside = sums(checked[0], rows, reference.bandwidth, labels=(checked[1], group))
    return reference.totals(rows, group), beside


def _second(part: Part, reference: Reference, totals: np.ndarray) -> State:
    index, rows, group, residual = read_parts(part(), reference)
    return State(
        index,
        None,
        group,
        reference.sums_to(rows, group),
        reference.by_landmarks(rows, group, totals),
        reference.kernel_with_self(rows),
        None,
        residual,
    )


def _joined(states: Sequence[State], totals: np.ndarray) -> State:
    index = states[0].index
    if len(states) > 1:
        index = index.append([state.index for state in states[1:]])
    residuals = [state.residual for state in states if state.residual is not None]
    return State(
        index,
        None,
        np.concatenate([state.group for state in states]),
        np.concatenate([state.to_reference for state in states]),
        np.concatenate([state.to_data for state in states]),
        np.concatenate([state.own for state in states]),
        totals,
        np.concatenate(residuals) if residuals else None,
    )

"""Rows of a torch data set, a batch at a time, always in one order."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor
from torch.utils.data import DataLoader, Dataset, IterableDataset, RandomSampler, SequentialSampler
from torch.utils.data import default_collate as stacked

from causalif.errors import DataError
from causalif.nuisance.progress import progress_bar

FEW = 3
Batch = tuple[Tensor, ...]


@dataclass(frozen=True)
class Batches:
    """Rows by position; only a batch of them is on the device at once.

    Attributes
    ----------
    n : int
    size : int
        Rows in a batch.
    read : callable
        From positions to a tuple of tensors, rows first.
    device : torch.device
    """

    n: int
    size: int
    read: Callable[[Sequence[int]], Batch]
    device: torch.device

    def __iter__(self) -> Iterator[Batch]:
        for positions in self.positions():
            yield self.take(positions)

    @property
    def few(self) -> Batch:
        """The first rows, on which what is asked for is tried."""
        return self.take(range(min(FEW, self.n)))

    def positions(self) -> list[range]:
        """Of the rows of each batch."""
        return [range(k, min(k + self.size, self.n)) for k in range(0, self.n, self.size)]

    def take(self, positions: Sequence[int]) -> Batch:
        """Some rows."""
        return tuple(part.to(self.device) for part in self.read(positions))


def read_batches(data: Any, size: int, device: torch.device, role: str) -> Batches:
    """Read tensors, a data set or a loader.

    Parameters
    ----------
    data : tuple of Tensor, Tensor, Dataset or DataLoader
        Rows are those of the loader's data set, in its order, whatever order the loader draws.
    size : int
        Rows in a batch.
    device : torch.device
        Of the model.
    role : str
        "train" or "queries", for messages.

    Raises
    ------
    DataError
        Nothing with numbered rows; none; tensors of several lengths; batches of no rows.
    """
    if size < 1:
        raise DataError(f"batch_size={size!r} is not a whole number from 1 up.")
    if isinstance(data, DataLoader):
        if not isinstance(data.sampler, RandomSampler | SequentialSampler):
            raise DataError(
                f"{role}: the loader draws rows by a {type(data.sampler).__name__}, so that they "
                "have no numbers. Give its data set."
            )
        found = _of_set(data.dataset, data.collate_fn, size, device)
    elif isinstance(data, Dataset) and not isinstance(data, IterableDataset):
        found = _of_set(data, stacked, size, device)
    else:
        parts = (data,) if isinstance(data, Tensor) else data
        if not (isinstance(parts, tuple | list) and parts) or not all(
            isinstance(part, Tensor) for part in parts
        ):
            raise DataError(
                f"{role} is a {type(data).__name__}: give a tuple of tensors with rows first, a "
                "Dataset with a length, or a DataLoader of one."
            )
        lengths = {len(part) for part in parts}
        if len(lengths) > 1:
            raise DataError(f"{role}: tensors have {', '.join(map(str, sorted(lengths)))} rows.")
        kept = tuple(parts)
        found = Batches(len(kept[0]), size, lambda rows: _rows_of(kept, rows), device)
    if found.n == 0:
        raise DataError(f"{role} has no rows.")
    return found


def with_bar(batches: Batches, progress: bool | None) -> Iterator[Batch]:
    """The batches, with a bar for whoever waits."""
    with progress_bar(progress, len(batches.positions()), "batch") as bar:
        for batch in batches:
            yield batch
            bar.update()


def _of_set(
    source: Any, collate: Callable[[list[Any]], Any], size: int, device: torch.device
) -> Batches:
    def read(rows: Sequence[int]) -> Batch:
        return _tuple(collate([source[k] for k in rows]))

    return Batches(len(source), size, read, device)


def _rows_of(parts: tuple[Tensor, ...], rows: Sequence[int]) -> Batch:
    if isinstance(rows, range) and rows.step == 1:
        return tuple(part[rows.start : rows.stop] for part in parts)
    chosen = torch.as_tensor(list(rows))
    return tuple(part[chosen.to(part.device)] for part in parts)


def _tuple(batch: Any) -> Batch:
    return (batch,) if isinstance(batch, Tensor) else tuple(batch)

"""Scores kept between runs: by data and settings, node, parents and rung."""

from __future__ import annotations

import hashlib
import os
from pathlib import Path
from typing import Any

import numpy as np

from causalif.errors import DataError

Key = tuple[str, int, int, str]  # fingerprint, node, bitmask of parents, rung
FIELDS = ("fingerprint", "node", "mask", "rung", "score")


def fingerprint(values: np.ndarray, *settings: Any) -> str:
    """What scores depend on, in 32 letters: the numbers, and settings by how they print.

    Examples
    --------
    >>> one, other = np.zeros((2, 1)), np.ones((2, 1))
    >>> fingerprint(one, 1) == fingerprint(one.copy(), 1)
    True
    >>> len({fingerprint(one, 1), fingerprint(one, 2), fingerprint(other, 1)})
    3
    """
    told = hashlib.sha256(repr((values.shape, settings)).encode())
    told.update(np.ascontiguousarray(values, dtype=float).tobytes())
    return told.hexdigest()[:32]


class ScoreCache(dict[Key, float]):
    """A dictionary of scores which can live in a file.

    Parameters
    ----------
    path : path, optional
        Where `flush` writes; without one it does nothing.

    Examples
    --------
    >>> cache = ScoreCache()
    >>> cache["a1b2", 0, 0b10, "spline"] = -1.5
    >>> cache.flush()
    """

    def __init__(self, path: str | Path | None = None) -> None:
        super().__init__()
        self.path = None if path is None else Path(path)

    @classmethod
    def load(cls, path: str | Path) -> ScoreCache:
        """What `save` wrote; empty where there is no such file yet. `flush` writes there again.

        Raises
        ------
        DataError
            The file is no such cache, or damaged.
        """
        found = cls(path)
        if Path(path).exists():
            found.update(_read(Path(path)))
        return found

    def save(self, path: str | Path) -> None:
        """Write all scores; whoever reads meanwhile finds the old file or the new one."""
        target = Path(path)
        partial = target.with_name(f"{target.name}.{os.getpid()}.partial")
        columns = [list(column) for column in zip(*self, strict=True)] or [[], [], [], []]
        with partial.open("wb") as file:
            np.savez_compressed(
                file,
                fingerprint=np.array(columns[0], dtype="U32"),
                node=np.array(columns[1], dtype=np.int64),
                mask=np.array(columns[2], dtype=np.int64),
                rung=np.array(columns[3], dtype="U32"),
                score=np.array(list(self.values()), dtype=float),
            )
        partial.replace(target)

    def flush(self) -> None:
        """Save to the own path, if there is one."""
        if self.path is not None:
            self.save(self.path)


def _read(path: Path) -> dict[Key, float]:
    try:
        with path.open("rb") as opened, np.load(opened, allow_pickle=False) as file:
            columns = [file[name] for name in FIELDS]
    except Exception as error:  # a damaged zip fails in many ways
        raise DataError(_no_cache(path, str(error))) from error
    kinds = [column.dtype.kind for column in columns]
    if kinds != ["U", "i", "i", "U", "f"] or len({column.shape for column in columns}) > 1:
        raise DataError(_no_cache(path, f"columns of kinds {kinds}"))
    if columns[0].ndim != 1 or not np.isfinite(columns[4]).all():
        raise DataError(_no_cache(path, "scores that are no finite numbers"))
    rows = zip(*(column.tolist() for column in columns), strict=True)
    return {(data, node, mask, rung): score for data, node, mask, rung, score in rows}


def _no_cache(path: Path, what: str) -> str:
    return f"{str(path)!r} is no file of scores ({what}). Delete it, or name another."

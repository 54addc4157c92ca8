"""Folders that hold what is done already, so that a run that was broken off goes on."""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from causalif.errors import DataError

MANIFEST = "manifest.json"


@dataclass(frozen=True)
class Folder:
    """Arrays by name, of one kind of run.

    Attributes
    ----------
    path : Path
    """

    path: Path

    def load(self, name: str) -> dict[str, np.ndarray] | None:
        """What was kept under a name; None where nothing was."""
        file = self.path / f"{name}.npz"
        if not file.exists():
            return None
        with np.load(file, allow_pickle=False) as kept:
            return dict(kept)

    def save(self, name: str, **arrays: Any) -> None:
        """Keep arrays; a file is whole or not there."""
        part = self.path / f"{name}.{os.getpid()}.part"
        with part.open("wb") as stream:
            np.savez(stream, **arrays)
        part.replace(self.path / f"{name}.npz")


def open_folder(path: str | os.PathLike[str], settings: Mapping[str, Any], what: str) -> Folder:
    """Make a folder, or go on with one of the same settings.

    Parameters
    ----------
    path : path
    settings : mapping
        Of numbers and words; those that name data or parameters by a `digest` end in "digest".
    what : str
        That is kept, for messages.

    Raises
    ------
    DataError
        It holds results of other settings.
    """
    folder = Path(path)
    folder.mkdir(parents=True, exist_ok=True)
    note, own = folder / MANIFEST, dict(settings)
    if not note.exists():
        note.write_text(json.dumps(own, indent=1), encoding="utf-8")
        return Folder(folder)
    before = json.loads(note.read_text(encoding="utf-8"))
    other = [name for name in own if before.get(name) != own[name]]
    if other:
        plain = [name for name in other if not name.endswith("digest")]
        shown = [f"{name}={before.get(name)!r}, not {own[name]!r}" for name in plain]
        shown = shown or [f"other {name.removesuffix('digest').strip('_')}" for name in other]
        raise DataError(
            f"{str(folder)!r} holds {what} with {', '.join(shown)}. Give another folder, or the "
            "same settings."
        )
    return Folder(folder)


def digest(arrays: Iterable[np.ndarray]) -> str:
    """A name for arrays, by their content."""
    found = hashlib.sha256()
    for array in arrays:
        found.update(f"{array.dtype}{array.shape}".encode())
        found.update(np.ascontiguousarray(array).tobytes())
    return found.hexdigest()

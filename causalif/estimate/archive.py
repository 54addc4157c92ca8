"""One file of arrays and a JSON text with a checksum: never a pickle, whole or not at all."""

from __future__ import annotations

import hashlib
import io
import json
import os
from pathlib import Path
from typing import Any

import numpy as np

from causalif.errors import DataError

Arrays = dict[str, np.ndarray]


def write_archive(
    path: str | os.PathLike[str], kind: str, version: int, arrays: Arrays, meta: dict[str, Any]
) -> None:
    """Write arrays and what describes them to one .npz file.

    Parameters
    ----------
    path : path
        Replaced at the end, so that a killed run leaves the old file or the new one.
    kind : str
        What is saved; reading asks for it by name.
    version : int
        Of the format.
    arrays : dict of str to ndarray
    meta : dict
        Whatever JSON can hold.
    """
    stated = {**meta, "kind": kind, "format": version}
    stated["checksum"] = _checksum(arrays, stated)
    text = np.frombuffer(json.dumps(stated).encode(), dtype=np.uint8)
    buffer = io.BytesIO()
    np.savez_compressed(buffer, allow_pickle=False, json=text, **arrays)
    target = Path(path)
    partial = target.with_name(target.name + ".partial")
    partial.write_bytes(buffer.getvalue())
    partial.replace(target)


def read_archive(
    path: str | os.PathLike[str], kind: str, version: int, noun: str
) -> tuple[Arrays, dict[str, Any]]:
    """Read back what `write_archive` wrote.

    Parameters
    ----------
    path : path
    kind, version
        What the file must hold.
    noun : str
        What that is in words: "an estimate".

    Raises
    ------
    DataError
        No such file, something else, another format, or damaged.
    """
    target = Path(path)
    if not target.is_file():
        raise DataError(f"no file {str(target)!r} to load {noun} from.")
    try:
        with np.load(io.BytesIO(target.read_bytes()), allow_pickle=False) as archive:
            arrays: Arrays = {name: archive[name] for name in archive.files}
        meta = json.loads(arrays.pop("json").tobytes())
        found = meta["kind"], meta["format"]
    except Exception as error:  # a damaged zip directory fails in many ways
        raise damaged(target, noun) from error
    if found != (kind, version):
        raise DataError(
            f"{str(target)!r} holds {found[0]} in format {found[1]}; this version reads {kind} in "
            f"format {version}. Load it with the version of causalif that saved it."
        )
    stated = meta.pop("checksum", None)
    if stated != _checksum(arrays, meta):
        raise damaged(target, noun)
    return arrays, meta


def _checksum(arrays: Arrays, meta: dict[str, Any]) -> str:
    digest = hashlib.sha256(json.dumps(meta, sort_keys=True).encode())
    for name in sorted(arrays):
        array = np.ascontiguousarray(arrays[name])
        digest.update(f"{name} {array.dtype.str} {array.shape}".encode())
        digest.update(array.tobytes())
    return digest.hexdigest()


def damaged(path: str | os.PathLike[str], noun: str) -> DataError:
    """The error of a file that cannot be read."""
    return DataError(f"{str(path)!r} is damaged or is not {noun} that was saved. Save it again.")

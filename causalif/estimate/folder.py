"""A folder that keeps what a long run has done: it serves one call, and no other."""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import numpy as np

from causalif.errors import DataError

QUESTION = "question.json"
SHORT = 30  # characters of a value that is shown


def open_folder(folder: str | os.PathLike[str], question: Mapping[str, Any], noun: str) -> Path:
    """Make a folder for a question, or see that it is the one of that question.

    Parameters
    ----------
    folder : path
        Made where there is none.
    question : mapping of str to what JSON can hold
        The options of the call; data by their `digest`.
    noun : str
        The option that names the folder, for messages.

    Raises
    ------
    DataError
        The folder holds the run of another call, or is a file.
    """
    place = Path(folder).expanduser()
    if place.is_file():
        raise DataError(f"{noun} {str(folder)!r} is a file. Name a folder.")
    place.mkdir(parents=True, exist_ok=True)
    asked = json.loads(json.dumps(dict(question)))
    if not (place / QUESTION).is_file():
        (place / QUESTION).write_text(json.dumps(asked, indent=1), encoding="utf-8")
        return place
    before = read_question(place)
    differing = [
        f"{key}{_change(before.get(key), value)}"
        for key, value in asked.items()
        if before.get(key) != value
    ]
    if differing:
        raise DataError(
            f"{noun} {str(folder)!r} belongs to a call with other {', '.join(differing)}. Name "
            "another folder, or repeat that call."
        )
    return place


def read_question(folder: str | os.PathLike[str]) -> dict[str, Any]:
    """What a folder was made for; empty where that cannot be told."""
    try:
        text = (Path(folder).expanduser() / QUESTION).read_text(encoding="utf-8")
        found: Any = json.loads(text)
    except (OSError, ValueError):
        return {}
    return found if isinstance(found, dict) else {}  # pyright: ignore


def digest(arrays: Iterable[np.ndarray]) -> str:
    """A name for arrays, by their content.

    Examples
    --------
    >>> digest([np.arange(3)]) == digest([np.arange(3)]), digest([]) == digest([np.zeros(1)])
    (True, False)
    """
    found = hashlib.sha256()
    for array in arrays:
        found.update(f"{array.dtype.str} {array.shape}".encode())
        found.update(np.ascontiguousarray(array).tobytes())
    return found.hexdigest()


def _change(before: Any, now: Any) -> str:
    texts = repr(before), repr(now)
    return " ({}, now {})".format(*texts) if max(map(len, texts)) <= SHORT else ""

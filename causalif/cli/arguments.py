"""Words of the command line that several commands share."""

from __future__ import annotations

import os
import sys
from pathlib import Path

from causalif.errors import DataError


def names(text: str) -> list[str]:
    """``"a, b"`` as a list of names."""
    return [name.strip() for name in text.split(",") if name.strip()]


def check_output(option: str, name: str | None) -> None:
    """Refuse, before any work, a file that could not be written.

    Raises
    ------
    DataError
        A folder, a file in a folder that is not there, or one that may not be written.
    """
    if name is None:
        return
    file = Path(name).expanduser()
    if file.is_dir():
        raise DataError(f"{option} {name!r} is a folder. Name a file in it.")
    if not file.parent.is_dir():
        raise DataError(f"no folder {str(file.parent)!r} for {option} {name!r}. Make it first.")
    if not os.access(file if file.exists() else file.parent, os.W_OK):
        raise DataError(f"{option} {name!r} cannot be written. Choose another place.")


def graph_source(text: str) -> str | Path:
    """A graph as given on the command line: a file, ``-`` for standard input, or arrows.

    Raises
    ------
    DataError
        Neither a file nor a text with an arrow.
    """
    if text == "-":
        return sys.stdin.read()
    file = Path(text).expanduser()
    try:
        if file.exists():
            return file
    except OSError:  # a long text is no name of a file
        pass
    if "->" in text or "<-" in text:
        return text
    raise DataError(
        f"no file {text!r}, and no arrow in it. Give the path of a graph (dagitty, DOT, .bif or "
        f'arrows), or arrows themselves: "W -> {{A Y}}; A -> Y".'
    )

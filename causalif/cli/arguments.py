"""Words of the command line that several commands share."""

from __future__ import annotations

import argparse
import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

from causalif.errors import DataError

if TYPE_CHECKING:
    import pandas as pd


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


def held_at(text: str) -> dict[str, str]:
    """``"m=1, k=high"`` as a dict."""
    pairs = [part.partition("=") for part in names(text)]
    if not all(mark for _, mark, _ in pairs):
        raise argparse.ArgumentTypeError("give NAME=VALUE, commas between several")
    return {name.strip(): value.strip() for name, _, value in pairs}


def values_at(at: dict[str, str] | None, data: pd.DataFrame) -> dict[str, Any] | None:
    """Words of the command line as values of the mediators' columns."""
    if at is None:
        return None
    return {
        name: (as_in_data([word], name, data) or [word])[0] if name in data.columns else word
        for name, word in at.items()
    }


def as_in_data(levels: list[str] | None, exposure: str, data: pd.DataFrame) -> list[Any] | None:
    """Words of the command line as the values they stand for in the exposure column."""
    if levels is None or list(data.columns).count(exposure) != 1:
        return levels  # the design says what is wrong with the exposure
    known = {str(value): value for value in data[exposure].dropna().unique().tolist()}
    return [known.get(word, _number(word)) for word in levels]


def _number(word: str) -> Any:
    try:
        return float(word)
    except ValueError:
        return word

"""A graph in a file, and when a text is the name of one."""

from __future__ import annotations

from pathlib import Path

from causalif.errors import DataError

SUFFIXES = (".bif", ".dot", ".gv", ".txt", ".dagitty")
_IN_TEXT = frozenset('<>→←↔{}[];="\n\r')


def as_path(text: str) -> Path | None:
    """The path that a text is, or None: it ends as graph files do, and has no sign of a graph.

    Examples
    --------
    >>> as_path("A -> B.txt") is None, as_path("graphs/cancer.bif")
    (True, ...Path('graphs/cancer.bif'))
    """
    if text.lower().endswith(SUFFIXES) and not _IN_TEXT & set(text):
        return Path(text)
    return None


def read_file(path: Path) -> str:
    """The text of a file.

    Raises
    ------
    DataError
        No such file, a folder, or not UTF-8.
    """
    try:
        return path.read_text(encoding="utf-8")
    except FileNotFoundError:
        problem = "there is no such file."
    except IsADirectoryError:
        problem = "this is a folder. Name the file in it."
    except UnicodeDecodeError as error:
        problem = f"byte {error.start} is not UTF-8. Save the file as UTF-8."
    except (OSError, ValueError) as error:
        problem = f"it cannot be read: {error}."
    raise DataError(f"graph file {str(path)!r}: {problem}")

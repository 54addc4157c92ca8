"""Read a table from a file, or say in one line why not."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

from causalif.errors import DataError

if TYPE_CHECKING:
    import pandas as pd


def read_table(path: str) -> pd.DataFrame:
    """Read a CSV file (also compressed), or say in one line why not.

    Raises
    ------
    DataError
        Missing, empty, not UTF-8, a folder, or another separator than a comma.
    """
    import pandas as pd

    if os.path.isdir(path):
        raise DataError(f"{path!r} is a folder. Give the path of one CSV file.")
    if not os.path.exists(path):
        raise DataError(f"no file {path!r}. Check the path; it is read from {Path.cwd()}.")
    try:
        header = pd.read_csv(path, header=None, nrows=1, dtype=str).iloc[0]
        _check_separator(path, list(header))
        table = pd.read_csv(path, low_memory=False)
    except DataError:
        raise
    except pd.errors.EmptyDataError:
        raise DataError(f"{path!r} is empty. Give a CSV file with a header line.") from None
    except UnicodeDecodeError as error:
        raise DataError(
            f"{path!r} is not UTF-8 text (byte {error.start}). Save it as UTF-8 CSV."
        ) from None
    except Exception as error:  # whatever a parser or a decompressor makes of another format
        why = str(error).strip() or type(error).__name__
        raise DataError(
            f"{path!r} cannot be read as CSV: {why.rstrip('.')}. Save it as UTF-8 CSV, separated "
            "by commas."
        ) from None
    if len(header) == table.shape[1]:  # pandas would rename the second of two equal names
        table.columns = [
            table.columns[k] if pd.isna(name) else name for k, name in enumerate(header)
        ]
    return table


def _check_separator(path: str, header: list[Any]) -> None:
    if len(header) > 1:
        return
    for separator, name in ((";", "semicolons"), ("\t", "tabs"), ("|", "bars")):
        if separator in str(header[0]):
            raise DataError(f"{path!r} is separated by {name}. Save it with commas.")
    raise DataError(
        f"{path!r} has one column only, {str(header[0])[:60]!r}. Columns are separated by commas."
    )

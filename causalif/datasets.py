"""The bundled data: real studies to learn on, each with its source and its licence."""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import Any

import pandas as pd

from causalif.errors import DataError, did_you_mean


def load_dataset(name: str) -> pd.DataFrame:
    """One bundled data set, freshly read.

    Parameters
    ----------
    name : str
        A name that `list_datasets` shows, such as ``"jobs"``.

    Returns
    -------
    DataFrame
        Yours to change: every call reads the file again. Its `attrs` hold the
        ``"source"`` and the ``"licence"`` of the data.

    Raises
    ------
    DataError
        No data set has that name.

    See Also
    --------
    list_datasets : What there is.

    Examples
    --------
    >>> import causalif as cif
    >>> jobs = cif.load_dataset("jobs")
    >>> jobs[["treat", "job_seek", "depress2"]].shape
    (899, 3)
    >>> jobs.attrs["licence"]
    'GPL-2.0-or-later'
    """
    entries = _entries()
    if not isinstance(name, str) or name not in entries:
        raise DataError(f"no data set {name!r} in causalif. {did_you_mean(name, entries)}")
    entry = entries[name]
    # Only empty cells are missing: "None" is an answer to how often people feel depressed.
    data = pd.read_csv(_folder() / entry["file"], keep_default_na=False, na_values=[""])
    data.attrs = {"source": entry["source"], "licence": entry["licence"]}
    return data


def list_datasets() -> pd.DataFrame:
    """The bundled data sets, one row each.

    Returns
    -------
    DataFrame
        Columns ``name``, ``rows``, ``columns``, ``description``, ``source`` and
        ``licence``. The licence is that of the data; it is not always the
        licence of causalif.

    Examples
    --------
    >>> import causalif as cif
    >>> table = cif.list_datasets().set_index("name")
    >>> int(table.loc["jobs", "rows"])
    899
    """
    shown = ("rows", "columns", "description", "source", "licence")
    return pd.DataFrame(
        [{"name": name, **{key: entry[key] for key in shown}} for name, entry in _entries().items()]
    )


def _entries() -> dict[str, dict[str, Any]]:
    return tomllib.loads((_folder() / "datasets.toml").read_text(encoding="utf-8"))


def _folder() -> Path:
    """Where the files lie: inside an installed package, beside it in a checkout."""
    here = Path(__file__).parent
    bundled = here / "bundled"
    return bundled if bundled.is_dir() else here.parent / "data"

"""The bar for whoever waits at a terminal or a notebook."""

from __future__ import annotations

import warnings
from typing import Any


def progress_bar(progress: bool | None, total: int, unit: str) -> Any:
    """A tqdm bar; by default (None) shown only where someone can see it.

    Examples
    --------
    >>> with progress_bar(False, 2, "mean") as bar:
    ...     bar.update(1)
    """
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # a notebook without ipywidgets gets the text bar
        from tqdm.auto import tqdm

    disable = None if progress is None else not progress
    return tqdm(total=total, desc="causalif", unit=unit, disable=disable, leave=False)

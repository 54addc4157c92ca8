"""The same for each of many sets of rows, in several processes."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from causalif.nuisance.progress import progress_bar


def each(
    function: Callable[[np.ndarray], np.ndarray],
    sets: Sequence[np.ndarray],
    *,
    n_jobs: int,
    progress: bool | None,
) -> np.ndarray:
    """The function of each set, in their order."""
    from joblib import Parallel, delayed

    found: list[Any] = []
    with progress_bar(progress, len(sets), "refit") as bar:
        for one in Parallel(n_jobs, return_as="generator")(delayed(function)(s) for s in sets):
            found.append(one)
            bar.update()
    return np.array(found)

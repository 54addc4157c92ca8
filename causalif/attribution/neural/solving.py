"""Effects of all rows on all queries, a block of queries at a time."""

from __future__ import annotations

import itertools
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
from torch import Tensor

from causalif.attribution.neural.batches import Batches
from causalif.attribution.neural.descent import Solving
from causalif.attribution.neural.gradients import row_dots, row_products
from causalif.attribution.neural.measures import query_gradients
from causalif.attribution.neural.objective import Objective
from causalif.attribution.neural.solvers import SolveInfo, solve
from causalif.attribution.neural.systems import System
from causalif.estimate.archive import Arrays, read_archive, write_archive
from causalif.estimate.folder import digest, open_folder
from causalif.nuisance.progress import progress_bar

KIND, FORMAT = "causalif.attribution.neural.effects", 1
MANY_ROWS, MINIBATCH = 2048, 256


def effects(
    system: System,
    queries: Batches,
    measurement: Objective,
    solver: str,
    how: Solving,
    kept: Path | None = None,
) -> tuple[np.ndarray, SolveInfo]:
    """The measurement of each query without each row, less that with it.

    Parameters
    ----------
    system : System
    queries : Batches
        Those of a batch are solved together.
    measurement : Objective
    solver : str
    how : Solving
    kept : path of a folder, optional
        Blocks that are found in it are taken from there, and others put into it.

    Returns
    -------
    ndarray, shape (queries, rows)
    SolveInfo
    """
    train, objective = system.train, system.curvature.objective
    if how.minibatch is None and train.n > MANY_ROWS and solver in ("astra", "neumann"):
        how = replace(how, minibatch=MINIBATCH)
    products = row_products(objective, train.few)
    parts: list[np.ndarray] = []
    info: list[SolveInfo] = []
    blocks = queries.positions()
    with progress_bar(how.progress if len(blocks) > 1 else False, len(blocks), "block") as bar:
        for k, block in enumerate(blocks):
            file = None if kept is None else kept / f"{k:06d}.npz"
            if file is not None and file.is_file():
                before = read_archive(file, KIND, FORMAT, "effects")[0]
                values, found = before["values"], _from_arrays(solver, before)
            else:
                v = system.flat(query_gradients(measurement, queries.take(block)))
                x, found = solve(solver, system, v, how)
                values = row_dots(products, train, system.tensors(x), how.progress).T / train.n
                if file is not None:
                    write_archive(file, KIND, FORMAT, {"values": values, **_to_arrays(found)}, {})
            parts.append(values)
            info.append(found)
            bar.update()
    return np.concatenate(parts), _together(info)


def open_for(
    folder: Path, system: System, queries: Batches, how: Solving, settings: Mapping[str, Any]
) -> Path:
    """The folder of one model, whose blocks are of these parameters, rows and queries.

    Raises
    ------
    DataError
        It holds effects of others.
    """
    parameters = system.curvature.objective.parameters().values()
    rows = itertools.chain(system.train, queries)
    fisher = system.fisher
    own = {
        **settings,
        "fisher": fisher.fisher,
        "label_samples": fisher.label_samples,
        "iterations": how.iterations,
        "tolerance": how.tolerance,
        "minibatch": how.minibatch,
        "step_size": how.step_size,
        "seed": how.seed,
        "rows": system.train.n,
        "batch_size": system.train.size,
        "queries": queries.n,
        "block": queries.size,
        "parameters": digest(_array(value) for value in parameters),
        "data": digest(_array(part) for batch in rows for part in batch),
    }
    return open_folder(folder, own, "folder")


def _array(value: Tensor) -> np.ndarray:
    return value.detach().double().cpu().numpy()


def _together(info: list[SolveInfo]) -> SolveInfo:
    steps = [one.step_size for one in info if one.step_size is not None]
    return SolveInfo(
        info[0].method,
        max(one.iterations for one in info),
        np.concatenate([one.residual for one in info]),
        min(steps) if steps else None,
    )


def _to_arrays(info: SolveInfo) -> Arrays:
    step = np.nan if info.step_size is None else info.step_size
    return {
        "residual": info.residual,
        "iterations": np.array(info.iterations),
        "step_size": np.array(step),
    }


def _from_arrays(solver: str, kept: Arrays) -> SolveInfo:
    step = float(kept["step_size"])
    return SolveInfo(
        solver, int(kept["iterations"]), kept["residual"], None if np.isnan(step) else step
    )

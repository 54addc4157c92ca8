"""TRAK: gradients of margins, projected on random directions."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from causalif.attribution.neural.batches import Batch, Batches, read_batches
from causalif.attribution.neural.checks import check_losses
from causalif.attribution.neural.ggn import read_curvature
from causalif.attribution.neural.gradients import row_gradients
from causalif.attribution.neural.measures import measured
from causalif.attribution.neural.objective import (
    Loss,
    Objective,
    read_models,
    read_objective,
)
from causalif.attribution.neural.projections import projected
from causalif.attribution.neural.result import TorchInfluence
from causalif.errors import DataError, Problems, check_choice
from causalif.nuisance.progress import progress_bar

ROUNDING = 1e-10  # of the largest eigenvalue: what is below is none


def trak(
    model: nn.Module | Sequence[nn.Module],
    loss: Loss,
    train: Any,
    queries: Any,
    *,
    dim: int = 256,
    measurement: str = "loss",
    outputs: Callable[[Any, Batch], Tensor] | None = None,
    parameters: Sequence[str] | None = None,
    batch_size: int = 64,
    seed: int = 0,
    progress: bool | None = None,
) -> TorchInfluence:
    """What leaving out each training row would do to each query, by projected gradients.

    Parameters
    ----------
    model : Module, or a sequence of them
        Trained; several, from other seeds or subsets, are averaged, and matter here.
    loss, train, queries, outputs, parameters, progress
        As in `astra`; the loss must be the cross-entropy of one class for each row.
    dim : int, default 256
        Of the projections, well below the number of rows.
    measurement : {"loss", "margin"}, default "loss"
    batch_size : int, default 64
        Rows whose whole gradients are in memory at once.
    seed : int, default 0
        Of the random signs.

    Returns
    -------
    TorchInfluence

    Raises
    ------
    DataError
        As `astra`; as many dimensions as rows, or more.

    Notes
    -----
    With phi the gradient of the margin, log p - log(1 - p), times random signs, and Phi those of
    all rows, row i moves the margin of query q by phi_q' (Phi' Phi)^-1 phi_i (1 - p_i); first and
    last factor are averaged over models apart. A query's loss moves by 1 - p_q of that.

    References
    ----------
    .. [1] Park, Georgiev, Ilyas, Leclerc & Madry (2023), TRAK: attributing model behavior at
           scale. ICML, section 3 and equation 17.

    Examples
    --------
    >>> import torch
    >>> _ = torch.manual_seed(0)
    >>> x, y = torch.randn(20, 2), torch.arange(20) % 2
    >>> model = torch.nn.Linear(2, 2)
    >>> def loss(model, batch):
    ...     return torch.nn.functional.cross_entropy(model(batch[0]), batch[1], reduction="none")
    >>> trak(model, loss, (x, y), (x[:3], y[:3]), dim=3).values.shape
    (3, 20)
    """
    problems = Problems()
    check_choice(problems, "measurement", measurement, ("loss", "margin"))
    if dim < 1:
        problems.add(f"dim={dim!r} is not a whole number from 1 up.")
    problems.raise_if_any()
    models = read_models(model)
    hats, missed, moved = [], [], []
    for one in models:
        objective = read_objective(one, loss, parameters)
        rows = read_batches(train, batch_size, objective.device, "train")
        if dim >= rows.n:
            raise DataError(f"dim={dim} of {rows.n} rows: fewer dimensions than rows are needed.")
        asked = read_batches(queries, batch_size, objective.device, "queries")
        with objective.quiet():
            few = rows.few
            check_losses(objective, few, forward=False)
            curvature = read_curvature(objective, "cross_entropy", outputs, few)
            if curvature.outputs(one, few).ndim != 2:
                raise DataError("trak is for one class a row: outputs must be (rows, classes).")
            margin = measured(curvature, "margin")
            phi, p = _projected_rows(margin, rows, dim, seed, progress)
            phi_asked, p_asked = _projected_rows(margin, asked, dim, seed, False)
        hats.append(phi_asked @ np.linalg.pinv(phi.T @ phi, rcond=ROUNDING, hermitian=True) @ phi.T)
        missed.append(1 - p)
        moved.append(1 - p_asked)
    margins = np.mean(hats, axis=0) * np.mean(missed, axis=0)
    factor = -1.0 if measurement == "margin" else np.mean(moved, axis=0)[:, None]
    of = f"{len(models)} model{'s' if len(models) > 1 else ''}"
    how = f"TRAK, projections on {dim} random directions, of {of}"
    return TorchInfluence(factor * margins, measurement, (), (), method=how)


def _projected_rows(
    margin: Objective, rows: Batches, dim: int, seed: int, progress: bool | None
) -> tuple[np.ndarray, np.ndarray]:
    """Projected gradients of margins, (n, dim), and probabilities of rows' own classes, (n,)."""
    phi: list[Tensor] = []
    chances: list[Tensor] = []
    with progress_bar(progress, len(rows.positions()), "batch") as bar:
        for batch in rows:
            phi.append(projected(row_gradients(margin, batch), dim, seed).double().cpu())
            chances.append(torch.sigmoid(margin.losses(margin.parameters(), batch)).double().cpu())
            bar.update()
    return torch.cat(phi).numpy(), torch.cat(chances).numpy()

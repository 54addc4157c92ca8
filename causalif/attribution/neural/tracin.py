"""TracIn: products of gradients along a training run."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import torch
from torch import nn

from causalif.attribution.neural.batches import read_batches
from causalif.attribution.neural.checks import check_losses
from causalif.attribution.neural.gradients import row_dots, row_products
from causalif.attribution.neural.measures import query_gradients
from causalif.attribution.neural.objective import Loss, Tensors, read_objective
from causalif.attribution.neural.result import TorchInfluence
from causalif.attribution.neural.unrolled import model_at, read_run
from causalif.nuisance.progress import progress_bar


def tracin(
    model: nn.Module,
    loss: Loss,
    train: Any,
    queries: Any,
    checkpoints: Sequence[Any],
    *,
    learning_rate: float,
    steps: int,
    momentum: float = 0.0,
    measurement: Loss | None = None,
    parameters: Sequence[str] | None = None,
    batch_size: int = 256,
    progress: bool | None = None,
) -> TorchInfluence:
    """What the steps along each training row's gradient did to each query.

    Parameters
    ----------
    model : Module
        Whose shape the checkpoints have.
    loss, train, queries, parameters, batch_size, progress
        As in `astra`.
    checkpoints : sequence of state dicts or Modules
        Evenly spread over the run.
    learning_rate, momentum : float
        Of the run; momentum stands for steps that are 1 / (1 - momentum) times as long.
    steps : int
        Of the optimiser, in all.
    measurement : callable, optional
        ``(model, batch) -> (B,)``; the loss by default.

    Returns
    -------
    TorchInfluence

    Raises
    ------
    DataError
        As `astra`; checkpoints of another model.

    Notes
    -----
    The sum over checkpoints of learning rate times steps times grad f_q' grad L_i / n. No
    curvature: later steps are taken to keep what earlier ones did.

    References
    ----------
    .. [1] Pruthi, Liu, Kale & Sundararajan (2020), Estimating training data influence by tracing
           gradient descent. NeurIPS, equation 1 (TracInCP).

    Examples
    --------
    >>> import torch
    >>> _ = torch.manual_seed(0)
    >>> x, y = torch.randn(20, 2), torch.arange(20) % 2
    >>> model = torch.nn.Linear(2, 2)
    >>> def loss(model, batch):
    ...     return torch.nn.functional.cross_entropy(model(batch[0]), batch[1], reduction="none")
    >>> tracin(
    ...     model, loss, (x, y), (x[:3], y[:3]), [model], learning_rate=0.1, steps=50
    ... ).values.shape
    (3, 20)
    """
    run = read_run(checkpoints, len(checkpoints), learning_rate, momentum, steps)
    total = 0.0
    with progress_bar(progress, len(run.checkpoints), "checkpoint") as bar:
        for (state,), travelled in run.parts():
            objective = read_objective(model_at(model, state), loss, parameters)
            rows = read_batches(train, batch_size, objective.device, "train")
            asked = read_batches(queries, batch_size, objective.device, "queries")
            value = objective if measurement is None else replace(objective, loss=measurement)
            with objective.quiet():
                check_losses(objective, rows.few, forward=False)
                directions = _stacked([query_gradients(value, batch) for batch in asked])
                products = row_products(objective, rows.few)
                part = row_dots(products, rows, directions).T
            total = total + travelled * part / rows.n
            bar.update()
    word = "loss" if measurement is None else "measurement"
    count = len(run.checkpoints)
    at = f"{count} checkpoint{'s' if count > 1 else ''}"
    how = f"TracIn, products of gradients at {at} without curvature: read ranks, not sizes"
    return TorchInfluence(np.asarray(total), word, (), (), method=how)


def _stacked(parts: Sequence[Tensors]) -> Tensors:
    return {name: torch.cat([part[name] for part in parts]) for name in parts[0]}

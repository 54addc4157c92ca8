"""What is asked of a query: its loss, its margin, or a function of one's own."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import torch
from torch import Tensor, nn

from causalif.attribution.neural.batches import Batch
from causalif.attribution.neural.ggn import Curvature, cross_entropy, squared
from causalif.attribution.neural.gradients import row_gradients
from causalif.attribution.neural.objective import Loss, Objective, Tensors, by_row
from causalif.errors import ConvergenceWarning, DataError, warn

UNDERFLOWN = 0.5  # share of a half-precision gradient that is exactly zero
HALF = (torch.float16, torch.bfloat16)


def measured(curvature: Curvature, measurement: str | Loss) -> Objective:
    """The objective whose value is what is measured of each query.

    Raises
    ------
    DataError
        No such measurement; a margin of no classes.
    """
    objective = curvature.objective
    if callable(measurement):
        return replace(objective, loss=measurement)
    if measurement == "loss":
        return objective
    if measurement != "margin":
        raise DataError(
            f'measurement={measurement!r} is none of "loss", "margin" and a function '
            "(model, batch) -> one number for each row."
        )
    if curvature.output_loss is squared:
        return replace(objective, loss=_distance(curvature.outputs))
    if curvature.output_loss is not cross_entropy:
        raise DataError('measurement="margin" needs output_loss="cross_entropy" or "squared".')
    return replace(objective, loss=_margin(curvature.outputs))


def _margin(outputs: Callable[[Any, Batch], Tensor]) -> Loss:
    def margin(model: nn.Module, batch: Batch) -> Tensor:
        scores = outputs(model, batch)
        classes = torch.arange(scores.shape[-1], device=scores.device)
        own = classes == batch[-1][..., None]
        others = torch.logsumexp(scores.masked_fill(own, -torch.inf), dim=-1)
        return by_row((scores * own).sum(-1) - others)

    return margin


def _distance(outputs: Callable[[Any, Batch], Tensor]) -> Loss:
    def distance(model: nn.Module, batch: Batch) -> Tensor:
        made = outputs(model, batch)
        return by_row((made - batch[-1].reshape(made.shape)).abs())

    return distance


def query_gradients(objective: Objective, queries: Batch) -> Tensors:
    """Of each query's measurement, (K, ...) by parameter.

    Warns
    -----
    ConvergenceWarning
        Gradients in half precision that have vanished, or are infinite.
    """
    found = row_gradients(objective, queries)
    for name, value in found.items():
        zero = float((value == 0).float().mean())
        if value.dtype in HALF and (zero > UNDERFLOWN or not torch.isfinite(value).all()):
            warn(
                f"in {name!r} ({str(value.dtype).removeprefix('torch.')}) {zero:.0%} of the "
                "queries' gradients are zero, or some infinite: they left the range of half "
                "precision. Use model.float().",
                ConvergenceWarning,
            )
    return found

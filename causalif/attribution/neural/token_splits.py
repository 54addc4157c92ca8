"""Ways to split the influence of a document over its tokens."""

from __future__ import annotations

import torch
from torch import Tensor
from torch.func import jvp

from causalif.attribution.neural.batches import Batch
from causalif.attribution.neural.gradients import layers_of
from causalif.attribution.neural.objective import Objective, Tensors, loading
from causalif.attribution.neural.rules import columns, has_bias, joined, positions, watched

STEP = 1e-3  # of a central difference, relative to the parameters' norm


def _by_loss(objective: Objective, batch: Batch, direction: Tensors) -> Tensor:
    """The derivative of every token's loss along the direction, in one pass, (B, T - 1)."""

    def losses(at: Tensors) -> Tensor:
        return objective.call(objective.loss, at, batch)

    with loading():
        return jvp(losses, (objective.parameters(),), (direction,))[1]


def _by_difference(objective: Objective, batch: Batch, direction: Tensors) -> Tensor:
    parameters = objective.parameters()
    size, length = (_norm(part) for part in (parameters, direction))
    step = STEP * size / length
    above, below = (
        objective.call(
            objective.loss,
            {name: value + sign * step * direction[name] for name, value in parameters.items()},
            batch,
        )
        for sign in (1.0, -1.0)
    )
    return (above - below) / (2 * step)


def _norm(tensors: Tensors) -> float:
    return float(torch.cat([value.flatten() for value in tensors.values()]).norm())


def _by_position(objective: Objective, batch: Batch, direction: Tensors) -> Tensor:
    """What each position of the layers takes up of the document's gradient."""
    layers = layers_of(objective)
    with torch.enable_grad(), watched(layers) as seen:
        losses = objective.loss(objective.model, batch)
        total = losses.sum()
        probes = [probe for passes in seen.values() for probe in passes.probes]
        backs = iter(torch.autograd.grad(total, probes))
    found = torch.zeros(batch[0].shape, dtype=total.dtype, device=total.device)
    for name, passes in seen.items():
        layer, start = layers[name], f"{name}." if name else ""
        bias = direction[f"{start}bias"][None] if has_bias(layer) else None
        matrix = joined(layer, direction[f"{start}weight"][None], bias)[0]
        for inputs in passes.inputs:
            into = columns(layer, inputs, bias=has_bias(layer))
            found = found + ((positions(layer, next(backs)) @ matrix) * into).sum(2)
    return found[:, : losses.shape[1]]


SPLITS = {"loss": _by_loss, "difference": _by_difference, "position": _by_position}

"""Gradients of single rows: by `vmap`, which knows every model, and by hooks, which are fast."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import cast

import numpy as np
import torch
from torch import Tensor, nn
from torch.func import grad, vmap

from causalif.attribution.neural.batches import Batch, Batches, with_bar
from causalif.attribution.neural.objective import Objective, Tensors, by_row
from causalif.attribution.neural.rules import directed, has_rule, watched

AGREED = 1e-3  # of a layer's largest product: between hooks and vmap, in single precision
ROUNDING = 1e-6  # of the largest of all


def row_gradients(objective: Objective, batch: Batch) -> Tensors:
    """The gradient of each row's loss, by parameter, (B, ...): the reference for hooks."""
    parameters = objective.parameters()

    def one(at: Tensors, row: Batch) -> Tensor:
        return objective.losses(at, tuple(part[None] for part in row))[0]

    return vmap(grad(one), in_dims=(None, 0))(parameters, batch)


def mean_gradient(objective: Objective, batches: Batches) -> Tensors:
    """Of the mean loss over all rows."""
    parameters = objective.parameters()

    def total(at: Tensors, batch: Batch) -> Tensor:
        return objective.losses(at, batch).sum()

    found: Tensors = {name: torch.zeros_like(value) for name, value in parameters.items()}
    for batch in batches:
        for name, value in grad(total)(parameters, batch).items():
            found[name] += value / batches.n
    return found


@dataclass(frozen=True)
class RowProducts:
    """How products of rows' gradients with directions are made.

    Attributes
    ----------
    objective : Objective
    layers : dict of str to Module
        Those served by hooks.
    rest : tuple of str
        Parameters served by vmap.
    """

    objective: Objective
    layers: dict[str, nn.Module]
    rest: tuple[str, ...]

    def of(self, batch: Batch, directions: Tensors) -> Tensor:
        """Products with K directions, (B, K)."""
        parts = list(by_hooks(self.objective, self.layers, batch, directions).values())
        if self.rest:
            gradients = row_gradients(replace(self.objective, names=self.rest), batch)
            for name, gradient in gradients.items():
                parts.append(gradient.flatten(1) @ directions[name].flatten(1).T)
        return torch.stack(parts).sum(0).detach()


def by_hooks(
    objective: Objective, layers: Mapping[str, nn.Module], batch: Batch, directions: Tensors
) -> Tensors:
    """Products of rows' gradients in each layer with K directions, (B, K) by layer."""
    if not layers:
        return {}
    with torch.enable_grad(), watched(layers) as seen:
        total = by_row(objective.loss(objective.model, batch)).sum()
        probes = [probe for passes in seen.values() for probe in passes.probes]
        returned = torch.autograd.grad(total, probes, allow_unused=True)
    backs = iter(cast("Sequence[Tensor | None]", returned))
    count = len(next(iter(directions.values())))
    found: Tensors = {}
    for name, passes in seen.items():
        direction = _of_layer(name, directions)
        found[name] = torch.zeros(len(batch[0]), count, device=total.device, dtype=total.dtype)
        for inputs in passes.inputs:
            back = next(backs)
            if back is not None:
                found[name] += directed(layers[name], inputs, back, direction)
    return found


def row_products(objective: Objective, few: Batch) -> RowProducts:
    """For each layer hooks, where on a few rows they agree with vmap; else vmap.

    They do not where a layer's weights are used without calling it, or rows are not first.
    """
    generator = torch.Generator().manual_seed(0)
    directions = {
        name: torch.randn(1, *value.shape, generator=generator).to(value)
        for name, value in objective.parameters().items()
    }
    slow = {
        name: gradient.flatten(1) @ directions[name].flatten(1).T
        for name, gradient in row_gradients(objective, few).items()
    }
    size = max(float(part.detach().abs().max()) for part in slow.values())
    kept: dict[str, nn.Module] = {}
    served: set[str] = set()
    for name, layer in layers_of(objective).items():
        own = [f"{name}.{part}" if name else part for part in _parts(layer)]
        try:
            found = by_hooks(objective, {name: layer}, few, directions)[name]
        except RuntimeError:  # a layer that is called in ways of its own, or not at all
            continue
        true = torch.stack([slow[part] for part in own]).sum(0)
        apart = float((found - true).detach().abs().max())
        if apart <= AGREED * float(true.detach().abs().max()) + ROUNDING * size:
            kept[name] = layer
            served |= set(own)
    rest = tuple(name for name in objective.names if name not in served)
    return RowProducts(objective, kept, rest)


def row_dots(
    products: RowProducts, batches: Batches, directions: Tensors, progress: bool | None = False
) -> np.ndarray:
    """Products of all rows' gradients with K directions, shape (n, K), double precision."""
    parts = [products.of(batch, directions).double().cpu() for batch in with_bar(batches, progress)]
    return torch.cat(parts).detach().numpy()


def layers_of(objective: Objective) -> dict[str, nn.Module]:
    """Layers with a rule, all of whose parameters are asked for or none."""
    found: dict[str, nn.Module] = {}
    for name, module in objective.model.named_modules():
        own = {f"{name}.{part}" if name else part for part in _parts(module)}
        if own and has_rule(module) and own <= set(objective.names):
            found[name] = module
    return found


def _parts(layer: nn.Module) -> list[str]:
    return [name for name, _ in layer.named_parameters(recurse=False)]


def _of_layer(name: str, directions: Mapping[str, Tensor]) -> Tensors:
    start = f"{name}." if name else ""
    return {
        part: directions[f"{start}{part}"]
        for part in ("weight", "bias")
        if f"{start}{part}" in directions
    }

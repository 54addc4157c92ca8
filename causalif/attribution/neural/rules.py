"""Kinds of layers whose gradients of rows follow from what goes in and what comes back."""

from __future__ import annotations

from collections.abc import Generator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field

import torch
import torch.nn.functional as F
from torch import Tensor, nn


@dataclass
class Passes:
    """What went through a layer in one forward pass: a pair for each call.

    Attributes
    ----------
    inputs : list of Tensor, rows first
    probes : list of Tensor
        Zeros that were added to the outputs; the gradient in them is that in the outputs.
    """

    inputs: list[Tensor] = field(default_factory=list)
    probes: list[Tensor] = field(default_factory=list)


@contextmanager
def watched(layers: Mapping[str, nn.Module]) -> Generator[dict[str, Passes]]:
    """Record the calls of layers; the hooks are gone afterwards."""
    seen = {name: Passes() for name in layers}

    def watch(name: str, layer: nn.Module) -> torch.utils.hooks.RemovableHandle:
        def hook(_: nn.Module, inputs: tuple[Tensor, ...], output: Tensor) -> Tensor:
            probe = torch.zeros_like(output, requires_grad=True)
            seen[name].inputs.append(inputs[0].detach())
            seen[name].probes.append(probe)
            return output + probe

        return layer.register_forward_hook(hook)

    handles = [watch(name, layer) for name, layer in layers.items()]
    try:
        yield seen
    finally:
        for handle in handles:
            handle.remove()


def is_turned(layer: nn.Module) -> bool:
    """Whether it is the Conv1D of GPT-2 in transformers: linear, its weight (in, out)."""
    return type(layer).__name__ == "Conv1D" and hasattr(layer, "nf")


def has_matrix(layer: nn.Module) -> bool:
    """Whether gradients are products of inputs and output gradients: linear and convolutions."""
    if isinstance(layer, nn.Linear) or is_turned(layer):
        return True
    return (
        isinstance(layer, nn.Conv1d | nn.Conv2d)
        and layer.groups == 1
        and layer.padding_mode == "zeros"
        and not isinstance(layer.padding, str)
    )


def has_rule(layer: nn.Module) -> bool:
    """Whether `directed` knows the layer."""
    if isinstance(layer, nn.Embedding):
        return layer.max_norm is None and not layer.scale_grad_by_freq
    if isinstance(layer, nn.LayerNorm):
        return layer.elementwise_affine and len(layer.normalized_shape) == 1
    return has_matrix(layer)


def columns(layer: nn.Module, inputs: Tensor, *, bias: bool) -> Tensor:
    """Inputs at each position, (B, T, in), with a one for a bias last."""
    if isinstance(layer, nn.Conv1d):
        inputs = _patches(
            inputs[:, :, None],
            (1, *layer.kernel_size),
            (1, *layer.dilation),
            (0, int(layer.padding[0])),
            (1, *layer.stride),
        )
    elif isinstance(layer, nn.Conv2d):
        padding = (int(layer.padding[0]), int(layer.padding[1]))
        inputs = _patches(inputs, layer.kernel_size, layer.dilation, padding, layer.stride)
    else:
        inputs = inputs.reshape(len(inputs), -1, inputs.shape[-1])
    return F.pad(inputs, (0, 1), value=1.0) if bias else inputs


def _patches(
    inputs: Tensor,
    kernel: tuple[int, ...],
    dilation: tuple[int, ...],
    padding: tuple[int, ...],
    stride: tuple[int, ...],
) -> Tensor:
    return F.unfold(inputs, kernel, dilation=dilation, padding=padding, stride=stride).transpose(
        1, 2
    )


def positions(layer: nn.Module, outputs: Tensor) -> Tensor:
    """Output gradients at each position, (B, T, out)."""
    if isinstance(layer, nn.Conv1d | nn.Conv2d):
        return outputs.flatten(2).transpose(1, 2)
    return outputs.reshape(len(outputs), -1, outputs.shape[-1])


def has_bias(layer: nn.Module) -> bool:
    """Whether a layer has one."""
    return getattr(layer, "bias", None) is not None


def matrix_gradients(layer: nn.Module, inputs: Tensor, outputs: Tensor) -> Tensor:
    """Gradient of each row in weight and bias side by side, (B, out, in)."""
    into = columns(layer, inputs, bias=has_bias(layer))
    return torch.einsum("bto,bti->boi", positions(layer, outputs), into)


def joined(layer: nn.Module, weight: Tensor, bias: Tensor | None) -> Tensor:
    """Weight and bias (of K directions) side by side, (K, out, in)."""
    flat = _flat(layer, weight)
    return flat if bias is None else torch.cat([flat, bias[:, :, None]], dim=2)


def apart(layer: nn.Module, matrix: Tensor) -> dict[str, Tensor]:
    """The opposite of `joined`, by parameter."""
    weight: Tensor = layer.weight  # pyright: ignore[reportAssignmentType]
    shape = (len(matrix), *weight.shape)
    own = matrix[:, :, :-1] if has_bias(layer) else matrix
    own = own.transpose(1, 2) if is_turned(layer) else own
    found = {"weight": own.reshape(shape)}
    return found | {"bias": matrix[:, :, -1]} if has_bias(layer) else found


def _flat(layer: nn.Module, weight: Tensor) -> Tensor:
    """Of K directions, (K, out, in)."""
    if is_turned(layer):
        return weight.transpose(1, 2)
    return weight.reshape(len(weight), weight.shape[1], -1)


def directed(
    layer: nn.Module, inputs: Tensor, outputs: Tensor, direction: Mapping[str, Tensor]
) -> Tensor:
    """Products of rows' gradients with K directions, (B, K); no gradient is formed of Linear.

    Parameters
    ----------
    layer : Module
        That `has_rule`.
    inputs, outputs : Tensor
        What went in, and the loss's gradient in what came out.
    direction : mapping of "weight" and "bias" to Tensor, (K, ...)
        Parameters that are left out count as zero.
    """
    if has_matrix(layer):
        return _of_matrix(layer, inputs, outputs, direction)
    if isinstance(layer, nn.Embedding):
        wanted = direction["weight"][:, inputs]  # (K, B, ..., d)
        kept = (inputs != layer.padding_idx)[..., None] if layer.padding_idx is not None else 1.0
        return (wanted * (outputs * kept)).flatten(2).sum(2).T
    assert isinstance(layer, nn.LayerNorm)
    normal = F.layer_norm(inputs, layer.normalized_shape, eps=layer.eps)
    total = torch.zeros(1, device=outputs.device, dtype=outputs.dtype)
    if "weight" in direction:
        along = (outputs * normal).reshape(len(outputs), -1, outputs.shape[-1]).sum(1)
        total = total + along @ direction["weight"].T
    if "bias" in direction:
        along = outputs.reshape(len(outputs), -1, outputs.shape[-1]).sum(1)
        total = total + along @ direction["bias"].T
    return total


def _of_matrix(
    layer: nn.Module, inputs: Tensor, outputs: Tensor, direction: Mapping[str, Tensor]
) -> Tensor:
    at = positions(layer, outputs)
    total = torch.zeros(1, device=at.device, dtype=at.dtype)
    if "weight" in direction:
        flat = _flat(layer, direction["weight"])
        into = columns(layer, inputs, bias=False)
        through = torch.einsum("bto,koi->kbti", at, flat)
        total = total + (through * into).sum((2, 3)).T
    if "bias" in direction:
        total = total + at.sum(1) @ direction["bias"].T
    return total

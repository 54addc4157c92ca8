"""EKFAC: the Fisher matrix of each layer in its Kronecker eigenbasis, and inverses by it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace

import torch
from torch import Tensor, nn

from causalif.attribution.neural.batches import Batch, Batches, with_bar
from causalif.attribution.neural.ggn import IGNORED, Curvature, cross_entropy, squared
from causalif.attribution.neural.gradients import layers_of, row_gradients
from causalif.attribution.neural.objective import Tensors
from causalif.attribution.neural.rules import (
    Passes,
    apart,
    columns,
    has_bias,
    has_matrix,
    joined,
    matrix_gradients,
    positions,
    watched,
)
from causalif.errors import DataError

Damping = Mapping[str, float]  # of each parameter
Labels = Callable[[Tensor, Batch], Batch]


@dataclass(frozen=True)
class Block:
    """One layer, weight and bias side by side.

    Attributes
    ----------
    layer : Module
    out, into : Tensor, (out, out) and (in, in)
        Eigenvectors of the covariances of output gradients and of inputs.
    eigenvalues : Tensor, (out, in)
        Second moments of rows' gradients in that basis.
    """

    layer: nn.Module
    out: Tensor
    into: Tensor
    eigenvalues: Tensor

    def scaled(self, matrix: Tensor, factors: Tensor) -> Tensor:
        """K matrices, (K, out, in), multiplied in the basis."""
        return self.out @ ((self.out.T @ matrix @ self.into) * factors) @ self.into.T


@dataclass(frozen=True)
class EKFAC:
    """Blocks of layers, and the diagonal of all other parameters.

    Attributes
    ----------
    blocks : dict of str to Block
    diagonal : dict of str to Tensor
        Second moments of rows' gradients.

    References
    ----------
    .. [1] George, Laurent, Bouthillier, Ballas & Vincent (2018), Fast approximate natural gradient
           descent in a Kronecker-factored eigenbasis. NeurIPS.
    .. [2] Grosse et al. (2023), Studying large language model generalization with influence
           functions.
    """

    blocks: dict[str, Block]
    diagonal: Tensors

    def solve(self, vectors: Tensors, damping: Damping) -> Tensors:
        """(P + damping)^-1 v, of K vectors."""
        return self._each(vectors, lambda values, name: 1 / (values + damping[name]))

    def decayed(self, vectors: Tensors, steps: float) -> Tensors:
        """exp(-steps P) v: what gradient flow leaves of v."""
        return self._each(vectors, lambda values, _: torch.exp(-steps * values))

    def mean_eigenvalues(self) -> dict[str, float]:
        """Of the block of each parameter."""
        found = {name: float(values.mean()) for name, values in self.diagonal.items()}
        for name, block in self.blocks.items():
            for part in _names(name, block.layer).values():
                found[part] = float(block.eigenvalues.mean())
        return found

    def _each(self, vectors: Tensors, factors: Callable[[Tensor, str], Tensor]) -> Tensors:
        found = {
            name: vectors[name] * factors(values, name) for name, values in self.diagonal.items()
        }
        for name, block in self.blocks.items():
            parts = _names(name, block.layer)
            weight, bias = vectors[parts["weight"]], parts.get("bias")
            matrix = joined(block.layer, weight, None if bias is None else vectors[bias])
            solved = block.scaled(matrix, factors(block.eigenvalues, parts["weight"]))
            found |= {parts[key]: value for key, value in apart(block.layer, solved).items()}
        return {name: found[name] for name in vectors}


def fit_ekfac(
    curvature: Curvature,
    train: Batches,
    *,
    fisher: str = "sampled",
    label_samples: int = 1,
    seed: int = 0,
    progress: bool | None = False,
) -> EKFAC:
    """Two passes over the data: covariances, then second moments in their eigenbasis.

    Parameters
    ----------
    curvature : Curvature
    train : Batches
    fisher : {"sampled", "empirical"}
        Labels drawn from the model, as the Fisher matrix is defined, or those of the data.
    label_samples : int
        Draws for each row.
    seed : int
    progress : bool, optional

    Raises
    ------
    DataError
        A loss of one's own, from which labels cannot be drawn.
    """
    objective = curvature.objective
    layers = {n: layer for n, layer in layers_of(objective).items() if has_matrix(layer)}
    labels = _labels(curvature, fisher)
    draws = 1 if fisher == "empirical" else label_samples
    into: Tensors = {}
    out: Tensors = {}
    for passes, backs in _passes(curvature, layers, with_bar(train, progress), labels, draws, seed):
        for name, (inputs, back) in _by_layer(passes, backs):
            layer = layers[name]
            a = columns(layer, inputs, bias=has_bias(layer)).flatten(0, 1)
            d = positions(layer, back).flatten(0, 1)
            a = a * (d != 0).any(1, keepdim=True)  # no loss hangs on padding, or on last places
            into[name] = into.get(name, 0) + a.T @ a
            out[name] = out.get(name, 0) + d.T @ d
    bases = {n: (_eigenvectors(out[n]), _eigenvectors(into[n])) for n in into}
    moments: Tensors = {}
    for passes, backs in _passes(curvature, layers, with_bar(train, progress), labels, draws, seed):
        gradients: Tensors = {}
        for name, (inputs, back) in _by_layer(passes, backs):
            found = matrix_gradients(layers[name], inputs, back)
            gradients[name] = gradients[name] + found if name in gradients else found
        for name, gradient in gradients.items():
            left, right = bases[name]
            turned = (left.T @ gradient @ right) ** 2
            moments[name] = moments.get(name, 0) + turned.sum(0) / (train.n * draws)
    blocks = {n: Block(layers[n], *bases[n], moments[n]) for n in bases}
    inside = {part for n, block in blocks.items() for part in _names(n, block.layer).values()}
    rest = tuple(name for name in objective.names if name not in inside)
    return EKFAC(blocks, _diagonal(curvature, rest, train, labels, draws, seed))


def _passes(
    curvature: Curvature,
    layers: Mapping[str, nn.Module],
    train: Iterable[Batch],
    labels: Labels,
    draws: int,
    seed: int,
) -> Iterator[tuple[dict[str, Passes], list[Tensor | None]]]:
    """Each batch and each draw of labels: what went through the layers, and came back."""
    if not layers:
        return
    torch.manual_seed(seed)
    model = curvature.objective.model
    for batch in train:
        with torch.enable_grad(), watched(layers) as seen:
            outputs = curvature.outputs(model, batch)
            probes = [probe for passes in seen.values() for probe in passes.probes]
            for draw in range(draws):
                loss = curvature.output_loss(outputs, labels(outputs.detach(), batch)).sum()
                kept = draw + 1 < draws
                backs = torch.autograd.grad(loss, probes, retain_graph=kept, allow_unused=True)
                yield seen, list(backs)


def _by_layer(
    passes: Mapping[str, Passes], backs: list[Tensor | None]
) -> Iterator[tuple[str, tuple[Tensor, Tensor]]]:
    calls = [(name, inputs) for name, one in passes.items() for inputs in one.inputs]
    for (name, inputs), back in zip(calls, backs, strict=True):
        if back is not None:
            yield name, (inputs, back)


def _diagonal(
    curvature: Curvature,
    names: tuple[str, ...],
    train: Batches,
    labels: Labels,
    draws: int,
    seed: int,
) -> Tensors:
    if not names:
        return {}
    torch.manual_seed(seed)
    model = curvature.objective.model

    def loss(model: nn.Module, batch: Batch) -> Tensor:
        return curvature.output_loss(curvature.outputs(model, batch), batch)

    objective = replace(curvature.objective, loss=loss, names=names)
    found: Tensors = {}
    for batch in train:
        with torch.no_grad():
            outputs = curvature.outputs(model, batch)
        for _ in range(draws):
            gradients = row_gradients(objective, labels(outputs, batch))
            for name, gradient in gradients.items():
                share = (gradient**2).sum(0) / (train.n * draws)
                found[name] = found.get(name, 0) + share
    return found


def _labels(curvature: Curvature, fisher: str) -> Labels:
    if fisher == "empirical":
        return lambda outputs, batch: batch
    if curvature.output_loss is cross_entropy:
        return _classes
    if curvature.output_loss is squared:
        return lambda outputs, batch: (*batch[:-1], outputs + torch.randn_like(outputs))
    raise DataError(
        'labels cannot be drawn from a loss of your own: use fisher="empirical", which takes '
        "those of the data (and is no Fisher matrix where the model fits badly)."
    )


def _classes(outputs: Tensor, batch: Batch) -> Batch:
    chances = outputs.softmax(-1).flatten(0, -2)
    drawn = torch.multinomial(chances, 1)[:, 0].reshape(batch[-1].shape)
    return (*batch[:-1], torch.where(batch[-1] == IGNORED, batch[-1], drawn))


def _eigenvectors(matrix: Tensor) -> Tensor:
    return torch.linalg.eigh(matrix.double())[1].to(matrix.dtype)


def _names(name: str, layer: nn.Module) -> dict[str, str]:
    start = f"{name}." if name else ""
    parts = ["weight", "bias"] if has_bias(layer) else ["weight"]
    return {part: f"{start}{part}" for part in parts}

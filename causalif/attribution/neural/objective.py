"""A model and its loss as one function of its parameters, left as they were found."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Generator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn
from torch.func import functional_call
from torch.nn.attention import SDPBackend, sdpa_kernel

from causalif.attribution.neural.batches import Batch
from causalif.errors import DataError, Problems

NORMS = (nn.BatchNorm1d, nn.BatchNorm2d, nn.BatchNorm3d)

Loss = Callable[[Any, Batch], Tensor]
Tensors = dict[str, Tensor]


class _WithLoss(nn.Module):
    """Makes of any function of a model a module, for functional calls."""

    def __init__(self, model: nn.Module, function: Callable[..., Tensor]) -> None:
        super().__init__()
        self.model = model
        self.function = function

    def forward(self, batch: Batch) -> Tensor:
        return self.function(self.model, batch)


@dataclass(frozen=True)
class Objective:
    """What is differentiated.

    Attributes
    ----------
    model : Module
    loss : callable
        ``(model, batch) -> (B,)``, or (B, T) with a loss for each token.
    names : tuple of str
        Of the parameters in which it is differentiated.
    """

    model: nn.Module
    loss: Loss
    names: tuple[str, ...]

    @property
    def device(self) -> torch.device:
        """Where the model is."""
        return next(self.model.parameters()).device

    def parameters(self) -> Tensors:
        """By name, apart from the model's graph."""
        found = dict(self.model.named_parameters())
        return {name: found[name].detach() for name in self.names}

    def call(self, function: Callable[..., Tensor], parameters: Tensors, batch: Batch) -> Tensor:
        """A function of model and batch, at other parameters."""
        named = {f"model.{name}": value for name, value in parameters.items()}
        return functional_call(_WithLoss(self.model, function), named, (batch,))

    def losses(self, parameters: Tensors, batch: Batch) -> Tensor:
        """One loss for each row, (B,)."""
        return by_row(self.call(self.loss, parameters, batch))

    @contextmanager
    def quiet(self) -> Generator[None]:
        """In evaluation mode; modes, buffers and random numbers are put back, errors or not."""
        modes = [(module, module.training) for module in self.model.modules()]
        buffers = [(buffer, buffer.detach().clone()) for buffer in self.model.buffers()]
        fast = torch.backends.mha.get_fastpath_enabled()
        devices = [self.device] if self.device.type == "cuda" else []
        try:
            # Fused attention has no forward derivatives.
            torch.backends.mha.set_fastpath_enabled(False)
            with torch.random.fork_rng(devices), sdpa_kernel(SDPBackend.MATH), torch.no_grad():
                self.model.eval()
                yield
        finally:
            torch.backends.mha.set_fastpath_enabled(fast)
            for module, training in modes:
                module.training = training
            with torch.no_grad():
                for buffer, before in buffers:
                    buffer.copy_(before)


@contextmanager
def loading() -> Generator[None]:
    """Without torch's own deprecations, as it loads forward derivatives."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        yield


def by_row(losses: Tensor) -> Tensor:
    """Losses of tokens summed within rows."""
    return losses if losses.ndim <= 1 else losses.flatten(1).sum(1)


def read_models(model: nn.Module | Sequence[nn.Module]) -> list[nn.Module]:
    """One model or several.

    Raises
    ------
    DataError
        None.
    """
    models = [model] if isinstance(model, nn.Module) else list(model)
    if not models:
        raise DataError("model is an empty sequence.")
    return models


def read_objective(model: nn.Module, loss: Loss, parameters: Sequence[str] | None) -> Objective:
    """Check what can be told of a model without data.

    Parameters
    ----------
    model : Module
    loss : callable
    parameters : sequence of str, optional
        Names, or beginnings of names at a dot; all that require gradients by default.

    Raises
    ------
    DataError
        No such parameters, parameters under two names, batch norms without running statistics.
    """
    problems = Problems()
    if not isinstance(model, nn.Module):
        raise DataError(f"model is a {type(model).__name__}, not a torch Module.")
    held: dict[int, str] = {}
    for name, value in model.named_parameters(remove_duplicate=False):
        first = held.setdefault(id(value), name)
        if first != name and _is_among(first, name, parameters):
            problems.add(
                f"{first!r} and {name!r} are one parameter (tied weights): its gradient has no "
                "single layer.",
                "Untie them, giving each a copy, or leave both out with parameters=.",
            )
    for name, module in model.named_modules():
        if isinstance(module, NORMS) and module.running_mean is None:
            problems.add(
                f"module {name!r} ({type(module).__name__}) has no running statistics: losses of "
                "rows hang on the other rows of their batch.",
                "Use track_running_stats=True, or another normalisation.",
            )
    names = tuple(name for name, value in model.named_parameters() if value.requires_grad)
    if parameters is not None:
        every = [name for name, _ in model.named_parameters()]
        chosen: list[str] = []
        for asked in parameters:
            found = [name for name in every if name == asked or name.startswith(f"{asked}.")]
            if not found:
                problems.add(f"parameters: the model has no {asked!r}.")
            chosen += [name for name in found if name not in chosen]
        names = tuple(chosen)
    if not names and not problems:
        problems.add("no parameter of the model requires gradients.", "Name some in parameters=.")
    problems.raise_if_any()
    return Objective(model, loss, names)


def _is_among(first: str, second: str, parameters: Sequence[str] | None) -> bool:
    """Whether tied parameters are among those that are asked for."""
    return parameters is None or any(
        name == asked or name.startswith(f"{asked}.")
        for asked in parameters
        for name in (first, second)
    )

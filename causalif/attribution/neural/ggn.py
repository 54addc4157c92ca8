"""The generalised Gauss-Newton matrix of the mean loss, times vectors."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor
from torch.func import grad, jvp, vjp, vmap

from causalif.attribution.neural.batches import Batch
from causalif.attribution.neural.objective import Objective, Tensors, by_row, loading
from causalif.errors import DataError, did_you_mean

OutputLoss = Callable[[Tensor, Batch], Tensor]
IGNORED = -100


def cross_entropy(outputs: Tensor, batch: Batch) -> Tensor:
    """Of classes in the last axis; targets are the batch's last tensor, -100 is left out."""
    targets = batch[-1]
    flat = F.cross_entropy(
        outputs.reshape(-1, outputs.shape[-1]),
        targets.reshape(-1),
        reduction="none",
        ignore_index=IGNORED,
    )
    return by_row(flat.reshape(targets.shape))


def squared(outputs: Tensor, batch: Batch) -> Tensor:
    """Half the squared distance to the batch's last tensor, summed over outputs."""
    return by_row((outputs - batch[-1].reshape(outputs.shape)) ** 2 / 2)


NAMED: dict[str, OutputLoss] = {"cross_entropy": cross_entropy, "squared": squared}


def first_argument(model: Any, batch: Batch) -> Tensor:
    """The model's answer to the batch's first tensor."""
    found = model(batch[0])
    return getattr(found, "logits", found)


@dataclass(frozen=True)
class Curvature:
    """The loss as a convex function of outputs, and these as a function of parameters.

    Attributes
    ----------
    objective : Objective
    outputs : callable
        ``(model, batch) -> (B, ...)``.
    output_loss : callable
        ``(outputs, batch) -> (B,)``.
    """

    objective: Objective
    outputs: Callable[[Any, Batch], Tensor]
    output_loss: OutputLoss

    def product(self, vectors: Tensors, batch: Batch) -> Tensors:
        """G v, the sum over these rows; of K vectors, (K, ...)."""
        parameters = self.objective.parameters()

        def function(at: Tensors) -> Tensor:
            return self.objective.call(self.outputs, at, batch)

        def total(outputs: Tensor) -> Tensor:
            return self.output_loss(outputs, batch).sum()

        found, back = vjp(function, parameters)[:2]

        def one(vector: Tensors) -> Tensors:
            along = jvp(function, (parameters,), (vector,))[1]
            bent = jvp(grad(total), (found.detach(),), (along,))[1]
            return back(bent)[0]

        with loading():
            return vmap(one)(vectors)

    def mean_product(self, vectors: Tensors, batches: Iterable[Batch], rows: int) -> Tensors:
        """G v of the mean over rows."""
        found = {name: torch.zeros_like(value) for name, value in vectors.items()}
        for batch in batches:
            for name, value in self.product(vectors, batch).items():
                found[name] += value / rows
        return found


def read_curvature(
    objective: Objective,
    output_loss: str | OutputLoss,
    outputs: Callable[[Any, Batch], Tensor] | None,
    few: Batch,
) -> Curvature:
    """Check on a few rows that the loss is what is said of it.

    Raises
    ------
    DataError
        No such loss, or it differs from the model's loss.
    """
    if isinstance(output_loss, str):
        if output_loss not in NAMED:
            raise DataError(
                f"output_loss={output_loss!r} is not known. {did_you_mean(output_loss, NAMED)}"
            )
        function, name = NAMED[output_loss], output_loss
    else:
        function, name = output_loss, "output_loss"
    found = Curvature(objective, outputs or first_argument, function)
    with torch.no_grad():
        stated = by_row(objective.loss(objective.model, few))
        try:
            made = function(found.outputs(objective.model, few), few)
        except (RuntimeError, TypeError, ValueError, IndexError) as error:
            raise DataError(
                f"output_loss={name!r} cannot be taken of outputs(model, batch): {error} Give "
                "outputs=, a function of model and batch, and output_loss=, one of outputs and "
                "batch, whose value is the loss of each row."
            ) from error
    if made.shape != stated.shape or not torch.allclose(made, stated, rtol=1e-3, atol=1e-5):
        raise DataError(
            f"the loss is not {name!r} of the outputs: of the first row it is "
            f"{float(stated[0]):.6g}, and that is {float(made.flatten()[0]):.6g}. Give "
            'output_loss= as a function of outputs and batch (for "squared" the loss is half the '
            "squared distance)."
        )
    return found

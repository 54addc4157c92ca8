"""What can be told of a loss on a few rows, before any long computation."""

from __future__ import annotations

import warnings

import torch
from torch import Tensor, nn
from torch.func import jvp

from causalif.attribution.neural.batches import Batch
from causalif.attribution.neural.gradients import row_gradients
from causalif.attribution.neural.objective import Objective, by_row
from causalif.errors import DataError

DROPOUTS = (nn.Dropout, nn.Dropout1d, nn.Dropout2d, nn.Dropout3d, nn.AlphaDropout)


def check_losses(objective: Objective, batch: Batch, *, forward: bool = True) -> None:
    """Check on a few rows that losses are of rows, and always the same.

    Raises
    ------
    DataError
        Not one loss for each row; losses that differ between calls, hang on other rows, or have
        no derivatives (forward ones too, where they are needed).
    """
    with torch.no_grad():
        rows = len(batch[0])
        found = objective.loss(objective.model, batch)
        if not isinstance(found, Tensor) or found.ndim == 0 or len(found) != rows:
            shape = tuple(found.shape) if isinstance(found, Tensor) else type(found).__name__
            raise DataError(
                f"loss(model, batch) gave {shape} for {rows} rows. Give one loss for each row "
                '(reduction="none"), or for each row and token.'
            )
        found = by_row(found)
        if not torch.isfinite(found).all():
            raise DataError(
                f"the loss is not finite in {int((~torch.isfinite(found)).sum())} of the first "
                f"{rows} rows. Look at the data, and at the model's parameters."
            )
        again = by_row(objective.loss(objective.model, batch))
        if not torch.equal(found, again):
            raise DataError(
                "two calls of the loss in evaluation mode differ: dropout or noise stays active"
                f"{_culprit(objective.model)}. Take it out of what evaluation does."
            )
        if rows > 1:
            alone = by_row(objective.loss(objective.model, tuple(part[:1] for part in batch)))
            if not torch.allclose(alone, found[:1], rtol=1e-3, atol=1e-5):
                raise DataError(
                    "the loss of a row changes with the other rows of its batch. Rows must be "
                    "first in every tensor, and no statistic may be taken over a batch."
                )
    _check_derivatives(objective, batch, forward=forward)


def _check_derivatives(objective: Objective, batch: Batch, *, forward: bool) -> None:
    """Check on a row that torch can differentiate the loss of single rows.

    Raises
    ------
    DataError
        Layers, or a forward pass, that it cannot.
    """
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of what is slow; it is said again where it is used
            row_gradients(objective, batch)
            if forward:
                at = objective.parameters()
                jvp(lambda at: objective.losses(at, batch), (at,), (at,))
    except RuntimeError as error:
        found = [
            f"{name!r} ({type(module).__name__})"
            for name, module in objective.model.named_modules()
            if isinstance(module, nn.RNNBase)
        ]
        if found:
            cause = f"module {', '.join(found)}: torch lacks derivatives of its single rows"
            remedy = "Write it step by step, as with nn.LSTMCell."
        else:
            cause = (
                f"the loss of single rows cannot be differentiated: {str(error).splitlines()[0]}"
            )
            remedy = (
                "The usual cause is a branch, a loop or .item() that hangs on values of tensors."
            )
        raise DataError(f"{cause}. {remedy}") from error


def _culprit(model: nn.Module) -> str:
    for name, module in model.named_modules():
        if isinstance(module, DROPOUTS) and module.training:
            return f" (module {name!r}, {type(module).__name__}, is still in training mode)"
    return ""

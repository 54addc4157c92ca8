"""Rows of tokens, and the cross-entropy with which a causal language model foretells each."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch.nn.functional as F
from torch import Tensor, nn

from causalif.attribution.neural.batches import Batch, Batches, read_batches
from causalif.attribution.neural.ggn import IGNORED
from causalif.attribution.neural.objective import Loss, Objective
from causalif.errors import DataError

Logits = Callable[[Any, Tensor], Tensor]


def next_token_loss(logits: Logits | None) -> tuple[Loss, Loss]:
    """Losses of batches (tokens, targets), (B, T - 1): place j is of token j + 1; and outputs."""
    ask = _default_logits if logits is None else logits

    def outputs(model: nn.Module, batch: Batch) -> Tensor:
        return ask(model, batch[0])[:, :-1]

    def loss(model: nn.Module, batch: Batch) -> Tensor:
        found = outputs(model, batch).transpose(1, 2)
        return F.cross_entropy(found, batch[1], reduction="none", ignore_index=IGNORED)

    return loss, outputs


def read_tokens(
    given: Any, padding: int | None, size: int, objective: Objective, role: str
) -> Batches:
    """Batches of tokens and of what is to be foretold.

    Parameters
    ----------
    given : Tensor of int, or (Tensor of int, Tensor of bool)
        Rows by tokens, and which of them count.
    padding : int or None
        The token that never counts.
    size : int
        Rows of a batch.
    objective : Objective
    role : {"train", "toxic", "safe"}

    Raises
    ------
    DataError
        Not such a tensor, queries of which no token counts.
    """
    tokens, counted = (given, None) if isinstance(given, Tensor) else given
    if not isinstance(tokens, Tensor) or tokens.ndim != 2 or tokens.is_floating_point():
        raise DataError(f"{role} must be a tensor of whole numbers, rows by tokens.")
    if tokens.shape[1] < 2:
        raise DataError(f"{role} have {tokens.shape[1]} token each: the first has no loss.")
    targets = tokens[:, 1:].clone()
    if counted is not None:
        if counted.shape != tokens.shape:
            raise DataError(
                f"{role}: completions are marked in {tuple(counted.shape)} and tokens are "
                f"{tuple(tokens.shape)}."
            )
        targets[~counted[:, 1:].bool()] = IGNORED
    if padding is not None:
        targets[tokens[:, 1:] == padding] = IGNORED
    empty = (targets == IGNORED).all(1)
    if role != "train" and bool(empty.any()):
        raise DataError(f"{role}: {int(empty.sum())} of {len(tokens)} queries have no completion.")
    return read_batches((tokens, targets), size, objective.device, role)


def _default_logits(model: Any, tokens: Tensor) -> Tensor:
    found = model(tokens)
    return getattr(found, "logits", found)

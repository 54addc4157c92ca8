"""`prune`: the smallest weights of each block set to zero, in a copy."""

from __future__ import annotations

import copy
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd
import torch
from torch import Tensor, nn

from causalif.attribution.neural.blocks import Blocks, read_blocks
from causalif.errors import DataError


def weight_sizes(
    model: nn.Module, blocks: Mapping[str, Sequence[str] | str] | None = None
) -> pd.Series:
    """How many weights `prune` could set to zero, by block: those of matrices and kernels.

    Parameters
    ----------
    model : Module
    blocks : mapping, optional
        As in `layer_influence`.
    """
    parts = _weights(model, read_blocks(model, blocks))
    named = dict(model.named_parameters())
    sizes = {block: sum(named[name].numel() for name in names) for block, names in parts.items()}
    return pd.Series(sizes, name="weights")


def prune(
    model: nn.Module,
    shares: Any,
    *,
    blocks: Mapping[str, Sequence[str] | str] | None = None,
) -> nn.Module:
    """A copy of the model with the smallest weights of each block set to zero.

    Parameters
    ----------
    model : Module
        Left as it is.
    shares : sequence of float or Series, length blocks
        As of `allocate_sparsity`: of each block exactly the nearest whole number of weights.
    blocks : mapping, optional
        As in `layer_influence`.

    Returns
    -------
    Module

    Raises
    ------
    DataError
        Not one share within [0, 1] for each block.

    Examples
    --------
    >>> import torch
    >>> model = torch.nn.Sequential(torch.nn.Linear(4, 4), torch.nn.Linear(4, 2))
    >>> smaller = cif.attribution.neural.prune(model, [0.5, 0.25])
    >>> [int((layer.weight == 0).sum()) for layer in smaller]
    [8, 2]
    """
    parts = _weights(model, read_blocks(model, blocks))
    wanted = np.asarray(shares, dtype=float)
    if wanted.shape != (len(parts),) or not ((wanted >= 0) & (wanted <= 1)).all():
        raise DataError(
            f"shares must be {len(parts)} numbers from 0 to 1, one for each of the blocks "
            f"{', '.join(parts)}."
        )
    smaller = copy.deepcopy(model)
    named = dict(smaller.named_parameters())
    with torch.no_grad():
        for share, names in zip(wanted, parts.values(), strict=True):
            _set_smallest_to_zero([named[name] for name in names], float(share))
    return smaller


def _set_smallest_to_zero(weights: list[Tensor], share: float) -> None:
    together = torch.cat([weight.flatten() for weight in weights])
    count = int(np.floor(share * len(together) + 0.5))
    order = torch.argsort(together.abs(), stable=True)
    together[order[:count]] = 0
    parts = together.split([weight.numel() for weight in weights])
    for weight, part in zip(weights, parts, strict=True):
        weight.copy_(part.reshape(weight.shape))


def _weights(model: nn.Module, blocks: Blocks) -> Blocks:
    named = dict(model.named_parameters())
    return {
        block: tuple(name for name in names if named[name].ndim > 1)
        for block, names in blocks.items()
    }

"""Gradients of rows on few random directions."""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor

from causalif.attribution.neural.objective import Tensors

SIGNS = 2**24  # in memory at once


def projected(gradients: Tensors, dim: int, seed: int) -> Tensor:
    """Products of rows' gradients with random signs over root dim, (B, dim): always the same ones.

    Parameters
    ----------
    gradients : dict of str to Tensor (B, ...)
    dim, seed : int
    """
    parts: list[Tensor] = []
    for k, gradient in enumerate(gradients.values()):
        flat = gradient.flatten(1)
        generator = torch.Generator().manual_seed(_seed_of(seed, k))
        for some in flat.split(max(SIGNS // dim, 1), dim=1):
            signs = torch.randint(2, (some.shape[1], dim), generator=generator) * 2 - 1
            parts.append(some @ signs.to(some))
    return torch.stack(parts).sum(0) / dim**0.5


def _seed_of(seed: int, k: int) -> int:
    return int(np.random.SeedSequence([seed, k]).generate_state(1)[0])

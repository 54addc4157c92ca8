"""From inner products of encodings to scores of groups, and the loss that they are learned by."""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor
from torch.nn.functional import softplus

from causalif.errors import DataWarning, warn

POOLINGS = ("attention", "mean")
CLIPPED = 10.0
LEAST, MOST = 0.1, 5.0


def pooled(products: Tensor, subsets: Tensor, pooling: str) -> Tensor:
    """Scores of subsets for each query, (Q, M).

    Parameters
    ----------
    products : Tensor, (Q, N)
        Inner products of queries and rows.
    subsets : Tensor, (M, N)
        Ones for members.
    pooling : {"attention", "mean"}
        Weights of the members: a softmax over them of the products' sizes, or equal.
    """
    members = subsets.to(products)
    if pooling == "mean":
        return products @ members.T / members.sum(1)
    sizes = products.abs().double()  # a group may be without the largest by far
    members = members.double()
    weights = torch.exp(sizes - sizes.max(dim=1, keepdim=True).values.detach())
    scores = ((weights * products) @ members.T) / (weights @ members.T)
    return scores.to(products)


def standardised(losses: Tensor) -> Tensor:
    """Labels: minus each query's losses, centred and scaled over subsets, clipped at 10."""
    spread = losses.std(dim=1, correction=0, keepdim=True)
    spread = torch.where(spread > 0, spread, torch.ones_like(spread))
    return (-(losses - losses.mean(dim=1, keepdim=True)) / spread).clamp(-CLIPPED, CLIPPED)


def ranking_loss(scores: Tensor, labels: Tensor) -> Tensor:
    """Over pairs of subsets, log(1 + exp(-(f_i - f_j))) where r_i > r_j, by their distance.

    Parameters
    ----------
    scores, labels : Tensor, (Q, M)

    Returns
    -------
    Tensor
        The mean over queries and pairs, weights min(|r_i - r_j|, 5), none below 0.1.

    References
    ----------
    .. [1] Sun et al. (2025), Enhancing training data attribution with representational
           optimization (AirRep). NeurIPS.
    """
    apart = labels[:, :, None] - labels[:, None, :]
    weights = torch.where(apart >= LEAST, apart.clamp_max(MOST), torch.zeros_like(apart))
    losses = softplus(-(scores[:, :, None] - scores[:, None, :]))
    return (weights * losses).sum() / (weights > 0).sum().clamp_min(1)


def warn_of_sizes(sizes: np.ndarray, learned: float | None) -> None:
    """Of groups that are not to be compared, or unlike those that were learned from.

    Parameters
    ----------
    sizes : ndarray
        Of the groups.
    learned : float or None
        Of the subsets behind the encodings.
    """
    if learned is not None and (abs(sizes - learned) > 0.5 * learned).any():
        warn(
            f"groups of {int(sizes.min())} to {int(sizes.max())} rows, learned from subsets of "
            f"{learned:.0f}: scores do not grow with the group, and are to be compared between "
            "groups of one size, near that.",
            DataWarning,
        )
    elif len(set(sizes.tolist())) > 1:
        warn("groups of several sizes are not to be compared by their scores.", DataWarning)

"""How an encoder learns to rank subsets as retraining did."""

from __future__ import annotations

import copy
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor, nn

from causalif.attribution.neural.lds import rank_correlations
from causalif.attribution.neural.pooling import pooled, ranking_loss, standardised
from causalif.attribution.neural.subset_labels import SubsetLabels
from causalif.errors import DataError
from causalif.nuisance.progress import progress_bar

QUERIES, SUBSETS = 1000, 32  # of a step
CHECK_EVERY = 50


@dataclass(frozen=True)
class Training:
    """See `AirRep.fit`."""

    steps: int
    learning_rate: float
    held_out: float
    seed: int
    progress: bool | None


def learn(
    model: nn.Module,
    features: tuple[Tensor, Tensor],
    labels: SubsetLabels,
    pooling: str,
    how: Training,
) -> None:
    """Train the model, in place; it ends at its best check on subsets that were held out.

    Parameters
    ----------
    model : Module
    features : (Tensor, Tensor)
        Of the pool and of the queries.
    labels : SubsetLabels
    pooling : str
    how : Training
    """
    device = device_of(model)
    pool, asked = (part.to(device) for part in features)
    rng = np.random.default_rng(how.seed)
    order = rng.permutation(len(labels.subsets))
    kept = max(3, round(how.held_out * len(order))) if how.held_out else 0
    if len(order) - kept < 2:
        raise DataError(f"{len(order)} subsets: give more, or held_out=0.")
    checked, used = order[:kept], order[kept:]
    goal = standardised(torch.as_tensor(labels.losses, dtype=torch.float32)).to(device)
    subsets = torch.as_tensor(labels.subsets).to(device)
    optimiser = torch.optim.AdamW(model.parameters(), lr=how.learning_rate)
    best, best_state = -np.inf, copy.deepcopy(model.state_dict())
    model.train()
    with progress_bar(how.progress, how.steps, "step") as bar:
        for step in range(how.steps):
            some = rng.choice(used, min(SUBSETS, len(used)), replace=False)
            rows = rng.choice(len(asked), min(QUERIES, len(asked)), replace=False)
            products = model(asked[rows]) @ model(pool).T
            scores = pooled(products, subsets[some], pooling)
            optimiser.zero_grad()
            ranking_loss(scores, goal[rows][:, some]).backward()
            nn.utils.clip_grad_norm_(model.parameters(), 1.0)
            optimiser.step()
            bar.update()
            if kept and ((step + 1) % CHECK_EVERY == 0 or step + 1 == how.steps):
                encoded = encoded_by(model, asked) @ encoded_by(model, pool).T
                there = pooled(encoded, subsets[checked].cpu(), pooling).numpy()
                found = rank_correlations(there, goal[:, checked].cpu().numpy()).mean()
                model.train()
                if found > best:
                    best, best_state = found, copy.deepcopy(model.state_dict())
    if kept:
        model.load_state_dict(best_state)
    model.eval()


def encoded_by(model: nn.Module, features: Tensor) -> Tensor:
    """Encodings, in evaluation mode, wherever the model is; in main memory."""
    model.eval()
    with torch.no_grad():
        return model(features.to(device_of(model))).cpu()


def device_of(model: nn.Module) -> torch.device:
    """Where a model is; in main memory where it has no parameters."""
    return next((value.device for value in model.parameters()), torch.device("cpu"))

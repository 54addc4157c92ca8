"""AirRep beside cosines, the count of rows of the same label, and influence functions."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd
import torch
from torch import Tensor, nn
from torch.nn.functional import normalize

from causalif.attribution.neural.astra import astra
from causalif.attribution.neural.ggn import OutputLoss
from causalif.attribution.neural.lds import ceiling, rank_correlations
from causalif.attribution.neural.objective import Loss, read_models
from causalif.attribution.neural.pooling import pooled
from causalif.attribution.neural.subset_labels import SubsetLabels
from causalif.errors import DataError

Pair = tuple[np.ndarray, np.ndarray | None]  # features and labels


def compared(
    encoded: Sequence[tuple[str, Tensor]],
    pooling: str,
    features: tuple[Tensor, Tensor],
    targets: tuple[Any, Any],
    labels: SubsetLabels,
    others: Mapping[str, np.ndarray],
) -> pd.DataFrame:
    """A line for each method.

    Parameters
    ----------
    encoded : sequence of (name, Tensor (Q, N))
        Inner products.
    pooling : str
        Of these.
    features : (Tensor, Tensor)
        Of rows and queries.
    targets : (y or None, y or None)
        Labels of both.
    labels : SubsetLabels
    others : mapping of str to ndarray (Q, N)
        Summed over subsets.
    """
    subsets, truth = torch.as_tensor(labels.subsets), -labels.losses
    most = ceiling(labels.repeats) if len(labels.repeats) > 1 else np.nan
    predicted = {name: pooled(products, subsets, pooling) for name, products in encoded}
    cosine = normalize(features[1], dim=1) @ normalize(features[0], dim=1).T
    predicted["cosine, attention"] = pooled(cosine, subsets, "attention")
    predicted["cosine, sum"] = _summed(cosine, subsets)
    if targets[0] is not None:
        same = torch.as_tensor(np.equal.outer(np.asarray(targets[1]), np.asarray(targets[0])))
        predicted["rows of the same label"] = _summed(same.float(), subsets)
    for name, scores in others.items():
        if np.shape(scores) != tuple(cosine.shape):
            raise DataError(
                f"others: {name!r} has shape {np.shape(scores)}, not {tuple(cosine.shape)}."
            )
        predicted[name] = _summed(torch.as_tensor(np.asarray(scores, dtype=float)), subsets)
    lines: dict[str, dict[str, float]] = {}
    for name, scores in predicted.items():
        found = rank_correlations(scores.numpy(), truth)
        error = found.std(ddof=1) / np.sqrt(len(found)) if len(found) > 1 else np.nan
        lines[name] = {"lds": float(found.mean()), "std_error": float(error), "ceiling": most}
    return pd.DataFrame(lines).T.rename_axis("method")


def influences(
    model: nn.Module | Sequence[nn.Module],
    loss: Loss,
    train: Pair,
    queries: Pair,
    output_loss: str | OutputLoss,
) -> np.ndarray:
    """Effects of leaving rows out by EKFAC, (queries, rows)."""
    sample = next(read_models(model)[0].parameters())

    def tensors(pair: Pair) -> tuple[Tensor, ...]:
        X, y = pair
        features = torch.as_tensor(X, dtype=sample.dtype)
        if y is None:
            return (features,)
        whole = np.issubdtype(y.dtype, np.integer)
        return features, torch.as_tensor(y, dtype=torch.long if whole else sample.dtype)

    return astra(
        model, loss, tensors(train), tensors(queries), output_loss=output_loss, solver="ekfac"
    ).values


def _summed(scores: Tensor, subsets: Tensor) -> Tensor:
    return scores @ subsets.to(scores).T

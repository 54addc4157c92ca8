"""Fits of many flows at once: least squares first, then damped scoring steps on all weights."""

from __future__ import annotations

import torch
from torch import Tensor

from causalif.sigma.ladder.flows import KNOTS, Features, Flow

LONGEST = 1.5  # gradients of rows are cut to this length in the curvature
# Prior standard deviations: of the curve in the log scale, of the knots before normalisation,
# of the tail (two of them below 0 stand for some 2.3 degrees of freedom).
SCALE_SPREAD = 0.5
KNOT_SPREAD = 0.5
TAIL_SPREAD = 2.0
LEVEL_SPREAD = 3.0
# Sums depend in their last digits on the size of the batch. Weights are rounded after every
# step, and a step must help by more than that, so that such differences do not grow.
GRID = 1e-6


def start(features: Features, values: Tensor, pull: Tensor, spline: bool) -> Flow:
    """Ridge regression with its residual scale, and normal noise.

    Parameters
    ----------
    features : Features, n rows
    values : Tensor, shape (pairs, n)
    pull : Tensor, shape (pairs, a)
        The prior's precision of the weights of the shift, in units of the noise's.
    spline : bool
        Whether the noise is to have knots.
    """
    design = features.shift
    gram = design.mT @ design + torch.diag_embed(pull)
    weights = torch.linalg.solve(gram, design.mT @ values[..., None])
    left = values - (design @ weights)[..., 0]
    scale = values.new_zeros(len(values), features.scale.shape[2])
    scale[:, 0] = torch.log((left**2).mean(1) + 1e-6) / 2
    knots = values.new_zeros(len(values), KNOTS if spline else 0)
    tail = values.new_zeros(len(values), int(spline))
    return Flow(_rounded(weights[..., 0]), _rounded(scale), knots, tail)


def precisions(flow: Flow, pull: Tensor) -> Tensor:
    """The prior's precision of every weight of a flow as from `start`."""
    scale = torch.full_like(flow.scale, SCALE_SPREAD**-2)
    scale[:, 0] = LEVEL_SPREAD**-2
    knots = torch.full_like(flow.knots, KNOT_SPREAD**-2)
    tail = torch.full_like(flow.tail, TAIL_SPREAD**-2)
    return torch.cat([pull * torch.exp(-2 * flow.scale[:, :1]), scale, knots, tail], dim=1)


def fit(flow: Flow, features: Features, values: Tensor, pull: Tensor, steps: int) -> Flow:
    """Maximise log density plus log prior; no pair's numbers depend on another's.

    Scoring with the rows' own gradients, damped as by Levenberg and Marquardt: a step that
    does not help is taken back and tried again with more damping. Outliers count less in the
    curvature: their gradients say little of it.

    Parameters
    ----------
    flow : Flow
        From where.
    features, values, pull : as for `start`
    steps : int

    Returns
    -------
    Flow
    """
    precision = precisions(start(features, values, pull, bool(flow.knots.shape[1])), pull)
    damping = values.new_full((len(values),), 0.1)
    density, rows, lengths = flow.row_gradients(features, values)
    best = _height(flow, density, precision)
    for _ in range(steps):
        tried = flow.like(_rounded(flow.flat + _move(flow, rows, lengths, precision, damping)))
        density, new_rows, new_lengths = tried.row_gradients(features, values)
        reached = _height(tried, density, precision)
        better = reached > best + GRID
        flow = flow.like(torch.where(better[:, None], tried.flat, flow.flat))
        rows = torch.where(better[:, None, None], new_rows, rows)
        lengths = torch.where(better[:, None], new_lengths, lengths)
        best = torch.where(better, reached, best)
        damping = torch.where(better, damping * 0.3, damping * 5).clamp(1e-4, 1e4)
    return flow


def _height(flow: Flow, density: Tensor, precision: Tensor) -> Tensor:
    """What is maximised, shape (pairs,)."""
    return density.sum(1) - (precision * flow.flat**2).sum(1) / 2


def _move(flow: Flow, rows: Tensor, lengths: Tensor, precision: Tensor, damping: Tensor) -> Tensor:
    slope = rows.sum(1) - precision * flow.flat
    held = rows * (LONGEST / lengths).clamp(max=1.0)[..., None]
    curvature = held.mT @ held + torch.diag_embed(precision)
    diagonal = torch.diagonal(curvature, dim1=1, dim2=2)
    damped = curvature + torch.diag_embed(damping[:, None] * diagonal)
    return torch.cholesky_solve(slope[..., None], torch.linalg.cholesky(damped))[..., 0]


def _rounded(weights: Tensor) -> Tensor:
    return torch.round(weights / GRID) * GRID

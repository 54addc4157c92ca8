"""Fits of many flows at once: least squares first, then damped scoring steps on all weights."""

from __future__ import annotations

import torch
from torch import Tensor

from causalif.sigma.flows import KNOTS, Features, Flow

STEPS = 12
# Prior standard deviations: of the curve in the log scale, of the knots before normalisation.
SCALE_SPREAD = 0.5
KNOT_SPREAD = 0.5
LEVEL_SPREAD = 3.0
# Sums depend in their last digits on the size of the batch. Weights are rounded after every
# step, and a step must help by more than that, so that such differences do not grow.
GRID = 1e-6


def start(features: Features, values: Tensor, spline: bool) -> Flow:
    """Ridge regression with its residual scale, and normal noise."""
    design, count = features.shift, features.shift.shape[2]
    gram = design.mT @ design + torch.eye(count, dtype=design.dtype)
    weights = torch.linalg.solve(gram, design.mT @ values[..., None])
    left = values - (design @ weights)[..., 0]
    scale = values.new_zeros(len(values), features.scale.shape[2])
    scale[:, 0] = torch.log((left**2).mean(1) + 1e-6) / 2
    weights, scale = (torch.round(x / GRID) * GRID for x in (weights[..., 0], scale))
    return Flow(weights, scale, values.new_zeros(len(values), KNOTS if spline else 0))


def precisions(flow: Flow) -> Tensor:
    """The prior's precision of every weight; of the shift in units of the noise, as in BGe."""
    noise = torch.exp(-2 * flow.scale[:, :1])
    scale = torch.full_like(flow.scale, SCALE_SPREAD**-2)
    scale[:, 0] = LEVEL_SPREAD**-2
    knots = torch.full_like(flow.knots, KNOT_SPREAD**-2)
    return torch.cat([noise.expand_as(flow.shift), scale, knots], dim=1)


def fit(flow: Flow, features: Features, values: Tensor, steps: int = STEPS) -> Flow:
    """Maximise log density plus log prior; no pair's numbers depend on another's.

    Scoring with the rows' own gradients, damped as by Levenberg and Marquardt: a step that
    does not help is taken back and tried again with more damping.

    Parameters
    ----------
    flow : Flow
    features : Features, n rows
    values : Tensor, shape (pairs, n)
    steps : int

    Returns
    -------
    Flow
    """
    precision = precisions(start(features, values, bool(flow.knots.shape[1])))

    def height(of: Flow, density: Tensor) -> Tensor:
        return density.sum(1) - (precision * of.flat**2).sum(1) / 2

    damping = values.new_full((len(values),), 0.1)
    density, gradients = flow.row_gradients(features, values)
    best = height(flow, density)
    for _ in range(steps):
        slope = gradients.sum(1) - precision * flow.flat
        curvature = gradients.mT @ gradients + torch.diag_embed(precision)
        diagonal = torch.diagonal(curvature, dim1=1, dim2=2)
        damped = curvature + torch.diag_embed(damping[:, None] * diagonal)
        move = torch.cholesky_solve(slope[..., None], torch.linalg.cholesky(damped))[..., 0]
        tried = flow.like(torch.round((flow.flat + move) / GRID) * GRID)
        new_density, new_gradients = tried.row_gradients(features, values)
        reached = height(tried, new_density)
        better = reached > best + GRID
        flow = flow.like(torch.where(better[:, None], tried.flat, flow.flat))
        gradients = torch.where(better[:, None, None], new_gradients, gradients)
        best = torch.where(better, reached, best)
        damping = torch.where(better, damping * 0.3, damping * 5).clamp(1e-4, 1e4)
    return flow

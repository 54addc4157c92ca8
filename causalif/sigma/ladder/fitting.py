"""Fits of many flows at once: least squares first, then damped scoring steps on all weights."""

from __future__ import annotations

from dataclasses import dataclass, replace

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
# A step that gains less than so many nats is the last; as is one that fails at this damping.
ENOUGH, MOST_DAMPING = 0.02, 1e4


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
    curvature: their gradients say little of it. A pair is done when a step gains next to
    nothing, or when none helps however short.

    Parameters
    ----------
    flow : Flow
        From where.
    features, values, pull : as for `start`
    steps : int
        The most.

    Returns
    -------
    Flow
    """
    found = flow.flat.clone()
    going, climb = torch.arange(len(values)), Climb.at(flow, features, values, pull)
    for _ in range(steps):
        climb, done = climb.step()
        found[going] = climb.flow.flat
        if bool(done.all()):
            break
        if bool(done.any()):  # the others go on without those that are done
            going, climb = going[~done], climb.among(~done)
    return flow.like(found)


@dataclass(frozen=True)
class Climb:
    """Where the fits of a batch stand.

    Attributes
    ----------
    flow : Flow
    features : Features
    values : Tensor, shape (pairs, n)
    precision : Tensor, shape (pairs, weights)
        Of the prior.
    damping, height : Tensor, shape (pairs,)
    rows, lengths : Tensor
        What `Flow.row_gradients` gives at the flow.
    """

    flow: Flow
    features: Features
    values: Tensor
    precision: Tensor
    damping: Tensor
    height: Tensor
    rows: Tensor
    lengths: Tensor

    @classmethod
    def at(cls, flow: Flow, features: Features, values: Tensor, pull: Tensor) -> Climb:
        """At the start of a fit."""
        precision = precisions(start(features, values, pull, bool(flow.knots.shape[1])), pull)
        damping = values.new_full((len(values),), 0.1)
        density, rows, lengths = flow.row_gradients(features, values)
        height = _height(flow, density, precision)
        return cls(flow, features, values, precision, damping, height, rows, lengths)

    def step(self) -> tuple[Climb, Tensor]:
        """One step of every fit, and which of them are done."""
        move = _move(self.flow, self.rows, self.lengths, self.precision, self.damping)
        tried = self.flow.like(_rounded(self.flow.flat + move))
        density, rows, lengths = tried.row_gradients(self.features, self.values)
        gain = _height(tried, density, self.precision) - self.height
        better = gain > GRID
        damping = torch.where(better, self.damping * 0.3, self.damping * 5)
        done = (better & (gain < ENOUGH)) | (~better & (damping > MOST_DAMPING))
        found = replace(
            self,
            flow=self.flow.like(torch.where(better[:, None], tried.flat, self.flow.flat)),
            damping=damping.clamp(min=1e-4),
            height=self.height + torch.where(better, gain, 0.0),
            rows=torch.where(better[:, None, None], rows, self.rows),
            lengths=torch.where(better[:, None], lengths, self.lengths),
        )
        return found, done

    def among(self, some: Tensor) -> Climb:
        """The fits of some pairs."""
        return Climb(
            self.flow.like(self.flow.flat[some]),
            Features(self.features.shift[some], self.features.scale[some]),
            *(getattr(self, name)[some] for name in _BY_PAIR),
        )


_BY_PAIR = ("values", "precision", "damping", "height", "rows", "lengths")


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

"""Conditional flows of one column given others, many at once: a law of any shape, by its rung.

A value is shift(parents) + exp(log scale(parents)) * noise, and a rational-quadratic spline
carries the noise to Student's t, or there is no spline and the noise is N(0, 1). Shift and log
scale are linear in features of the parents. The degrees of freedom are free: were they not, every
outlier of heavy-tailed data would cost tens of nats, and directions would hang on the order of
the rows still more than they do.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import e, log, pi

import torch
from torch import Tensor
from torch.nn.functional import pad, softplus

BOUND = 4.0  # beyond this many scales the noise is as its base
BINS = 8
LEAST = 1e-3  # width and height of a bin, as a share of all
KNOTS = 3 * BINS - 1  # widths, heights, and slopes between bins
# Degrees of freedom of the base: the least, the most, and what a tail of 0 stands for.
FREEDOM = (2.0, 200.0, 30.0)


@dataclass(frozen=True)
class Features:
    """What shift and log scale are linear in, for a batch of pairs.

    Attributes
    ----------
    shift : Tensor, shape (pairs, n, a)
    scale : Tensor, shape (pairs, n, b)
        The first is 1.
    """

    shift: Tensor
    scale: Tensor

    def rows(self, some: slice) -> Features:
        """The same for some rows."""
        return Features(self.shift[:, some], self.scale[:, some])


@dataclass(frozen=True)
class Flow:
    """Weights of a batch of flows.

    Attributes
    ----------
    shift : Tensor, shape (pairs, a)
    scale : Tensor, shape (pairs, b)
    knots : Tensor, shape (pairs, KNOTS) or (pairs, 0)
        The spline of the noise before it is normalised, all 0 for the identity; or none.
    tail : Tensor, shape (pairs, 1) or (pairs, 0)
        Where the degrees of freedom lie between their bounds, see `freedom`; none without knots.
    """

    shift: Tensor
    scale: Tensor
    knots: Tensor
    tail: Tensor

    @property
    def parts(self) -> tuple[Tensor, ...]:
        """Weights by what they are of."""
        return self.shift, self.scale, self.knots, self.tail

    @property
    def flat(self) -> Tensor:
        """All weights side by side, shape (pairs, a + b + knots + tail)."""
        return torch.cat(self.parts, dim=1)

    def like(self, flat: Tensor) -> Flow:
        """A flow of the same form with these weights."""
        return Flow(*torch.split(flat, [part.shape[1] for part in self.parts], dim=1))

    def affine(self, features: Features) -> tuple[Tensor, Tensor]:
        """Shift and log scale of every row, shape (pairs, n)."""
        shift = torch.bmm(features.shift, self.shift[..., None])[..., 0]
        return shift, torch.bmm(features.scale, self.scale[..., None])[..., 0]

    def log_density(self, features: Features, values: Tensor) -> Tensor:
        """Log density of every row, shape (pairs, n)."""
        shift, log_scale = self.affine(features)
        noise = (values - shift) * torch.exp(-log_scale)
        return noise_log_density(self.knots, self.tail, noise) - log_scale

    def row_gradients(self, features: Features, values: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """Log densities, their derivatives by every weight, and the length of each of these.

        Returns
        -------
        tuple of Tensor, shapes (pairs, n), (pairs, n, weights) and (pairs, n)
            The last in units of shift and scale: about 1 where the noise is normal, large for
            outliers.
        """
        shift, log_scale = self.affine(features)
        shrink = torch.exp(-log_scale)
        noise = (values - shift) * shrink
        found, by_noise, by_shape = _noise_gradients(self.knots, self.tail, noise)
        by_shift = (-shrink * by_noise)[..., None] * features.shift
        by_scale = -1 - noise * by_noise
        rows = torch.cat([by_shift, by_scale[..., None] * features.scale, by_shape], dim=2)
        return found - log_scale, rows, torch.maximum(by_noise.abs(), by_scale.abs())


def noise_log_density(knots: Tensor, tail: Tensor, noise: Tensor) -> Tensor:
    """Log density of the noise of every row, shape (pairs, n); normal without knots."""
    if not knots.shape[1]:
        return -(noise**2 + log(2 * pi)) / 2
    base, log_slope = _piece(noise, _at(knots, noise)[1])
    return _base_log_density(freedom(tail), base) + log_slope


def freedom(tail: Tensor) -> Tensor:
    """Degrees of freedom of the base, of the shape of `tail`; their log lies between bounds."""
    least, most, middle = FREEDOM
    share = log(middle / least) / log(most / least)
    return least * (most / least) ** torch.sigmoid(tail + log(share / (1 - share)))


def spline_parts(knots: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """Shares of the bins' widths and heights, and the slopes at inner knots (all 1: identity)."""
    widths, heights, slopes = torch.split(knots, [BINS, BINS, BINS - 1], dim=-1)
    return (
        torch.softmax(widths, dim=-1),
        torch.softmax(heights, dim=-1),
        softplus(slopes + log(e - 1)),
    )


def _at(knots: Tensor, noise: Tensor) -> tuple[Tensor, list[Tensor]]:
    """The bin of every row, and its left edge, width, bottom, height and slopes at its ends."""
    widths, heights, slopes = spline_parts(knots)
    width, left = _edges(widths)
    height, bottom = _edges(heights)
    slope = pad(slopes, (1, 1), value=1.0)
    bins = torch.searchsorted(left[:, 1:].contiguous(), noise.contiguous())
    tables = (left, width, bottom, height, slope[:, :-1], slope[:, 1:])
    return bins, [table.gather(1, bins) for table in tables]


def _edges(shares: Tensor) -> tuple[Tensor, Tensor]:
    """Lengths of the bins and where each begins, shape (pairs, BINS)."""
    lengths = 2 * BOUND * (LEAST + (1 - LEAST * BINS) * shares)
    return lengths, pad(torch.cumsum(lengths, dim=-1)[:, :-1], (1, 0)) - BOUND


def _piece(noise: Tensor, parts: list[Tensor]) -> tuple[Tensor, Tensor]:
    """Base and log slope by each row's own bin (Durkan et al. 2019, Neural spline flows, 4-5)."""
    left, width, bottom, height, before, after = parts
    inside = noise.abs() < BOUND
    share = torch.where(inside, (noise - left) / width, 0.5)
    both, mean = share * (1 - share), height / width
    denominator = mean + (before + after - 2 * mean) * both
    base = bottom + height * (mean * share**2 + before * both) / denominator
    slope = after * share**2 + 2 * mean * both + before * (1 - share) ** 2
    log_slope = torch.log(slope * (mean / denominator) ** 2)
    return torch.where(inside, base, noise), torch.where(inside, log_slope, 0.0)


def _base_log_density(free: Tensor, base: Tensor) -> Tensor:
    """Student's t, shapes (pairs, 1) and (pairs, n)."""
    constant = torch.lgamma((free + 1) / 2) - torch.lgamma(free / 2) - torch.log(pi * free) / 2
    return constant - (free + 1) / 2 * torch.log1p(base**2 / free)


def _by_tail(tail: Tensor, base: Tensor) -> Tensor:
    """The derivative of `_base_log_density` by the tail of its pair, shape (pairs, n)."""
    leaf = tail.detach().requires_grad_()
    free = freedom(leaf)
    (by_tail,) = torch.autograd.grad(free.sum(), leaf)
    free, square = free.detach(), base**2
    constant = torch.digamma((free + 1) / 2) - torch.digamma(free / 2) - 1 / free
    moved = (free + 1) * square / (free * (free + square)) - torch.log1p(square / free)
    return by_tail * (constant + moved) / 2


def _noise_gradients(knots: Tensor, tail: Tensor, noise: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """Log density of the noise with its derivatives by the noise and by knots and tail."""
    if not knots.shape[1]:
        return noise_log_density(knots, tail, noise), -noise, noise.new_zeros(*noise.shape, 0)
    bins, parts = _at(knots, noise)
    leaves = [part.detach().requires_grad_() for part in (noise, *parts)]
    base, log_slope = _piece(leaves[0], leaves[1:])
    found = _base_log_density(freedom(tail), base) + log_slope
    by_noise, *by_parts = torch.autograd.grad(found.sum(), leaves)
    by_tail = _by_tail(tail, base.detach())[..., None]
    return found.detach(), by_noise, torch.cat([_by_knots(knots, bins, by_parts), by_tail], dim=2)


def _by_knots(knots: Tensor, bins: Tensor, by_parts: list[Tensor]) -> Tensor:
    """The chain rule from each row's own bin to all knots of its pair, shape (pairs, n, KNOTS)."""
    widths, heights, _ = spline_parts(knots)
    by_left, by_width, by_bottom, by_height, by_before, by_after = by_parts
    at = torch.nn.functional.one_hot(bins, BINS).to(knots.dtype)
    between = torch.sigmoid(knots[:, None, 2 * BINS :] + log(e - 1))
    return torch.cat(
        [
            _by_shares(widths, at, by_width, by_left),
            _by_shares(heights, at, by_height, by_bottom),
            (at[..., 1:] * by_before[..., None] + at[..., :-1] * by_after[..., None]) * between,
        ],
        dim=2,
    )


def _by_shares(shares: Tensor, at: Tensor, by_length: Tensor, by_edge: Tensor) -> Tensor:
    """From a bin's length and left edge to the weights behind the shares of all bins."""
    of_softmax = torch.diag_embed(shares) - shares[:, :, None] * shares[:, None, :]
    lengths = 2 * BOUND * (1 - LEAST * BINS) * of_softmax
    edges = torch.cumsum(lengths, dim=1) - lengths
    return torch.bmm(at * by_length[..., None], lengths) + torch.bmm(at * by_edge[..., None], edges)

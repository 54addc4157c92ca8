"""Mechanisms of whole models: for a node and its parents the flow that codes it best."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pyro.distributions as dist
import torch
from pyro.distributions.transforms.spline import ConditionedSpline
from scipy.special import ndtr, stdtrit
from torch import Tensor

from causalif.sigma.ladder.flows import BOUND, Flow, freedom, spline_parts
from causalif.sigma.ladder.rungs import (
    RUNGS,
    centres_of,
    code_lengths,
    features_of,
    fit_all_rows,
    linear_code,
    one_thread,
    without_parents,
)
from causalif.sigma.scores.gaussian import standardised
from causalif.sigma.scores.subsets import members

CANDIDATES = ("spline", "mean", "scale")


class NoiseSpline(ConditionedSpline):
    """Pyro's rational-quadratic spline, the identity where all weights are 0."""

    def __init__(self, knots: Tensor) -> None:
        widths, heights, slopes = (part[..., None, :] for part in spline_parts(knots))
        super().__init__((widths, heights, slopes, None), bound=BOUND, order="quadratic")

    def spline_op(self, x: Tensor, **options: Any) -> tuple[Tensor, Tensor]:
        """Pyro's, without its least slope: with it the slope at the edges would not be 1."""
        value, log_slope = super().spline_op(x[..., None], min_derivative=0.0, **options)
        return value[..., 0], log_slope[..., 0]


def heavy(noise: np.ndarray, free: float) -> np.ndarray:
    """The quantiles of Student's t at the levels that the noise has under N(0, 1).

    Examples
    --------
    >>> heavy(np.array([-1.96, 0.0, 1.96]), 5.0).round(2).tolist()
    [-2.57, 0.0, 2.57]
    """
    # In the lower tail: close to 1 levels could not be told apart.
    return np.copysign(stdtrit(free, ndtr(-np.abs(noise))), noise)


@dataclass(frozen=True)
class Mechanism:
    """The law of one node given its parents, in standardised units.

    Attributes
    ----------
    parents : tuple of int
    rung : str
        A key of `causalif.sigma.ladder.rungs.RUNGS`.
    centres : ndarray, shape (m, p)
        The rows through which curves go.
    flow : Flow
        Weights, for a batch of one.
    """

    parents: tuple[int, ...]
    rung: str
    centres: np.ndarray
    flow: Flow

    def law(self, values: np.ndarray) -> Any:
        """The law of the node in every row, as a Pyro distribution: base, spline, affine.

        Parameters
        ----------
        values : ndarray, shape (m, d)
            Standardised; only the parents are read.
        """
        rung = RUNGS[self.rung]
        shift, scale = features_of(values[:, list(self.parents)], self.centres, rung)
        location = torch.from_numpy(shift) @ self.flow.shift[0]
        spread = torch.exp(torch.from_numpy(scale) @ self.flow.scale[0])
        steps: list[Any] = [dist.transforms.AffineTransform(location, spread)]
        base: Any = dist.Normal(torch.zeros_like(location), 1.0, validate_args=False)
        if rung.spline:
            rows = self.flow.knots.expand(len(values), -1)  # the spline does not broadcast
            steps.insert(0, NoiseSpline(rows).inv)
            free = freedom(self.flow.tail[0]).expand(len(values))
            base = dist.StudentT(free, validate_args=False)
        return dist.TransformedDistribution(base, steps, validate_args=False)

    def push(self, noise: np.ndarray, values: np.ndarray) -> np.ndarray:
        """The node's values from N(0, 1) noise, shape (m,): the same noise, another world."""
        base = np.asarray(noise, dtype=float)
        if RUNGS[self.rung].spline:
            base = heavy(base, freedom(self.flow.tail[0]).item())
        found = torch.from_numpy(base)
        for step in self.law(values).transforms:
            found = step(found)
        return found.numpy()


@dataclass(frozen=True)
class Mechanisms:
    """The laws of nodes given parents, by (node, bitmask of parents)."""

    laws: Mapping[tuple[int, int], Mechanism]

    def sample(
        self, node: int, mask: int, parents: np.ndarray, rng: np.random.Generator
    ) -> np.ndarray:
        """Draw a node in every row.

        Parameters
        ----------
        node, mask : int
        parents : ndarray, shape (m, d)
            All columns, standardised; only those in `mask` are read.
        rng : numpy.random.Generator

        Returns
        -------
        ndarray, shape (m,), standardised
        """
        return self.laws[node, mask].push(rng.normal(size=len(parents)), parents)

    def log_density(
        self, node: int, mask: int, parents: np.ndarray, values: np.ndarray
    ) -> np.ndarray:
        """Log density of a node's standardised values, shape (m,), given parents as in `sample`."""
        law = self.laws[node, mask].law(parents)
        return law.log_prob(torch.from_numpy(np.asarray(values, dtype=float))).numpy()


def fit_mechanisms(values: np.ndarray, pairs: Sequence[tuple[int, int]], seed: int) -> Mechanisms:
    """Fit to all rows, for every pair, the rung that codes it best (BGe among them).

    Parameters
    ----------
    values : ndarray, shape (n, d)
        Raw; standardised here.
    pairs : sequence of (node, bitmask of parents)
    seed : int
        Of the order in which rows are coded.

    Returns
    -------
    Mechanisms

    Examples
    --------
    >>> rng = np.random.default_rng(1)
    >>> x = rng.normal(size=300)
    >>> data = np.column_stack([x, x**2 + 0.1 * rng.normal(size=300)])
    >>> found = fit_mechanisms(data, [(1, 0b01)], seed=1)
    >>> found.laws[1, 0b01].rung != "linear"
    True
    >>> found.sample(1, 0b01, np.zeros((3, 2)), rng).shape
    (3,)
    """
    scaled = standardised(np.asarray(values, dtype=float))
    ordered = scaled[np.random.default_rng(seed).permutation(len(scaled))]
    with one_thread():
        return Mechanisms({pair: _mechanism(ordered, pair) for pair in dict.fromkeys(pairs)})


def _mechanism(values: np.ndarray, pair: tuple[int, int]) -> Mechanism:
    codes = {"linear": linear_code(values, pair)}
    for name in CANDIDATES:
        if pair[1] or without_parents(name) == name:
            codes[name] = float(code_lengths(values, [pair], name)[0])
    best = max(codes, key=codes.__getitem__)
    parents = members(pair[1], values.shape[1])
    flow = fit_all_rows(values, [pair], RUNGS[best])
    return Mechanism(tuple(parents.tolist()), best, centres_of(values[:, parents]), flow)

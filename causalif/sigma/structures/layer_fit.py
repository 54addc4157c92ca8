"""Fitting the law of layerings: to draws from the posterior, then to the posterior itself."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np
import torch
from scipy.optimize import brentq
from scipy.special import expit

from causalif.nuisance.progress import progress_bar
from causalif.sigma.structures.layer_net import load_weights, net_arrays
from causalif.sigma.structures.layering_law import LayeringLaw, Layerings
from causalif.sigma.structures.layerings import distinct

# So far, in nats, may a layering's probability move within a round before its pull stops.
_MOST_MOVE = 5.0


@dataclass(frozen=True)
class Schedule:
    """How long, and how fast, the net is trained.

    Attributes
    ----------
    updates : int
        At most so many updates fit the draws; fewer if held-out draws gain no more.
    rounds : int
        How often the sampler's own draws are then compared with the posterior.
    updates_per_round : int
    batch : int
        Layerings per update.
    rate : float
        Adam's rate; it falls to a tenth over the rounds.
    """

    updates: int = 600
    rounds: int = 10
    updates_per_round: int = 100
    batch: int = 256
    rate: float = 1e-2


@dataclass(frozen=True)
class Pool:
    """Distinct layerings, each with how often it was drawn.

    Attributes
    ----------
    layerings : Layerings
    shares : ndarray, shape (count,)
        They sum to 1.
    """

    layerings: Layerings
    shares: np.ndarray

    @classmethod
    def of(cls, law: LayeringLaw, levels: np.ndarray) -> Pool:
        """The distinct ones of some layerings, given by the layer of every node."""
        first, number = distinct(*levels.T)
        return cls(law.describe(levels[first]), np.bincount(number) / len(levels))

    def batch(self, size: int, rng: np.random.Generator) -> tuple[np.ndarray, torch.Tensor]:
        """Draw by share, evenly spaced: which layerings, and the share of each in the batch."""
        points = (np.arange(size) + rng.random()) / size
        shuffled = rng.permutation(len(self.shares))
        ends = np.cumsum(self.shares[shuffled])
        at = np.minimum(np.searchsorted(ends, points * ends[-1]), len(ends) - 1)
        chosen, counts = np.unique(shuffled[at], return_counts=True)
        return chosen, torch.from_numpy(counts / size).float()


def fit_law(
    law: LayeringLaw,
    levels: np.ndarray,
    held_out: np.ndarray,
    schedule: Schedule,
    rng: np.random.Generator,
    progress: bool | None,
) -> None:
    """Train the net of a law.

    First by maximum likelihood on layerings drawn from the posterior. Their number limits what
    that can reach; but the posterior of every layering is known up to one constant. So in
    rounds, the law's own draws join them, and each of these layerings pulls its log q towards
    log p. A mode that the law had lost is among the draws from the posterior, and one that it
    should not have is among its own.

    Parameters
    ----------
    law : LayeringLaw
    levels, held_out : ndarray of int, shape (count, d)
        The layer of every node, in draws from the posterior.
    schedule : Schedule
    rng : numpy.random.Generator
    progress : bool, optional
    """
    total = schedule.updates + schedule.rounds * schedule.updates_per_round
    with progress_bar(progress, total, "update") as bar:
        _fit_to_draws(law, Pool.of(law, levels), Pool.of(law, held_out), schedule, rng, bar)
        for number in range(schedule.rounds):
            rate = schedule.rate * 0.1 ** ((number + 1) / schedule.rounds)
            _fit_to_posterior(law, levels, schedule, rate, rng, bar)


def _fit_to_draws(
    law: LayeringLaw,
    pool: Pool,
    others: Pool,
    schedule: Schedule,
    rng: np.random.Generator,
    bar: Any,
) -> None:
    optimiser = Adam(list(law.net.parameters()))
    best, weights, waited = np.inf, net_arrays(law.net), 0
    for update in range(1, schedule.updates + 1):
        chosen, shares = pool.batch(schedule.batch, rng)
        optimiser.update(-(shares @ law.log_probability(pool.layerings, chosen)), schedule.rate)
        bar.update(1)
        if update % 50 == 0:
            loss = _loss(law, others)
            waited = 0 if loss < best else waited + 1
            if loss < best:
                best, weights = loss, net_arrays(law.net)
            if waited == 3:
                break
    load_weights(law.net, weights)


def _loss(law: LayeringLaw, pool: Pool) -> float:
    return -float(pool.shares @ law.log_probabilities(pool.layerings))


@dataclass
class Adam:
    """Adam; torch's own takes seconds to load.

    References
    ----------
    .. [1] Kingma & Ba (2015), Adam: a method for stochastic optimization, ICLR 3.
    """

    parameters: list[torch.Tensor]
    first: list[torch.Tensor] = field(init=False)
    second: list[torch.Tensor] = field(init=False)
    updates: int = 0

    def __post_init__(self) -> None:
        self.first, self.second = (
            [torch.zeros_like(value) for value in self.parameters] for _ in range(2)
        )

    def update(self, loss: torch.Tensor, rate: float) -> None:
        """Move every parameter by about `rate`, against the gradient."""
        slopes = torch.autograd.grad(loss, self.parameters)
        self.updates += 1
        size = rate / (1 - 0.9**self.updates)
        with torch.no_grad():
            for value, slope, m, v in zip(
                self.parameters, slopes, self.first, self.second, strict=True
            ):
                m.lerp_(slope, 0.1)
                v.lerp_(slope * slope, 0.01)
                spread = (v / (1 - 0.99**self.updates)).sqrt_().add_(1e-8)
                value.addcdiv_(m, spread, value=-size)


def _fit_to_posterior(
    law: LayeringLaw,
    levels: np.ndarray,
    schedule: Schedule,
    rate: float,
    rng: np.random.Generator,
    bar: Any,
) -> None:
    """One round on draws from the posterior p and as many from the law q as it stands, q0.

    The loss is sum p log(p/q) - p + q, taken over these draws with weights 1 / (p + q0): no
    weight is large, and where q = p the gradient is zero at every single layering.
    """
    pool = Pool.of(law, np.concatenate([levels, law.draw(len(levels), rng)]))
    before = law.log_probabilities(pool.layerings)
    pulls = _pulls(pool.layerings.log_sums - before, pool.shares)
    old, up = torch.from_numpy(before).float(), torch.from_numpy(pulls).float()
    optimiser = Adam(list(law.net.parameters()))
    for _ in range(schedule.updates_per_round):
        chosen, shares = pool.batch(schedule.batch, rng)
        log_q = law.log_probability(pool.layerings, chosen)
        moved = torch.exp(torch.clamp(log_q - old[chosen], max=_MOST_MOVE))
        loss = shares @ ((1 - up[chosen]) * moved - up[chosen] * log_q)
        optimiser.update(loss, rate)
        bar.update(1)


def _pulls(ratios: np.ndarray, shares: np.ndarray) -> np.ndarray:
    """p / (p + q0) from log(p Z / q0), Z being such that half of all draws are from p.

    This is the estimate of Z by bridge sampling (Meng & Wong 1996, Simulating ratios of
    normalizing constants via a simple identity, Statistica Sinica 6, 831-860).
    """

    def excess(log_z: float) -> float:
        return float(shares @ expit(ratios - log_z)) - 0.5

    log_z = brentq(excess, float(ratios.min()) - 1.0, float(ratios.max()) + 1.0)
    return expit(ratios - log_z)

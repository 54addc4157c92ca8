"""Gradient descent on the quadratic form behind a linear system: Neumann series and ASTRA."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from causalif.attribution.neural.systems import System
from causalif.errors import ConvergenceWarning, DataError, warn
from causalif.nuisance.progress import progress_bar

POWER_STEPS = 15
POWER_ROWS = 2048
MOMENTUM = 0.9
RESTARTS = 20
BLOWN_UP = 10.0

Found = tuple[Tensor, int, float | None]  # solution, iterations, step size


@dataclass(frozen=True)
class Solving:
    """What the iterative solvers are told.

    Attributes
    ----------
    iterations : int
    tolerance : float
        Of conjugate gradients: relative residual at which they stop.
    minibatch : int or None
        Rows of a step; None: all.
    step_size : float or None
        None: from the largest eigenvalue.
    seed : int
    progress : bool or None
    """

    iterations: int = 200
    tolerance: float = 1e-6
    minibatch: int | None = None
    step_size: float | None = None
    seed: int = 0
    progress: bool | None = None


def neumann(system: System, v: Tensor, how: Solving) -> Found:
    """Plain gradient descent; stopped early it acts like more damping."""
    return _descend(system, v, how, lambda r: r, momentum=0.0)


def astra(system: System, v: Tensor, how: Solving) -> Found:
    """Descent preconditioned with EKFAC, from its answer; with momentum where rows are drawn.

    References
    ----------
    .. [1] Wang et al. (2025), ASTRA, equation 9. The choice of the step size is ours.
    """
    momentum = 0.0 if how.minibatch is None else MOMENTUM
    return _descend(system, v, how, system.preconditioned, momentum=momentum)


def _descend(
    system: System,
    v: Tensor,
    how: Solving,
    precondition: Callable[[Tensor], Tensor],
    *,
    momentum: float,
) -> Found:
    """Stochastic gradient descent; where it runs away it starts again with half the step."""
    step = how.step_size
    if step is None:
        largest = _largest(system, v, precondition, how.seed)
        step = 1 / largest if how.minibatch is None else 0.1 / largest
    for _ in range(RESTARTS):
        x = _descent(system, v, how, precondition, momentum, step)
        if x is not None:
            return x, how.iterations, step
        step /= 2
        warn(
            f"the solver ran away with steps of {2 * step:.2g}: started again with {step:.2g}. "
            "Leave step_size= out to have it chosen.",
            ConvergenceWarning,
        )
    raise DataError("the solver runs away with any step. Give more damping.")


def _descent(
    system: System,
    v: Tensor,
    how: Solving,
    precondition: Callable[[Tensor], Tensor],
    momentum: float,
    step: float,
) -> Tensor | None:
    rng = np.random.default_rng(how.seed)
    x = precondition(v)
    velocity = torch.zeros_like(x)
    limit: float | None = None
    scale = v.norm(dim=1).clamp_min(torch.finfo(v.dtype).tiny)  # a query may have no gradient
    quarter = max(how.iterations // 4, 1)
    with progress_bar(how.progress, how.iterations, "iteration") as bar:
        for k in range(how.iterations):
            rows = None
            if how.minibatch is not None and how.minibatch < system.train.n:
                rows = rng.choice(system.train.n, how.minibatch, replace=False).tolist()
            left = system.product(x, rows) - v
            size = float((left.norm(dim=1) / scale).nan_to_num(float("inf")).max())
            limit = BLOWN_UP * max(size, 1.0) if limit is None else limit
            if not size <= limit:
                return None
            # Of single rows' noise the last steps must be small; without it none need be.
            length = step if how.minibatch is None else step * 0.5 ** (k // quarter)
            velocity = momentum * velocity + precondition(left)
            x = x - length * velocity
            bar.update()
    return x if bool(torch.isfinite(x).all()) else None


def _largest(
    system: System, v: Tensor, precondition: Callable[[Tensor], Tensor], seed: int
) -> float:
    """The largest eigenvalue of the preconditioned system, by power iterations."""
    rng = np.random.default_rng(seed)
    n, rows = system.train.n, None
    if n > POWER_ROWS:
        rows = rng.choice(n, POWER_ROWS, replace=False).tolist()
    x = torch.as_tensor(rng.normal(size=(1, system.size)), dtype=v.dtype, device=v.device)
    size = 1.0
    for _ in range(POWER_STEPS):
        x = precondition(system.product(x / x.norm(), rows))
        size = float(x.norm())
    return size

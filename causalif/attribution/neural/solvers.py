"""Ways to solve the damped system, under one signature."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from causalif.attribution.neural.descent import Found, Solving, astra, neumann
from causalif.attribution.neural.gradients import row_gradients
from causalif.attribution.neural.systems import System
from causalif.errors import ConvergenceWarning, DataError, warn
from causalif.nuisance.progress import progress_bar

LARGEST_EXACT = 5000
CHEAP = 1e9  # rows times parameters of a full pass


@dataclass(frozen=True)
class SolveInfo:
    """How a solution was come by.

    Attributes
    ----------
    method : str
    iterations : int
    residual : ndarray, (K,)
        |(G + damping) x - v| / |v| on all rows.
    step_size : float or None
        The first, after halvings where it had been too long.
    """

    method: str
    iterations: int
    residual: np.ndarray
    step_size: float | None = None


def solve(name: str, system: System, v: Tensor, how: Solving) -> tuple[Tensor, SolveInfo]:
    """x with (G + damping) x = v for K right sides, (K, d), and how far it is off.

    Parameters
    ----------
    name : {"exact", "cg", "neumann", "ekfac", "astra", "datainf", "identity"}
    system : System
    v : Tensor, (K, d)
    how : Solving
    """
    x, iterations, step = SOLVERS[name](system, v, how)
    residual = system.residuals(x, v).double().cpu().numpy()
    return x, SolveInfo(name, iterations, residual, step)


def chosen(name: str, system: System) -> str:
    """What "auto" stands for.

    Raises
    ------
    DataError
        No such solver; "exact" with too many parameters.
    """
    if name == "exact" and system.size > LARGEST_EXACT:
        raise DataError(
            f'solver="exact" is for at most {LARGEST_EXACT:,} parameters, and there are '
            f'{system.size:,}. Take "cg" or "astra".'
        )
    if name != "auto":
        return name
    if system.size <= LARGEST_EXACT:
        return "exact"
    return "cg" if system.train.n * system.size < CHEAP else "astra"


def _exact(system: System, v: Tensor, how: Solving) -> Found:
    return torch.cholesky_solve(v.double().T, system.factor).T.to(v.dtype), 1, None


def _cg(system: System, v: Tensor, how: Solving) -> Found:
    x = torch.zeros_like(v)
    left = v.clone()
    along, squared = left.clone(), (left**2).sum(1)
    goal = how.tolerance**2 * squared
    step = 0
    with progress_bar(how.progress, how.iterations, "iteration") as bar:
        while step < how.iterations and bool((squared > goal).any()):
            bent = system.product(along)
            length = squared / (along * bent).sum(1).clamp_min(torch.finfo(v.dtype).tiny)
            x, left = x + length[:, None] * along, left - length[:, None] * bent
            before, squared = squared, (left**2).sum(1)
            ratio = squared / before.clamp_min(torch.finfo(v.dtype).tiny)
            along, step = left + ratio[:, None] * along, step + 1
            bar.update()
    if bool((squared > goal).any()):
        worst = float((squared / (v**2).sum(1)).max().sqrt())
        warn(
            f"conjugate gradients stopped after {step} iterations at a relative residual of "
            f"{worst:.1e} (asked: {how.tolerance:.0e}). Give more iterations, or more damping.",
            ConvergenceWarning,
        )
    return x, step, None


def _ekfac(system: System, v: Tensor, how: Solving) -> Found:
    return system.preconditioned(v), 1, None


def _datainf(system: System, v: Tensor, how: Solving) -> Found:
    """Each tensor by the mean of the inverses of single rows' matrices."""
    vectors, damping = system.tensors(v), system.damping
    found = {name: torch.zeros_like(value) for name, value in vectors.items()}
    for batch in system.train:
        for name, gradient in row_gradients(system.curvature.objective, batch).items():
            g, u = gradient.flatten(1), vectors[name].flatten(1)
            share = (u @ g.T) / (damping[name] + (g**2).sum(1))
            part = (len(g) * u - share @ g) / (system.train.n * damping[name])
            found[name] += part.reshape(found[name].shape)
    return system.flat(found), 1, None


def _identity(system: System, v: Tensor, how: Solving) -> Found:
    return v.clone(), 0, None


SOLVERS: dict[str, Callable[[System, Tensor, Solving], Found]] = {
    "exact": _exact,
    "cg": _cg,
    "neumann": neumann,
    "ekfac": _ekfac,
    "astra": astra,
    "datainf": _datainf,
    "identity": _identity,
}

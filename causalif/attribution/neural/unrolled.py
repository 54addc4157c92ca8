"""Influence along a training run: checkpoints in segments, as SOURCE has it, solved by ASTRA."""

from __future__ import annotations

import copy
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from causalif.attribution.neural.descent import Solving
from causalif.attribution.neural.gradients import row_dots, row_products
from causalif.attribution.neural.solvers import SolveInfo, solve
from causalif.attribution.neural.systems import System
from causalif.errors import DataError


@dataclass(frozen=True)
class Run:
    """A training run.

    Attributes
    ----------
    checkpoints : sequence of mapping
        State dicts, in the order of training.
    segments : int
    learning_rate : float
        Effective: over one minus the momentum.
    steps : int
        Of the optimiser, in all.
    """

    checkpoints: Sequence[Mapping[str, Tensor]]
    segments: int
    learning_rate: float
    steps: int

    def parts(self) -> list[tuple[list[Mapping[str, Tensor]], float]]:
        """Checkpoints of each segment, and its learning rate times its steps."""
        groups = np.array_split(np.arange(len(self.checkpoints)), self.segments)
        share = self.learning_rate * self.steps / len(self.checkpoints)
        return [([self.checkpoints[k] for k in group], share * len(group)) for group in groups]


def read_run(
    checkpoints: Sequence[Any],
    segments: int,
    learning_rate: float | None,
    momentum: float,
    steps: int | None,
) -> Run:
    """Check what is said of a training run.

    Raises
    ------
    DataError
        No learning rate or steps; fewer checkpoints than segments.
    """
    if learning_rate is None or steps is None:
        raise DataError(
            "checkpoints= needs learning_rate= (the mean of the run) and steps= (of the optimiser)."
        )
    if not 0 < segments <= len(checkpoints):
        raise DataError(
            f"segments={segments} of {len(checkpoints)} checkpoints: each segment needs one."
        )
    if not 0 <= momentum < 1 or learning_rate <= 0 or steps < 1:
        raise DataError("momentum must be in [0, 1), learning_rate positive, steps from 1 up.")
    states = [one.state_dict() if isinstance(one, nn.Module) else one for one in checkpoints]
    return Run(states, segments, learning_rate / (1 - momentum), steps)


def unrolled(
    run: Run,
    gradient: Tensor,
    system_of: Callable[[nn.Module, float], System],
    model: nn.Module,
    solver: Callable[[System], str],
    how: Solving,
) -> tuple[np.ndarray, list[SolveInfo], list[dict[str, float]]]:
    """Effects summed over segments, from the last to the first.

    Parameters
    ----------
    run : Run
    gradient : Tensor, (K, d)
        Of the queries, at the end of training.
    system_of : callable
        From a model and a damping to its system.
    model : Module
    solver : callable
    how : Solving

    Returns
    -------
    ndarray, shape (queries, rows)
    list of SolveInfo
    list of dict
        Dampings.

    Notes
    -----
    With K_l steps at learning rate eta_l in segment l, v_l = exp(-eta_m K_m P_m) grad f over later
    segments m, and damping 1 / (eta_l K_l), effects are v_l' (G_l + damping)^-1 g_l / n, g_l the
    row's gradient averaged over the segment's checkpoints and G_l taken at their mean.

    References
    ----------
    .. [1] Bae, Lin, Lorraine & Grosse (2024), Training data attribution via approximate unrolled
           differentiation (SOURCE). NeurIPS.
    .. [2] Wang et al. (2025), ASTRA.
    """
    total: np.ndarray | None = None
    info: list[SolveInfo] = []
    dampings: list[dict[str, float]] = []
    v = gradient
    for states, travelled in reversed(run.parts()):
        system = system_of(model_at(model, _mean(states)), 1 / travelled)
        with system.curvature.objective.quiet():
            x, how_well = solve(solver(system), system, v, how)
            v = system.flat(system.ekfac.decayed(system.tensors(v), travelled))
        directions = system.tensors(x)
        for state in states:
            there = system_of(model_at(model, state), 1.0)
            objective, train = there.curvature.objective, there.train
            with objective.quiet():
                products = row_products(objective, train.few)
                part = row_dots(products, train, directions).T / train.n / len(states)
            total = part if total is None else total + part
        info.insert(0, how_well)
        dampings.insert(0, dict(system.damping))
    assert total is not None
    return total, info, dampings


def model_at(model: nn.Module, state: Mapping[str, Tensor]) -> nn.Module:
    """A copy with a checkpoint's values."""
    other = copy.deepcopy(model)
    try:
        other.load_state_dict(dict(state))
    except RuntimeError as error:
        raise DataError(f"a checkpoint is not of this model: {error}") from None
    return other


def _mean(states: Sequence[Mapping[str, Tensor]]) -> dict[str, Tensor]:
    """Averaged weights; what is counted is that of the last."""
    return {
        name: torch.stack([state[name] for state in states]).mean(0)
        if value.is_floating_point()
        else value
        for name, value in states[-1].items()
    }

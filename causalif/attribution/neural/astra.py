"""`astra`: influence functions of torch models, solved and not merely approximated."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from causalif.attribution.neural.batches import Batch, read_batches
from causalif.attribution.neural.checks import check_losses
from causalif.attribution.neural.descent import Solving
from causalif.attribution.neural.ggn import OutputLoss, read_curvature
from causalif.attribution.neural.measures import measured, query_gradients
from causalif.attribution.neural.objective import Loss, read_models, read_objective
from causalif.attribution.neural.result import TorchInfluence
from causalif.attribution.neural.solvers import SOLVERS, SolveInfo, chosen
from causalif.attribution.neural.solving import effects, open_for
from causalif.attribution.neural.systems import Fisher, System, check_damping
from causalif.attribution.neural.unrolled import read_run, unrolled
from causalif.errors import DataError, Problems, check_choice

QUERIES = 64  # solved at once


def astra(
    model: nn.Module | Sequence[nn.Module],
    loss: Loss,
    train: Any,
    queries: Any,
    *,
    measurement: str | Loss = "loss",
    output_loss: str | OutputLoss = "cross_entropy",
    outputs: Callable[[Any, Batch], Tensor] | None = None,
    parameters: Sequence[str] | None = None,
    solver: str = "auto",
    damping: float | str = "mean",
    iterations: int = 200,
    tolerance: float = 1e-6,
    minibatch: int | None = None,
    step_size: float | None = None,
    fisher: str = "sampled",
    label_samples: int = 1,
    checkpoints: Sequence[Any] | None = None,
    segments: int = 3,
    learning_rate: float | None = None,
    momentum: float = 0.0,
    steps: int | None = None,
    batch_size: int = 256,
    seed: int = 0,
    folder: str | os.PathLike[str] | None = None,
    progress: bool | None = None,
) -> TorchInfluence:
    """What leaving out each training row would do to each query, by influence functions.

    Parameters
    ----------
    model : Module, or a sequence of them
        Trained. Of several, trained from other seeds, effects are averaged.
    loss : callable
        ``(model, batch) -> (B,)``, one loss for each row, or (B, T), one for each token.
    train, queries : tuple of Tensor, Dataset or DataLoader
        Rows first in every tensor. Of a loader the data set's own order is taken.
    measurement : {"loss", "margin"} or callable, default "loss"
        Of a query: its loss; log p - log(1 - p) of its class (absolute error where the loss is
        "squared"); or ``(model, batch) -> (B,)``.
    output_loss : {"cross_entropy", "squared"} or callable, default "cross_entropy"
        The loss as a function of the model's outputs, ``(outputs, batch) -> (B,)``, whose Hessian
        the Gauss-Newton matrix is made of. Targets are the last tensor of a batch; "squared" is
        half the squared distance. It must equal `loss`, which is checked.
    outputs : callable, optional
        ``(model, batch) -> (B, ...)``; by default the model of the batch's first tensor.
    parameters : sequence of str, optional
        Names, or modules' names; by default all that require gradients.
    solver : {"auto", "exact", "cg", "astra", "ekfac", "neumann", "datainf", "identity"}
        "auto": "exact" up to 5,000 parameters, "cg" where rows times parameters are below 1e9,
        else "astra". "ekfac" is the usual approximation, "identity" the plain product of
        gradients.
    damping : float or "mean", default "mean"
        Added to the Gauss-Newton matrix of the mean loss: weight decay, and more where training
        stopped early (`trajectory_damping`). "mean": a tenth of each layer's mean eigenvalue.
    iterations : int, default 200
        At most, of "cg"; of "astra" and "neumann".
    tolerance : float, default 1e-6
        Relative residual at which "cg" stops.
    minibatch : int, optional
        Rows of each step of "astra" and "neumann"; by default all, or 256 of more than 2,048.
    step_size : float, optional
        By default from the largest eigenvalue of the preconditioned system.
    fisher : {"sampled", "empirical"}, default "sampled"
        Labels behind EKFAC.
    label_samples : int, default 1
        Draws of them for each row.
    checkpoints : sequence of state dicts or Modules, optional
        Of the training run, in order: effects are then those along the run, segment by segment,
        for models that were not trained to the end. Damping follows from the run.
    segments : int, default 3
    learning_rate, momentum, steps : optional
        Of the run: its mean learning rate, its momentum, and the optimiser's steps.
    batch_size : int, default 256
        Rows at once, as memory allows; no number depends on it but for rounding.
    seed : int, default 0
    folder : path, optional
        Where effects are kept, a block of 64 queries at a time: a run that was broken off goes on
        from there. It knows settings, parameters and rows, and not functions: another loss needs
        another folder. Not with `checkpoints`.
    progress : bool, optional
        By default where somebody looks.

    Returns
    -------
    TorchInfluence
        ``.values`` (queries, rows): the measurement without the row less that with it.

    Raises
    ------
    DataError
        A loss that is not of rows, hangs on other rows or on chance; tied weights; no queries.

    Warns
    -----
    ConvergenceWarning
        A solver that stops early or had to start again; gradients that underflow.

    Notes
    -----
    With G the Gauss-Newton matrix of the mean loss, the effect of row i on query q is
    grad f_q' (G + damping)^-1 grad L_i / n. "astra" minimises the quadratic form behind it by
    gradient descent preconditioned with EKFAC, from EKFAC's answer. Unlike its authors' the step
    size is not fixed: fixed ones run away where layers are correlated. On full data and few
    parameters conjugate gradients are better, and "auto" takes them.

    The model is left as it was, errors or not: parameters, gradients, buffers, modes, hooks and
    random numbers.

    References
    ----------
    .. [1] Wang et al. (2025), Better training data attribution via better inverse Hessian-vector
           products (ASTRA). NeurIPS, equation 9.
    .. [2] Koh & Liang (2017), Understanding black-box predictions via influence functions. ICML.

    Examples
    --------
    >>> import torch
    >>> _ = torch.manual_seed(0)
    >>> x, y = torch.randn(20, 2), torch.arange(20) % 2
    >>> model = torch.nn.Linear(2, 2)
    >>> def loss(model, batch):
    ...     return torch.nn.functional.cross_entropy(model(batch[0]), batch[1], reduction="none")
    >>> found = cif.attribution.neural.astra(model, loss, (x, y), (x[:3], y[:3]), damping=0.1)
    >>> found.values.shape, found.info[0].method
    ((3, 20), 'exact')
    """
    _check(solver, fisher, damping, iterations, batch_size)
    if folder is not None and checkpoints is not None:
        raise DataError("folder= keeps effects of trained models, not of runs with checkpoints=.")
    models = read_models(model)
    how = Solving(iterations, tolerance, minibatch, step_size, seed, progress)

    def system_of(one: nn.Module, added: float | str) -> System:
        objective = read_objective(one, loss, parameters)
        rows = read_batches(train, batch_size, objective.device, "train")
        with objective.quiet():
            few = rows.few
            check_losses(objective, few)
            curvature = read_curvature(objective, output_loss, outputs, few)
        return System(curvature, rows, added, Fisher(fisher, label_samples, seed), progress)

    found: list[TorchInfluence] = []
    for k, one in enumerate(models):
        system = system_of(one, damping)
        objective = system.curvature.objective
        asked = read_batches(queries, min(batch_size, QUERIES), objective.device, "queries")
        with objective.quiet():
            of = measured(system.curvature, measurement)
            if checkpoints is None:
                name = chosen(solver, system)
                kept = None
                if folder is not None:
                    own = {"solver": name, "damping": damping, "measurement": _word(measurement)}
                    kept = open_for(Path(folder) / f"model{k}", system, asked, how, own)
                values, info = effects(system, asked, of, name, how, kept)
                found.append(_result(values, measurement, info, system))
                continue
            v = torch.cat([system.flat(query_gradients(of, batch)) for batch in asked])
        run = read_run(checkpoints, segments, learning_rate, momentum, steps)
        values, infos, dampings = unrolled(
            run, v, system_of, one, lambda system: chosen(solver, system), how
        )
        found.append(TorchInfluence(values, _word(measurement), tuple(infos), tuple(dampings)))
    return replace(
        found[0],
        values=np.mean([part.values for part in found], axis=0),
        info=tuple(info for part in found for info in part.info),
        damping=tuple(one for part in found for one in part.damping),
    )


def _result(
    values: np.ndarray, measurement: str | Loss, info: SolveInfo, system: System
) -> TorchInfluence:
    uses = info.method in ("ekfac", "astra") or system.asked == "mean"
    diagonal = tuple(system.ekfac.diagonal) if uses else ()
    return TorchInfluence(values, _word(measurement), (info,), (dict(system.damping),), diagonal)


def _word(measurement: str | Loss) -> str:
    return measurement if isinstance(measurement, str) else "measurement"


def _check(
    solver: str, fisher: str, damping: float | str, iterations: int, batch_size: int
) -> None:
    problems = Problems()
    check_choice(problems, "solver", solver, ("auto", *SOLVERS))
    check_choice(problems, "fisher", fisher, ("sampled", "empirical"))
    for name, value in (("iterations", iterations), ("batch_size", batch_size)):
        if value < 1:
            problems.add(f"{name}={value!r} is not a whole number from 1 up.")
    problems.raise_if_any()
    check_damping(damping)

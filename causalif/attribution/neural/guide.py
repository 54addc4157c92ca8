"""`token_influence`: which training tokens teach what is not wanted. After IF-Guide."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from causalif.attribution.neural.batches import Batch, Batches, read_batches, with_bar
from causalif.attribution.neural.checks import check_losses
from causalif.attribution.neural.descent import Solving
from causalif.attribution.neural.ggn import IGNORED, OutputLoss, read_curvature
from causalif.attribution.neural.gradients import mean_gradient
from causalif.attribution.neural.next_tokens import Logits, next_token_loss, read_tokens
from causalif.attribution.neural.objective import (
    Loss,
    Objective,
    Tensors,
    read_objective,
)
from causalif.attribution.neural.rules import is_turned
from causalif.attribution.neural.solvers import SOLVERS, SolveInfo, chosen, solve
from causalif.attribution.neural.systems import Fisher, System, check_damping
from causalif.attribution.neural.token_result import TokenInfluence
from causalif.attribution.neural.token_splits import SPLITS
from causalif.errors import DataError, Problems, check_choice


def token_influence(
    model: nn.Module,
    loss: str | Loss,
    train: Any,
    toxic: Any,
    safe: Any = None,
    *,
    padding: int | None = None,
    logits: Logits | None = None,
    output_loss: str | OutputLoss = "cross_entropy",
    outputs: Callable[[Any, Batch], Tensor] | None = None,
    parameters: Sequence[str] | None = None,
    solver: str = "ekfac",
    damping: float | str = "mean",
    split: str = "loss",
    label_samples: int = 1,
    batch_size: int = 16,
    seed: int = 0,
    progress: bool | None = None,
) -> TokenInfluence:
    """How far learning each training token favours toxic over safe completions.

    Parameters
    ----------
    model : Module
        A causal language model, also a smaller one than is to be trained.
    loss : "next_token" or callable
        "next_token": the cross-entropy of each token, given those before. Or
        ``(model, batch) -> (B, T)``, a loss for each token.
    train, toxic, safe : Tensor of int, (rows, tokens), or (Tensor of int, Tensor of bool)
        With "next_token": tokens, and which of them count (the completions of queries); all by
        default. With a loss of one's own whatever it takes: tuple of Tensor, Dataset or
        DataLoader. Without `safe` influence is that on toxic completions alone, which also marks
        what teaches the prompt.
    padding : int, optional
        With "next_token": the token that fills rows up.
    logits : callable, optional
        With "next_token": ``(model, tokens) -> (B, T, V)``; by default the model's answer, or its
        ``.logits``, as models of `transformers` give.
    output_loss, outputs
        With a loss of one's own, as in `astra`.
    parameters : sequence of str, optional
        By default linear layers in the members of the longest ModuleList, or all linear layers.
    solver : {"ekfac", "identity", "cg", "astra", "exact", "datainf", "neumann", "auto"}
        How the inverse is applied.
    damping : float or "mean", default "mean"
    split : {"loss", "difference", "position"}, default "loss"
        "loss": the derivative of each token's own loss, exactly. "difference": the same by central
        differences. "position": the share of the row's gradient that is taken up at the place of
        the loss, later losses that look back at it included.
    label_samples, batch_size, seed, progress
        As in `astra`.

    Returns
    -------
    TokenInfluence

    Raises
    ------
    DataError
        Empty query sets, queries without completions, as of `astra`.

    Notes
    -----
    S = u' grad L with u = H^-1 (g_toxic - g_safe), gradients of mean summed losses of completions,
    and L the loss of the token: high where learning the token lowers toxic losses more than safe
    ones. After IF-Guide, from its authors' code and notes on it.

    What is solved better need not rank better: of three models of an invented language unwanted
    words were told from others with areas under the curve of 1.00 by gradients alone ("identity")
    and by EKFAC with a damping of 0.1, of 0.89 to 1.00 by EKFAC with "mean", and of 0.63 to 0.66 by
    conjugate gradients. Try a larger damping, and look at the words.

    References
    ----------
    .. [1] Coalson et al. (2025), IF-Guide: influence function-guided detoxification of LLMs.
           NeurIPS.

    Examples
    --------
    >>> import torch
    >>> _ = torch.manual_seed(0)
    >>> model = torch.nn.Sequential(torch.nn.Embedding(5, 4), torch.nn.Linear(4, 5))
    >>> tokens = torch.randint(0, 5, (6, 8))
    >>> found = cif.attribution.neural.token_influence(
    ...     model, "next_token", tokens, tokens[:2], tokens[2:4]
    ... )
    >>> found.values.shape
    (6, 8)
    """
    problems = Problems()
    check_choice(problems, "solver", solver, ("auto", *SOLVERS))
    check_choice(problems, "split", split, tuple(SPLITS))
    if loss != "next_token":
        if not callable(loss):
            problems.add(
                f'loss is neither "next_token" nor a function, but a {type(loss).__name__}.',
                'Give token_influence(model, "next_token", tokens, toxic, safe).',
            )
        if padding is not None or logits is not None:
            problems.add('padding= and logits= are for loss="next_token".')
    elif outputs is not None or output_loss != "cross_entropy":
        problems.add('outputs= and output_loss= are not for loss="next_token".')
    problems.raise_if_any()
    check_damping(damping)
    own = None if isinstance(loss, str) else loss
    if own is None:
        own, outputs = next_token_loss(logits)
    objective = read_objective(model, own, _linear(model) if parameters is None else parameters)

    def read(given: Any, role: str) -> Batches:
        if loss == "next_token":
            return read_tokens(given, padding, batch_size, objective, role)
        return read_batches(given, batch_size, objective.device, role)

    rows = read(train, "train")
    asked = [read(toxic, "toxic"), *([] if safe is None else [read(safe, "safe")])]
    with objective.quiet():
        check_losses(objective, few := rows.few)
        means = [mean_gradient(objective, batches) for batches in asked]
        v = {name: value[None] for name, value in means[0].items()}
        for other in means[1:]:
            v = {name: value - other[name][None] for name, value in v.items()}
        if solver == "identity":
            u, info = v, SolveInfo("identity", 0, np.array([np.nan]))
        else:
            curvature = read_curvature(objective, output_loss, outputs, few)
            fisher = Fisher("sampled", label_samples, seed)
            system = System(curvature, rows, damping, fisher, progress)
            how = Solving(seed=seed, progress=progress)
            x, info = solve(chosen(solver, system), system, system.flat(v), how)
            u = system.tensors(x)
        direction = {name: value[0] for name, value in u.items()}
        return TokenInfluence(_values(objective, rows, direction, split, progress), info, split)


def _values(
    objective: Objective, rows: Batches, direction: Tensors, split: str, progress: bool | None
) -> np.ndarray:
    """Of all rows, (rows, tokens), each at its token; NaN where there is none."""
    parts: list[np.ndarray] = []
    for batch in with_bar(rows, progress):
        part = SPLITS[split](objective, batch, direction)
        if part.ndim != 2:
            raise DataError(
                f"loss(model, batch) gave {tuple(part.shape)}: one loss for each row and token is "
                "needed, (B, T)."
            )
        targets, tokens = batch[-1], batch[0]
        if targets.shape == part.shape and not targets.is_floating_point():
            part = part.masked_fill(targets == IGNORED, torch.nan)
        if tokens.ndim > 1 and tokens.shape[1] == part.shape[1] + 1:  # losses of the next token
            part = torch.nn.functional.pad(part, (1, 0), value=torch.nan)
        parts.append(part.detach().double().cpu().numpy())
    values = np.full((rows.n, max(part.shape[1] for part in parts)), np.nan)
    for at, part in zip(rows.positions(), parts, strict=True):
        values[at.start : at.stop, : part.shape[1]] = part
    return values


def _linear(model: nn.Module) -> list[str]:
    """Linear layers in the longest ModuleList, or in all of the model."""
    lists = [(n, m) for n, m in model.named_modules() if isinstance(m, nn.ModuleList)]
    start = max(lists, key=lambda pair: len(pair[1]))[0] + "." if lists else ""
    names = [
        name
        for name, module in model.named_modules()
        if (isinstance(module, nn.Linear) or is_turned(module)) and name.startswith(start)
    ]
    if not names:
        raise DataError("the model has no linear layers in its blocks. Name some in parameters=.")
    return names

"""`token_influence`: which training tokens favour unwanted completions. After IF-Guide."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from causalif.attribution.neural.batches import Batch, Batches, read_batches, with_bar
from causalif.attribution.neural.descent import Solving
from causalif.attribution.neural.ggn import IGNORED, read_curvature
from causalif.attribution.neural.gradients import mean_gradient
from causalif.attribution.neural.objective import (
    Objective,
    check_losses,
    read_objective,
)
from causalif.attribution.neural.rules import is_turned
from causalif.attribution.neural.solvers import SOLVERS, chosen, solve
from causalif.attribution.neural.systems import Fisher, System, check_damping
from causalif.attribution.neural.token_result import TokenInfluence
from causalif.attribution.neural.token_splits import SPLITS
from causalif.errors import DataError, Problems, check_choice

FEW = 2
Logits = Callable[[Any, Tensor], Tensor]


def token_influence(
    model: nn.Module,
    documents: Tensor,
    toxic: Any,
    safe: Any = None,
    *,
    padding: int | None = None,
    logits: Logits | None = None,
    parameters: Sequence[str] | None = None,
    curvature: str = "ekfac",
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
    documents : Tensor of int, (documents, tokens)
    toxic, safe : (Tensor of int, Tensor of bool), or Tensor of int
        Tokens of queries, (queries, tokens), and which of them are the completion; all by default.
        Without `safe` influence is that on toxic completions alone, which also marks what teaches
        the prompt.
    padding : int, optional
        The token that fills documents and queries up.
    logits : callable, optional
        ``(model, tokens) -> (B, T, V)``; by default the model's answer, or its ``.logits``, as
        models of `transformers` give.
    parameters : sequence of str, optional
        By default linear layers in the members of the longest ModuleList, or all linear layers.
    curvature : {"ekfac", "identity", "cg", "astra", "exact", "datainf", "neumann"}
        How the inverse is applied.
    damping : float or "mean", default "mean"
    split : {"loss", "difference", "position"}, default "loss"
        "loss": the derivative of each token's own loss, exactly. "difference": the same by central
        differences. "position": the share of the document's gradient that is taken up at the
        token before, later losses that look back at it included.
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
    S = u' grad L with u = H^-1 (g_toxic - g_safe), gradients of mean summed cross-entropies of
    completions, and L the loss of the token: high where learning the token lowers toxic losses
    more than safe ones. After IF-Guide, from its authors' code and notes on it.

    What is solved better need not rank better: of one model of an invented language unwanted words
    were told from others with an area under the curve of 1.00 by gradients alone ("identity") and
    by EKFAC with a damping of 0.1, of 0.88 by EKFAC with "mean", and of 0.60 by conjugate
    gradients. Try a larger damping, and look at the words.

    References
    ----------
    .. [1] Coalson et al. (2025), IF-Guide: influence function-guided detoxification of LLMs.
           NeurIPS.

    Examples
    --------
    >>> import torch
    >>> _ = torch.manual_seed(0)
    >>> model = torch.nn.Sequential(torch.nn.Embedding(5, 4), torch.nn.Linear(4, 5))
    >>> documents = torch.randint(0, 5, (6, 8))
    >>> found = cif.attribution.neural.token_influence(
    ...     model, documents, documents[:2], documents[2:4]
    ... )
    >>> found.values.shape
    (6, 8)
    """
    problems = Problems()
    check_choice(problems, "curvature", curvature, ("auto", *SOLVERS))
    check_choice(problems, "split", split, tuple(SPLITS))
    problems.raise_if_any()
    check_damping(damping)
    ask = _default_logits if logits is None else logits

    def outputs(model: nn.Module, batch: Batch) -> Tensor:
        return ask(model, batch[0])[:, :-1]

    def loss(model: nn.Module, batch: Batch) -> Tensor:
        return F.cross_entropy(
            outputs(model, batch).transpose(1, 2),
            batch[1],
            reduction="none",
            ignore_index=IGNORED,
        )

    names = _linear(model) if parameters is None else parameters
    objective = read_objective(model, loss, names)
    rows = _batches(documents, None, padding, batch_size, objective, "documents")
    asked = {
        role: _batches(*_pair(given), padding, batch_size, objective, role)
        for role, given in (("toxic", toxic), ("safe", safe))
        if given is not None
    }
    with objective.quiet():
        few = rows.take(range(min(FEW, rows.n)))
        check_losses(objective, few)
        system = System(
            read_curvature(objective, "cross_entropy", outputs, few),
            rows,
            damping,
            Fisher("sampled", label_samples, seed, progress),
        )
        means = {role: mean_gradient(objective, batches) for role, batches in asked.items()}
        v = {name: value[None] for name, value in means["toxic"].items()}
        if "safe" in means:
            v = {name: value - means["safe"][name][None] for name, value in v.items()}
        how = Solving(seed=seed, progress=progress)
        u, info = solve(chosen(curvature, system), system, system.flat(v), how)
        direction = {name: value[0] for name, value in system.tensors(u).items()}
        values = np.full(tuple(documents.shape), np.nan)
        start = 0
        for batch in with_bar(rows, progress):
            part = SPLITS[split](objective, batch, direction)
            part = part.masked_fill(batch[1] == IGNORED, torch.nan).double().cpu()
            values[start : start + len(part), 1:] = part.detach().numpy()
            start += len(part)
    return TokenInfluence(values, info, split)


def _default_logits(model: Any, tokens: Tensor) -> Tensor:
    found = model(tokens)
    return getattr(found, "logits", found)


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


def _pair(given: Any) -> tuple[Tensor, Tensor | None]:
    if isinstance(given, Tensor):
        return given, None
    tokens, completion = given
    return tokens, completion


def _batches(
    tokens: Tensor,
    completion: Tensor | None,
    padding: int | None,
    size: int,
    objective: Objective,
    role: str,
) -> Batches:
    if not isinstance(tokens, Tensor) or tokens.ndim != 2 or tokens.is_floating_point():
        raise DataError(f"{role} must be a tensor of whole numbers, rows by tokens.")
    if tokens.shape[1] < 2:
        raise DataError(f"{role} have {tokens.shape[1]} token each: the first has no loss.")
    targets = tokens[:, 1:].clone()
    if completion is not None:
        if completion.shape != tokens.shape:
            raise DataError(
                f"{role}: completions are marked in {tuple(completion.shape)} and tokens are "
                f"{tuple(tokens.shape)}."
            )
        targets[~completion[:, 1:].bool()] = IGNORED
    if padding is not None:
        targets[tokens[:, 1:] == padding] = IGNORED
    empty = (targets == IGNORED).all(1)
    if role != "documents" and bool(empty.any()):
        raise DataError(f"{role}: {int(empty.sum())} of {len(tokens)} queries have no completion.")
    return read_batches((tokens, targets), size, objective.device, role)

"""`suppression_loss`: train a language model without learning some tokens. After IF-Guide."""

from __future__ import annotations

import math

import torch
import torch.nn.functional as F
from torch import Tensor

from causalif.errors import DataError, Problems, check_choice

CERTAIN = 1e-7  # cross-entropy below which a token counts as certain
KINDS = ("penalty", "unlikelihood", "capped", "drop")


def suppression_loss(
    logits: Tensor,
    tokens: Tensor,
    mask: Tensor,
    *,
    weight: float = 1.0,
    kind: str = "penalty",
    padding: Tensor | None = None,
    parts: dict[str, float] | None = None,
) -> Tensor:
    """Cross-entropy of next tokens, turned against those to be suppressed.

    Parameters
    ----------
    logits : Tensor, (B, T, V)
        Of a causal language model: those at position t are of token t + 1.
    tokens : Tensor of int, (B, T)
    mask : Tensor of bool, (B, T)
        Tokens to suppress, as in ``select_tokens(...).mask``.
    weight : float, default 1.0
    kind : {"penalty", "unlikelihood", "capped", "drop"}, default "penalty"
        Of suppressed tokens: minus the cross-entropy (unbounded below: clip gradients and watch
        `parts`); -log(1 - p); minus the cross-entropy as far as that of a uniform guess; nothing.
    padding : Tensor of bool, (B, T), optional
        Tokens that do not count.
    parts : dict, optional
        Receives "kept" and "suppressed": mean cross-entropies of either kind of token.

    Returns
    -------
    Tensor
        A sum over the tokens by their number.

    Raises
    ------
    DataError
        Shapes that do not fit, no tokens.

    References
    ----------
    .. [1] Coalson et al. (2025), IF-Guide. NeurIPS.
    .. [2] Welleck et al. (2020), Neural text generation with unlikelihood training. ICLR.

    Examples
    --------
    >>> import torch
    >>> logits, tokens = torch.zeros(1, 3, 2), torch.tensor([[0, 1, 0]])
    >>> mask = torch.tensor([[False, True, False]])
    >>> float(suppression_loss(logits, tokens, mask))  # one token for, one against
    0.0
    """
    problems = Problems()
    check_choice(problems, "kind", kind, KINDS)
    if logits.ndim != 3 or tokens.shape != logits.shape[:2] or mask.shape != tokens.shape:
        problems.add(
            f"logits {tuple(logits.shape)}, tokens {tuple(tokens.shape)} and mask "
            f"{tuple(mask.shape)} do not fit.",
            "They are (B, T, V), (B, T) and (B, T).",
        )
    problems.raise_if_any()
    targets = tokens[:, 1:]
    counted = torch.ones_like(targets, dtype=torch.bool)
    if padding is not None:
        counted = ~padding[:, 1:].to(torch.bool)
        targets = targets.masked_fill(~counted, 0)  # it may lie outside the vocabulary
    loss = F.cross_entropy(logits[:, :-1].transpose(1, 2), targets, reduction="none")
    number = counted.sum()
    if number == 0:
        raise DataError("no token counts: each row needs two or more, and some without padding.")
    against = mask[:, 1:].to(device=loss.device, dtype=torch.bool) & counted
    kept = counted & ~against
    turned = _turned(loss, kind, logits.shape[-1])
    if parts is not None:
        for name, where in (("kept", kept), ("suppressed", against)):
            parts[name] = float(loss[where].detach().mean()) if bool(where.any()) else math.nan
    return (loss[kept].sum() + weight * turned[against].sum()) / number


def _turned(loss: Tensor, kind: str, words: int) -> Tensor:
    """What is minimised of a suppressed token instead of its cross-entropy."""
    if kind == "penalty":
        return -loss
    if kind == "unlikelihood":
        return -torch.log(-torch.expm1(-loss.clamp_min(CERTAIN)))
    if kind == "capped":
        return -loss.clamp_max(math.log(words))
    return torch.zeros_like(loss)

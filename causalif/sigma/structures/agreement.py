"""What several chains have in common, and whether that is to be trusted."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from causalif.errors import ConvergenceWarning, warn
from causalif.sigma.structures.chains import SEGMENT, STRETCHES, ChainsState, mix
from causalif.sigma.structures.convergence import split_rhat, standard_errors

# Chains agree where no arrow's probability differs by more between them, and no R-hat is larger.
SPREAD = 0.05
RHAT = 1.05


@dataclass(frozen=True)
class Chains:
    """Graphs drawn by several chains, after their first halves.

    Attributes
    ----------
    graphs : ndarray of int64, shape (samples, d)
        Bitmasks of parents, spread evenly over chains and time.
    chain : ndarray of int, shape (samples,)
        The chain of each.
    arrows, arrow_errors : ndarray, shape (d, d)
        Probabilities of arrows (row -> column) from all steps, and Monte-Carlo standard errors.
    diagnostics : dict
        max_rhat, spread, min_ess, steps (per chain), seconds, acceptance (of reversals),
        temperatures (1 for plain chains) and, where there are several, swaps: the least share
        that was accepted between neighbours.
    """

    graphs: np.ndarray
    chain: np.ndarray
    arrows: np.ndarray
    arrow_errors: np.ndarray
    diagnostics: dict[str, float]


def kept_arrows(state: ChainsState) -> np.ndarray:
    """Frequencies of arrows in the second half, shape (chains, stretches, d * d)."""
    counts = state.counts[:, state.segments // 2 * STRETCHES :]
    return counts.reshape(*counts.shape[:2], -1) * (STRETCHES / SEGMENT)


def spread(means: np.ndarray) -> np.ndarray:
    """How far apart the chains are on each arrow's probability."""
    return np.ptp(means.mean(axis=1), axis=0)


def agree(means: np.ndarray) -> bool:
    """Whether they are close, and each is steady."""
    return bool(spread(means).max() <= SPREAD and split_rhat(means).max() <= RHAT)


def summarise(state: ChainsState, samples: int) -> Chains:
    """Graphs, probabilities of arrows and their errors, from the second halves."""
    chains, segments, _, nodes = state.graphs.shape
    means = kept_arrows(state)
    arrows = means.mean(axis=(0, 1))
    errors = standard_errors(means)
    graphs, chain = _spread_out(state, samples)
    unsure = (arrows > 0.01) & (arrows < 0.99)
    variance = arrows[unsure] * (1 - arrows[unsure])
    sizes = variance / np.maximum(errors[unsure], 1e-12) ** 2
    total = chains * means.shape[1] * SEGMENT // STRETCHES
    diagnostics = {
        "max_rhat": float(split_rhat(means).max()),
        "spread": float(spread(means).max()),
        "min_ess": float(np.minimum(sizes, total).min(initial=total)),
        "steps": segments * SEGMENT,
        "seconds": float(state.seconds),
        "acceptance": float(state.accepted.sum() / (chains * segments * SEGMENT * mix(nodes)[1])),
        "temperatures": state.temperatures,
    }
    if state.temperatures > 1:
        diagnostics["swaps"] = state.least_swapped()
    square = (nodes, nodes)
    return Chains(graphs, chain, arrows.reshape(square), errors.reshape(square), diagnostics)


def _spread_out(state: ChainsState, samples: int) -> tuple[np.ndarray, np.ndarray]:
    """Some of the graphs of the second half, at even distances, chain by chain."""
    chains, segments, _, nodes = state.graphs.shape
    later = state.graphs[:, segments // 2 :].reshape(chains, -1, nodes)
    share = np.full(chains, samples // chains) + (np.arange(chains) < samples % chains)
    parts = [
        own[((np.arange(count) + 0.5) * len(own) / count).astype(int)]
        for own, count in zip(later, share, strict=True)
    ]
    return np.concatenate(parts), np.repeat(np.arange(chains), share)


def check_agreement(found: Chains, names: tuple[str, ...], means: np.ndarray) -> None:
    """Warn, with the arrow on which they differ most, where chains do not agree."""
    if agree(means):
        return
    worst = int(np.argmax(spread(means)))
    tail, head = names[worst // len(names)], names[worst % len(names)]
    steps = int(found.diagnostics["steps"])
    hot = int(found.diagnostics["temperatures"])
    where = f" at {hot} temperatures" if hot > 1 else ""
    warn(
        f"after {steps} steps{where} the chains differ by {found.diagnostics['spread']:.2f} on the "
        f"probability of {tail} -> {head} (R-hat up to {found.diagnostics['max_rhat']:.2f}): "
        f"trust no arrow beyond that. Give more steps (steps={4 * steps}), or say more of the "
        "graph (tiers, required, max_parents).",
        ConvergenceWarning,
    )

"""Graphs by Markov chains over layerings: any number of nodes, until the chains agree."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from time import perf_counter
from typing import TYPE_CHECKING, Any

import numpy as np

from causalif.errors import ConvergenceWarning, DataError, warn
from causalif.nuisance.progress import progress_bar
from causalif.sigma.extras import needed
from causalif.sigma.scores.parents import ParentSets
from causalif.sigma.structures.chains import SEGMENT, STRETCHES, ChainsState
from causalif.sigma.structures.convergence import split_rhat, standard_errors

if TYPE_CHECKING:
    from causalif.sigma.structures.kernel import Lists

# Chains agree where no arrow's probability differs by more between them, and no R-hat is larger.
SPREAD = 0.05
RHAT = 1.05
FEWEST, MOST = 20, 600  # segments
LOOK = 10  # segments between looks


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
        max_rhat, spread, min_ess, steps (per chain), seconds, acceptance (of reversals).
    """

    graphs: np.ndarray
    chain: np.ndarray
    arrows: np.ndarray
    arrow_errors: np.ndarray
    diagnostics: dict[str, float]


def run_chains(
    sets: ParentSets,
    *,
    samples: int = 1000,
    chains: int = 4,
    seed: int | np.random.Generator | None = None,
    n_jobs: int | None = 1,
    progress: bool | None = None,
    steps: int | None = None,
    on_segment: Callable[[ChainsState], None] | None = None,
    state: ChainsState | None = None,
) -> Chains:
    """Draw graphs with probability proportional to exp of their summed scores.

    A step of a chain moves some nodes to other places in the layering, with all parents summed
    out; draws the graph given the layering; and turns arrows round or draws the parents of
    single nodes anew, with layers following. Each graph has one layering, so that it counts
    once. The first half of every chain is left out.

    Parameters
    ----------
    sets : ParentSets
    samples : int
        Graphs to return.
    chains : int
    seed : int or Generator
    n_jobs : int
        Chains run side by side, as threads or on the joblib backend that is set; no number
        depends on it.
    progress : bool, optional
    steps : int, optional
        Steps of each chain. By default they go on until they agree: probabilities of arrows
        within .05 of each other and R-hat at most 1.05; at most 300,000.
    on_segment : callable, optional
        Is given the state after every 500 steps.
    state : ChainsState, optional
        Go on from here; the same draws as without a stop.

    Returns
    -------
    Chains

    Warns
    -----
    ConvergenceWarning
        The chains do not agree.

    References
    ----------
    .. [1] Kuipers & Moffa (2017), Partition MCMC for inference on acyclic digraphs, Journal of
           the American Statistical Association 112, 282-299.
    .. [2] Grzegorczyk & Husmeier (2008), Improving the structure MCMC sampler for Bayesian
           networks by introducing a new edge reversal move, Machine Learning 71, 265-305.
    .. [3] Goudie & Mukherjee (2016), A Gibbs sampler for learning DAGs, Journal of Machine
           Learning Research 17, 1-39.
    """
    needed("numba", what="method='mcmc'")
    from causalif.sigma.structures.packed import pack

    kept, fewest = _schedule(samples, chains)
    if state is None:
        state = ChainsState.start(sets, chains, kept, np.random.default_rng(seed))
    state.check(sets, chains, kept)
    lists, last = pack(sets), MOST if steps is None else max(2, -(-steps // SEGMENT))
    with progress_bar(progress, last, "segment") as bar:
        bar.update(state.segments)
        while not _is_done(state, fewest if steps is None else last, last):
            state = _advance(lists, state, n_jobs)
            bar.update(1)
            if on_segment is not None:
                on_segment(state)
    found = _summary(state, samples)
    _check_agreement(found, sets.names, _kept(state))
    return found


def _schedule(samples: int, chains: int) -> tuple[int, int]:
    """Graphs that are kept per segment and chain, a divisor of its steps, and fewest segments."""
    if samples < 1 or chains < 2:
        raise DataError(
            f"samples={samples} and chains={chains}: one sample and two chains at least."
        )
    each = -(-samples // chains)
    divisors = [k for k in range(1, SEGMENT + 1) if SEGMENT % k == 0]
    kept = next((k for k in divisors if k * FEWEST // 2 >= each), SEGMENT)
    return kept, max(FEWEST, 2 * -(-each // kept))


def _is_done(state: ChainsState, fewest: int, last: int) -> bool:
    if state.segments < fewest:
        return False
    return state.segments >= last or (state.segments % LOOK == 0 and _agree(_kept(state)))


def _kept(state: ChainsState) -> np.ndarray:
    """Frequencies of arrows in the second half, shape (chains, stretches, d * d)."""
    counts = state.counts[:, state.segments // 2 * STRETCHES :]
    return counts.reshape(*counts.shape[:2], -1) * (STRETCHES / SEGMENT)


def _spread(means: np.ndarray) -> np.ndarray:
    return np.ptp(means.mean(axis=1), axis=0)


def _agree(means: np.ndarray) -> bool:
    return bool(_spread(means).max() <= SPREAD and split_rhat(means).max() <= RHAT)


def _mix(nodes: int) -> np.ndarray:
    """Moves in one step: of nodes in the layering, reversals, and of parents."""
    return np.array([max(1, nodes // 20), nodes, nodes])


Advanced = tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray, int]


def _advance(lists: Lists, state: ChainsState, n_jobs: int | None) -> ChainsState:
    """All chains one segment further."""
    from joblib import Parallel, delayed

    start = perf_counter()
    kept = state.graphs.shape[2]
    # Threads unless another backend is set: the compiled code lets go of the lock.
    run: Any = Parallel(n_jobs=n_jobs, prefer="threads")
    ahead: list[Advanced] = run(
        delayed(_segment)(lists, *chain, kept)
        for chain in zip(state.parents, state.random, strict=True)
    )
    parents, random, graphs, counts, accepted = (
        np.array(each) for each in zip(*ahead, strict=True)
    )
    return ChainsState(
        parents,
        random,
        np.concatenate([state.graphs, graphs[:, None]], axis=1),
        np.concatenate([state.counts, counts], axis=1),
        state.accepted + accepted,
        state.seconds + (perf_counter() - start),
    )


def _segment(lists: Lists, parents: np.ndarray, random: np.ndarray, kept: int) -> Advanced:
    """One chain one segment further: its graph and random numbers, graphs kept, arrows counted."""
    from causalif.sigma.structures.moves import advance

    nodes = len(parents)
    parents, random = parents.copy(), random.copy()
    graphs = np.zeros((kept, nodes), dtype=np.int64)
    counts = np.zeros((STRETCHES, nodes, nodes), dtype=np.int32)
    room = np.zeros(nodes, np.int64), np.zeros(nodes, np.int64), np.zeros((6, 2 * nodes + 2))
    accepted = advance(lists, parents, random, SEGMENT, _mix(nodes), graphs, counts, *room)
    return parents, random, graphs, counts, int(accepted)


def _summary(state: ChainsState, samples: int) -> Chains:
    chains, segments, _, nodes = state.graphs.shape
    means = _kept(state)
    arrows = means.mean(axis=(0, 1))
    errors = standard_errors(means)
    graphs, chain = _spread_out(state, samples)
    unsure = (arrows > 0.01) & (arrows < 0.99)
    variance = arrows[unsure] * (1 - arrows[unsure])
    sizes = variance / np.maximum(errors[unsure], 1e-12) ** 2
    total = chains * means.shape[1] * SEGMENT // STRETCHES
    diagnostics = {
        "max_rhat": float(split_rhat(means).max()),
        "spread": float(_spread(means).max()),
        "min_ess": float(np.minimum(sizes, total).min(initial=total)),
        "steps": segments * SEGMENT,
        "seconds": float(state.seconds),
        "acceptance": float(state.accepted.sum() / (chains * segments * SEGMENT * _mix(nodes)[1])),
    }
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


def _check_agreement(found: Chains, names: tuple[str, ...], means: np.ndarray) -> None:
    if _agree(means):
        return
    worst = int(np.argmax(_spread(means)))
    tail, head = names[worst // len(names)], names[worst % len(names)]
    steps = int(found.diagnostics["steps"])
    warn(
        f"after {steps} steps the chains differ by {found.diagnostics['spread']:.2f} on the "
        f"probability of {tail} -> {head} (R-hat up to {found.diagnostics['max_rhat']:.2f}): "
        f"trust no arrow beyond that. Give more steps (steps={4 * steps}), or say more of the "
        "graph (tiers, max_parents).",
        ConvergenceWarning,
    )

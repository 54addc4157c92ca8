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
# Plain chains that differ by more than this will not agree soon: they stand in modes of their own.
STUCK = 0.15
# Segments of 500 steps: the fewest, of plain chains and of tempered ones, whose steps are worth
# more; between looks whether plain chains are stuck; the most, of all temperatures together.
FEWEST, FEWEST_TEMPERED, PLAIN, MOST = 20, 10, 50, 600
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
        max_rhat, spread, min_ess, steps (per chain), seconds, acceptance (of reversals),
        temperatures (1 for plain chains) and, where there are several, swaps: the least share
        that was accepted between neighbours.
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

    Chains that differ by more than .15 after 25,000 steps stand in modes of their own (so after
    50,000, and so on). They start over from there by parallel tempering, each at temperatures
    that are its alone, and only graphs at temperature 1 count.

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
        Steps of each chain; of more than 25,000, those that are tempered take as many at each
        temperature. By default they go on until they agree: probabilities of arrows within .05
        of each other and R-hat at most 1.05; at most 300,000, of all temperatures together.
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
    .. [4] Geyer (1991), Markov chain Monte Carlo maximum likelihood, Computing Science and
           Statistics 23, 156-163.
    """
    needed("numba", what="method='mcmc'")
    from causalif.sigma.structures.tempering import temperatures

    plan = _Plan.of(samples, chains, steps, 1 if state is None else state.temperatures)
    if state is None:
        state = ChainsState.start(sets, chains, plan.kept, np.random.default_rng(seed))
    state.check(sets, chains, plan.kept)
    state = _go_on(sets, state, plan, n_jobs, progress, on_segment)
    if plan.is_stuck(state):
        inverse = temperatures(sets)
        plan = _Plan.of(samples, chains, steps, len(inverse))
        state = state.heated(inverse, plan.kept)
        state = _go_on(sets, state, plan, n_jobs, progress, on_segment)
    found = _summary(state, samples)
    _check_agreement(found, sets.names, _kept(state))
    return found


@dataclass(frozen=True)
class _Plan:
    """Graphs kept per segment and chain, a divisor of its steps; fewest and most segments."""

    kept: int
    fewest: int
    most: int

    @classmethod
    def of(cls, samples: int, chains: int, steps: int | None, temperatures: int) -> _Plan:
        if samples < 1 or chains < 2:
            raise DataError(
                f"samples={samples} and chains={chains}: one sample and two chains at least."
            )
        least = FEWEST if temperatures == 1 else FEWEST_TEMPERED
        each = -(-samples // chains)
        divisors = [k for k in range(1, SEGMENT + 1) if SEGMENT % k == 0]
        kept = next((k for k in divisors if k * least // 2 >= each), SEGMENT)
        if steps is None:
            return cls(kept, max(least, 2 * -(-each // kept)), MOST // temperatures)
        asked = max(2, -(-steps // SEGMENT))
        return cls(kept, asked, asked)

    def is_done(self, state: ChainsState) -> bool:
        if state.segments < self.fewest:
            return False
        looks = state.segments % LOOK == 0
        return state.segments >= self.most or (looks and _agree(_kept(state)))

    def is_stuck(self, state: ChainsState) -> bool:
        """Whether plain chains should be tempered for the rest of their time."""
        if state.temperatures > 1 or state.segments % PLAIN or not 0 < state.segments < self.most:
            return False
        return bool(_spread(_kept(state)).max() > STUCK)


def _go_on(
    sets: ParentSets,
    state: ChainsState,
    plan: _Plan,
    n_jobs: int | None,
    progress: bool | None,
    on_segment: Callable[[ChainsState], None] | None,
) -> ChainsState:
    """All chains until they are done, or stuck."""
    from causalif.sigma.structures.tempering import pack_at

    lists = pack_at(sets, state.inverse)
    with progress_bar(progress, plan.most, "segment") as bar:
        bar.update(state.segments)
        while not (plan.is_done(state) or plan.is_stuck(state)):
            state = _advance(lists, state, n_jobs)
            bar.update(1)
            if on_segment is not None:
                on_segment(state)
    return state


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


Advanced = tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray, int, np.ndarray]


def _advance(lists: list[Lists], state: ChainsState, n_jobs: int | None) -> ChainsState:
    """All chains one segment further."""
    from joblib import Parallel, delayed

    start = perf_counter()
    kept = state.graphs.shape[2]
    # Threads unless another backend is set: the compiled code lets go of the lock.
    run: Any = Parallel(n_jobs=n_jobs, prefer="threads")
    ahead: list[Advanced] = run(
        delayed(_segment)(lists, state.inverse, *chain, kept)
        for chain in zip(state.parents, state.random, strict=True)
    )
    parents, random, graphs, counts, accepted, swapped = (
        np.array(each) for each in zip(*ahead, strict=True)
    )
    return ChainsState(
        state.inverse,
        parents,
        random,
        np.concatenate([state.graphs, graphs[:, None]], axis=1),
        np.concatenate([state.counts, counts], axis=1),
        state.accepted + accepted,
        state.swapped + swapped,
        state.seconds + (perf_counter() - start),
    )


def _segment(
    lists: list[Lists], inverse: np.ndarray, parents: np.ndarray, random: np.ndarray, kept: int
) -> Advanced:
    """One chain one segment further: its graphs and random numbers, graphs kept, arrows counted."""
    from causalif.sigma.structures.tempering import advance_tempered

    nodes = parents.shape[1]
    parents, random = parents.copy(), random.copy()
    graphs = np.zeros((SEGMENT, nodes), dtype=np.int64)
    counts = np.zeros((STRETCHES, nodes, nodes), dtype=np.int32)
    tally = advance_tempered(lists, inverse, parents, random, _mix(nodes), graphs, counts)
    every = SEGMENT // kept
    return parents, random, graphs[every - 1 :: every], counts, *tally


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


def _check_agreement(found: Chains, names: tuple[str, ...], means: np.ndarray) -> None:
    if _agree(means):
        return
    worst = int(np.argmax(_spread(means)))
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

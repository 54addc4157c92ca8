"""Graphs by Markov chains over layerings: any number of nodes, until the chains agree."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from time import perf_counter
from typing import TYPE_CHECKING, Any

import numpy as np

from causalif.errors import DataError
from causalif.nuisance.progress import progress_bar
from causalif.sigma.extras import needed
from causalif.sigma.scores.parents import ParentSets
from causalif.sigma.structures.agreement import (
    Chains,
    agree,
    check_agreement,
    kept_arrows,
    spread,
    summarise,
)
from causalif.sigma.structures.chains import SEGMENT, STRETCHES, ChainsState, mix

if TYPE_CHECKING:
    from causalif.sigma.structures.kernel import Lists

# Plain chains that differ by more than this will not agree soon: they stand in modes of their own.
STUCK = 0.15
# Segments of 500 steps: the fewest, of plain chains and of tempered ones, whose steps are worth
# more; between looks whether plain chains are stuck; the most, of all temperatures together.
FEWEST, FEWEST_TEMPERED, PLAIN, MOST = 20, 10, 50, 600
LOOK = 10  # segments between looks


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
    found = summarise(state, samples)
    check_agreement(found, sets.names, kept_arrows(state))
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
        return state.segments >= self.most or (looks and agree(kept_arrows(state)))

    def is_stuck(self, state: ChainsState) -> bool:
        """Whether plain chains should be tempered for the rest of their time."""
        if state.temperatures > 1 or state.segments % PLAIN or not 0 < state.segments < self.most:
            return False
        return bool(spread(kept_arrows(state)).max() > STUCK)


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
    tally = advance_tempered(lists, inverse, parents, random, mix(nodes), graphs, counts)
    every = SEGMENT // kept
    return parents, random, graphs[every - 1 :: every], counts, *tally

"""The three ways from scores to graphs: sums over all of them, Markov chains, a fitted sampler."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from causalif.nuisance.folds import seed_for
from causalif.sigma.checkpoint import Checkpoint
from causalif.sigma.posterior import BATCHES
from causalif.sigma.scores.parents import ParentSets
from causalif.sigma.scores.tables import MOST_NODES
from causalif.sigma.structures.exact import ExactPosterior

if TYPE_CHECKING:
    from causalif.sigma.learn import Settings

TRAINING_DRAWS = 4000


def _by_sums(sets: ParentSets, settings: Settings, kept: Checkpoint) -> dict[str, Any]:
    posterior = ExactPosterior(sets.table())
    rng = np.random.default_rng(seed_for(settings.entropy, "draws"))
    draws = posterior.draw(settings.samples, rng)
    return {
        **_exactly(posterior),
        "draws": draws,
        "draw_weights": np.full(len(draws), 1 / len(draws)),
        "batches": np.zeros(len(draws), dtype=np.int64),
        "sets": sets,
        "diagnostics": {"log_normaliser": posterior.log_normaliser},
    }


def _exactly(posterior: ExactPosterior) -> dict[str, Any]:
    arrows = posterior.arrows
    return {"arrows": arrows, "arrow_errors": np.zeros_like(arrows)}


def _by_chains(sets: ParentSets, settings: Settings, kept: Checkpoint) -> dict[str, Any]:
    chains = kept.chains(sets, settings, settings.samples)
    count = len(chains.graphs)
    return {
        "draws": chains.graphs,
        "draw_weights": np.full(count, 1 / count),
        "batches": stretches(chains.chain, BATCHES),
        "arrows": chains.arrows,
        "arrow_errors": chains.arrow_errors,
        "diagnostics": chains.diagnostics,
    }


def stretches(chain: np.ndarray, count: int) -> np.ndarray:
    """Which stretch of which chain each draw is of, `count` in all or a few more.

    Examples
    --------
    >>> stretches(np.array([0, 0, 0, 0, 1, 1, 1, 1]), 4)
    array([0, 0, 1, 1, 2, 2, 3, 3])
    """
    chains = int(chain.max()) + 1
    each = -(-count // chains)
    found = np.zeros(len(chain), dtype=np.int64)
    for one in range(chains):
        own = np.flatnonzero(chain == one)
        found[own] = one * each + np.arange(len(own)) * each // len(own)
    return found


def _by_flow(sets: ParentSets, settings: Settings, kept: Checkpoint) -> dict[str, Any]:
    """Graphs from a sampler that was fitted to exact draws, or to those of chains."""
    from causalif.sigma.structures.sampler import fit_sampler

    rng = np.random.default_rng(seed_for(settings.entropy, "sampler"))
    if len(sets.names) <= MOST_NODES:
        posterior = ExactPosterior(sets.table())
        training = posterior.draw(TRAINING_DRAWS, rng)
        made = {**_exactly(posterior), "sets": sets}
        found: dict[str, Any] = {"log_normaliser": posterior.log_normaliser}
    else:
        chains = kept.chains(sets, settings, TRAINING_DRAWS)
        training, found = chains.graphs, dict(chains.diagnostics)
        made = {"arrows": chains.arrows, "arrow_errors": chains.arrow_errors}
    sampler = fit_sampler(
        sets, training, seed=seed_for(settings.entropy, "fit"), progress=settings.progress
    )
    draws, log_density = sampler.draw(settings.samples, rng)
    logs = sets.log_scores(draws) - log_density
    weights = np.exp(logs - logs.max())
    weights /= weights.sum()
    found |= {f"sampler_{name}": value for name, value in sampler.diagnose(2000, rng).items()}
    found["effective_draws"] = float(1 / np.sum(weights**2))
    made["batches"] = np.zeros(len(draws), dtype=np.int64)
    return {**made, "draws": draws, "draw_weights": weights, "diagnostics": found}


BY_METHOD = {"exact": _by_sums, "mcmc": _by_chains, "flow": _by_flow}

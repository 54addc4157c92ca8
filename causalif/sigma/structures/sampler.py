"""An amortised sampler of graphs: a net draws the layering, its parent sets follow exactly.

A graph without cycles has one layering, so that the probability q of a drawn graph is explicit:
that of its layering times that of each node's parent set given the layering, which is the
posterior's own.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from causalif.errors import ConvergenceWarning, DataError, warn
from causalif.sigma.scores.parents import ParentSets
from causalif.sigma.scores.subsets import log_sum
from causalif.sigma.structures.layer_fit import Schedule, fit_law
from causalif.sigma.structures.layer_net import LayerNet, new_net
from causalif.sigma.structures.layering_law import LayeringLaw
from causalif.sigma.structures.layerings import Completion, distinct, levels_of
from causalif.sigma.structures.parent_sums import draw_parents

# A graph is missed, or wasted, if q gives it less than a twentieth of its probability, or more
# than twenty times as much.
_FAR = float(np.log(20.0))
_MOST_FAR = 0.05
_MOST_DIVERGENCE = 1.0
_HELD_OUT = 0.15


@dataclass(frozen=True)
class LayeringSampler:
    """Independent graphs near the posterior, each with its probability q.

    Made by `fit_sampler`.

    Attributes
    ----------
    sets : ParentSets
        What the posterior is made of; p(graph) is proportional to exp of its summed scores.
    net : LayerNet
    held_out : ndarray, shape (count, 2)
        Summed scores and log q of the training draws that were not fitted to.
    """

    sets: ParentSets
    net: LayerNet
    held_out: np.ndarray

    @cached_property
    def _law(self) -> LayeringLaw:
        return LayeringLaw(self.sets, self.net, Completion.of(self.sets))

    def draw(self, count: int, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
        """Independent graphs and their log probabilities.

        Parameters
        ----------
        count : int
        rng : numpy.random.Generator

        Returns
        -------
        graphs : ndarray of int64, shape (count, d)
            The bitmask of the parents of each node.
        log_q : ndarray, shape (count,)
        """
        graphs = draw_parents(self.sets, self._law.draw(count, rng), rng)
        return graphs, self.log_probability(graphs)

    def log_probability(self, graphs: np.ndarray) -> np.ndarray:
        """Log q of some graphs; -inf for those with a cycle or a parent set that is not listed.

        Parameters
        ----------
        graphs : ndarray of int, shape (count, d)
            The bitmask of the parents of each node.

        Returns
        -------
        ndarray, shape (count,)
        """
        scores, levels = self.sets.log_scores(graphs), levels_of(graphs)
        found = np.full(len(graphs), -np.inf)
        possible = np.flatnonzero(np.isfinite(scores) & (levels >= 0).all(axis=1))
        if len(possible):
            first, number = distinct(*levels[possible].T)
            layerings = self._law.describe(levels[possible][first])
            given = scores[possible] - layerings.log_sums[number]
            found[possible] = self._law.log_probabilities(layerings)[number] + given
        return found

    def diagnose(self, count: int, rng: np.random.Generator) -> dict[str, float]:
        """How far q is from the posterior, seen from both.

        Draws of q cannot show a mode that q has lost: neither the evidence bound nor importance
        weights see it. Training draws that were not fitted to do.

        Parameters
        ----------
        count : int
            Draws of q.
        rng : numpy.random.Generator

        Returns
        -------
        dict
            "elbo": the mean of log(p Z / q) over draws of q, Z the sum over all graphs; at most
            log Z. "elbo_error": its standard error. "log_normaliser": log Z by importance
            weights. "ess_share": their effective number per draw. "wasted": the share of draws
            to which q gives more than twenty times their probability.

            "held_out": the mean of log(p Z / q) over held-out training draws; at least log Z if
            they follow the posterior. "cross_entropy": minus the mean of their log q. "missed":
            the share of them to which q gives less than a twentieth of their probability.
            "divergence": held_out - elbo, the sum of both Kullback-Leibler divergences.

        Warns
        -----
        ConvergenceWarning
            More than 5% are missed or wasted, or held_out - log_normaliser exceeds 1.
        """
        graphs, log_q = self.draw(count, rng)
        found = _comparison(self.sets.log_scores(graphs) - log_q, self.held_out)
        _warn_of_lost_modes(found)
        return found


def fit_sampler(
    sets: ParentSets,
    graphs: np.ndarray,
    *,
    seed: int,
    hidden: int = 64,
    schedule: Schedule | None = None,
    progress: bool | None = None,
) -> LayeringSampler:
    """Fit a sampler to draws from the posterior, by maximum likelihood.

    The evidence bound plays no part in it: what maximises that can leave out whole modes. A part
    of the draws, picked at random, is held out, to stop in time and to be judged by.

    Parameters
    ----------
    sets : ParentSets
    graphs : ndarray of int, shape (count, d)
        Draws from the posterior of these parent sets: the bitmask of the parents of each node.
    seed : int
        Of the net's first weights, of what is held out and of the order of training.
    hidden : int
        Units per hidden layer.
    schedule : Schedule, optional
    progress : bool, optional
        A bar; by default where someone can see it.

    Raises
    ------
    DataError
        Fewer than 20 graphs, or graphs that the parent sets do not allow.

    References
    ----------
    .. [1] Kuipers & Moffa (2017), Partition MCMC for inference on acyclic digraphs, Journal of
           the American Statistical Association 112, 282-299 (the layering).

    Examples
    --------
    >>> sets = ParentSets.of(["A", "B"], [np.array([0]), np.array([0, 1])],
    ...                      [np.array([0.0]), np.log([1.0, 3.0])])
    >>> draws = np.array([[0, 0]] * 10 + [[0, 1]] * 30)
    >>> sampler = fit_sampler(sets, draws, seed=1, schedule=Schedule(updates=50, rounds=0))
    >>> np.exp(sampler.log_probability(np.array([[0, 0], [0, 1]]))).sum().round(12)
    np.float64(1.0)
    """
    graphs = np.asarray(graphs, dtype=np.int64)
    _check_graphs(sets, graphs)
    rng = np.random.default_rng(seed)
    net = new_net(len(sets.names), max(hidden, len(sets.names)), int(rng.integers(2**31)))
    law, levels = LayeringLaw(sets, net, Completion.of(sets)), levels_of(graphs)
    apart = rng.permutation(len(graphs)) < max(_HELD_OUT * len(graphs), 2)
    fit_law(law, levels[~apart], levels[apart], schedule or Schedule(), rng, progress)
    net.double()  # trained in half the digits: probabilities are to sum to 1 in all
    sampler = LayeringSampler(sets, net, np.empty((0, 2)))
    judged = (sets.log_scores(graphs[apart]), sampler.log_probability(graphs[apart]))
    return LayeringSampler(sets, net, np.column_stack(judged))


def _check_graphs(sets: ParentSets, graphs: np.ndarray) -> None:
    nodes = len(sets.names)
    if graphs.ndim != 2 or graphs.shape[1] != nodes:
        raise DataError(f"graphs has shape {graphs.shape}; {nodes} columns are needed.")
    if len(graphs) < 20:
        raise DataError(f"{len(graphs)} draws are too few to fit to. Draw some thousands.")
    allowed = np.isfinite(sets.log_scores(graphs)) & (levels_of(graphs) >= 0).all(axis=1)
    if not allowed.all():
        row = int(np.argmin(allowed))
        raise DataError(
            f"{int((~allowed).sum())} of {len(graphs)} graphs have a cycle or a parent set that "
            f"is not listed (first: row {row}). Give draws from the posterior of these sets."
        )


def _log_mean(logs: np.ndarray) -> float:
    return log_sum(logs) - float(np.log(len(logs)))


def _comparison(drawn: np.ndarray, held_out: np.ndarray) -> dict[str, float]:
    """What log(p Z / q) says, over draws of q and over held-out draws from the posterior."""
    log_z, posterior = _log_mean(drawn), held_out[:, 0] - held_out[:, 1]
    effective = np.exp(2 * log_sum(drawn) - log_sum(2 * drawn))
    return {
        "elbo": float(drawn.mean()),
        "elbo_error": float(drawn.std() / np.sqrt(len(drawn))),
        "log_normaliser": log_z,
        "ess_share": float(effective) / len(drawn),
        "wasted": float((drawn - log_z < -_FAR).mean()),
        "held_out": float(posterior.mean()),
        "cross_entropy": float(-held_out[:, 1].mean()),
        "missed": float((posterior - log_z > _FAR).mean()),
        "divergence": float(posterior.mean() - drawn.mean()),
    }


def _warn_of_lost_modes(found: Mapping[str, float]) -> None:
    behind = found["held_out"] - found["log_normaliser"]
    if max(found["missed"], found["wasted"]) > _MOST_FAR or behind > _MOST_DIVERGENCE:
        warn(
            f"the sampler hardly ever draws {found['missed']:.1%} of the graphs drawn from the "
            f"posterior, and {found['wasted']:.1%} of its own are hardly ever in the posterior; "
            f"it is {behind:.2f} nats behind. Fit it to more draws, or use those themselves.",
            ConvergenceWarning,
        )

"""The law of layerings that a net stands for: their probabilities, and draws."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch

from causalif.sigma.scores.parents import ParentSets
from causalif.sigma.structures.layer_net import LayerNet, net_inputs
from causalif.sigma.structures.layerings import Completion, Steps, as_masks, as_members
from causalif.sigma.structures.parent_sums import States


@dataclass(frozen=True)
class Layerings:
    """Some layerings as the net reads them.

    Attributes
    ----------
    inputs : Tensor, shape (states, 4 d)
    state : ndarray of int, shape (steps,)
        The state that each step starts from; the steps of a layering follow each other.
    joined, free : Tensor of 0 and 1, shape (steps, d)
        Who is in the next layer, and whose place was not settled by what must be.
    starts, depths : ndarray of int, shape (count,)
        The first step of each layering, and its number of steps.
    log_sums : ndarray, shape (count,)
        Log of the sum of exp of the summed scores over all graphs with that layering.
    """

    inputs: torch.Tensor
    state: np.ndarray
    joined: torch.Tensor
    free: torch.Tensor
    starts: np.ndarray
    depths: np.ndarray
    log_sums: np.ndarray

    def steps(self, chosen: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """The steps of some layerings, and the position in `chosen` that each belongs to."""
        depths = self.depths[chosen]
        owner = np.repeat(np.arange(len(chosen)), depths)
        within = np.arange(len(owner)) - (np.cumsum(depths) - depths)[owner]
        return self.starts[chosen][owner] + within, owner


@dataclass(frozen=True)
class LayeringLaw:
    """Layerings by a net, kept to those that a graph of listed parent sets can have.

    Node by node, the net says whether a node that can be in the next layer is in it. A node
    without which no graph could be finished joins in any case, and its choice has probability
    one: there are no dead ends, and no layer is empty.

    Attributes
    ----------
    sets : ParentSets
    net : LayerNet
    completion : Completion
        Of the same parent sets.
    """

    sets: ParentSets
    net: LayerNet
    completion: Completion

    def describe(self, levels: np.ndarray) -> Layerings:
        """Read layerings, each the layer of every node in a graph that is allowed."""
        steps = Steps.of(levels)
        states, number = States.among(self.sets, steps.placed, steps.last)
        precision = self.net.trust.dtype
        joined = as_members(steps.layer, levels.shape[1])
        free = self._free(steps.placed, joined, states.candidates[number])
        depths = levels.max(axis=1) + 1
        return Layerings(
            torch.from_numpy(_inputs(states)).to(precision),
            number,
            torch.from_numpy(joined).to(precision),
            torch.from_numpy(free).to(precision),
            np.cumsum(depths) - depths,
            depths,
            states.within[number[steps.at], np.arange(levels.shape[1])].sum(axis=1),
        )

    def _free(self, placed: np.ndarray, joined: np.ndarray, candidates: np.ndarray) -> np.ndarray:
        """Which candidates may stay out, given those decided before them, shape (steps, d)."""
        free = np.zeros(joined.shape, dtype=bool)
        for node in range(joined.shape[1]):
            rows = np.flatnonzero(candidates[:, node])
            layer = _without(node, joined[rows], candidates[rows])
            free[rows, node] = self.completion.possible(placed[rows], layer)
        return free

    def log_probability(self, layerings: Layerings, chosen: np.ndarray) -> torch.Tensor:
        """Log probability of some of the layerings, with gradients, shape (chosen,)."""
        steps, owner = layerings.steps(chosen)
        found = self.net.log_probability(
            layerings.inputs[layerings.state[steps]], layerings.joined[steps], layerings.free[steps]
        )
        return torch.zeros(len(chosen), dtype=found.dtype).index_add(
            0, torch.from_numpy(owner), found
        )

    def log_probabilities(self, layerings: Layerings) -> np.ndarray:
        """Log probability of all the layerings, shape (count,)."""
        with torch.no_grad():
            return (
                self.log_probability(layerings, np.arange(len(layerings.depths))).double().numpy()
            )

    def draw(self, count: int, rng: np.random.Generator) -> np.ndarray:
        """Draw layerings: the layer of every node, shape (count, d)."""
        nodes = len(self.sets.names)
        levels = np.full((count, nodes), -1)
        placed, last = np.zeros((2, count), dtype=np.int64)
        rows, level = np.arange(count), 0
        while len(rows):
            joined = self._draw_layer(placed[rows], last[rows], rng)
            levels[rows] = np.where(joined, level, levels[rows])
            last[rows] = as_masks(joined)
            placed[rows] |= last[rows]
            rows, level = rows[placed[rows] != 2**nodes - 1], level + 1
        return levels

    def _draw_layer(
        self, placed: np.ndarray, last: np.ndarray, rng: np.random.Generator
    ) -> np.ndarray:
        """Draw the next layers, bool, shape (count, d)."""
        states, number = States.among(self.sets, placed, last)
        candidates = states.candidates[number]
        joined, uniform = np.zeros(candidates.shape, dtype=bool), rng.random(candidates.shape)
        precision = self.net.trust.dtype
        inputs = torch.from_numpy(_inputs(states)).to(precision)
        with torch.no_grad():
            inputs, described = inputs[number], self.net.describe(inputs)[number]
            for node in range(candidates.shape[1]):
                rows = np.flatnonzero(candidates[:, node])
                layer = _without(node, joined[rows], candidates[rows])
                free = self.completion.possible(placed[rows], layer)
                decided = torch.from_numpy(joined[rows]).to(precision)
                odds = self.net.log_odds(inputs[rows], described[rows], decided)[:, node]
                joined[rows, node] = ~free | (uniform[rows, node] < torch.sigmoid(odds).numpy())
        return joined


def _inputs(states: States) -> np.ndarray:
    nodes = states.within.shape[1]
    masks = (as_members(states.placed, nodes), as_members(states.last, nodes))
    return net_inputs(*masks, states.within, states.beyond)


def _without(node: int, joined: np.ndarray, candidates: np.ndarray) -> np.ndarray:
    """The largest layer in which a node stays out, given who joined of those before it."""
    before = np.arange(joined.shape[1]) < node
    after = np.arange(joined.shape[1]) > node
    return as_masks((joined & before) | (candidates & after))

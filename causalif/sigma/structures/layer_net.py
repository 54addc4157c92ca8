"""The law of the next layer: a small net that takes the nodes one by one."""

from __future__ import annotations

from collections.abc import Mapping
from typing import cast

import numpy as np
import pyro.distributions as dist
import torch
from pyro.nn import ConditionalAutoRegressiveNN, PyroModule
from torch.nn.functional import pad

# Beyond such log odds a first guess is no guide: other nodes decide.
_MOST_ODDS = 8.0
_LIMIT = 1e4


class LayerNet(PyroModule):  # type: ignore[misc]
    """Log odds that each node joins the next layer, given the nodes decided before it.

    The state (placed nodes, last layer, candidates, first guesses) goes through two hidden
    layers; on top is a masked autoregressive net over the nodes [1]_. To its log odds those of a
    first guess are added: what a node's own parent sets say, as if no graph had a cycle.

    Parameters
    ----------
    nodes : int
    hidden : int
        Units of each hidden layer.

    References
    ----------
    .. [1] Germain, Gregor, Murray & Larochelle (2015), MADE: masked autoencoder for distribution
           estimation, ICML 32.
    """

    def __init__(self, nodes: int, hidden: int) -> None:
        super().__init__()
        self.nodes, self.hidden = nodes, hidden
        width = max(nodes, 2)  # masks need two; the second of one node is never read
        self.state = torch.nn.Sequential(
            torch.nn.Linear(4 * nodes, hidden), torch.nn.SiLU(),
            torch.nn.Linear(hidden, hidden), torch.nn.SiLU(),
        )  # fmt: skip
        order = cast(torch.LongTensor, torch.arange(width))
        self.layer = ConditionalAutoRegressiveNN(
            width, hidden, [max(hidden, width)], [1], order, skip_connections=True
        )
        self.trust = torch.nn.Parameter(torch.ones(nodes))
        with torch.no_grad():  # it starts as the first guess
            for name, value in self.layer.named_parameters():
                if name.startswith(("layers.1", "skip_layer")):
                    value.zero_()

    def describe(self, inputs: torch.Tensor) -> torch.Tensor:
        """Hidden units of some states, shape (count, hidden)."""
        return self.state(inputs)

    def log_odds(
        self, inputs: torch.Tensor, described: torch.Tensor, joined: torch.Tensor
    ) -> torch.Tensor:
        """Log odds of every node given those before it in `joined`; shapes (count, d)."""
        wide = pad(joined, (0, max(self.nodes, 2) - self.nodes))
        found = self.layer(wide, context=described)[:, : self.nodes]
        guess = torch.clamp(torch.sinh(inputs[:, -self.nodes :]), -_MOST_ODDS, _MOST_ODDS)
        return found + self.trust * guess

    def log_probability(
        self, inputs: torch.Tensor, joined: torch.Tensor, free: torch.Tensor
    ) -> torch.Tensor:
        """Log probability of the next layers, over the nodes that are free to join or not.

        Parameters
        ----------
        inputs : Tensor, shape (count, 4 d)
        joined, free : Tensor of 0 and 1, shape (count, d)

        Returns
        -------
        Tensor, shape (count,)
        """
        odds = self.log_odds(inputs, self.describe(inputs), joined)
        law = dist.Bernoulli(logits=odds, validate_args=False)
        return (law.log_prob(joined) * free).sum(-1)


def net_inputs(
    placed: np.ndarray, last: np.ndarray, within: np.ndarray, beyond: np.ndarray
) -> np.ndarray:
    """What the net is told of some states.

    Parameters
    ----------
    placed, last : ndarray of bool, shape (states, d)
    within, beyond : ndarray, shape (states, d)
        Log sums over the parent sets that let a node join now, and over those of later layers.

    Returns
    -------
    ndarray, shape (states, 4 d)
    """
    candidates = np.isfinite(within)
    guess = np.where(candidates, within, 0.0) - np.where(candidates, beyond, 0.0)
    # Log odds run to hundreds where data are many; without later parent sets they are infinite.
    guess = np.arcsinh(np.clip(guess, -_LIMIT, _LIMIT))
    return np.concatenate([placed, last, candidates, guess], axis=1)


def new_net(nodes: int, hidden: int, seed: int) -> LayerNet:
    """A net before training; torch's own generator is left as it was.

    Parameters
    ----------
    nodes, hidden : int
    seed : int
    """
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        return LayerNet(nodes, hidden)


def net_arrays(net: LayerNet) -> dict[str, np.ndarray]:
    """The weights of a net by name."""
    return {name: value.detach().numpy().copy() for name, value in net.named_parameters()}


def load_weights(net: LayerNet, arrays: Mapping[str, np.ndarray]) -> None:
    """Put weights in place; their names and shapes are the net's."""
    with torch.no_grad():
        for name, value in net.named_parameters():
            value.copy_(torch.from_numpy(np.asarray(arrays[name], dtype=float)))

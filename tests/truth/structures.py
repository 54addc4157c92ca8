"""Structural models of a graph, small enough to enumerate: the truth of cross-world effects.

Nothing here uses the package.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import product

import numpy as np
from numpy.typing import NDArray

from tests.truth.graph_laws import Array, Diagram


@dataclass(frozen=True)
class Structure:
    """Independent errors with few values: every world's variables can be computed together.

    `functions[v][parents' values as a binary number, error]` is the value of v.
    """

    diagram: Diagram
    functions: tuple[NDArray[np.int64], ...]
    weights: tuple[Array, ...]

    @classmethod
    def random(cls, rng: np.random.Generator, diagram: Diagram, values: int) -> Structure:
        functions, weights = [], []
        # each row of a function takes both values, so that no probability is 0 or 1
        rows = np.array([row for row in product((0, 1), repeat=values) if 0 < sum(row) < values])
        for parents in diagram.parents:
            chosen = rng.permutation(len(rows))[np.arange(2 ** len(parents)) % len(rows)]
            functions.append(rows[chosen])
            weights.append(rng.dirichlet(np.full(values, 4.0)))
        return cls(diagram, tuple(functions), tuple(weights))

    def errors(self) -> tuple[NDArray[np.int64], Array]:
        """All combinations of errors, nodes x combinations, and their probabilities."""
        shape = [len(w) for w in self.weights]
        grid = np.indices(shape).reshape(len(shape), -1)
        chances = np.ones(grid.shape[1])
        for row, w in zip(grid, self.weights, strict=True):
            chances = chances * w[row]
        return grid, chances

    def world(self, errors, fixed: dict[int, object]) -> list[NDArray[np.int64]]:
        """Every variable, where `fixed` are set: to a number, or to values of another world."""
        found: list[NDArray[np.int64]] = []
        for v, parents in enumerate(self.diagram.parents):
            if v in fixed:
                found.append(np.broadcast_to(fixed[v], errors.shape[1:]))
                continue
            code = np.zeros(errors.shape[1], dtype=np.int64)
            for u in parents:
                code = 2 * code + found[u]
            found.append(self.functions[v][code, errors[v]])
        return found

    def joint(self) -> Array:
        """The observed law, shaped as one law of a batch."""
        errors, chances = self.errors()
        code = np.zeros(errors.shape[1], dtype=np.int64)
        for values in self.world(errors, {}):
            code = 2 * code + values
        table = np.bincount(code, chances, minlength=2**self.diagram.nodes)
        return table.reshape((1,) + (2,) * self.diagram.nodes)

    def natural_truth(self, a: int, y: int, mediators: Sequence[int]) -> Array:
        """E[Y(a, M(a*))] for (a, a*) in 00, 01, 10, 11."""
        errors, chances = self.errors()
        inner = [self.world(errors, {a: level}) for level in (0, 1)]
        means = []
        for level, other in product((0, 1), repeat=2):
            fixed = {a: level, **{m: inner[other][m] for m in mediators}}
            means.append(chances @ self.world(errors, fixed)[y])
        return np.array(means)

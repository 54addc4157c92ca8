"""What is estimated in a graph: sums of means, or sums of products of slopes.

A term is a function of parts, each of which is estimated once for all graphs that need it.
Its gradient turns their influence values into its own.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Mapping
from dataclasses import dataclass, field

import numpy as np

Part = Hashable
Read = Callable[[Part], float]


@dataclass(frozen=True)
class WorldMean:
    """The mean outcome of a world: exposure levels for groups of mediators and the outcome.

    Attributes
    ----------
    covariates : tuple of str
    groups : tuple of tuples of str
        Ordered mediators, after `collapse`.
    levels : tuple of int
        1 where exposed, 0 at the reference: of each group, and of the outcome.
    intermediates : tuple of str
        With some, the one group is drawn from its law given the covariates (interventional).
    """

    covariates: tuple[str, ...]
    groups: tuple[tuple[str, ...], ...]
    levels: tuple[int, ...]
    intermediates: tuple[str, ...] = ()


@dataclass(frozen=True)
class Slope:
    """How much a child changes with a parent, its other parents held: child, parent, others."""

    child: str
    parent: str
    others: tuple[str, ...]


@dataclass(frozen=True)
class Term:
    """A polynomial in parts: for each product of parts its coefficient.

    Attributes
    ----------
    products : mapping of tuple of parts to float
        A mean of worlds is a product of one part; a path per unit one of as many as arrows.
    kind : str
        "natural", "interventional" or "per unit".

    Examples
    --------
    >>> term = Term({("b", "c"): 1.0, ("a",): -2.0})
    >>> term.value({"a": 1.0, "b": 2.0, "c": 3.0}.__getitem__)
    4.0
    >>> term.gradient({"a": 1.0, "b": 2.0, "c": 3.0}.__getitem__)
    {'b': 3.0, 'c': 2.0, 'a': -2.0}
    """

    products: Mapping[tuple[Part, ...], float] = field(default_factory=dict)  # pyright: ignore
    kind: str = "natural"

    @property
    def key(self) -> Hashable:
        """Terms with one key are one number."""
        return frozenset(self.products.items())

    @property
    def parts(self) -> tuple[Part, ...]:
        """The parts, each once."""
        return tuple(dict.fromkeys(part for product in self.products for part in product))

    def value(self, read: Read) -> float:
        """The term at the values of its parts."""
        return float(
            sum(c * np.prod([read(part) for part in ps]) for ps, c in self.products.items())
        )

    def gradient(self, read: Read) -> dict[Part, float]:
        """Its derivative by each part."""
        found: dict[Part, float] = {}
        for product, coefficient in self.products.items():
            for k, part in enumerate(product):
                others = [read(other) for j, other in enumerate(product) if j != k]
                found[part] = found.get(part, 0.0) + float(coefficient * np.prod(others))
        return found

    def plus(self, other: Term, times: float = 1.0) -> Term:
        """The sum with a multiple of another; what cancels is dropped.

        Examples
        --------
        >>> Term({("a",): 1.0, ("b",): 1.0}).plus(Term({("b",): 1.0}), -1.0).products
        {('a',): 1.0}
        """
        products = dict(self.products)
        for product, coefficient in other.products.items():
            products[product] = products.get(product, 0.0) + times * coefficient
        kind = "interventional" if "interventional" in (self.kind, other.kind) else self.kind
        return Term({p: c for p, c in products.items() if c != 0.0}, kind)


NOTHING = Term()

"""The weighted controlled direct effect: when a set of covariates identifies it."""

from __future__ import annotations

from collections.abc import Collection, Iterator

from causalif.graph.conditions import Condition
from causalif.graph.dag import Question
from causalif.graph.search import Node


def weighted_conditions(question: Question, covariates: Collection[Node]) -> Iterator[Condition]:
    """Conditions (i) to (iii)."""
    raise NotImplementedError

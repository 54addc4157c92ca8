"""From data to the table of all parent sets' scores, in one call."""

from __future__ import annotations

from typing import Any

from causalif.errors import Problems, check_choice
from causalif.sigma.scores.nodes import PRIORS, read_nodes, score_parent_sets
from causalif.sigma.scores.tables import ScoreTable


def score_table(data: Any, *, prior: str = "uniform", **given: Any) -> ScoreTable:
    problems = Problems()
    check_choice(problems, "prior", prior, PRIORS)
    nodes = read_nodes(data, problems=problems, **given)
    return score_parent_sets(nodes, nodes.knowledge.parent_sets(), prior).table()

"""From a data frame to nodes that can be scored, and from there to scored parent sets."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from numbers import Real
from typing import Any

import numpy as np
from scipy.special import comb

from causalif.data.frames import read_frame
from causalif.data.variables import Variable
from causalif.errors import Problems, check_choice
from causalif.sigma.scores.columns import (
    Levels,
    as_levels,
    as_numbers,
    choose_columns,
    is_continuous,
    read_all,
)
from causalif.sigma.scores.discrete import bdeu_totals, multinomial_bic_totals
from causalif.sigma.scores.gaussian import Moments, bge_totals, check_collinear, gaussian_bic_totals
from causalif.sigma.scores.knowledge import Knowledge, read_knowledge
from causalif.sigma.scores.mixed import MixedRows, check_determined, mixed_scores
from causalif.sigma.scores.parents import ParentSets, Scorer
from causalif.sigma.scores.tables import check_count
from causalif.sigma.scores.totals import local_from_totals

SCORES = ("bge", "bic", "bdeu", "mixed", "ladder")
PRIORS = ("uniform", "fair")


@dataclass(frozen=True)
class Nodes:
    """Columns, checked and ready to be scored as nodes of a graph.

    Attributes
    ----------
    names : tuple of str, length d
    knowledge : Knowledge
    scorer : callable
        Per node an array of parent bitmasks -> per node their log local scores.
    variables : tuple of Variable, length d
        The columns as they were read.
    rows : int
    values : ndarray, shape (n, d), or None
        The numbers, for score="ladder"; its `scorer` is that of "bge", on which it builds.
    """

    names: tuple[str, ...]
    knowledge: Knowledge
    scorer: Scorer
    variables: tuple[Variable, ...]
    rows: int
    values: np.ndarray | None = None


def read_nodes(
    data: Any,
    *,
    score: str = "bge",
    columns: Sequence[str] | None = None,
    tiers: Any = None,
    required: Any = (),
    forbidden: Any = (),
    max_parents: int | None = None,
    equivalent_rows: float = 1.0,
    problems: Problems | None = None,
) -> Nodes:
    """Check data and background knowledge at once, and prepare the scores.

    Parameters
    ----------
    data : DataFrame
        pandas, or any frame in memory that narwhals reads.
    score : {"bge", "bic", "bdeu", "mixed", "ladder"}
        "bge": numbers, linear-Gaussian, marginal likelihood. "bic": the same by BIC where the
        columns are numbers; multinomial where no column is continuous. "bdeu": levels, marginal
        likelihood. "mixed": numbers and levels (text, categories, numbers of up to five
        values), by BIC of linear and multinomial regressions without interactions. "ladder":
        numbers, of which the caller makes more than "bge" does; those of up to five values
        are scored as by "mixed", given others as numbers.
    columns : list of str, optional
        The nodes; by default all columns.
    tiers : mapping of str to number, or sequence of lists of str, optional
        No arrow goes from a later tier to an earlier one.
    required, forbidden : text or sequence of pairs
        Arrows: ``[("A", "B")]`` or ``"A -> B; C -> D"``.
    max_parents : int, optional
    equivalent_rows : float, default 1
        How many rows the prior of "bdeu" is worth (its equivalent sample size).
    problems : Problems, optional
        What the caller has noted already: it is raised together with what is found here.

    Returns
    -------
    Nodes

    Raises
    ------
    DataError
        Unusable columns, fewer rows than columns, more than 62 columns, contradictory knowledge.

    Examples
    --------
    >>> rng = np.random.default_rng(1)
    >>> a = rng.normal(size=100)
    >>> nodes = read_nodes(pd.DataFrame({"A": a, "B": a + rng.normal(size=100)}))
    >>> alone, after_a = nodes.scorer([np.array([], dtype=int), np.array([0b00, 0b01])])[1]
    >>> bool(after_a > alone)  # A -> B is seen
    True
    """
    problems = Problems() if problems is None else problems
    _check_options(score, equivalent_rows, problems)
    frame = read_frame(data, problems)
    names = choose_columns(frame, columns, problems)
    check_count(len(names), problems)
    knowledge = read_knowledge(
        names,
        tiers=tiers,
        required=required,
        forbidden=forbidden,
        max_parents=max_parents,
        problems=problems,
    )
    variables = read_all(frame, names, problems)
    if score not in SCORES:
        problems.raise_if_any()
    values = _numbers(variables, score, problems) if score in ("bge", "ladder") else None
    scorer = (
        _scorer(variables, score, equivalent_rows, problems)
        if values is None
        else partial(local_from_totals, partial(bge_totals, Moments.of(values)))
    )
    if score == "ladder" and not all(is_continuous(v) for v in variables):
        is_level = tuple(not is_continuous(v) for v in variables)
        mixed = partial(mixed_scores, _mixed_rows(variables, problems))
        scorer = partial(_numbers_and_levels, scorer, mixed, is_level)
    kept = values if score == "ladder" else None
    return Nodes(knowledge.names, knowledge, scorer, tuple(variables), frame.n, kept)


def _numbers_and_levels(
    numbers: Scorer, levels: Scorer, is_level: Sequence[bool], sets: Sequence[np.ndarray]
) -> list[np.ndarray]:
    """One score for nodes that are numbers, another for nodes of few values."""
    nothing = np.array([], dtype=np.int64)
    one = numbers([nothing if few else own for own, few in zip(sets, is_level, strict=True)])
    two = levels([own if few else nothing for own, few in zip(sets, is_level, strict=True)])
    return [b if few else a for a, b, few in zip(one, two, is_level, strict=True)]


def score_parent_sets(
    nodes: Nodes, sets: Sequence[np.ndarray], prior: str = "uniform"
) -> ParentSets:
    """Score parent sets, and add the structure prior.

    Parameters
    ----------
    nodes : Nodes
    sets : sequence of ndarray of int64
        Per node, bitmasks of parents: ``nodes.knowledge.parent_sets()``, or candidates.
    prior : {"uniform", "fair"}
        Uniform over graphs, or fair: each number of parents of a node equally likely.

    Examples
    --------
    >>> rng = np.random.default_rng(1)
    >>> a = rng.normal(size=100)
    >>> data = pd.DataFrame({"A": a, "B": a + rng.normal(size=100)})
    >>> nodes = read_nodes(data, tiers=[["A"], ["B"]])
    >>> found = score_parent_sets(nodes, nodes.knowledge.parent_sets())
    >>> [masks.tolist() for masks in found.masks]  # the best first; B -> A goes back in time
    [[0], [1, 0]]
    """
    problems = Problems()
    check_choice(problems, "prior", prior, PRIORS)
    problems.raise_if_any()
    local = nodes.scorer(sets)
    scores = [
        values + log_prior(masks, len(nodes.names), prior)
        for masks, values in zip(sets, local, strict=True)
    ]
    return ParentSets.of(nodes.names, sets, scores)


def log_prior(sets: np.ndarray, nodes: int, prior: str) -> np.ndarray:
    """Log prior weight of parent sets, up to a constant per node.

    Examples
    --------
    >>> np.exp(log_prior(np.array([0b000, 0b010, 0b110]), 3, "fair")).round(12)
    array([1. , 0.5, 1. ])
    """
    if prior == "uniform":
        return np.zeros(len(sets))
    return -np.log(comb(nodes - 1, np.bitwise_count(sets).astype(float)))


def _check_options(score: Any, equivalent_rows: Any, problems: Problems) -> None:
    check_choice(problems, "score", score, SCORES)
    number = isinstance(equivalent_rows, Real) and not isinstance(equivalent_rows, bool)
    if not (number and 0 < float(equivalent_rows) < np.inf):
        problems.add(f"equivalent_rows={equivalent_rows!r} is not a positive number.")


def _scorer(
    variables: Sequence[Variable], score: str, equivalent_rows: float, problems: Problems
) -> Scorer:
    if score == "mixed":
        return partial(mixed_scores, _mixed_rows(variables, problems))
    if score == "bdeu":
        levels = _all_levels(variables, score, problems)
        return partial(local_from_totals, partial(bdeu_totals, levels, equivalent_rows))
    if not any(is_continuous(v) for v in variables):
        levels = _all_levels(variables, score, problems)
        return partial(local_from_totals, partial(multinomial_bic_totals, levels))
    moments = Moments.of(_numbers(variables, score, problems))
    # The prior of "bge" keeps collinear columns apart; here nothing does.
    check_collinear(moments, [variable.name for variable in variables], problems)
    problems.raise_if_any()
    return partial(local_from_totals, partial(gaussian_bic_totals, moments))


def _numbers(variables: Sequence[Variable], score: str, problems: Problems) -> np.ndarray:
    numbers = [as_numbers(variable, score, problems) for variable in variables]
    problems.raise_if_any()
    return np.column_stack([column for column in numbers if column is not None])


def _all_levels(variables: Sequence[Variable], score: Any, problems: Problems) -> list[Levels]:
    levels = [as_levels(variable, score, problems) for variable in variables]
    problems.raise_if_any()
    return [column for column in levels if column is not None]


def _mixed_rows(variables: Sequence[Variable], problems: Problems) -> MixedRows:
    columns = [
        v.numbers if is_continuous(v) else as_levels(v, "mixed", problems) for v in variables
    ]
    problems.raise_if_any()
    rows = MixedRows.of([column for column in columns if column is not None])
    check_determined(rows, [variable.name for variable in variables], problems)
    problems.raise_if_any()
    return rows

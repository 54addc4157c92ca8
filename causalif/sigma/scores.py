"""From a data frame to the table of local scores."""

from __future__ import annotations

from collections.abc import Sequence
from numbers import Real
from typing import Any

import numpy as np

from causalif.data.frames import read_frame
from causalif.data.variables import Variable
from causalif.errors import Problems, check_choice
from causalif.sigma.columns import (
    Levels,
    as_levels,
    as_numbers,
    choose_columns,
    is_continuous,
    read_all,
)
from causalif.sigma.discrete import bdeu_totals, multinomial_bic_totals
from causalif.sigma.gaussian import Moments, bge_totals, check_collinear, gaussian_bic_totals
from causalif.sigma.knowledge import Knowledge, read_knowledge
from causalif.sigma.mixed import MixedRows, check_determined, mixed_scores
from causalif.sigma.tables import PRIORS, ScoreTable, check_size
from causalif.sigma.totals import local_from_totals

SCORES = ("bge", "bic", "bdeu", "mixed")


def score_table(
    data: Any,
    *,
    score: str = "bge",
    prior: str = "uniform",
    columns: Sequence[str] | None = None,
    tiers: Any = None,
    required: Any = (),
    forbidden: Any = (),
    max_parents: int | None = None,
    equivalent_rows: float = 1.0,
) -> ScoreTable:
    """Score every parent set of every column.

    Parameters
    ----------
    data : DataFrame
        pandas, or any frame in memory that narwhals reads.
    score : {"bge", "bic", "bdeu", "mixed"}
        "bge": numbers, linear-Gaussian, marginal likelihood. "bic": the same by BIC where the
        columns are numbers; multinomial where no column is continuous. "bdeu": levels, marginal
        likelihood. "mixed": numbers and levels (text, categories, numbers of up to five
        values), by BIC of linear and multinomial regressions without interactions.
    prior : {"uniform", "fair"}
        Over graphs; "fair" makes each number of parents of a node equally likely.
    columns : list of str, optional
        The nodes; by default all columns.
    tiers : mapping of str to number, or sequence of lists of str, optional
        No arrow goes from a later tier to an earlier one.
    required, forbidden : text or sequence of pairs
        Arrows: ``[("A", "B")]`` or ``"A -> B; C -> D"``.
    max_parents : int, optional
    equivalent_rows : float, default 1
        How many rows the prior of "bdeu" is worth (its equivalent sample size).

    Returns
    -------
    ScoreTable

    Raises
    ------
    DataError
        Unusable columns, fewer rows than columns, more than 14 columns, contradictory knowledge.

    Examples
    --------
    >>> rng = np.random.default_rng(1)
    >>> a = rng.normal(size=100)
    >>> data = pd.DataFrame({"A": a, "B": a + rng.normal(size=100)})
    >>> table = score_table(data, tiers=[["A"], ["B"]])
    >>> bool(np.isneginf(table.scores[0, 0b10]))  # B -> A goes back in time
    True
    >>> bool(table.scores[1, 0b01] > table.scores[1, 0])  # A -> B is seen
    True
    """
    problems = Problems()
    _check_options(score, prior, equivalent_rows, problems)
    frame = read_frame(data, problems)
    names = choose_columns(frame, columns, problems)
    check_size(len(names), problems)
    knowledge = read_knowledge(
        names,
        tiers=tiers,
        required=required,
        forbidden=forbidden,
        max_parents=max_parents,
        problems=problems,
    )
    variables = read_all(frame, names, problems)
    local = _local_scores(variables, score, knowledge, equivalent_rows, problems)
    return ScoreTable.build(local, knowledge, prior)


def _check_options(score: Any, prior: Any, equivalent_rows: Any, problems: Problems) -> None:
    check_choice(problems, "score", score, SCORES)
    check_choice(problems, "prior", prior, PRIORS)
    number = isinstance(equivalent_rows, Real) and not isinstance(equivalent_rows, bool)
    if not (number and 0 < float(equivalent_rows) < np.inf):
        problems.add(f"equivalent_rows={equivalent_rows!r} is not a positive number.")


def _local_scores(
    variables: Sequence[Variable],
    score: Any,
    knowledge: Knowledge,
    equivalent_rows: float,
    problems: Problems,
) -> np.ndarray:
    if score not in SCORES:
        problems.raise_if_any()
    most = min(knowledge.max_parents + 1, len(knowledge.names))
    if score == "mixed":
        rows = _mixed_rows(variables, problems)
        return mixed_scores(rows, knowledge.permitted())
    if score == "bdeu" or (score == "bic" and not any(is_continuous(v) for v in variables)):
        levels = _all_levels(variables, score, problems)
        if score == "bdeu":
            return local_from_totals(bdeu_totals(levels, most, equivalent_rows))
        return local_from_totals(multinomial_bic_totals(levels, most))
    moments = _moments(variables, score, problems)
    totals = bge_totals if score == "bge" else gaussian_bic_totals
    return local_from_totals(totals(moments, most))


def _moments(variables: Sequence[Variable], score: Any, problems: Problems) -> Moments:
    numbers = [as_numbers(variable, score, problems) for variable in variables]
    problems.raise_if_any()
    moments = Moments.of(np.column_stack([column for column in numbers if column is not None]))
    if score == "bic":  # the prior of "bge" keeps collinear columns apart
        check_collinear(moments, [variable.name for variable in variables], problems)
        problems.raise_if_any()
    return moments


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

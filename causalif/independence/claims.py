"""Which independencies are tested, by which method, and whether the data allow it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np

from causalif.errors import DataWarning, Problems, SmallSampleWarning, did_you_mean, warn
from causalif.graph.dag import latent_nodes, names_in
from causalif.graph.independencies import Independence, implied_independencies
from causalif.graph.search import Graph, Node, connected
from causalif.independence.columns import Measured
from causalif.independence.found import Found

LEAST_ROWS = 20  # to cross-fit anything
FEW_ROWS = 100  # for learners
FEW_IN_LEVEL = 10
FEW_LEFT = 10  # degrees of freedom of a partial correlation


def choose_claims(dag: Graph, given: Any, latent: Any, problems: Problems) -> list[Independence]:
    """All that the graph implies, or what the user chose of it."""
    hidden = latent_nodes(dag) | set(names_in(dag, latent, "latent", problems))
    if given is None:
        return implied_independencies(dag, latent=[node for node in dag if node in hidden])
    if isinstance(given, Independence):
        given = [given]
    if not isinstance(given, Iterable):
        problems.add(f"independencies is a {type(given).__name__}, not a list of Independence.")
        return []
    return [claim for claim in given if _is_implied(claim, dag, hidden, problems)]


def _is_implied(claim: Any, dag: Graph, hidden: set[Node], problems: Problems) -> bool:
    if not isinstance(claim, Independence):
        problems.add(
            f"independencies holds {claim!r}, which is no Independence.",
            "Choose from implied_independencies(dag), or write Independence(first, second, given).",
        )
        return False
    known = True
    for node in (claim.first, claim.second, *claim.given):
        if node not in dag or node in hidden:
            known = False
            why = "is latent" if node in hidden else "is not in the graph"
            hint = "" if node in hidden else did_you_mean(node, dag)
            problems.add(f"independencies: {str(node)!r} of '{claim}' {why}.", hint)
    if known and connected(dag, [claim.first], [claim.second], claim.given):
        known = False
        problems.add(
            f"independencies: the graph does not imply '{claim}'.",
            "Testing it would say nothing about the graph.",
        )
    return known


def names_of(claim: Independence) -> list[str]:
    """The columns of a test: the two, then those given."""
    return [str(node) for node in (claim.first, claim.second, *claim.given)]


def choose_method(
    claim: Independence, method: str, columns: Mapping[str, Measured], problems: Problems
) -> str:
    """How one claim is tested; a column that the method cannot take is a problem."""
    involved = [columns[name] for name in names_of(claim) if name in columns]
    if method == "auto":
        continuous = all(column.is_continuous for column in involved)
        return "partial_correlation" if continuous else "classification"
    for column in involved[:2] if method == "partial_correlation" else []:
        if column.numbers is None and len(column.levels) > 2:
            problems.add(
                f"column {column.name!r} has {len(column.levels)} levels and no numbers: it has no "
                "partial correlation.",
                'Use method="auto" or method="classification".',
            )
    return method


def check_rows(
    claims: Sequence[Independence],
    methods: Sequence[str],
    columns: Mapping[str, Measured],
    n: int,
    problems: Problems,
) -> None:
    """Refuse too few rows, and warn of few, once for each kind of test."""
    if "classification" in methods and n < LEAST_ROWS:
        problems.add(f"{n} rows are too few: cross-fitted tests need {LEAST_ROWS} at least.")
    least = {
        claim: _rows_left(claim, columns, n)
        for claim, method in zip(claims, methods, strict=True)
        if method == "partial_correlation"
    }
    if least and min(least.values()) < 1:
        worst = min(least, key=least.__getitem__)
        problems.add(
            f"{n} rows are too few to test '{worst}': that takes {n + 1 - least[worst]}.",
        )
    problems.raise_if_any()
    if least and min(least.values()) < FEW_LEFT:
        worst = min(least, key=least.__getitem__)
        warn(
            f"only {least[worst]} degrees of freedom are left to test '{worst}' on {n} rows: "
            "such a test finds strong dependence only.",
            SmallSampleWarning,
        )
    if "classification" in methods:
        _warn_on_few(claims, methods, columns, n)


def _rows_left(claim: Independence, columns: Mapping[str, Measured], n: int) -> int:
    given = [columns[name] for name in names_of(claim)[2:] if name in columns]
    return n - 3 - sum(column.linear().shape[1] for column in given)


def _warn_on_few(
    claims: Sequence[Independence],
    methods: Sequence[str],
    columns: Mapping[str, Measured],
    n: int,
) -> None:
    if n < FEW_ROWS:
        warn(
            f"{n} rows are few for cross-fitted learners: true claims may be rejected too often. "
            'learners="glm" learns from fewer.',
            SmallSampleWarning,
        )
    ends = {
        name: columns[name]
        for claim, method in zip(claims, methods, strict=True)
        if method == "classification"
        for name in names_of(claim)[:2]
    }
    for name, column in ends.items():
        if column.codes is None:
            continue
        counts = np.sort(np.bincount(column.codes, minlength=len(column.levels)))
        if counts[-2] < FEW_IN_LEVEL:
            warn(
                f"column {name!r} has one value in all but {counts[:-1].sum()} of {n} rows: its "
                "p-values are rough.",
                SmallSampleWarning,
            )


def warn_on_untestable(claims: Sequence[Independence], found: Sequence[Found]) -> None:
    """Say which tests could not be made, and why."""
    reasons = [
        f"'{claim}' ({test.reason})"
        for claim, test in zip(claims, found, strict=True)
        if test.reason
    ]
    if reasons:
        more = f" and {len(reasons) - 3} more" if len(reasons) > 3 else ""
        one = len(reasons) == 1
        warn(
            f"{'one independence' if one else f'{len(reasons)} independencies'} cannot be tested: "
            f"{', '.join(reasons[:3])}{more}. No p-value is given for {'it' if one else 'them'}.",
            DataWarning,
        )

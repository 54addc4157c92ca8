"""Formula terms: which columns they read, and their encoded values."""

from __future__ import annotations

import ast
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from causalif.data.design import Column
from causalif.data.encoding import is_discrete
from causalif.data.variables import TOO_LARGE
from causalif.errors import Problems, first_rows


@dataclass(frozen=True)
class Term:
    """A transformation or product of columns, as a formula writes it.

    Attributes
    ----------
    name : str
        The term as text: ``"log(income)"``, ``"age:sex"``.
    variables : tuple of str
        The columns of data it reads.
    expression : formulaic Term
    context : mapping
        The names the user's code could see where the formula was written.
    """

    name: str
    variables: tuple[str, ...]
    expression: Any
    context: Mapping[str, Any]


def names_in(expression: str) -> set[str]:
    """The names (of columns or of Python objects) that a Python factor reads.

    Examples
    --------
    >>> sorted(names_in("log(`my income` + np.abs(age))"))
    ['age', 'log', 'my income', 'np']
    """
    quoted: dict[str, str] = {}

    def plain(match: re.Match[str]) -> str:
        return quoted.setdefault(match[1], f"_quoted_{len(quoted)}")

    tree = ast.parse(re.sub(r"`([^`]*)`", plain, expression), mode="eval")
    back = {alias: name for name, alias in quoted.items()}
    nodes = list(ast.walk(tree))
    bound = {node.arg for node in nodes if isinstance(node, ast.arg)}
    bound |= {n.id for n in nodes if isinstance(n, ast.Name) and isinstance(n.ctx, ast.Store)}
    found = {node.id for node in nodes if isinstance(node, ast.Name)} - bound
    return {back.get(name, name) for name in found}


def evaluate(
    names: Sequence[str],
    terms: Mapping[str, Term],
    values: Mapping[str, pd.Series[Any]],
    missing: np.ndarray | None,
    problems: Problems,
) -> dict[str, Column]:
    """Encode the terms of one role together, without intercept, in reference coding.

    Parameters
    ----------
    names : sequence of str
        All names of the role: whether a product needs full dummies depends on its
        main effects.
    terms : mapping of str to Term
    values : mapping of str to Series
        The columns that the terms read, checked and imputed.
    missing : ndarray of bool or None, shape (n,)
        Rows that become NaN whatever the term says of them (``nan > 2`` is false).
    problems : Problems

    Returns
    -------
    dict of str to Column
        The terms only; plain columns are encoded elsewhere.
    """
    used = [name for name in names if name in terms]
    frame = pd.DataFrame(dict(values), copy=False)
    frame.index = pd.RangeIndex(len(frame))
    try:
        matrix, spec = _model_matrix(names, terms, frame)
    except Exception as error:  # a term runs the user's code
        problems.add(
            f"formula term{'s' if len(used) > 1 else ''} {', '.join(map(repr, used))} cannot be "
            f"evaluated: {plain_text(str(error))}.",
            "Correct the term, or make the column in data and name it.",
        )
        return {}
    places = {str(term): columns for term, columns in spec.term_indices.items()}
    columns: dict[str, Column] = {}
    for name in used:
        at = places[str(terms[name].expression)]
        labels = tuple(str(spec.column_names[k]).replace("[T.", "[") for k in at)
        block = np.array(matrix[:, at], dtype="float64")
        if missing is not None:
            block[missing] = np.nan
        if _finite(block, missing, name, values, problems):
            discrete = all(is_discrete(x) for x in block.T)
            columns[name] = Column(name, block, labels, discrete)
    return columns


def plain_text(message: str) -> str:
    """The first line of a formulaic message, without colours and brackets."""
    line = message.strip().split("\n")[0]
    return re.sub(r"\x1b\[[0-9;]*m|[⧛⧚`]", "", line).rstrip(".")


def _model_matrix(
    names: Sequence[str], terms: Mapping[str, Term], frame: pd.DataFrame
) -> tuple[np.ndarray, Any]:
    from formulaic import Formula
    from formulaic.parser.types import Factor
    from formulaic.parser.types import Term as Formulaic

    parts: list[Any] = [Formulaic([Factor("1", eval_method="literal")])]
    context: dict[str, Any] = {}
    for name in names:
        if name in terms:
            parts.append(terms[name].expression)
            context.update(terms[name].context)
        else:
            parts.append(Formulaic([Factor(name, eval_method="lookup")]))
    formula = Formula.from_spec(parts, ordering="none")
    with np.errstate(all="ignore"):  # log of zero is reported below, with its rows
        matrix: Any = formula.get_model_matrix(
            frame, na_action="ignore", output="numpy", context=context
        )
    return np.asarray(matrix), matrix.model_spec


def _finite(
    block: np.ndarray,
    missing: np.ndarray | None,
    name: str,
    values: Mapping[str, pd.Series[Any]],
    problems: Problems,
) -> bool:
    bad = ~np.all(np.abs(block) < TOO_LARGE, axis=1)
    if missing is not None:
        bad &= ~missing
    if not bad.any():
        return True
    index = next(iter(values.values())).index
    labels = list(index[np.flatnonzero(bad)[:4]])
    problems.add(
        f"formula term {name!r} is infinite or undefined in {int(bad.sum())} of {len(bad)} rows "
        f"({first_rows(labels)}).",
        "Shift or drop these values, or take another transformation.",
    )
    return False

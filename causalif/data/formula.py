"""Formulas: outcome ~ exposure | mediators | covariates, read with formulaic."""

from __future__ import annotations

import inspect
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from formulaic import Formula
from formulaic.errors import FormulaicError
from formulaic.transforms import TRANSFORMS

from causalif.data.frames import read_frame
from causalif.data.parts import BrokenFormula, Span, split_formula, tokens_of
from causalif.data.terms import Term, names_in
from causalif.errors import Problems


@dataclass(frozen=True)
class FormulaRoles:
    """What a formula says: names by role, and the terms among them.

    Attributes
    ----------
    outcome, exposure : str
    mediators, covariates : tuple of str
        Names of columns and of terms, in the order written.
    terms : mapping of str to Term
        Every name that is not simply a column.
    groups : tuple of tuples of str
        The mediators part by part; several parts where they are ordered.
    """

    outcome: str
    exposure: str
    mediators: tuple[str, ...]
    covariates: tuple[str, ...]
    terms: Mapping[str, Term]
    groups: tuple[tuple[str, ...], ...] = ()


def parse_formula(
    formula: str,
    data: Any,
    *,
    parts: int = 3,
    ordered: bool = False,
    problems: Problems | None = None,
) -> FormulaRoles:
    """Read the roles from a formula.

    Parameters
    ----------
    formula : str
        ``"outcome ~ exposure | mediators | covariates"``; the covariates may be left out.
        Odd names stand in backticks. Mediators, covariates and the outcome may be
        transformed: ``I(age**2)``, ``log(income)``, ``C(educ)``, ``age:sex``, ``bs(age, df=4)``.
    data : DataFrame
    parts : {3, 2}, default 3
        2: ``"outcome ~ exposure | covariates"``.
    ordered : bool, default False
        Take ``"outcome ~ exposure | M1 | M2 + M3 | covariates"`` too: where there is more
        than one bar after the first, the last part is the covariates, 1 for none.
    problems : Problems, optional
        Problems of the call so far, raised together with those of the formula.

    Returns
    -------
    FormulaRoles

    Raises
    ------
    DataError
        The formula is not of that form; the message marks the place.

    Examples
    --------
    >>> import pandas as pd
    >>> data = pd.DataFrame({"y": [1], "a": [0], "m": [2], "age": [30]})
    >>> roles = parse_formula("y ~ a | m | age + log(age)", data)
    >>> roles.exposure, roles.mediators, roles.covariates
    ('a', ('m',), ('age', 'log(age)'))
    """
    problems = Problems() if problems is None else problems
    columns = set(read_frame(data, problems).positions)
    try:
        return _roles(formula, columns, parts, ordered)
    except BrokenFormula as broken:
        broken.note(formula, "ordered" if ordered else parts, problems)
    problems.raise_if_any()
    raise AssertionError  # a broken formula always leaves a problem


def _roles(formula: str, columns: set[str], parts: int, ordered: bool) -> FormulaRoles:
    spans = split_formula(formula, parts, more=ordered)
    last = max(parts, len(spans) - 1)  # the place of the covariates, if they are there
    terms: dict[str, Term] = {}
    outcome = _names(formula, spans[0], columns, terms)
    if len(outcome) != 1:
        raise BrokenFormula("must have one outcome before the ~", spans[0][0])
    exposure = _column(formula, spans[1])
    groups = tuple(_names(formula, span, columns, terms) for span in spans[2:last])
    covariates = _names(formula, spans[last], columns, terms) if len(spans) > last else ()
    mediators = tuple(name for group in groups for name in group)
    return FormulaRoles(outcome[0], exposure, mediators, covariates, terms, groups)


def _column(formula: str, span: Span) -> str:
    """The exposure, which must be a column and nothing else."""
    tokens = tokens_of(formula[slice(*span)], span[0])
    names = [token.kind is not None and token.kind.value == "name" for token in tokens]
    if names == [True]:
        return tokens[0].token
    odd = tokens[names.index(False)] if False in names else tokens[-1]
    raise BrokenFormula(
        "must name one column as exposure, untransformed", span[0] + (odd.source_start or 0)
    )


def _names(formula: str, span: Span, columns: set[str], terms: dict[str, Term]) -> tuple[str, ...]:
    """The names of a part; terms that are not plain columns are put into `terms`."""
    try:
        found: Any = Formula.from_spec(formula[slice(*span)], ordering="none")
    except (FormulaicError, SyntaxError) as error:
        raise BrokenFormula.from_formulaic(error, span[0]) from None
    names: list[str] = []
    for expression in found:
        methods = [factor.eval_method.value for factor in expression.factors]
        if set(methods) == {"literal"}:
            continue  # the intercept: learners have their own
        plain = methods == ["lookup"]
        name = expression.factors[0].expr if plain else str(expression)
        names.append(name)
        if not plain:
            context = _caller_names()
            read = [v for factor in expression.factors for v in _reads(factor, columns, context)]
            terms[name] = Term(name, tuple(dict.fromkeys(read)), expression, context)
    return tuple(names)


def _reads(factor: Any, columns: set[str], context: Mapping[str, Any]) -> list[str]:
    """The columns that a factor reads, and the names that nobody knows."""
    if factor.eval_method.value != "python":
        return [factor.expr] if factor.eval_method.value == "lookup" else []
    known = {*context, *TRANSFORMS} - columns
    return sorted(names_in(factor.expr) - known)


def _caller_names() -> dict[str, Any]:
    """What the user's own code can see: the first frame outside causalif."""
    frame = inspect.currentframe()
    assert frame is not None
    while frame.f_back is not None and frame.f_globals.get("__name__", "").startswith("causalif"):
        frame = frame.f_back
    builtins: Any = frame.f_globals.get("__builtins__", {})
    known = builtins if isinstance(builtins, dict) else vars(builtins)
    seen = {**known, **frame.f_globals, **frame.f_locals}
    # A variable called C or log must not break the vocabulary of formulas.
    return {name: value for name, value in seen.items() if name not in TRANSFORMS}

"""The two ways to call an effect, by keywords or by formula, made one."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from causalif.data.build import build_design
from causalif.data.design import Design
from causalif.data.formula import parse_formula
from causalif.data.terms import Term
from causalif.errors import Problems


@dataclass(frozen=True)
class Call:
    """Data and the roles of its columns, as `build_design` takes them.

    Attributes
    ----------
    data : DataFrame
    exposure, outcome : str
    mediators, covariates : str or collection of str
        None where none are named.
    terms : mapping of str to Term
        Formula terms that the roles name.
    """

    data: Any
    exposure: Any
    outcome: Any
    mediators: Any = ()
    covariates: Any = ()
    terms: Mapping[str, Term] = field(default_factory=dict[str, Term])

    def design(self, **options: Any) -> Design:
        """Build the design; `options` are the other keywords of `build_design`."""
        return build_design(
            self.data,
            self.exposure,
            self.outcome,
            mediators=self.mediators,
            covariates=self.covariates,
            terms=self.terms,
            **options,
        )


def resolve_call(
    data: Any,
    exposure: Any = None,
    outcome: Any = None,
    mediators: Any = None,
    covariates: Any = None,
    *,
    need_mediators: bool = True,
    ordered: bool = False,
    problems: Problems | None = None,
) -> Call:
    """Read ``(data, "treat", "y", "m", ["age"])`` or ``("y ~ treat | m | age", data)``.

    Parameters
    ----------
    data : DataFrame or str
        The formula, where the call is one.
    exposure : str or DataFrame
        The data, where `data` is the formula.
    outcome, mediators, covariates
        Names; left out where there is a formula.
    need_mediators : bool, default True
        Whether a formula has a mediators part.
    ordered : bool, default False
        Whether it may have several, one for each mediator in order.
    problems : Problems, optional
        Problems of the call so far.

    Returns
    -------
    Call

    Raises
    ------
    DataError
        The formula cannot be read, or names are given beside it.

    Examples
    --------
    >>> import causalif as cif
    >>> jobs = cif.load_dataset("jobs")
    >>> call = resolve_call("depress2 ~ treat | job_seek | age + log(age)", jobs)
    >>> call.exposure, call.outcome, call.covariates
    ('treat', 'depress2', ('age', 'log(age)'))
    >>> call.design().n
    899
    """
    own = problems is None
    problems = Problems() if problems is None else problems
    formula, frame = _formula_first(data, exposure)
    if formula is None:
        return Call(data, exposure, outcome, mediators, covariates)
    for argument, value in (
        ("outcome", outcome),
        ("mediators", mediators),
        ("covariates", covariates),
    ):
        if value is not None:
            problems.add(
                f"{argument}={value!r} is given beside a formula.",
                "Name every column in one of the two.",
            )
    parts = 3 if need_mediators else 2
    roles = parse_formula(formula, frame, parts=parts, ordered=ordered, problems=problems)
    mediators = roles.groups if ordered else roles.mediators
    if own:
        problems.raise_if_any()
    return Call(
        frame, roles.exposure, roles.outcome, mediators, roles.covariates or None, roles.terms
    )


def _formula_first(data: Any, exposure: Any) -> tuple[str | None, Any]:
    """The formula, if there is one, and the frame; either may come first."""
    if isinstance(data, str) and ("~" in data or not isinstance(exposure, str | None)):
        return data, exposure
    if isinstance(exposure, str) and "~" in exposure and _has_not(data, exposure):
        return exposure, data
    return None, data


def _has_not(data: Any, name: str) -> bool:
    return name not in [str(column) for column in getattr(data, "columns", ())]

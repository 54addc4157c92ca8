"""Mediators, covariates and intermediates: read, impute, check, encode."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

import numpy as np

from causalif.data.checks import check_levels, check_missing, check_overlap, is_constant
from causalif.data.design import Column, Exposure
from causalif.data.encoding import as_pandas, encode, fill, impute
from causalif.data.frames import Frame
from causalif.data.subgroups import Subgroups
from causalif.data.terms import Term, evaluate
from causalif.data.variables import Variable, read_variable
from causalif.errors import Problems


@dataclass
class ColumnReader:
    """Reads each column once, although several terms may need it.

    Attributes
    ----------
    frame : Frame
    terms : mapping of str to Term
    missing : {"error", "ipw", "impute"}
    problems : Problems
    notes : list of str
    exposure : Exposure or None
        Columns that tell its levels apart are refused; None if it could not be read.
    by : Subgroups or None
        Their column is encoded as categories, whatever it was.
    columns : dict of str to Column
        What was encoded so far.
    constants : list of (role, name)
        Columns left out because they have one value.
    unseen : ndarray of bool, shape (n,)
        Rows in which some column was not seen, and complete rows are to stand for them.
    """

    frame: Frame
    terms: Mapping[str, Term]
    missing: str
    problems: Problems
    notes: list[str]
    exposure: Exposure | None
    by: Subgroups | None = None
    columns: dict[str, Column] = field(default_factory=dict[str, Column])
    constants: list[tuple[str, str]] = field(default_factory=list[tuple[str, str]])
    unseen: np.ndarray = field(init=False)
    _variables: dict[str, Variable | None] = field(default_factory=dict[str, Variable | None])
    _indicators: dict[str, Variable] = field(default_factory=dict[str, Variable])

    def __post_init__(self) -> None:
        self.unseen = np.full(self.frame.n, False)

    def read(self, names: Sequence[str], role: str) -> tuple[str, ...]:
        """Encode the columns of one role; the names that stay, indicators included."""
        terms = self._evaluate(names, role)
        kept: list[str] = []
        for name in names:
            column = (
                self._term(terms, name, role) if name in self.terms else self._plain(name, role)
            )
            if column is not None:
                self.columns[name] = column
                kept.append(name)
            kept += [flag for v in self._sources(name) if (flag := self._indicator(v, role))]
        return tuple(kept)

    def complete_rows(self, late: Sequence[str]) -> np.ndarray | None:
        """Rows in which every mediator and intermediate was seen, (n,); None where all are.

        Each of the others gets all of these columns from a complete row, so that nothing is
        found in them (a level, a combination of levels, a quantile) that complete rows have not.
        """
        if not self.unseen.any():
            return None
        if self.unseen.all():
            self.problems.add(
                "no row has every mediator and intermediate.", "Leave out a column, or impute them."
            )
            return None
        givers, lost = np.flatnonzero(~self.unseen), np.flatnonzero(self.unseen)
        donors = np.arange(len(self.unseen))
        donors[lost] = givers[np.arange(len(lost)) * len(givers) // len(lost)]  # evenly spread
        for name in late:
            column = self.columns[name]
            self.columns[name] = replace(column, values=column.values[donors])
        return ~self.unseen

    def _sources(self, name: str) -> tuple[str, ...]:
        """The columns of data behind a name."""
        return self.terms[name].variables if name in self.terms else (name,)

    def _evaluate(self, names: Sequence[str], role: str) -> dict[str, Column]:
        """The formula terms of a role, once all columns of the role can be used."""
        used = [name for name in names if name in self.terms]
        if not used:
            return {}
        sources = [v for name in used for v in self.terms[name].variables]
        plain = [name for name in names if name not in self.terms]
        found = {v: self._variable(v, role) for v in dict.fromkeys([*plain, *sources])}
        if any(variable is None for variable in found.values()):
            return {}
        values = {k: as_pandas(v, self.frame.index) for k, v in found.items() if v is not None}
        return evaluate(names, self.terms, values, None, self.problems)

    def _term(self, terms: Mapping[str, Column], name: str, role: str) -> Column | None:
        column = terms.get(name)
        if column is None or not self._useful(name, list(column.values.T), role):
            return None
        return column

    def _plain(self, name: str, role: str) -> Column | None:
        variable = self._variable(name, role)
        if variable is None or not self._useful(name, [variable.array], role):
            return None
        own = self.by is not None and name == self.by.name
        return encode(self.by.as_variable() if own and self.by is not None else variable)

    def _variable(self, name: str, role: str) -> Variable | None:
        """One column, checked and imputed; problems are noted the first time."""
        if name not in self._variables:
            self._variables[name] = self._checked(name, role)
        return self._variables[name]

    def _checked(self, name: str, role: str) -> Variable | None:
        variable = read_variable(self.frame, name, role, self.problems)
        if variable is None or not check_missing(
            variable, self.frame, role, self.missing, self.problems
        ):
            return None
        if not check_levels(variable, role, self.problems):
            return None
        rows = int(variable.missing.sum())
        if rows and self.missing == "ipw":
            self.unseen |= variable.missing
            return fill(variable)
        filled, indicator = impute(variable)
        if indicator is not None:
            self._indicators[name] = indicator
            how = f"the median, with an indicator {indicator.name!r}"
        else:
            how = "a level of its own"
        if rows:
            self.notes.append(f"{role} {name!r} is missing in {rows} rows: imputed by {how}.")
        return filled

    def _indicator(self, name: str, role: str) -> str | None:
        """The missingness indicator of a column, the first time it is asked for."""
        flag = self._indicators.pop(name, None)
        if flag is None or not self._useful(flag.name, [flag.array], role):
            return None
        self.columns[flag.name] = encode(flag)
        return flag.name

    def _useful(self, name: str, arrays: list[np.ndarray], role: str) -> bool:
        """Whether a column varies; one that leaves no overlap is a problem as well."""
        if is_constant(arrays):
            self.constants.append((role, name))
            return False
        if self.exposure is not None and self.exposure.name not in self._sources(name):
            check_overlap(arrays, f"{role} {name!r}", self.exposure, self.problems)
        return True

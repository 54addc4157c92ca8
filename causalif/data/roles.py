"""Which column plays which role: names made uniform, checked against the frame."""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Mapping
from dataclasses import dataclass
from itertools import combinations
from typing import Any

import numpy as np
import pandas as pd

from causalif.data.frames import Frame
from causalif.data.terms import Term
from causalif.errors import Problems, did_you_mean


@dataclass(frozen=True)
class Roles:
    """Names by role, each known to the frame (or the name of a formula term).

    Attributes
    ----------
    exposure, outcome : str or None
        None where the name given was unusable.
    mediators : tuple of tuples of str
    covariates, intermediates : tuple of str
    repeated : tuple of str
        Names given twice within a role; they are used once.
    by : str or None
        The column of subgroups; it is among the covariates.
    """

    exposure: str | None
    outcome: str | None
    mediators: tuple[tuple[str, ...], ...]
    covariates: tuple[str, ...]
    intermediates: tuple[str, ...]
    repeated: tuple[str, ...]
    by: str | None = None

    def groups(self) -> dict[str, tuple[str, ...]]:
        """Every encoded column by the singular name of its role."""
        mediators = tuple(name for group in self.mediators for name in group)
        return {
            "mediator": mediators,
            "covariate": self.covariates,
            "intermediate": self.intermediates,
        }


def as_names(value: Any, argument: str, frame: Frame | None, problems: Problems) -> list[str]:
    """A name, or any collection of names, as a list of str.

    Examples
    --------
    >>> as_names("age", "covariates", None, Problems())
    ['age']
    >>> as_names(None, "covariates", None, Problems()), as_names((0, 1), "x", None, Problems())
    ([], ['0', '1'])
    """
    if value is None:
        return []
    if isinstance(value, np.ndarray) and value.ndim == 0:
        value = value.item()
    if is_name(value) or (isinstance(value, tuple) and frame and str(value) in frame.positions):
        return [str(value)]
    if isinstance(value, pd.Series | pd.DataFrame) or not isinstance(value, Iterable):
        problems.add(
            f"{argument} must be column names, not a {type(value).__name__}.",
            'Name columns of data, such as "age" or ["age", "sex"].',
        )
        return []
    items: list[Any] = list(value)  # pyright: ignore[reportUnknownArgumentType]
    if any(not isinstance(item, Hashable) for item in items):
        problems.add(f"{argument} must be column names.", 'For example ["age", "sex"].')
        return []
    names = [str(item) for item in items]
    if isinstance(value, set | frozenset):  # sets have no order: take that of the frame
        places = {name: k for k, name in enumerate(frame.positions)} if frame else {}
        return sorted(names, key=lambda name: (places.get(name, len(places)), name))
    return names


def is_name(value: Any) -> bool:
    """Whether a value can be one column name (text or number), not an array."""
    return isinstance(value, str | int | float | np.integer | np.floating)


def find_roles(
    frame: Frame,
    given: Mapping[str, Any],
    terms: Mapping[str, Term],
    ordered: bool,
    problems: Problems,
) -> Roles:
    """Check the names of a call: unknown, duplicated, in two roles, given twice.

    Parameters
    ----------
    frame : Frame
    given : mapping
        The arguments exposure, outcome, mediators, covariates, intermediates, clusters,
        strata, weights, event and by, as the user gave them.
    terms : mapping of str to Term
        Formula terms, by the name under which a role uses them.
    ordered : bool
        Each item of `mediators` is a group of its own.
    problems : Problems
    """
    once = _Once(frame, terms, problems)
    exposure = once.single(given["exposure"], "exposure")
    outcome = once.single(given["outcome"], "outcome")
    groups = mediator_groups(given["mediators"], ordered, frame, problems, terms)
    mediators = once.grouped(groups) if any(groups) else ()
    covariates = once.several(given["covariates"], "covariates")
    intermediates = once.several(given["intermediates"], "intermediates")
    for argument in ("clusters", "strata", "weights"):
        if is_name(given[argument]):
            once.single(given[argument], argument)
    if given["event"] is not None:
        once.single(given["event"], "event")
    by = None if given["by"] is None else once.single(given["by"], "by")
    taken = {exposure, outcome, *intermediates, *(name for group in mediators for name in group)}
    if by is not None and by not in {*covariates, *taken}:
        covariates = (*covariates, by)
    repeated = tuple(once.repeated)
    roles = Roles(exposure, outcome, mediators, covariates, intermediates, repeated, by)
    _check_two_roles(roles, given, terms, problems)
    return roles


def mediator_groups(
    value: Any, ordered: bool, frame: Frame, problems: Problems, terms: Mapping[str, Term]
) -> list[list[str]]:
    """Mediators as groups of names: one group, or each item a group of its own."""
    nested = isinstance(value, list | tuple) and any(isinstance(g, list | tuple) for g in value)
    if nested:
        groups = [as_names(group, "mediators", frame, problems) for group in value]
    else:
        groups = [[name] for name in as_names(value, "mediators", frame, problems)]
    if not ordered:
        return [[name for group in groups for name in group]]
    _check_places(groups, problems, terms)
    return groups


def _check_places(groups: list[list[str]], problems: Problems, terms: Mapping[str, Term]) -> None:
    """In an order every mediator has one place, and no place is empty."""
    place: dict[str, int] = {}
    for k, group in enumerate(groups):
        if not group and len(groups) > 1:
            problems.add(f"group {k + 1} of the {len(groups)} ordered mediators is empty.")
        for name in (column for term in group for column in _variables(term, terms)):
            if place.setdefault(name, k) != k:
                problems.add(
                    f"mediator {name!r} stands in places {place[name] + 1} and {k + 1} of the "
                    "order.",
                    "Name it once.",
                )


class _Once:
    """Keeps known names, once each, and notes what is wrong with the others."""

    def __init__(self, frame: Frame, terms: Mapping[str, Term], problems: Problems) -> None:
        self.frame, self.terms, self.problems = frame, terms, problems
        self.repeated: list[str] = []

    def single(self, value: Any, argument: str) -> str | None:
        """The one name of a role, or None."""
        if isinstance(value, pd.Series) or not (is_name(value) or isinstance(value, list | tuple)):
            name = getattr(value, "name", None)
            hint = f"Give {name!r}." if isinstance(name, str) else "Name a column of data."
            what = "nothing" if value is None else f"a {type(value).__name__}"
            self.problems.add(f"{argument} must be a column name, not {what}.", hint)
            return None
        names = as_names(value, argument, self.frame, self.problems)
        if len(names) != 1:
            self.problems.add(f"{argument} must be one column name, not {len(names)}.")
            return None
        return names[0] if self._known(names[0]) else None

    def several(self, value: Any, argument: str) -> tuple[str, ...]:
        """The names of a role."""
        return self.grouped([as_names(value, argument, self.frame, self.problems)])[0]

    def grouped(self, groups: list[list[str]]) -> tuple[tuple[str, ...], ...]:
        """Names in groups; a name in a second place is dropped and remembered."""
        seen: set[str] = set()
        kept: list[tuple[str, ...]] = []
        for group in groups:
            names: list[str] = []
            for name in group:
                if name in seen:
                    self.repeated.append(name)
                elif self._known(name):
                    names.append(name)
                seen.add(name)
            kept.append(tuple(names))
        return tuple(kept)

    def _known(self, name: str) -> bool:
        if name in self.terms:
            known = [self._known(v) for v in self.terms[name].variables]  # note them all
            return all(known)
        places = self.frame.positions.get(name, [])
        if not places:
            hint = did_you_mean(name, self.frame.positions)
            self.problems.add(f"no column {name!r} in data.", hint)
        elif len(places) > 1:
            self.problems.add(
                f"{len(places)} columns of data are named {name!r}: duplicated column name.",
                "Rename or drop all but one.",
            )
        return len(places) == 1


def _check_two_roles(
    roles: Roles, given: Mapping[str, Any], terms: Mapping[str, Term], problems: Problems
) -> None:
    """A column has one role; strata may repeat any, weights and clusters a covariate."""
    held = {"exposure": (roles.exposure,), "outcome": (roles.outcome,), **roles.groups()}
    for argument in ("weights", "clusters", "event", "by"):
        held[argument] = (str(given[argument]),) if is_name(given[argument]) else ()
    columns = {
        role: {v for name in names if name for v in _variables(name, terms)}
        for role, names in held.items()
    }
    for one, other in combinations(held, 2):
        if {one, other} <= {"covariate", "mediator", "intermediate", "weights", "clusters"} and (
            "weights" in (one, other) or "clusters" in (one, other)
        ):
            continue
        if {one, other} in ({"covariate", "by"}, {"clusters", "by"}):
            continue
        if (one, other) == ("outcome", "covariate") and roles.outcome in terms:
            continue  # a change score, y1 - y0, adjusted for y0
        for name in sorted(columns[one] & columns[other]):
            problems.add(
                f"column {name!r} is both {_article(one)} and {_article(other)}.",
                "A column has one role: take it out of one of them.",
            )


def _variables(name: str, terms: Mapping[str, Term]) -> tuple[str, ...]:
    return terms[name].variables if name in terms else (name,)


def _article(role: str) -> str:
    if role == "by":
        return "the column of subgroups (by=)"
    if role in {"exposure", "outcome", "weights", "clusters", "event"}:
        return f"the {role}"
    return f"a{'n' if role[0] in 'aeiou' else ''} {role}"

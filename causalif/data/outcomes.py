"""The outcome of a call: a column, a formula term, or a time with its event."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from causalif.data.design import Exposure, Outcome
from causalif.data.encoding import as_pandas
from causalif.data.frames import Frame
from causalif.data.outcome import read_outcome
from causalif.data.roles import Roles
from causalif.data.survival import Asked, check_horizon, read_survival
from causalif.data.terms import Term, evaluate
from causalif.data.variables import Variable, read_variable
from causalif.errors import Problems


def outcome_of(
    roles: Roles,
    frame: Frame,
    terms: Mapping[str, Term],
    missing: str,
    problems: Problems,
    notes: list[str],
) -> Outcome | None:
    """The outcome as numbers; None where it cannot be analysed, which is noted."""
    name = roles.outcome
    if name is None:
        return None
    if name in terms:
        variable = _outcome_term(terms[name], frame, problems)
    else:
        variable = read_variable(frame, name, "outcome", problems)
    if variable is None:
        return None
    return read_outcome(variable, frame, missing, problems, notes)


def survival_of(
    roles: Roles,
    event: str,
    horizon: Any,
    summary: str,
    exposure: Exposure | None,
    weighted: np.ndarray,
    frame: Frame,
    terms: Mapping[str, Term],
    problems: Problems,
    notes: list[str],
) -> Outcome | None:
    """A time to an event and what is asked of it; None where that cannot be, which is noted."""
    name = roles.outcome
    known = len(frame.positions.get(event, [])) == 1  # noted with the other roles
    if not check_horizon(horizon, problems) or name is None or not known:
        return None
    if name in terms:
        problems.add(
            f"outcome {name!r} is a formula term, and with event= it must be the column of times.",
            "Compute the times before the call.",
        )
        return None
    times = read_variable(frame, name, "outcome", problems)
    happened = read_variable(frame, event, "event", problems)
    if times is None or happened is None:
        return None
    asked = Asked(happened, float(horizon), summary)
    return read_survival(times, asked, exposure, weighted, frame, problems, notes)


def _outcome_term(term: Term, frame: Frame, problems: Problems) -> Variable | None:
    """A transformed outcome: missing wherever a column it reads is missing."""
    sources = [read_variable(frame, name, "outcome", problems) for name in term.variables]
    found = [variable for variable in sources if variable is not None]
    if len(found) < len(sources) or not found:
        return None
    unseen = np.any([variable.missing for variable in found], axis=0)
    values = {variable.name: as_pandas(variable, frame.index) for variable in found}
    column = evaluate([term.name], {term.name: term}, values, unseen, problems).get(term.name)
    if column is None:
        return None
    if column.values.shape[1] != 1:
        problems.add(
            f"outcome {term.name!r} makes {column.values.shape[1]} columns.",
            "The outcome must be numeric or two-valued.",
        )
        return None
    return Variable(term.name, numbers=column.values[:, 0])

"""From a call to the frozen design: every check before any fit, in one error."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Literal

import numpy as np

from causalif.data.columns import ColumnReader
from causalif.data.design import Design
from causalif.data.exposure import check_counts, read_exposure
from causalif.data.frames import read_frame
from causalif.data.outcomes import outcome_of, survival_of
from causalif.data.roles import Roles, as_names, find_roles
from causalif.data.rows import read_rows
from causalif.data.subgroups import read_subgroups
from causalif.data.terms import Term
from causalif.data.variables import read_variable
from causalif.errors import DataWarning, Problems, check_choice, warn


def build_design(
    data: Any,
    exposure: Any,
    outcome: Any,
    *,
    mediators: Any = (),
    covariates: Any = (),
    intermediates: Any = (),
    ordered: bool = False,
    levels: Sequence[Any] | None = None,
    reference: Any = None,
    clusters: Any = None,
    strata: Any = None,
    weights: Any = None,
    missing: Literal["error", "ipw", "impute"] = "error",
    folds: int = 5,
    event: Any = None,
    horizon: float | None = None,
    event_summary: Literal["risk", "restricted_mean"] = "risk",
    by: Any = None,
    terms: Mapping[str, Term] | None = None,
    problems: Problems | None = None,
) -> Design:
    """Check everything about the data once and freeze it as arrays.

    Parameters
    ----------
    data : DataFrame
        pandas, or any frame in memory that narwhals can read; never changed.
    exposure, outcome : str
    mediators, covariates, intermediates : str, or collection of str
        `mediators` may also be a list of lists, its ordered groups.
    ordered : bool, default False
        Each item of `mediators` is a group of its own; otherwise all form one.
    levels : sequence, optional
        Exposure levels to contrast, the reference first. For a continuous exposure,
        values, or windows ``((low, high), (low, high))``.
    reference : object, optional
        The level to compare with; by default the first, in the order of a category or sorted.
    clusters, strata, weights : str or array of length n, optional
    missing : {"error", "ipw", "impute"}, default "error"
        Unless "error", rows without an outcome stay. With "ipw" rows without a mediator or an
        intermediate stay as well, and complete rows are to stand for them. "impute" fills
        mediators, covariates and intermediates: the median with an indicator
        ``"name[missing]"``, or a level "missing".
    folds : int, default 5
        Every contrasted level needs as many rows.
    event : str, optional
        Whether the event happened; the outcome is then the time when it did, or censoring.
    horizon : float, optional
        The time by which an event counts; goes with `event`.
    event_summary : {"risk", "restricted_mean"}, default "risk"
    by : str, optional
        A column of 2 to 10 values that parts the rows into groups; it joins the covariates.
    terms : mapping of str to Term, optional
        Formula terms that the roles name, from `parse_formula`.
    problems : Problems, optional
        Problems of the call so far; raised together with those of the data.

    Returns
    -------
    Design

    Raises
    ------
    DataError
        All that is wrong with the data, and how to put it right.

    Warns
    -----
    DataWarning
        A column was constant and left out, or was given twice.

    Examples
    --------
    >>> import causalif as cif
    >>> jobs = cif.load_dataset("jobs")
    >>> design = build_design(jobs, "treat", "depress2", mediators="job_seek", covariates="sex")
    >>> design.n, design.exposure.levels, design.mediators
    (899, (0, 1), (('job_seek',),))
    >>> design.notes
    ("exposure 'treat': 1 compared with the reference 0.",)
    """
    problems = Problems() if problems is None else problems
    check_choice(problems, "missing", missing, ("error", "ipw", "impute"))
    frame = read_frame(data, problems)
    terms = {} if terms is None else terms
    given = {
        "exposure": exposure, "outcome": outcome, "mediators": mediators,
        "covariates": covariates, "intermediates": intermediates,
        "clusters": clusters, "strata": strata, "weights": weights, "event": event,
        "by": by,
    }  # fmt: skip
    roles = find_roles(frame, given, terms, ordered, problems)
    notes: list[str] = []
    least = folds if isinstance(folds, int) and folds > 0 else 1  # a bad one is noted elsewhere
    rows = read_rows(frame, given, least, problems)
    coded_exposure = None
    if roles.exposure is not None:
        variable = read_variable(frame, roles.exposure, "exposure", problems)
        if variable is not None:
            coded_exposure = read_exposure(
                variable, frame, levels, reference, least, problems, notes
            )
    if event is None or horizon is None:
        coded_outcome = outcome_of(roles, frame, terms, missing, problems, notes)
    else:
        weighted = np.full(frame.n, True) & rows.weighted
        coded_outcome = survival_of(
            roles, str(event), horizon, event_summary, coded_exposure, weighted, frame, terms,
            problems, notes,
        )  # fmt: skip
    groups = read_subgroups(roles.by, frame, problems)
    filled = False
    if coded_exposure is not None:
        usable = np.full(frame.n, True) & rows.weighted
        if coded_outcome is not None:
            usable &= coded_outcome.observed
        filled = check_counts(coded_exposure, usable, least, problems)
    reader = ColumnReader(
        frame, terms, missing, problems, notes, coded_exposure if filled else None, groups
    )
    mediator_groups = tuple(reader.read(group, "mediator") for group in roles.mediators)
    unread = roles.by if groups is None else None  # noted already
    usable_names = [name for name in roles.covariates if name != unread]
    kept_covariates = reader.read(usable_names, "covariate")
    kept_intermediates = reader.read(roles.intermediates, "intermediate")
    complete = reader.complete_rows(
        [*(name for group in mediator_groups for name in group), *kept_intermediates]
    )
    if filled and complete is not None and coded_exposure and coded_outcome:
        usable = coded_outcome.observed & rows.weighted & complete
        what = "every mediator and intermediate, an observed outcome and a positive weight"
        check_counts(coded_exposure, usable, least, problems, what)
    problems.raise_if_any()
    assert coded_exposure is not None
    assert coded_outcome is not None
    if groups is not None and roles.by not in as_names(covariates, "covariates", frame, problems):
        notes.append(f"by={groups.name!r} was added to the covariates.")
    _warn(roles, reader, notes)
    return Design(
        index=frame.index,
        exposure=coded_exposure,
        outcome=coded_outcome,
        columns=reader.columns,
        mediators=mediator_groups,
        covariates=kept_covariates,
        intermediates=kept_intermediates,
        weights=rows.weights,
        clusters=rows.clusters,
        strata=rows.strata,
        notes=tuple(notes),
        by=groups,
        complete=complete,
    )


def _warn(roles: Roles, reader: ColumnReader, notes: list[str]) -> None:
    for name in roles.repeated:
        warn(f"column {name!r} is given twice; it is used once.", DataWarning)
    for role, name in reader.constants:
        effect = ": the NIE through it is 0 by construction" if role == "mediator" else ""
        rows = reader.frame.n
        message = f"{role} {name!r} is constant in all {rows} rows{effect}; it is left out."
        notes.append(message)
        warn(message, DataWarning)

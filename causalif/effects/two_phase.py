"""What every effect adds where its mediators were seen in some rows only."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd

from causalif.data.design import Design
from causalif.effects.diagnostics import (
    FEW_EFFECTIVE_ROWS,
    SHARE_WORTH_A_WARNING,
    Diagnostics,
)
from causalif.effects.potential import PotentialMean
from causalif.effects.worlds import Estimand
from causalif.errors import DataError, PositivityWarning, warn
from causalif.nuisance.two_phase import SecondPhase

ASSUMED = (
    "Given {exposure}, the covariates, and {outcome} where it was seen, whether a row is complete "
    "says nothing of what it lacks (strata of a sampling plan must be among the covariates).",
)


def with_two_phases(estimand: Estimand, design: Design) -> Estimand:
    """The estimand, saying what is assumed of rows that are not complete, where there are any."""
    if design.complete is None:
        return estimand
    return replace(
        estimand,
        assumptions=(*estimand.assumptions, *ASSUMED),
        references=(*estimand.references, "rose2011targeted"),
    )


def check_two_phases(design: Design, folds: int) -> None:
    """Whether complete rows can stand for the others.

    Raises
    ------
    DataError
        Rows without outcome and mediators, and a few complete rows without the outcome.
    """
    if design.complete is None or design.outcome.observed.all():
        return
    unseen = ~design.outcome.observed
    lacking = int((unseen & ~design.complete).sum())
    complete = int((unseen & design.complete).sum())
    if lacking and 0 < complete < max(2, folds):
        raise DataError(
            f"outcome {design.outcome.name!r} is missing in {lacking} of the "
            f"{int((~design.complete).sum())} rows that lack a mediator or an intermediate, and in "
            f"only {complete} of those that do not: too few to stand for them. Drop these "
            f"{complete}: whoever lacks the outcome then lacks both."
        )


def on_all_rows(phase: SecondPhase | None, name: str, mean: PotentialMean) -> PotentialMean:
    """A mean of the complete rows as one of all, with their influence values."""
    if phase is None:
        return mean
    shift, values = phase.of_all(name, mean.uncentred)
    return PotentialMean(mean.value + shift, values, mean.weights, mean.residual)


def tell_of_two_phases(found: Diagnostics, phase: SecondPhase | None) -> Diagnostics:
    """The diagnostics with the learners of completeness, and a warning where it is rare."""
    if phase is None:
        return found
    complete, n = int(phase.complete.sum()), len(phase.complete)
    if phase.below > SHARE_WORTH_A_WARNING * n or phase.effective_rows < FEW_EFFECTIVE_ROWS:
        warn(
            f"{phase.below} of {n} rows have a probability of being complete below "
            f"{phase.floor:.2g}, and were raised to it (the least of a complete row is "
            f"{phase.least:.2g}); the {complete} complete rows are worth "
            f"{phase.effective_rows:.0f}. See that every kind of row has a chance of being "
            "complete, or set the floor with truncate=.",
            PositivityWarning,
        )
    losses = pd.concat([pd.DataFrame(phase.losses), found.losses], ignore_index=True)
    return replace(found, losses=losses)


def note_in(design: Design, phase: SecondPhase | None) -> Design:
    """The design of the complete rows, with a note of what they are worth."""
    if phase is None:
        return design
    complete, n = int(phase.complete.sum()), len(phase.complete)
    note = (
        f"{complete} of {n} rows are complete, and are weighted by the inverse probability of "
        f"being so (least {phase.least:.3g}): worth {phase.effective_rows:.0f} rows of equal "
        "weight. The others lend what they have."
    )
    return replace(design, notes=(*design.notes, note))


def complete_rows(design: Design, values: np.ndarray) -> np.ndarray:
    """The values of complete rows; all where every row is."""
    return values if design.complete is None else values[design.complete]

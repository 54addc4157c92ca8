"""What every effect adds where its outcome is a time to an event and some are censored."""

from __future__ import annotations

from dataclasses import replace

import pandas as pd

from causalif.data.design import Design
from causalif.effects.diagnostics import SHARE_WORTH_A_WARNING, Diagnostics
from causalif.effects.worlds import Estimand
from causalif.errors import PositivityWarning, warn
from causalif.nuisance.hazards import Censoring

ASSUMED = (
    "Given {exposure} and every other column used, being censored says nothing of when the event "
    "would have come.",
)


def with_censoring(estimand: Estimand, design: Design) -> Estimand:
    """The estimand, saying what is assumed of censoring where there is some."""
    if design.outcome.survival is None:
        return estimand
    return replace(
        estimand,
        assumptions=(*estimand.assumptions, *ASSUMED),
        references=(*estimand.references, "rubin2007doubly"),
    )


def tell_of_censoring(found: Diagnostics, censoring: Censoring | None, n: int) -> Diagnostics:
    """The diagnostics with the learners of the hazards, and a warning where they hang on few."""
    if censoring is None:
        return found
    if censoring.below > SHARE_WORTH_A_WARNING * n:
        warn(
            f"{censoring.below} of {n} rows ({censoring.below / n:.1%}) have a probability of not "
            f"being censored below {censoring.floor:.2g} (the least is {censoring.least:.2g}); it "
            "was raised to that floor. Few are followed so long: give an earlier horizon=, or set "
            "the floor with truncate=.",
            PositivityWarning,
        )
    losses = pd.concat([pd.DataFrame(list(censoring.losses)), found.losses], ignore_index=True)
    return replace(found, losses=losses)

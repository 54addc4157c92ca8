"""Every part that some graph needs, estimated once: one set of nuisances for all graphs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd

from causalif.data.design import Design
from causalif.effects.diagnostics import warn_of_floor
from causalif.effects.interventional import interventional_mean
from causalif.effects.options import Settings
from causalif.effects.repeats import average
from causalif.estimate import Estimate
from causalif.nuisance.crossfit import Nuisances
from causalif.nuisance.folds import draw_folds, seed_for
from causalif.nuisance.progress import progress_bar
from causalif.sigma.effects.terms import Part, Term, WorldMean

FLOORED = "Compare levels that more people have, or set the floor with truncate=."


@dataclass(frozen=True)
class Parts:
    """Estimated parts with their joint influence values.

    Attributes
    ----------
    places : mapping of part to int
    joint : Estimate or None
        A term for each part, named by its place; None where there is no part.
    fits : int
        The nuisance regressions that were fitted, for one draw of the folds.
    """

    places: Mapping[Part, int]
    joint: Estimate | None
    fits: int
    rows: int

    def read(self, part: Part) -> float:
        """The value of a part."""
        assert self.joint is not None
        return float(self.joint.values.iloc[self.places[part]])

    def of(self, term: Term) -> tuple[float, np.ndarray]:
        """A term's value, and its influence values, shape (n,), by the delta method."""
        found = np.zeros(self.rows)
        if self.joint is None:
            return 0.0, found
        columns = self.joint.influence.to_numpy()
        for part, slope in term.gradient(self.read).items():
            found += slope * columns[:, self.places[part]]
        return term.value(self.read), found


def estimate_means(parts: Sequence[Part], design: Design, settings: Settings) -> Parts:
    """The mean outcomes of worlds, through one `Nuisances` per draw of the folds.

    Parameters
    ----------
    parts : sequence of WorldMean
    design : Design
        With every other column of the data as a mediator; roles are those of each part.
    settings : Settings
    """
    draws: list[Estimate] = []
    fits = 0
    with progress_bar(settings.progress, len(parts) * settings.repeats, "mean") as bar:
        for draw in range(settings.repeats):
            nuisances = Nuisances(
                design,
                settings.library,
                folds=draw_folds(design, settings.folds, seed_for(settings.entropy, "folds", draw)),
                entropy=seed_for(settings.entropy, "fits", draw),
                n_jobs=settings.n_jobs,
                floor=settings.floor,
            )
            values, rows = np.empty(len(parts)), np.empty((design.n, len(parts)))
            for k, part in enumerate(parts):
                assert isinstance(part, WorldMean)
                mean = interventional_mean(nuisances, _roles(design, part), part.levels, settings)
                values[k], rows[:, k] = mean.value, mean.uncentred - mean.uncentred.mean()
                bar.update(1)
            draws.append(joint_of(values, rows, design.index))
            fits = nuisances.count
            if draw == 0 and parts:
                warn_of_floor(nuisances, rows, FLOORED)
    return parts_of(parts, draws, fits, design.n)


def _roles(design: Design, part: WorldMean) -> Design:
    return replace(
        design,
        mediators=part.groups,
        covariates=part.covariates,
        intermediates=part.intermediates,
    )


def joint_of(values: np.ndarray, rows: np.ndarray, index: pd.Index) -> Estimate:
    """Parts as one estimate, named by their places."""
    names = [str(k) for k in range(len(values))]
    return Estimate(values, pd.DataFrame(rows, index=index, columns=names), names=names)


def parts_of(parts: Sequence[Part], draws: Sequence[Estimate], fits: int, rows: int) -> Parts:
    """The average over draws of the folds."""
    joint = average(draws) if parts else None
    return Parts({part: k for k, part in enumerate(parts)}, joint, fits, rows)

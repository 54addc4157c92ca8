"""What is asked of `sigma_analysis`, checked before graphs are learned."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd

from causalif.data.build import build_design
from causalif.data.design import Design
from causalif.data.exposure import MOST_LEVELS
from causalif.data.frames import Frame
from causalif.data.variables import Variable
from causalif.effects.options import check_options, settings_from
from causalif.effects.shared import complete
from causalif.errors import Problems, did_you_mean
from causalif.sigma.effects.study import Study
from causalif.sigma.posterior import DAGPosterior
from causalif.sigma.scores.columns import choose_columns, read_all


def check_shares(
    shares: Mapping[str, Any], level: Any, split: Any, max_length: Any, problems: Problems
) -> None:
    """Note what is wrong with the options that are no one else's."""
    for name, share in shares.items():
        if not (_is_share(share) or (name == "fdr" and share is None)):
            problems.add(f"{name}={share!r} is not between 0 and 1.")
    if not (_is_share(level) and 0 < level < 1):
        problems.add(f"level={level!r} is not between 0 and 1.")
    if not isinstance(split, bool):
        problems.add(f"split={split!r} is neither True nor False.")
    whole = isinstance(max_length, int) and not isinstance(max_length, bool)
    if max_length is not None and not (whole and max_length >= 1):
        problems.add(f"max_length={max_length!r} is not a whole number from 1 up.")


def _is_share(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and 0 <= value <= 1


def nodes_of(
    frame: Frame, posterior: DAGPosterior | None, graphs: Mapping[str, Any], problems: Problems
) -> list[str]:
    """The nodes of the graphs, which are columns."""
    if posterior is None:
        return choose_columns(frame, graphs.get("columns"), problems)
    for name in posterior.names:
        if name not in frame.positions:
            problems.add(
                f"node {name!r} of the posterior is no column of data.",
                did_you_mean(name, frame.positions),
            )
    return list(posterior.names)


def check_ends(exposure: Any, outcome: Any, names: Sequence[str], problems: Problems) -> None:
    """Note an exposure or outcome that is no node, or both."""
    for role, name in (("exposure", exposure), ("outcome", outcome)):
        if str(name) not in names:
            problems.add(f"{role} {name!r} is no node of the graphs.", did_you_mean(name, names))
    if exposure == outcome:
        problems.add(f"{exposure!r} is both exposure and outcome.")


def study_of(
    frame: Frame,
    names: Sequence[str],
    exposure: Any,
    outcome: Any,
    given: Mapping[str, Any],
    problems: Problems,
) -> Study:
    """Everything about the effects, checked before graphs are learned."""
    options = complete(given)
    library = check_options(options, problems)
    known = [name for name in names if name in frame.positions]
    variables = read_all(frame, known, problems)
    problems.raise_if_any()
    named = {variable.name: variable for variable in variables}
    numbers = named[exposure].numbers
    per_unit = (
        numbers is not None and options["levels"] is None
        and len(np.unique(numbers)) > MOST_LEVELS
    )  # fmt: skip
    design = None
    if per_unit:
        _check_slopes(named[outcome], problems)
    else:
        design = _compared(frame, known, exposure, outcome, options, problems)
    problems.raise_if_any()
    settings = settings_from(options, library, frame.n)
    return Study(exposure, outcome, tuple(variables), frame.index, design, settings)


def _check_slopes(outcome: Variable, problems: Problems) -> None:
    if outcome.numbers is None and len(outcome.levels) > 2:
        problems.add(
            f"outcome {outcome.name!r} has {len(outcome.levels)} levels, and no slope.",
            "Give numbers, or an outcome of two levels.",
        )


def _compared(
    frame: Frame,
    names: Sequence[str],
    exposure: str,
    outcome: str,
    options: Mapping[str, Any],
    problems: Problems,
) -> Design:
    """The design for two levels of the exposure, every other column at hand for any role."""
    design = build_design(
        pd.DataFrame({name: frame.column(name) for name in names}, index=frame.index),
        exposure,
        outcome,
        mediators=[name for name in names if name not in (exposure, outcome)],
        levels=options["levels"],
        reference=options["reference"],
        folds=options["folds"],
        problems=problems,
    )
    if design.exposure.contrasted > 2:
        shown = ", ".join(map(repr, design.exposure.levels))
        problems.add(
            f"exposure {exposure!r} has {design.exposure.contrasted} levels ({shown}), and "
            "sigma_analysis compares two.",
            "Name them, the reference first: levels=(reference, other).",
        )
    return design

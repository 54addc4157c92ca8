"""A time-to-event outcome: times, events, and a horizon by which they are judged."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from causalif.data.design import Exposure, Outcome
from causalif.data.frames import Frame
from causalif.data.times import Survival
from causalif.data.variables import Variable, shown
from causalif.errors import Problems, check_choice, first_rows

SUMMARIES = ("risk", "restricted_mean")
# A horizon that is refused is answered with the latest that still has this share at risk.
SHARE_AT_RISK = 0.1


@dataclass(frozen=True)
class Asked:
    """What a call says of a time-to-event outcome, as the user gave it.

    Attributes
    ----------
    event : Variable
        The column that says whether the event happened, or the follow-up ended.
    horizon : float
    summary : {"risk", "restricted_mean"}
    """

    event: Variable
    horizon: float
    summary: Any


def check_horizon(horizon: Any, problems: Problems) -> bool:
    """Note a horizon that is no positive number."""
    number = isinstance(horizon, int | float) and not isinstance(horizon, bool)
    if number and 0 < horizon < math.inf:
        return True
    problems.add(f"horizon={horizon!r} is not a positive number: the time by which to count.")
    return False


def check_event(options: Mapping[str, Any], problems: Problems) -> None:
    """Note what is wrong with event, horizon and event_summary, and with the scale beside them."""
    event, horizon = options["event"], options["horizon"]
    check_choice(problems, "event_summary", options["event_summary"], SUMMARIES)
    if horizon is not None:
        check_horizon(horizon, problems)
    if event is not None and horizon is None:
        problems.add(
            "event= is given without a horizon.",
            "Give horizon=, the time by which the event counts, in the units of the outcome.",
        )
    if event is None and horizon is not None:
        problems.add(
            "horizon= is given without an event.",
            "Give event=, the column that is 1 where the event happened and 0 where the "
            "follow-up ended.",
        )
    if options["event_summary"] != "restricted_mean":
        return
    if event is None:
        problems.add(
            "event_summary= is given without an event.", "Give event= and horizon= as well."
        )
    if options["scale"] == "odds_ratio":
        problems.add(
            "scale='odds_ratio' needs a probability, and a restricted mean is a time.",
            "Use scale='difference' or 'ratio', or event_summary='risk'.",
        )


def read_survival(
    times: Variable,
    asked: Asked,
    exposure: Exposure | None,
    weighted: np.ndarray,
    frame: Frame,
    problems: Problems,
    notes: list[str],
) -> Outcome | None:
    """Code a time-to-event outcome; None where it cannot be analysed.

    Where nobody is censored before the horizon it is an ordinary outcome: 0/1 or a number.

    Parameters
    ----------
    times : Variable
        When the event happened, or the follow-up ended.
    asked : Asked
    exposure : Exposure or None
        None where it could not be read.
    weighted : ndarray of bool, shape (n,)
        Rows with a positive weight.
    frame : Frame
    problems : Problems
    notes : list of str
        Receives the outcome in words, and the number censored before the horizon.
    """
    time = _times(times, frame, problems)
    happened = _happened(asked.event, frame, problems, notes)
    if time is None or happened is None:
        return None
    survival = Survival(time, happened, asked.horizon, asked.summary)
    happens = _check_events(survival, times.name, asked.event.name, weighted, problems)
    if not (_check_follow_up(survival, times.name, exposure, weighted, problems) and happens):
        return None
    lost = int(survival.lost.sum())
    notes.append(_in_words(survival, times.name, asked.event.name, lost, frame.n))
    risk = asked.summary == "risk"
    name = f"{asked.event.name if risk else times.name} {'by' if risk else 'up to'}"
    return Outcome(
        f"{name} {asked.horizon:g}",
        survival.known,
        "binary" if risk and not lost else "continuous",
        survival=survival if lost else None,
    )


def _times(times: Variable, frame: Frame, problems: Problems) -> np.ndarray | None:
    what = f"outcome {times.name!r}"
    if times.numbers is None:
        problems.add(
            f"{what} has levels such as {shown(times.levels[0])}, and with event= it holds times.",
            "Name the column of times, as numbers, as the outcome.",
        )
        return None
    for bad, how in ((times.missing, "missing"), (times.numbers < 0, "negative")):
        if bad.any():
            problems.add(
                f"{what} holds times, and is {how} in {int(bad.sum())} of {frame.n} rows "
                f"({first_rows(frame.labels(bad))}).",
                "Count from the start of the follow-up, and end it where a person was last seen.",
            )
            return None
    return times.numbers


def _happened(
    event: Variable, frame: Frame, problems: Problems, notes: list[str]
) -> np.ndarray | None:
    """Whether the event was seen: 1, True, or the later of two values."""
    what = f"event {event.name!r}"
    if event.missing.any():
        problems.add(
            f"{what} is missing in {int(event.missing.sum())} of {frame.n} rows "
            f"({first_rows(frame.labels(event.missing))}).",
            "Who has not been seen with the event is censored: give 0, and the time last seen.",
        )
        return None
    codes, levels = event.coded()
    if len(levels) == 2:
        if levels != (0, 1):  # also False and True
            notes.append(f"{what}: the event is {shown(levels[1])}, {shown(levels[0])} censored.")
        return codes == 1
    if len(levels) > 2:
        problems.add(
            f"{what} has {len(levels)} values ({', '.join(map(shown, levels[:6]))}"
            f"{', ..' if len(levels) > 6 else ''}); it must have two: 1 (or True) where the "
            "event happened, 0 where the follow-up ended before.",
            f'Choose the event: data["{event.name}"] == {shown(levels[-1])}.',
        )
        return None
    value = next(iter(levels))
    remedy = (
        "Nobody is censored: take the time itself, or whether it is below the horizon, as outcome."
        if value == 1
        else "Without an event there is no effect to estimate; name another column."
    )
    problems.add(f"{what} is constant ({shown(value)} in all {frame.n} rows).", remedy)
    return None


def _check_events(
    survival: Survival, name: str, event: str, weighted: np.ndarray, problems: Problems
) -> bool:
    seen = survival.event & weighted
    if (seen & (survival.time <= survival.horizon)).any():
        return True
    first = f"the first has {name} {survival.time[seen].min():g}" if seen.any() else "there is none"
    problems.add(
        f"no row has event {event!r} by horizon={survival.horizon:g}; {first}.",
        "Give a later horizon, in the units of the times.",
    )
    return False


def _check_follow_up(
    survival: Survival,
    name: str,
    exposure: Exposure | None,
    weighted: np.ndarray,
    problems: Problems,
) -> bool:
    """Somebody must be followed to the horizon, at every level that is compared."""
    groups = {"": weighted}
    if exposure is not None:
        for code in range(exposure.contrasted):
            groups[f" at {exposure.at(code, ' = ')}"] = weighted & (exposure.codes == code)
    for where, rows in groups.items():
        time = survival.time[rows]
        if not survival.lost[rows].any() or time.max() >= survival.horizon:
            continue
        last_seen = survival.event[rows][time == time.max()]
        if where and last_seen.all():  # everybody at this level has had the event by then
            continue
        problems.add(
            f"horizon={survival.horizon:g} lies beyond the follow-up{where}: the last {name} is "
            f"{time.max():g}.",
            f"At {np.quantile(time, 1 - SHARE_AT_RISK, method='lower'):.6g} a tenth of the "
            f"{len(time)} rows{where} are still followed; give a horizon no later than that.",
        )
        return False
    return True


def _in_words(survival: Survival, name: str, event: str, lost: int, n: int) -> str:
    happened = int((survival.event & (survival.time <= survival.horizon)).sum())
    by = f"{survival.horizon:g} of {name}"
    what = (
        f"the risk of {event} by {by}"
        if survival.summary == "risk"
        else f"the mean {name} to {event}, counted up to {survival.horizon:g} (restricted mean)"
    )
    return (
        f"outcome: {what}; {happened} of {n} rows have had the event by then, and {lost} are "
        "censored before."
    )

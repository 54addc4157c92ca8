"""Every error and warning of causalif, and the one place where their messages are built."""

from __future__ import annotations

import difflib
import inspect
import warnings
from collections.abc import Generator, Hashable, Iterable, Sequence
from contextlib import contextmanager


class CausalifError(Exception):
    """Base of every error that causalif raises on purpose."""


class DataError(CausalifError, ValueError):
    """The data or an argument cannot be used as given; the message says what to do."""


class NotIdentified(CausalifError, ValueError):
    """The causal effect is not a function of the law of what was observed."""


class FitError(CausalifError, RuntimeError):
    """A learner failed; the message names its role, its fold and the learner."""


class CausalifWarning(UserWarning):
    """Base of every warning that causalif gives."""


class DataWarning(CausalifWarning):
    """A column was left out, or used once instead of twice."""


class PositivityWarning(CausalifWarning):
    """Some rows have hardly any chance of one of the exposure levels."""


class ConvergenceWarning(CausalifWarning):
    """An iteration stopped before it reached its tolerance."""


class SmallSampleWarning(CausalifWarning):
    """Few rows, clusters or events: large-sample intervals may be too short."""


class Problems:
    """Collects all problems of one call, so that the user reads them at once.

    Examples
    --------
    >>> problems = Problems()
    >>> problems.add("no column 'job_sek' in data.", "Did you mean 'job_seek'?")
    >>> problems.raise_if_any()
    Traceback (most recent call last):
    causalif.errors.DataError: no column 'job_sek' in data. Did you mean 'job_seek'?
    """

    def __init__(self) -> None:
        self._messages: list[str] = []

    def __bool__(self) -> bool:
        return bool(self._messages)

    def add(self, problem: str, remedy: str = "") -> None:
        """Note one problem (what is wrong with which column) and its remedy."""
        message = f"{problem} {remedy}".strip()
        if message not in self._messages:
            self._messages.append(message)

    def raise_if_any(self) -> None:
        """Raise one `DataError` with every problem noted so far.

        Raises
        ------
        DataError
            At least one problem was added.
        """
        if len(self._messages) == 1:
            raise DataError(self._messages[0])
        if self._messages:
            lines = "\n".join(f"  {k}. {m}" for k, m in enumerate(self._messages, 1))
            raise DataError(f"{len(self._messages)} problems:\n{lines}")


def did_you_mean(word: object, known: Iterable[object]) -> str:
    """A closing question with the closest known name, or the names themselves.

    Examples
    --------
    >>> did_you_mean("tmel", ["onestep", "tmle"])
    "Did you mean 'tmle'?"
    >>> did_you_mean("x", ["alpha", "beta"])
    "Known: 'alpha', 'beta'."
    """
    names = [str(k) for k in known]
    close = difflib.get_close_matches(str(word), names, n=1, cutoff=0.6)
    if close:
        return f"Did you mean {close[0]!r}?"
    shown = ", ".join(repr(n) for n in names[:12])
    more = f", and {len(names) - 12} more" if len(names) > 12 else ""
    return f"Known: {shown}{more}." if names else ""


def first_rows(labels: Sequence[Hashable], most: int = 3) -> str:
    """Name the first few row labels of a problem.

    Examples
    --------
    >>> first_rows([4, 31, 77, 90])
    'first: rows 4, 31, 77'
    """
    shown = ", ".join(str(label) for label in list(labels)[:most])
    return f"first: row{'s' if len(labels) > 1 else ''} {shown}"


def check_choice(problems: Problems, argument: str, value: object, allowed: Sequence[str]) -> None:
    """Note a problem unless `value` is one of the allowed words."""
    if not (isinstance(value, str) and value in allowed):
        known = ", ".join(repr(a) for a in allowed)
        problems.add(
            f"{argument}={value!r} is not one of {known}.",
            did_you_mean(value, allowed) if isinstance(value, str) else "",
        )


def warn(message: str, category: type[CausalifWarning]) -> None:
    """Give a warning that points at the user's line, not at ours."""
    frame = inspect.currentframe()
    level = 1
    while frame and frame.f_back and frame.f_globals.get("__name__", "").startswith("causalif"):
        frame = frame.f_back
        level += 1
    warnings.warn(message, category, stacklevel=level)


@contextmanager
def said_once(category: type[CausalifWarning], *, said: bool = True) -> Generator[None]:
    """Keep a warning quiet in steps that would give it again, once it was `said`."""
    with warnings.catch_warnings():
        if said:
            warnings.simplefilter("ignore", category)
        yield

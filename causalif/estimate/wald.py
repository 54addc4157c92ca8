"""Wald tests of linear hypotheses, singular ones among them, and hypotheses as text."""

from __future__ import annotations

import re
from collections.abc import Sequence

import numpy as np
from scipy import special

from causalif.errors import DataError, did_you_mean

_NUMBER = re.compile(r"(?<![\w.])(?:\d+\.?\d*|\.\d+)[eE][+-]?\d+")


def z_test(difference: np.ndarray, error: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Statistics and two-sided p-values; without sampling error, only 0 and inf."""
    with np.errstate(all="ignore"):
        statistic = np.where(difference == 0, 0.0, difference / error)
    return statistic, 2 * special.ndtr(-abs(statistic))


def wald_test(
    matrix: np.ndarray, constants: np.ndarray, values: np.ndarray, contributions: np.ndarray
) -> tuple[float, int, float]:
    """Test ``matrix @ values = constants`` jointly: chi-square statistic, df, p-value.

    Redundant constraints are dropped by a generalised inverse, with the rank as degrees
    of freedom. A constraint without sampling error that fails gives an infinite statistic.

    Parameters
    ----------
    matrix : ndarray, shape (m, k)
    constants : ndarray, shape (m,)
    values : ndarray, shape (k,)
    contributions : ndarray, shape (units, k)
        C with C'C the covariance of the values.
    """
    error = np.sqrt((contributions**2).sum(axis=0))
    # In units of the errors that enter each constraint, so that rank does not hang on units.
    unit = abs(matrix) @ error
    unit[unit == 0] = 1.0
    difference = (matrix @ values - constants) / unit
    # R'R = C'C of the constraints; singular values of R keep twice the digits of the covariance.
    triangle = np.linalg.qr(contributions @ matrix.T / unit, mode="r")
    _, size, axes = np.linalg.svd(triangle, full_matrices=False)
    kept = size > 1e-9
    along = axes[kept] @ difference
    left_over = difference - axes[kept].T @ along
    rank = int(kept.sum())
    if np.any(abs(left_over) > 1e-7 * np.maximum(1.0, abs(matrix) @ abs(values) / unit)):
        return np.inf, rank, 0.0
    statistic = float(np.sum((along / size[kept]) ** 2))
    return statistic, rank, float(special.gammaincc(rank / 2, statistic / 2)) if rank else 1.0


def read_hypothesis(text: str, names: Sequence[str]) -> tuple[np.ndarray, np.ndarray]:
    """Linear constraints from text such as ``"NDE + NIE = TE, PM = 0.5"``.

    Returns
    -------
    matrix : ndarray, shape (m, k)
    constants : ndarray, shape (m,)

    Raises
    ------
    DataError
        Not an equation, an unknown term, or not linear.
    """
    from formulaic.utils.constraints import LinearConstraints

    quoted = _quoted(text, names)
    # names may hold signs of their own: "NIE [2 vs 0, sex=f]"
    parts = re.sub("`[^`]*`", "name", quoted).split(",")
    if any(part.count("=") > 1 or not part.strip() for part in parts):
        raise _unreadable(text, names)
    try:
        read = LinearConstraints.from_spec(quoted, list(names))
    except KeyError as error:
        unknown = str(error.args[0])
        raise DataError(
            f"no term {unknown!r} in the hypothesis {text!r}. {did_you_mean(unknown, names)}"
        ) from None
    except Exception as error:  # formulaic has no common base for its errors
        raise _unreadable(text, names) from error
    return np.asarray(read.constraint_matrix, float), np.asarray(read.constraint_values, float)


def _unreadable(text: str, names: Sequence[str]) -> DataError:
    return DataError(
        f"cannot read the hypothesis {text!r}. Write linear equations between terms, separated "
        f'by commas, such as "{names[0]} = 0" or "{" = ".join(names[:2])}"; '
        "names with other signs go in backticks."
    )


def _quoted(text: str, names: Sequence[str]) -> str:
    """Backticks around names that are not one word, and numbers without exponents."""
    pieces = text.split("`")
    special_names = sorted((n for n in names if not n.isidentifier()), key=len, reverse=True)
    known = re.compile("|".join(rf"(?<!\w){re.escape(name)}(?!\w)" for name in special_names))
    for place in range(0, len(pieces), 2):  # what lies outside backticks
        piece = _NUMBER.sub(lambda m: np.format_float_positional(float(m[0])), pieces[place])
        pieces[place] = known.sub(lambda m: f"`{m[0]}`", piece) if special_names else piece
    return "`".join(pieces)

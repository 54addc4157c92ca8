"""Renders a table as aligned text, HTML or LaTeX, with the same digits in all three."""

from __future__ import annotations

import html
from collections.abc import Iterable, Sequence
from itertools import groupby
from typing import Any

import numpy as np
import pandas as pd

P_VALUES = ("p_value",)
SMALLEST_P = 0.0001
MOST_DECIMALS = 6


def formatted(
    frame: pd.DataFrame, *, digits: int = 3, p_values: Sequence[str] = P_VALUES
) -> pd.DataFrame:
    """The table with every cell as text.

    A column of numbers has as many decimals as its smallest entry needs to show
    `digits` significant digits, at most six; columns of more unequal size show
    `digits` + 1 significant digits in each cell. Missing cells are empty.

    Parameters
    ----------
    frame : DataFrame
        Tidy: one header row; the index is not shown.
    digits : int, default 3
    p_values : sequence of str
        Columns shown with four decimals, and as ``<0.0001`` below that.

    Examples
    --------
    >>> formatted(pd.DataFrame({"x": [12.3456, 0.5], "p_value": [0.03, 1e-9]}))
            x  p_value
    0  12.346   0.0300
    1   0.500  <0.0001
    """
    columns = {
        str(name): _column(frame.iloc[:, j], digits, str(name) in p_values)
        for j, name in enumerate(frame.columns)
    }
    return pd.DataFrame(columns, index=frame.index, dtype=object)


def as_text(
    frame: pd.DataFrame, *, digits: int = 3, p_values: Sequence[str] = P_VALUES, indent: str = ""
) -> str:
    """The table as lines of aligned text: words to the left, numbers to the right.

    Examples
    --------
    >>> print(as_text(pd.DataFrame({"term": ["TE", "NIE"], "estimate": [1.5, -0.25]})))
    term  estimate
    TE       1.500
    NIE     -0.250
    """
    cells = formatted(frame, digits=digits, p_values=p_values)
    padded: list[list[str]] = []
    for j, name in enumerate(cells.columns):
        column = [name, *cells.iloc[:, j]]
        width = max(len(cell) for cell in column)
        right = _is_number(frame.iloc[:, j])
        padded.append([cell.rjust(width) if right else cell.ljust(width) for cell in column])
    return "\n".join(indent + "  ".join(row).rstrip() for row in zip(*padded, strict=True))


def as_html(
    frame: pd.DataFrame,
    *,
    digits: int = 3,
    p_values: Sequence[str] = P_VALUES,
    caption: str = "",
    notes: Iterable[str] = (),
) -> str:
    """The table as HTML with class ``causalif``; everything in it is escaped.

    Examples
    --------
    >>> print(as_html(pd.DataFrame({"term": ["A & B"]})))
    <table class="causalif">
    <thead><tr><th style="text-align:left">term</th></tr></thead>
    <tbody>
    <tr><td style="text-align:left">A &amp; B</td></tr>
    </tbody>
    </table>
    """
    cells = formatted(frame, digits=digits, p_values=p_values)
    styles = [
        f'style="text-align:{"right" if _is_number(frame.iloc[:, j]) else "left"}"'
        for j in range(frame.shape[1])
    ]

    def row(tag: str, entries: Iterable[str]) -> str:
        pairs = zip(styles, entries, strict=True)
        inner = "".join(f"<{tag} {style}>{html.escape(entry)}</{tag}>" for style, entry in pairs)
        return f"<tr>{inner}</tr>"

    lines = ['<table class="causalif">']
    if caption:
        lines.append(f"<caption>{html.escape(caption)}</caption>")
    lines += [f"<thead>{row('th', cells.columns)}</thead>", "<tbody>"]
    lines += [row("td", entries) for entries in cells.to_numpy()]
    lines += ["</tbody>", "</table>"]
    return "\n".join([*lines, *_html_notes(notes)])


def _html_notes(notes: Iterable[str]) -> list[str]:
    """Paragraphs, and a list of neighbouring notes that start with a dash."""
    lines: list[str] = []
    for listed, group in groupby(notes, key=lambda note: note.startswith("- ")):
        if listed:
            items = "".join(f"<li>{html.escape(note[2:])}</li>" for note in group)
            lines.append(f"<ul>{items}</ul>")
        else:
            lines += [f"<p>{html.escape(note)}</p>" for note in group if note]
    return lines


def as_latex(
    frame: pd.DataFrame,
    *,
    digits: int = 3,
    p_values: Sequence[str] = P_VALUES,
    caption: str = "",
    label: str = "",
) -> str:
    r"""The table as a LaTeX tabular with booktabs rules; a float if it has a caption.

    Examples
    --------
    >>> print(as_latex(pd.DataFrame({"term": ["a_b"], "x": [0.5]})))
    \begin{tabular}{lr}
    \toprule
    term & x \\
    \midrule
    a\_b & 0.500 \\
    \bottomrule
    \end{tabular}
    """
    cells = formatted(frame, digits=digits, p_values=p_values)
    layout = "".join("r" if _is_number(frame.iloc[:, j]) else "l" for j in range(frame.shape[1]))

    def row(entries: Iterable[str]) -> str:
        return " & ".join(latex_escape(entry) for entry in entries) + r" \\"

    lines = [rf"\begin{{tabular}}{{{layout}}}", r"\toprule", row(cells.columns), r"\midrule"]
    lines += [row(entries) for entries in cells.to_numpy()]
    lines += [r"\bottomrule", r"\end{tabular}"]
    if caption:
        named = [rf"\label{{{label}}}"] if label else []
        head = [r"\begin{table}", r"\centering", rf"\caption{{{latex_escape(caption)}}}", *named]
        lines = [*head, *lines, r"\end{table}"]
    return "\n".join(lines)


def latex_escape(text: str) -> str:
    r"""Text safe in LaTeX; a leading minus becomes a math minus.

    Examples
    --------
    >>> print(latex_escape("50% of x_1"), latex_escape("-0.5"), latex_escape("<0.0001"))
    50\% of x\_1 $-$0.5 $<$0.0001
    """
    special = {"\\": r"\textbackslash{}", "~": r"\textasciitilde{}", "^": r"\textasciicircum{}"}
    special |= {"<": "$<$", ">": "$>$"} | {c: rf"\{c}" for c in "&%$#_{}"}
    escaped = "".join(special.get(character, character) for character in text)
    return f"$-${escaped[1:]}" if escaped.startswith("-") and len(escaped) > 1 else escaped


def _is_number(column: pd.Series) -> bool:
    return pd.api.types.is_numeric_dtype(column.dtype) and column.dtype != bool


def _column(column: pd.Series, digits: int, is_p_value: bool) -> list[str]:
    if not _is_number(column):
        return ["" if _is_missing(cell) else str(cell) for cell in column]
    if pd.api.types.is_integer_dtype(column.dtype):
        return ["" if _is_missing(cell) else str(cell) for cell in column]
    numbers = column.to_numpy(dtype=float, na_value=np.nan)
    if is_p_value:
        return [_p_value(number) for number in numbers]
    shape = _shape(numbers, digits)
    return [_number(number, shape) for number in numbers]


def _shape(numbers: np.ndarray, digits: int) -> str:
    sizes = abs(numbers[np.isfinite(numbers) & (numbers != 0)])
    if not len(sizes):
        return f".{digits}f"
    decimals = digits - 1 - int(np.floor(np.log10(sizes.min())))
    if decimals > MOST_DECIMALS or sizes.max() >= 1e7:
        return f".{digits + 1}g"
    return f".{max(decimals, 0)}f"


def _number(number: float, shape: str) -> str:
    if np.isnan(number):
        return ""
    shown = f"{number:{shape}}"
    # "-0.000" reads as a sign that is not there.
    return shown.lstrip("-") if float(shown) == 0 else shown


def _p_value(number: float) -> str:
    if np.isnan(number):
        return ""
    return f"<{SMALLEST_P}" if number < SMALLEST_P else f"{number:.4f}"


def _is_missing(cell: Any) -> bool:
    return cell is None or cell is pd.NA or cell is pd.NaT or bool(np.all(cell != cell))

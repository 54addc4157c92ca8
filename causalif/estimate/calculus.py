"""Derivatives and result names of the common functions of one or two estimates."""

from __future__ import annotations

import re
from collections.abc import Callable

import numpy as np

# x is the argument, y the value.
UNARY: dict[str, Callable[[np.ndarray, np.ndarray], np.ndarray]] = {
    "exp": lambda x, y: y,
    "exp2": lambda x, y: y * np.log(2.0),
    "expm1": lambda x, y: y + 1.0,
    "log": lambda x, y: 1.0 / x,
    "log2": lambda x, y: 1.0 / (x * np.log(2.0)),
    "log10": lambda x, y: 1.0 / (x * np.log(10.0)),
    "log1p": lambda x, y: 1.0 / (1.0 + x),
    "sqrt": lambda x, y: 0.5 / y,
    "square": lambda x, y: 2.0 * x,
    "reciprocal": lambda x, y: -y * y,
    "negative": lambda x, y: -np.ones_like(x),
    "positive": lambda x, y: np.ones_like(x),
    "absolute": lambda x, y: x / y,
    "sin": lambda x, y: np.cos(x),
    "cos": lambda x, y: -np.sin(x),
    "tanh": lambda x, y: 1.0 - y * y,
    "arctanh": lambda x, y: 1.0 / (1.0 - x * x),
    "expit": lambda x, y: y * (1.0 - y),
    "logit": lambda x, y: 1.0 / (x * (1.0 - x)),
}

Pair = tuple[np.ndarray, np.ndarray]
# a and b are the arguments, y the value; the derivatives by a and by b.
BINARY: dict[str, Callable[[np.ndarray, np.ndarray, np.ndarray], Pair]] = {
    "add": lambda a, b, y: (np.ones_like(y), np.ones_like(y)),
    "subtract": lambda a, b, y: (np.ones_like(y), -np.ones_like(y)),
    "multiply": lambda a, b, y: (b, a),
    "divide": lambda a, b, y: (1.0 / b, -y / b),
    "power": lambda a, b, y: (np.where(b == 0, 0.0, b * a ** (b - 1.0)), y * np.log(a)),
}

SYMBOL = {"add": "+", "subtract": "-", "multiply": "*", "divide": "/", "power": "**"}
_COMPOUND = re.compile(r" [-+*/] | \*\* |^-")


def name_unary(function: str, name: str) -> str:
    """Name a function of one term.

    Examples
    --------
    >>> name_unary("exp", "TE"), name_unary("negative", "NDE + NIE")
    ('exp(TE)', '-(NDE + NIE)')
    """
    if function == "positive":
        return name
    return f"-{_closed(name)}" if function == "negative" else f"{function}({name})"


def name_binary(function: str, left: str, right: str) -> str:
    """Name a function of two terms, with the parentheses it needs.

    Examples
    --------
    >>> name_binary("divide", "NIE", "NDE + NIE")
    'NIE / (NDE + NIE)'
    """
    if function not in SYMBOL:
        return f"{function}({left}, {right})"
    if function != "add":
        # a - b - c needs parentheses on the right only.
        left = left if function == "subtract" and not left.startswith("-") else _closed(left)
        right = _closed(right)
    return f"{left} {SYMBOL[function]} {right}"


def number_name(value: float) -> str:
    """A number as it reads in a term's name."""
    return f"{value:.6g}"


def _closed(name: str) -> str:
    wrapped = re.fullmatch(r"\w*\([^()]*\)", name) is not None
    return f"({name})" if _COMPOUND.search(name) and not wrapped else name

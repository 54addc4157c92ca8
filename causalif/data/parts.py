"""Where the parts of a formula begin and end, and where it breaks."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from formulaic.errors import FormulaicError
from formulaic.parser.algos.tokenize import tokenize

from causalif.data.terms import plain_text
from causalif.errors import Problems

EXPECTED: Mapping[int | str, str] = {
    2: "outcome ~ exposure | covariates, such as y ~ treat | age + sex",
    3: "outcome ~ exposure | mediators | covariates, such as y ~ treat | m1 + m2 | age + sex",
    "ordered": "outcome ~ exposure | first mediator | second | .. | covariates (1 for none), such "
    "as y ~ treat | m1 | m2 + m3 | age + sex",
}
Span = tuple[int, int]


class BrokenFormula(Exception):
    """What is wrong, and the place of it."""

    def __init__(self, what: str, at: int) -> None:
        super().__init__(what)
        self.what, self.at = what, at

    def note(self, formula: str, form: int | str, problems: Problems) -> None:
        """Note it with a caret under the place and the form expected."""
        line = formula.replace("\n", " ").replace("\t", " ")
        problems.add(
            f"the formula {self.what}.\n    {line}\n    {' ' * self.at}^\n ",
            f"Expected: {EXPECTED[form]}.",
        )

    @classmethod
    def from_formulaic(cls, error: Exception, start: int) -> BrokenFormula:
        """Take over formulaic's message, and the place that it marks."""
        text = str(error)
        marked = text.split("\n\n")[-1].find("⧛") if "⧛" in text else 0
        return cls(f"cannot be read: {plain_text(text)}", start + max(marked, 0))


def split_formula(formula: str, parts: int, *, more: bool = False) -> list[Span]:
    """Start and end of the outcome, the exposure, and each part after a bar.

    Examples
    --------
    >>> [("y ~ a | m")[start:end] for start, end in split_formula("y ~ a | m", 3)]
    ['y ', ' a ', ' m']
    """
    tokens = tokens_of(formula, 0)
    signs = list(_separators(tokens))
    if not signs or signs[0][0] != "~":
        at = tokens[1].source_start if len(tokens) > 1 else len(formula)
        raise BrokenFormula("has no ~ after the outcome", signs[0][1] if signs else at or 0)
    for sign, at in signs[1:]:
        if sign != "|":
            raise BrokenFormula("has a second ~", at)
    places = [at for _, at in signs]
    ends = [*places, len(formula)]
    spans = list(zip([0, *(at + 1 for at in places)], ends, strict=True))
    for start, end in spans:
        if not formula[start:end].strip():
            where = f"after {formula[start - 1]}" if start else "before ~"
            raise BrokenFormula(f"has nothing {where}", end)
    if len(spans) > parts + 1 and not more:
        raise BrokenFormula("has too many parts", places[parts])
    if len(spans) < parts:
        raise BrokenFormula("has no mediators after the exposure", len(formula))
    return spans


def tokens_of(text: str, start: int) -> list[Any]:
    """The tokens of formulaic, its errors placed in the whole formula."""
    try:
        return list(tokenize(text))
    except FormulaicError as error:
        raise BrokenFormula.from_formulaic(error, start) from None


def _separators(tokens: list[Any]) -> Iterator[tuple[str, int]]:
    """Each ~ and | with its place; formulaic reads || as one operator."""
    depth = 0
    for token in tokens:
        kind = token.kind.value if token.kind else ""
        if kind == "context":
            depth += {"(": 1, ")": -1}.get(token.token, 0)
        if token.token == "." and kind in {"operator", "value"}:
            raise BrokenFormula("cannot take '.' for all columns: name them", token.source_start)
        for k, sign in enumerate(token.token if kind == "operator" else ""):
            if sign in "~|":
                if depth:
                    raise BrokenFormula(f"has a {sign} inside parentheses", token.source_start + k)
                yield sign, token.source_start + k

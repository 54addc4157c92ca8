"""The structure of a Bayesian network in a .bif text (Interchange Format 0.15)."""

from __future__ import annotations

import re
from collections.abc import Iterator

from causalif.errors import did_you_mean
from causalif.graph.formats.draft import Draft
from causalif.graph.formats.tokens import Cursor, Token, line_number, name_problem
from causalif.graph.search import Graph

_FIRST = re.compile(
    r"""\ufeff? (?> \s+ | //[^\n]* | \#[^\n]* | /\*.*?\*/ )*+
        network \b \s* (?: "[^"\n]*" | [^\s{};"]+ )? \s* \{""",
    re.VERBOSE | re.DOTALL,
)
_WORDS = re.compile(
    r"""(?P<skip>\s+ | //[^\n]* | /\*.*?\*/)
      | (?P<string>"[^"]*")
      | (?P<mark>[][{}()|,;])
      | (?P<name>[^][\s{}()|,;"]+ | ")""",
    re.VERBOSE | re.DOTALL,
)


def is_bif(text: str) -> bool:
    """Whether a text begins, after comments, with ``network NAME {``.

    Examples
    --------
    >>> is_bif("// by hand\\nnetwork cancer { }"), is_bif("network -> y")
    (True, False)
    """
    return _FIRST.match(text) is not None


def parse_bif(text: str) -> Graph:
    """Variables and their parents; probabilities and properties are passed over.

    Raises
    ------
    DataError
        A block that is not closed, a variable that is not declared or stands twice.

    Examples
    --------
    >>> dag = parse_bif("network n { } variable a { } variable y { } probability (y | a) { }")
    >>> list(dag.edges)
    [('a', 'y')]
    """
    text = text.removeprefix("\ufeff").replace("\r\n", "\n").replace("\r", "\n")
    return _Parser(text).graph()


def _words(text: str) -> Iterator[Token]:
    for match in _WORDS.finditer(text):
        kind, word = str(match.lastgroup), match.group()
        if kind == "string":
            yield Token("name", word[1:-1], match.start(), match.end())
        elif kind != "skip":
            yield Token(word if kind == "mark" else "name", word, match.start(), match.end())


class _Parser(Cursor):
    def __init__(self, text: str) -> None:
        super().__init__(text, _words(text))
        self.draft = Draft(lambda place: f"line {line_number(text, place)}")
        self.declared: dict[str, int] = {}
        self.given: dict[str, int] = {}
        self.parents: list[tuple[str, str, int]] = []

    def graph(self) -> Graph:
        while (token := self.take()).kind != "end":
            match token.text:
                case "network":
                    self.accept("name")
                    self.block(token)
                case "variable":
                    self.once("variable", self.variable(), self.declared, token)
                    self.block(token)
                case "probability":
                    self.probability(token)
                case "property":
                    self.up_to_semicolon(token)
                case ";":
                    pass
                case _:
                    self.fail(token, "expected 'network', 'variable' or 'probability'.")
        for name in self.declared:
            self.draft.node(name)
        for parent, child, place in self.parents:
            if parent in self.declared and child in self.declared:
                self.draft.arrow(parent, child, place)
            else:
                self.unknown(child if parent in self.declared else parent, place)
        return self.draft.graph()

    def variable(self) -> str:
        token = self.take()
        if token.kind != "name":
            self.fail(token, "expected the name of a variable.")
        wrong = name_problem(token.text)
        if wrong:
            self.fail(token, f"the name {wrong}.")
        return token.text

    def unknown(self, name: str, place: int) -> None:
        self.draft.problem(
            lambda: (
                f"{self.draft.where(place)}: no variable {name!r} is declared. "
                f"{did_you_mean(name, self.declared)}"
            )
        )

    def once(self, word: str, name: str, seen: dict[str, int], token: Token) -> None:
        first = seen.setdefault(name, token.start)
        if first != token.start:
            where = self.draft.where
            self.draft.problem(
                lambda: (
                    f"{word} {name!r} stands twice: {where(first)} and {where(token.start)}. "
                    "Keep one."
                )
            )

    def probability(self, token: Token) -> None:
        """``probability ( child | parent, parent ) { ... }``."""
        if not self.accept("("):
            self.fail(self.look(), "expected '(' after 'probability'.")
        child = self.variable()
        self.once("probability of", child, self.given, token)
        while not self.accept(")"):
            if not (self.accept("|") or self.accept(",")):
                place = self.look().start
                self.parents.append((self.variable(), child, place))
        if not self.accept(";"):
            self.block(token)

    def block(self, owner: Token) -> None:
        """Pass over ``{ ... }``, with all the braces within."""
        opening = self.take()
        if opening.kind != "{":
            self.fail(opening, f"expected the braces of {owner.text!r}.")
        depth = 1
        while depth:
            token = self.take()
            if token.kind == "end":
                self.fail(opening, "this brace is not closed.")
            depth += (token.kind == "{") - (token.kind == "}")

    def up_to_semicolon(self, token: Token) -> None:
        while not self.accept(";"):
            if self.take().kind == "end":
                self.fail(token, "expected ';' after this.")

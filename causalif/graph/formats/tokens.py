"""The words of a text that describes a graph, and how an error in it is shown."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator, Sequence
from typing import NamedTuple, NoReturn

from causalif.errors import DataError

ARROWS = {"->": "->", "→": "->", "<-": "<-", "←": "<-", "<->": "<->", "↔": "<->"}
NAMES = ("name", "string")
NOT_BARE = "Put a name in double quotes unless it has letters, digits, '_' and '.' only."

_SKIPPED = r"(?>\s+ | //[^\n]* | \#[^\n]* | /\*.*?\*/)*+"
_JOINED = r"[^\x00-\x7f\s→←↔\w]"
_WORD = re.compile(
    rf"""{_SKIPPED} (?:
        (?P<name>\.*+\w[\w.]*+(?!{_JOINED}))
      | (?P<arrow>[<@]?-+[>@]? | [→←↔])
      | (?P<mark>[]{{}}[;,=+])
      | (?P<string>"[^"\\]*+(?:\\.[^"\\]*+)*+")
      | (?P<odd>(?:[\w.] | {_JOINED})+)
      | (?P<end>\Z))""",
    re.VERBOSE | re.DOTALL,
)
_SKIP = re.compile(_SKIPPED, re.VERBOSE | re.DOTALL)
_BARE = re.compile(r"[\w.]*\w[\w.]*")
_ESCAPED = re.compile(r'\\(["\\])')


class Token(NamedTuple):
    """A word: its kind, what it says, and where it stands.

    The kind is "name", "string", "->", "<-", "<->", "undirected", "-" (a hyphen), "end", or a
    mark itself.
    """

    kind: str
    text: str
    start: int
    end: int


class Cursor:
    """A text as words, read from first to last; the last is always of kind "end"."""

    def __init__(self, text: str, words: Iterator[Token]) -> None:
        self.text = text
        end = Token("end", "", len(text.rstrip()), len(text))
        self.tokens = [*words, end, end, end, end]
        self.at = 0

    def look(self, ahead: int = 0) -> Token:
        """A word to come, at most three after the next, which is not taken."""
        return self.tokens[self.at + ahead]

    def take(self) -> Token:
        """The next word; the end stays where it is."""
        token = self.tokens[self.at]
        self.at += token.kind != "end"
        return token

    def accept(self, kind: str) -> bool:
        """Take the next word if it is of this kind."""
        found = self.tokens[self.at].kind == kind
        self.at += found
        return found

    def fail(self, token: Token, problem: str) -> NoReturn:
        """Say what is wrong with a word, and show it."""
        fail(self.text, token.start, problem)


def words(text: str) -> Iterator[Token]:
    """The words of the graph language; white space and comments are left out.

    Examples
    --------
    >>> [token.kind for token in words('A -> "body mass" [latent]  # unknown')]
    ['name', '->', 'string', '[', 'name', ']']
    """
    at = 0
    while match := _WORD.match(text, at):
        kind = str(match.lastgroup)
        word, start, at = match[kind], match.start(kind), match.end()
        if kind == "end":
            return
        if kind == "string":
            word = _ESCAPED.sub(r"\1", word[1:-1])
        elif kind == "arrow":
            kind = ARROWS.get(word) or ("-" if word == "-" else "undirected")
        elif kind == "mark":
            kind = word
        elif kind == "odd":
            kind = "name"
            _check_odd(text, word, start)
        yield Token(kind, word, start, at)
    passed = _SKIP.match(text, at)
    at = passed.end() if passed else at
    fail(text, at, _unreadable(text, at))


def is_bare(name: str) -> bool:
    """Whether a name may stand without quotes.

    Examples
    --------
    >>> [name for name in ("x.1", "naïve", "变量", "body mass", "pre-test") if is_bare(name)]
    ['x.1', 'naïve', '变量']
    """
    return _BARE.fullmatch(name) is not None


def quoted(name: str) -> str:
    r"""A name in double quotes; a quote and a backslash within get a backslash before them.

    Examples
    --------
    >>> print(quoted('5" pipe'))
    "5\" pipe"
    """
    return '"' + name.replace("\\", "\\\\").replace('"', '\\"') + '"'


def name_problem(name: str) -> str:
    """Why text cannot carry a name; empty where it can.

    Examples
    --------
    >>> name_problem("two lines\\n")
    'holds the character U+000A, a line break or other control'
    """
    if not name:
        return "is empty"
    if "<->" in name:
        return "holds '<->', which is kept for arrows with two heads"
    for sign in name:
        if not sign.isprintable() and unicodedata.category(sign) in ("Cc", "Cs"):
            return f"holds the character U+{ord(sign):04X}, a line break or other control"
    return ""


def line_number(text: str, at: int) -> int:
    """The line of a position, from 1."""
    return text.count("\n", 0, at) + 1


def fail(text: str, at: int, problem: str) -> NoReturn:
    """Raise the error of a text: its line, what is wrong, and the place under a caret.

    Raises
    ------
    DataError
    """
    begin = text.rfind("\n", 0, at) + 1
    end = text.find("\n", at)
    left, right = max(begin, at - 60), min(len(text) if end < 0 else end, at + 40)
    shown = "".join(sign if sign.isprintable() else "·" for sign in text[left:right])
    raise DataError(
        f"line {line_number(text, at)} of the graph: {problem}\n"
        f"    {shown}\n    {' ' * (at - left)}^"
    )


def listed(items: Sequence[object], most: int = 5) -> str:
    """``'a', 'b' and 3 more``."""
    more = f" and {len(items) - most} more" if len(items) > most else ""
    return ", ".join(repr(str(item)) for item in items[:most]) + more


def _check_odd(text: str, word: str, at: int) -> None:
    """A bare name may also hold the marks (accents, vowels) that join the letter before."""
    for k, sign in enumerate(word):
        if sign in "“”„«»":
            fail(text, at + k, f"{sign} is no quote here: use the straight double quote.")
        joins = k > 0 and unicodedata.category(sign).startswith("M")
        if not (joins or sign == "." or _BARE.fullmatch(sign)):
            fail(text, at + k, f"the character {sign!r} cannot stand here. {NOT_BARE}")
    if not word.strip("."):
        fail(text, at, f"{word!r} is no name. {NOT_BARE}")


def _unreadable(text: str, at: int) -> str:
    if text[at] == '"':
        return "this quote is not closed."
    if text.startswith("/*", at):
        return "this comment is not closed."
    if text[at] == "'":
        return "a name with spaces or signs goes into double quotes."
    return f"the character {text[at]!r} cannot stand here. {NOT_BARE}"

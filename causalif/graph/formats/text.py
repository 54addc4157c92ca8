"""The one grammar of arrows, dagitty and DOT: from text to a draft of a graph.

::

    text       = [["strict"] ("dag" | "digraph") [name]] "{" statements "}"  |  statements
    statements = {statement [";" | "," | line break]}
    statement  = operand {arrow operand} [attributes]
               | ("graph" | "node" | "edge") attributes  |  name "=" value
    operand    = name  |  ["subgraph" [name]] "{" statements "}"
    arrow      = "->" | "<-" | "<->"
    attributes = "[" {name ["=" value] [";" | ","]} "]"
"""

from __future__ import annotations

from causalif.graph.formats.attributes import (
    check_defaults,
    has_both_heads,
    read_attributes,
    read_value,
)
from causalif.graph.formats.draft import Draft
from causalif.graph.formats.tokens import NAMES, Cursor, Token, line_number, name_problem, words
from causalif.graph.search import Graph, Node

KINDS = ("dag", "digraph")
OTHER_KINDS = {
    "graph": "an undirected graph",
    "pdag": "a partially directed graph",
    "mag": "a maximal ancestral graph",
    "pag": "a partial ancestral graph",
}
DEFAULTS = ("graph", "node", "edge")
JOINS = ("->", "<-", "<->", "undirected", "-")
MOST_ARROWS = 1_000_000
DEEPEST = 16
UNDIRECTED = "this is no arrow with a direction. A DAG needs one: write '->', '<-' or '<->'."


def parse(text: str) -> Graph:
    """The graph that a text describes, not yet checked for cycles.

    Raises
    ------
    DataError
        A syntax error, or every self-loop, repeated arrow and contradicting mark.

    Examples
    --------
    >>> dag = parse("W -> {A Y}; A -> Y")
    >>> list(dag.edges)
    [('W', 'A'), ('W', 'Y'), ('A', 'Y')]
    """
    text = text.removeprefix("\ufeff").replace("\r\n", "\n").replace("\r", "\n")
    return _Parser(text).graph()


class _Parser(Cursor):
    """Recursive descent; braces go DEEPEST deep, so that the stack is bounded."""

    def __init__(self, text: str) -> None:
        super().__init__(text, words(text))
        self.draft = Draft(lambda place: f"line {line_number(text, place)}")
        self.headed = False
        self.spent = 0

    def graph(self) -> Graph:
        opening = self.header()
        self.headed = opening is not None
        self.statements(0, opening)
        if self.look().kind != "end":
            self.fail(self.look(), "the graph ended with its closing brace; this comes after it.")
        return self.draft.graph()

    def header(self) -> Token | None:
        """The opening brace of a text with a header; None where there is no header."""
        strict = self.look().text.lower() == "strict"
        first = self.look(int(strict))
        kind, at = first.text.lower(), 1 + strict
        at += self.look(at).kind in NAMES
        known = first.kind == "name" and kind in (*KINDS, *OTHER_KINDS)
        if not known or self.look(at).kind != "{":
            return None
        if kind in OTHER_KINDS:
            self.fail(
                first,
                f"{kind!r} begins {OTHER_KINDS[kind]}. Read are 'dag' and 'digraph', in which "
                "every arrow has its direction.",
            )
        self.draft.merge = strict
        self.at += at
        return self.take()

    def statements(self, depth: int, opening: Token | None) -> dict[Node, None]:
        """Statements up to the closing brace or the end; every node named in them."""
        nodes: dict[Node, None] = {}
        last, arrows, between = "", False, ""
        while True:
            token = self.look()
            if token.kind == "end" and opening:
                self.fail(opening, "this brace is not closed.")
            if token.kind == "}" and not opening:
                self.fail(token, "no brace is open here.")
            if token.kind in ("end", "}"):
                self.take()
                return nodes
            if token.kind in (";", ","):
                between = self.take().kind
                continue
            if last and not between:
                self.check_apart(token, depth)
            here, has_arrows = self.statement(depth)
            if between == "," and last and has_arrows != arrows:
                self.fail(token, "a comma here may mean two things. Write {A B} -> C, or use ';'.")
            nodes.update(here)
            last, arrows, between = "statement", has_arrows, ""

    def check_apart(self, token: Token, depth: int) -> None:
        """Two names side by side are two nodes in braces and in dagitty's text only."""
        before, earlier = self.tokens[self.at - 1], self.tokens[self.at - 2]
        if "\n" in self.text[before.end : token.start]:
            return
        after = self.look(1)
        if token.text == "o" and after.kind in JOINS and token.end == after.start:
            self.fail(token, UNDIRECTED)
        if before.text == "o" and earlier.kind in JOINS and earlier.end == before.start:
            self.fail(earlier, UNDIRECTED)
        if token.start == before.end or not (depth or self.headed):
            self.fail(
                token,
                "expected an arrow, ';' or a new line. A name with spaces goes into double "
                'quotes: "body mass".',
            )

    def statement(self, depth: int) -> tuple[dict[Node, None], bool]:
        """One statement: the nodes named in it, and whether it has an arrow."""
        token, after = self.look(), self.look(1).kind
        if token.kind == "name" and token.text.lower() in DEFAULTS and after == "[":
            self.take()
            check_defaults(self, read_attributes(self))
            return {}, False
        if token.kind in NAMES and after == "=":
            self.setting(depth)
            return {}, False
        left = self.operand(depth)
        nodes, links = dict.fromkeys(left), list[tuple[list[Node], Token, list[Node]]]()
        while self.look().kind in JOINS:
            arrow = self.take()
            self.check_arrow(arrow)
            right = self.operand(depth, arrow)
            links.append((left, arrow, right))
            nodes.update(dict.fromkeys(right))
            left = right
        attributes = read_attributes(self)
        if links:
            both = has_both_heads(self, attributes)
            for left, arrow, right in links:
                self.connect(left, arrow, right, "<->" if both else arrow.kind)
        elif attributes:
            self.spend(len(left) * len(attributes), token)
            for node in left:
                for key, value, place in attributes:
                    self.draft.mark(node, key, value, place.start)
        return nodes, bool(links)

    def operand(self, depth: int, before: Token | None = None) -> list[Node]:
        """A name, or the names in braces."""
        token = self.take()
        if token.kind == "name" and token.text.lower() == "subgraph":
            named = self.look().kind in NAMES and self.look(1).kind == "{"
            if named or self.look().kind == "{":
                self.at += named
                token = self.take()
        if token.kind == "{":
            if depth == DEEPEST:
                self.fail(token, f"braces go {DEEPEST} deep at most.")
            nodes = list(self.statements(depth + 1, token))
            if not nodes:
                self.fail(token, "there is no node in these braces.")
            return nodes
        if token.kind not in NAMES:
            after = f" after {before.text!r}" if before else ""
            found = f"{token.text!r}" if token.text else "the end"
            self.fail(token, f"expected a name or a group in braces{after}, and found {found}.")
        wrong = name_problem(token.text) if token.kind == "string" else ""
        if wrong:
            self.fail(token, f"the name {wrong}.")
        self.draft.node(token.text)
        return [token.text]

    def check_arrow(self, arrow: Token) -> None:
        if arrow.kind == "-":
            self.fail(
                arrow,
                "a hyphen is no arrow and no part of a name without quotes. Write '->', or quote "
                'the name: "pre-test".',
            )
        if arrow.kind == "undirected":
            long = arrow.text in ("-->", "<--", "<-->")
            self.fail(arrow, "write '->', '<-' or '<->', with one dash." if long else UNDIRECTED)

    def connect(self, left: list[Node], arrow: Token, right: list[Node], kind: str) -> None:
        """Every arrow from one operand to the next."""
        self.spend(len(left) * len(right), arrow)
        for one in left:
            for other in right:
                if kind == "->":
                    self.draft.arrow(one, other, arrow.start)
                elif kind == "<-":
                    self.draft.arrow(other, one, arrow.start)
                else:
                    self.draft.two_headed(one, other, arrow.start)

    def spend(self, count: int, token: Token) -> None:
        self.spent += count
        if self.spent > MOST_ARROWS:
            self.fail(token, f"the groups of this text make more than {MOST_ARROWS:,} arrows.")

    def setting(self, depth: int) -> None:
        """``rankdir=LR``: passed over."""
        key = self.take()
        if not (depth or self.headed):
            self.fail(self.look(), f"'=' cannot follow {key.text!r} here: expected an arrow.")
        self.take()
        read_value(self)

"""Attributes in a text: what stands in square brackets after a node or an arrow."""

from __future__ import annotations

from causalif.graph.formats.marks import MEANT
from causalif.graph.formats.tokens import NAMES, Cursor, Token

Attribute = tuple[str, "str | None", Token]


def read_attributes(cursor: Cursor) -> list[Attribute]:
    """``[key, key=value; ...]``, once or several times: key, value or None, and the place."""
    found: list[Attribute] = []
    while cursor.look().kind == "[":
        opening = cursor.take()
        while (token := cursor.take()).kind != "]":
            if token.kind in (",", ";"):
                continue
            if token.kind == "end":
                cursor.fail(opening, "this bracket is not closed.")
            if token.kind not in NAMES:
                cursor.fail(token, f"expected an attribute or ']', and found {token.text!r}.")
            found.append((token.text, read_value(cursor) if cursor.accept("=") else None, token))
    return found


def read_value(cursor: Cursor) -> str:
    """A name, quoted text or a number, such as ``-1e-05``."""
    token = cursor.take()
    if token.kind == "string":
        return token.text
    if token.kind not in ("name", "-", "+"):
        cursor.fail(token, "expected a value; it goes into double quotes.")
    parts, end = [token.text], token.end
    while cursor.look().kind in ("name", "-", "+") and cursor.look().start == end:
        parts.append(cursor.look().text)
        end = cursor.take().end
    return "".join(parts)


def has_both_heads(cursor: Cursor, attributes: list[Attribute]) -> bool:
    """Whether DOT's ``dir`` gives an arrow two heads; a mark of nodes is refused here."""
    both = False
    for key, value, token in attributes:
        if value is None and key.lower() in MEANT:
            cursor.fail(token, f"{key!r} marks an arrow here. Mark a node apart: 'A [{key}]'.")
        if key.lower() == "dir" and value in ("none", "back"):
            cursor.fail(token, f"dir={value}: turn the arrow round, or give it a direction.")
        both = both or (key.lower() == "dir" and value == "both")
    return both


def check_defaults(cursor: Cursor, attributes: list[Attribute]) -> None:
    """``node [shape=box]`` is passed over, unless it would change what the graph says."""
    for key, _, token in attributes:
        if key.lower() in (*MEANT, "dir"):
            cursor.fail(token, f"{key!r} as a default is not read. Give it to each node or arrow.")

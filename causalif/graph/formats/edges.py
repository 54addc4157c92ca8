"""Graphs from plain Python: pairs, arrow texts, a mapping to children, a table of 0 and 1."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from functools import partial
from typing import Any

from causalif.errors import DataError
from causalif.graph.formats.draft import Draft
from causalif.graph.formats.text import parse
from causalif.graph.formats.tokens import listed
from causalif.graph.search import Graph

PAIRS = 'An edge list holds pairs (tail, head): [("A", "Y"), ("W", "A")].'


def from_items(source: Iterable[Any]) -> Graph:
    """Pairs (tail, head), or texts with arrows.

    Raises
    ------
    DataError

    Examples
    --------
    >>> list(from_items([("A", "Y"), ("W", "A")]).edges)
    [('A', 'Y'), ('W', 'A')]
    """
    items = _ordered(source)
    if items and all(isinstance(item, str) for item in items):
        if not any("-" in item or "→" in item or "←" in item or "↔" in item for item in items):
            raise DataError(f"{listed(items)}: no arrow in the list. {PAIRS}")
        return parse(";\n".join(items))
    draft = Draft(lambda place: f"item {place}")
    for place, item in enumerate(items, 1):
        pair = isinstance(item, list | tuple) and (
            len(item) == 2 or (len(item) == 3 and isinstance(item[2], Mapping))
        )
        if pair and all(_is_name(draft, node, place) for node in item[:2]):
            for node in item[:2]:
                draft.node(node)
            draft.arrow(item[0], item[1], place)
        elif not pair:
            draft.problem(partial(_no_arrow, place, item))
    return draft.graph()


def from_mapping(source: Mapping[Any, Any]) -> Graph:
    """Each node with its children, as networkx reads a mapping.

    Raises
    ------
    DataError

    Examples
    --------
    >>> list(from_mapping({"W": ["A", "Y"], "A": "Y"}).edges)
    [('W', 'A'), ('W', 'Y'), ('A', 'Y')]
    """
    draft = Draft(lambda place: f"key {place}")
    for place, (node, children) in enumerate(source.items(), 1):
        if isinstance(children, str) or not isinstance(children, Iterable):
            children = [] if children is None else [children]
        heads = _ordered(children)
        if not all(_is_name(draft, name, place) for name in (node, *heads)):
            continue
        draft.node(node)
        for child in heads:
            draft.node(child)
            draft.arrow(node, child, place)
    return draft.graph()


def from_table(frame: Any) -> Graph:
    """A square DataFrame: an arrow from row to column where the entry is not 0.

    Raises
    ------
    DataError

    Examples
    --------
    >>> table = pd.DataFrame([[0, 1], [0, 0]], index=["A", "Y"], columns=["A", "Y"])
    >>> list(from_table(table).edges)
    [('A', 'Y')]
    """
    rows, columns = list(frame.index), list(frame.columns)
    if rows != columns:
        raise DataError(
            f"a table of {len(rows)} rows and {len(columns)} columns describes a graph when both "
            "have the same names in the same order, and an entry is an arrow from row to column. "
            "A table of arrows: list(data[['tail', 'head']].itertuples(index=False))."
        )
    draft = Draft(lambda place: f"row {place}")
    for k, name in enumerate(columns, 1):
        if _is_name(draft, name, k) and name in draft.nodes:
            draft.problem(partial(str.format, "two columns are named {!r}.", str(name)))
        elif _is_name(draft, name, k):
            draft.node(name)
    if frame.isna().to_numpy().any():
        draft.problem(lambda: "the table has missing entries. Write 0 where there is no arrow.")
    else:
        try:
            entries = frame.to_numpy().astype(float)
        except (TypeError, ValueError):
            draft.problem(lambda: "the table holds more than numbers. Write 1 for an arrow, or 0.")
        else:
            for row, column in zip(*entries.nonzero(), strict=True):
                draft.arrow(columns[row], columns[column], int(row) + 1)
    return draft.graph()


def _ordered(source: Iterable[Any]) -> list[Any]:
    """A set has another order in each process: it is sorted by what its items show."""
    as_set = isinstance(source, set | frozenset)
    return sorted(source, key=repr) if as_set else list(source)


def _no_arrow(place: int, item: object) -> str:
    return f"item {place} is no arrow: {_shown(item)}. {PAIRS}"


def _shown(item: object) -> str:
    return f"{item!r:.80}"


def _is_name(draft: Draft, node: Any, place: int) -> bool:
    """Whether something can be a node: it has a hash, and is equal to itself."""
    try:
        hash(node)
        named = node is not None and bool(node == node)
    except (TypeError, ValueError):
        named = False
    if not named:
        draft.problem(lambda: f"{draft.where(place)}: {_shown(node)} cannot name a node.")
    return named

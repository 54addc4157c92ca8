"""What the marks on a node mean, in whichever of its ways a text or a graph says it."""

from __future__ import annotations

import math
from collections.abc import Collection, Mapping, MutableMapping
from typing import Any

from causalif.errors import DataError, Problems, did_you_mean
from causalif.graph.dag import TWO_HEADED, check_acyclic
from causalif.graph.search import Graph, Node

# dagitty's words, with its short forms.
ROLES = {
    **dict.fromkeys(("exposure", "source", "e"), "exposure"),
    **dict.fromkeys(("outcome", "target", "o"), "outcome"),
    **dict.fromkeys(("adjusted", "a"), "adjusted"),
}
LATENT = ("latent", "unobserved", "l", "u")
SELECTED = ("selected", "s")
MEANT = ("exposure", "outcome", "adjusted", "latent", "unobserved", "observed", "role")


def read_mark(marks: MutableMapping[str, Any], key: str, value: str | None) -> str:
    """Enter one attribute of a node, ``key`` or ``key=value``; say what is wrong with it.

    Attributes that have a value and no meaning here (label, shape, ...) are passed over.

    Examples
    --------
    >>> marks = {}
    >>> [read_mark(marks, "u", None), read_mark(marks, "pos", "1,-0.5")], marks
    (['', ''], {'latent': True, 'pos': (1.0, -0.5)})
    >>> read_mark(marks, "latnet", None)
    "attribute 'latnet' is not known. Did you mean 'latent'?"
    """
    word = key.lower()
    if value is not None and word in ("exposure", "outcome", "adjusted") and not is_no(value):
        value = None
    if word == "pos" and value is not None:
        return _read_position(marks, value)
    if word == "role" and value is not None:
        word, value = value.lower(), None
        if word not in ROLES:
            return f"role={word!r} is not one of 'exposure', 'outcome', 'adjusted'."
    if word in ("latent", "unobserved") or (word in LATENT and value is None):
        if value is None or not is_no(value):
            marks["latent"] = True
    elif word == "observed":
        if value is not None and is_no(value):
            marks["latent"] = True
    elif value is None and word in ROLES:
        marks["role"] = ROLES[word]
    elif value is None and word in SELECTED:
        return (
            "it is marked 'selected', which is not read. Data of selected rows are data given "
            "the node: name it among the covariates, and take the mark out."
        )
    elif value is None:
        return f"attribute {key!r} is not known. {did_you_mean(word, MEANT)}"
    return ""


def is_no(value: object) -> bool:
    """Whether an attribute's value is a no: ``False``, ``0``, "no", "false", in any case.

    Examples
    --------
    >>> is_no("No"), is_no('"no"'), is_no("yes"), is_no(False)
    (True, True, False, True)
    """
    return str(value).strip("\"' ").lower() in ("no", "false", "0")


def _read_position(marks: MutableMapping[str, Any], value: object) -> str:
    position = as_position(value)
    if position is None:
        return f"pos={value!r} is not two numbers."
    marks["pos"] = position
    return ""


def as_position(value: object) -> tuple[float, float] | None:
    """Two finite numbers from a pair, or from text such as ``"1,2"`` or DOT's ``"1,2!"``.

    Examples
    --------
    >>> as_position("1,-2.5!"), as_position([0, 1]), as_position("here")
    ((1.0, -2.5), (0.0, 1.0), None)
    """
    parts: Any = value.strip("\"'! ").split(",") if isinstance(value, str) else value
    try:
        x, y = (float(part) for part in parts)
    except (TypeError, ValueError):
        return None
    return (x, y) if math.isfinite(x) and math.isfinite(y) else None


def is_plain(dag: Graph) -> bool:
    """Whether every node of a graph says in our own way what it says."""
    if getattr(dag, "latents", None):
        return False
    for node, marks in dag.nodes(data=True):
        if marks and (_hidden(marks) != marks.get("latent", False)):
            return False
        if isinstance(node, str) and TWO_HEADED in node and not marks.get("latent"):
            return False
    return True


def make_plain(dag: Graph, hidden: Collection[Node] = ()) -> None:
    """Mark as latent what another library's words or a two-headed arrow say is not observed."""
    for node, marks in dag.nodes(data=True):
        two_headed = isinstance(node, str) and TWO_HEADED in node
        if two_headed or node in hidden or _hidden(marks):
            marks["latent"] = True
        elif "latent" in marks:
            marks["latent"] = False


def _hidden(marks: Mapping[str, Any]) -> bool:
    if is_no(marks.get("observed", "yes")):
        return True
    return "latent" in marks and bool(marks["latent"]) and not is_no(marks["latent"])


def two_ends(dag: Graph, node: Node) -> tuple[Node, Node] | None:
    """The ends of an arrow with two heads, or None if the node does not stand for one.

    Examples
    --------
    >>> import networkx as nx
    >>> two_ends(nx.DiGraph([("a <-> y", "a"), ("a <-> y", "y")]), "a <-> y")
    ('a', 'y')
    """
    if not (isinstance(node, str) and TWO_HEADED in node) or dag.pred[node]:
        return None
    heads = list(dag.succ[node])
    for pair in (heads, heads[::-1]):
        if len(pair) == 2 and f"{pair[0]}{TWO_HEADED}{pair[1]}" == node:
            return pair[0], pair[1]
    return None


def check_graph(dag: Graph) -> None:
    """Refuse a graph without nodes, with a cycle, or with a misused "A <-> B".

    Raises
    ------
    DataError
    """
    if not len(dag):
        raise DataError("the graph has no node. Write for example 'A -> Y; W -> {A Y}'.")
    problems = Problems()
    named = (node for node in dag if isinstance(node, str) and TWO_HEADED in node)
    wrong = [node for node in named if two_ends(dag, node) is None]
    for node in wrong[:5]:
        problems.add(
            f"node {node!r} has the name of an arrow with two heads, but not its two arrows.",
            "Give it another name.",
        )
    problems.raise_if_any()
    check_acyclic(dag)

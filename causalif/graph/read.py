"""Read a graph from whatever describes one."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Set
from pathlib import Path
from typing import Any

import networkx as nx

from causalif.errors import DataError
from causalif.graph.formats.bif import is_bif, parse_bif
from causalif.graph.formats.edges import from_items, from_mapping, from_table
from causalif.graph.formats.files import as_path, read_file
from causalif.graph.formats.marks import check_graph, is_plain
from causalif.graph.formats.networks import from_lookalike, from_network
from causalif.graph.formats.text import parse
from causalif.graph.search import Graph

_GML = re.compile(r"\s*graph\s*\[\s*(directed|node|comment|label)\b")


def read_dag(source: Any) -> Graph:
    r"""Read a causal graph.

    Parameters
    ----------
    source : str, path, edges, mapping, DataFrame or graph
        - A text of arrows, dagitty text, or DOT: see below.
        - A ``.bif`` network, as text: its structure.
        - A `pathlib.Path`, or a string that ends in .bif, .dot, .gv, .txt or .dagitty: the file
          (UTF-8) is read.
        - Pairs (tail, head): ``[("W", "A"), ("A", "Y")]``; or a list of texts with arrows.
        - A mapping from each node to its children: ``{"W": ["A", "Y"], "A": ["Y"]}``.
        - A square pandas DataFrame with the same names on both sides; an entry other than 0 is
          an arrow from row to column.
        - A networkx DiGraph, or anything with ``nodes`` and ``edges`` as pgmpy and dowhy have;
          ``observed="no"`` and pgmpy's ``latents`` mark latent nodes.

    Returns
    -------
    networkx.DiGraph
        A new graph without cycles; nodes and arrows in the order in which they were first
        named. Nodes may carry ``latent=True``, ``role`` ("exposure", "outcome" or "adjusted")
        and ``pos`` (two numbers).

    Raises
    ------
    DataError
        A cycle (shown), an arrow from a node to itself, an arrow that stands twice, marks that
        contradict each other, a syntax error (with its line), an undirected arrow or graph.

    See Also
    --------
    write_dag : the way back.

    Notes
    -----
    *Arrows.* Statements end with a line break, a semicolon or a comma. Arrows chain:
    ``A -> M -> Y <- W``. Braces hold several nodes, separated by spaces, commas or semicolons,
    on either side of an arrow: ``{U W} -> {A Y}``. An arrow with two heads, ``A <-> Y``, stands
    for something latent that drives both: it becomes a latent node named "A <-> Y". The signs
    → ← ↔ are arrows, too. A comma may not stand between a statement with an arrow and one
    without.

    *Names* have letters of any alphabet, digits, ``_`` and ``.``; all other names go into double
    quotes, in which a quote or a backslash has a backslash before it. Names are case-sensitive.
    No name holds a line break or ``<->``.

    *Marks* follow a node, or several in braces, in square brackets: ``U [latent]``,
    ``A [exposure, pos="0,1"]``. Known are ``latent`` (``unobserved``, ``l``, ``u``),
    ``exposure`` (``source``, ``e``), ``outcome`` (``target``, ``o``), ``adjusted`` (``a``) and
    ``pos``; ``observed="no"`` and ``role="exposure"`` say the same in DOT. Other attributes with
    a value (``label``, ``shape``, ``beta``), of nodes, arrows or the graph, are passed over; a
    label does not rename its node.

    *dagitty and DOT* are the same language within ``dag { ... }`` or ``digraph name { ... }``.
    There, a line may hold several statements without a semicolon. ``A -> Y [dir=both]`` has two
    heads, ``subgraph`` is a group in braces, ``strict`` merges arrows that stand twice.

    *Comments* are ``// ...``, ``# ...`` and ``/* ... */``.

    References
    ----------
    .. [1] Textor, van der Zander, Gilthorpe, Liskiewicz & Ellison (2016), International Journal
       of Epidemiology 45(6), 1887-1894 (dagitty).
    .. [2] The DOT language, https://graphviz.org/doc/info/lang.html

    Examples
    --------
    >>> dag = read_dag("A -> M -> Y; A -> Y; W -> {A M Y}")
    >>> list(dag)
    ['A', 'M', 'Y', 'W']
    >>> list(dag.predecessors("Y"))
    ['M', 'A', 'W']

    >>> dag = read_dag('''dag {
    ...     A [exposure, pos="0,0"]
    ...     Y [outcome]
    ...     "body mass" [latent]
    ...     A -> Y
    ...     "body mass" -> { A Y }   // confounds
    ... }''')
    >>> dag.nodes["A"], dag.nodes["body mass"]
    ({'role': 'exposure', 'pos': (0.0, 0.0)}, {'latent': True})

    >>> list(read_dag("A <-> Y").edges)
    [('A <-> Y', 'A'), ('A <-> Y', 'Y')]
    >>> list(read_dag([("A", "Y"), ("W", "A")]).edges)
    [('A', 'Y'), ('W', 'A')]

    >>> read_dag("A -> M; M -> Y -> A")
    Traceback (most recent call last):
    causalif.errors.DataError: the graph has a cycle: A -> M -> Y -> A. ...
    >>> read_dag("A -> body mass")
    Traceback (most recent call last):
    causalif.errors.DataError: line 1 of the graph: expected an arrow, ';' or a new line. ...
    """
    dag = _read(source)
    check_graph(dag)
    return dag


def as_dag(source: Any) -> Graph:
    """The graph itself where `source` is one, checked but not copied; else as `read_dag` reads.

    A graph that says in another library's words that a node is latent is read as well.

    Raises
    ------
    DataError
        As `read_dag`.

    Examples
    --------
    >>> dag = nx.DiGraph([("A", "Y")])
    >>> as_dag(dag) is dag
    True
    """
    if isinstance(source, nx.DiGraph) and not source.is_multigraph() and is_plain(source):
        check_graph(source)
        return source
    return read_dag(source)


def _read(source: Any) -> Graph:
    if isinstance(source, str):
        path = as_path(source)
        return _read_text(source if path is None else read_file(path))
    if isinstance(source, Path):
        return _read_text(read_file(source))
    if isinstance(source, nx.Graph):
        return from_network(source)
    if isinstance(source, Mapping) and not isinstance(source, Set):  # networkx edges are both
        return from_mapping(source)
    if hasattr(source, "columns") and hasattr(source, "index"):
        return from_table(source)
    if hasattr(source, "nodes") and hasattr(source, "edges"):
        return from_lookalike(source)
    if hasattr(source, "dtype") or hasattr(source, "columns"):
        raise DataError(
            f"a {type(source).__name__} has no names for its nodes. Pass a pandas DataFrame with "
            "the names as index and as columns."
        )
    if isinstance(source, bytes | bytearray):
        raise DataError("the graph is bytes: decode it first, text.decode('utf-8').")
    if isinstance(source, Iterable):
        return from_items(source)
    raise DataError(
        f"a graph cannot be read from {source!r:.80}. Give text such as 'A -> Y; W -> {{A Y}}', "
        "pairs (tail, head), a DataFrame of 0 and 1, or a networkx.DiGraph."
    )


def _read_text(text: str) -> Graph:
    if is_bif(text):
        return parse_bif(text)
    if _GML.match(text):
        raise DataError("this is GML text: pass networkx.parse_gml(text).")
    return parse(text)

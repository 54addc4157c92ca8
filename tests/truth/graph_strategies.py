"""Random graphs with names that are hard to write, for hypothesis."""

from __future__ import annotations

import networkx as nx
from hypothesis import strategies as st

HARD = [
    *('"', "\\", "a\\", '\\"', '"a"', "\\\\", " ", " a ", "a b", "'", "`"),
    *("->", "<-", "A -> B", "--", "-", "o", "@", "→", "{", "}", "{a b}", "[latent]", ";", ",", "="),
    *("#", "# a", "//", "/*", "*/", "<", ">", "<>", "\ufeff", "\u200b", "\u2028", "\xa0"),
    *("strict", "dag", "DAG", "digraph", "graph", "node", "edge", "Node", "subgraph", "network"),
    *("x.txt", "g.dot", ".", "..", "...", "1", "1.5", "-1", "1e5", "_", "é", "e\u0301", "\u0301"),
    *("变量", "𝒳", "нет", "no", "latent", "pos", "role", "True", "None", "nan", "🙂", "a🙂"),
]
RANDOM = st.text(st.characters(exclude_categories=["Cc", "Cs"]), min_size=1, max_size=8)
NAMES = st.one_of(st.sampled_from(HARD), RANDOM).filter(lambda name: "<->" not in name)
NUMBERS = st.floats(allow_nan=False, allow_infinity=False)


@st.composite
def graphs(draw: st.DrawFn, *, ends_first: bool) -> nx.DiGraph:
    """A DAG with marks, its nodes in any order.

    With `ends_first`, a two-headed arrow's node comes after its two ends.
    """
    names = draw(st.lists(NAMES, min_size=1, max_size=6, unique=True))
    causes = draw(st.permutations(names))
    pairs = [(a, b) for k, a in enumerate(causes) for b in causes[k + 1 :]]
    some = st.lists(st.sampled_from(pairs), unique=True, max_size=8) if pairs else st.just([])
    bows = [(a, b) if draw(st.booleans()) else (b, a) for a, b in draw(some)]
    order = list(names)
    for a, b in bows:
        least = max(order.index(a), order.index(b)) + 1 if ends_first else 0
        order.insert(draw(st.integers(least, len(order))), f"{a} <-> {b}")
    dag = nx.DiGraph()
    dag.add_nodes_from(order)
    dag.add_edges_from(draw(some))
    for a, b in bows:
        dag.nodes[f"{a} <-> {b}"]["latent"] = True
        dag.add_edges_from([(f"{a} <-> {b}", a), (f"{a} <-> {b}", b)])
    for name in names:
        dag.nodes[name].update(draw(marks()))
    return dag


@st.composite
def marks(draw: st.DrawFn) -> dict[str, object]:
    given: dict[str, object] = {}
    if draw(st.integers(0, 3)) == 0:
        given["latent"] = True
    if draw(st.integers(0, 2)) == 0:
        given["role"] = draw(st.sampled_from(["exposure", "outcome", "adjusted"]))
    if draw(st.integers(0, 3)) == 0:
        given["pos"] = (draw(NUMBERS), draw(NUMBERS))
    return given

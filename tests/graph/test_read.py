"""Reading graphs: every way to describe one, and what is said of those that are none."""

from __future__ import annotations

import subprocess
import sys
from dataclasses import dataclass, field

import networkx as nx
import numpy as np
import pandas as pd
import pytest

from causalif.errors import DataError
from causalif.graph.formats import text as grammar
from causalif.graph.read import as_dag, read_dag
from tests.truth.graph_texts import TEXTS

TRIANGLE = [("W", "A"), ("W", "Y"), ("A", "Y")]


def spaced(name):
    return name.replace("<->", " <-> ")


@pytest.mark.parametrize("case", TEXTS, ids=lambda case: case.name)
def test_text_reads_as_by_eye(case):
    dag = read_dag(case.text)
    assert type(dag) is nx.DiGraph
    assert list(dag) == [spaced(name) for name in case.nodes.split()]
    expected = [tuple(map(spaced, arrow.rsplit(">", 1))) for arrow in case.arrows.split()]
    assert list(dag.edges) == expected
    latent = [node for node, marks in dag.nodes(data=True) if marks.get("latent")]
    assert latent == [name for name in dag if " <-> " in name]


@pytest.mark.parametrize(
    ("mark", "expected"),
    [
        *[(word, {"latent": True}) for word in ("latent", "unobserved", "l", "u", "Latent")],
        *[(word, {"role": "exposure"}) for word in ("exposure", "source", "e")],
        *[(word, {"role": "outcome"}) for word in ("outcome", "target", "o")],
        *[(word, {"role": "adjusted"}) for word in ("adjusted", "a")],
        ('observed="no"', {"latent": True}),
        ("observed=False", {"latent": True}),
        ('observed="yes"', {}),
        ("latent=true", {"latent": True}),
        ("latent=no", {}),
        ("role=outcome", {"role": "outcome"}),
        ("exposure=1", {"role": "exposure"}),
        ('pos="0.5,-2"', {"pos": (0.5, -2.0)}),
        ('pos="1,2!"', {"pos": (1.0, 2.0)}),
        ('label="U", shape=box e=0.3', {}),
        ('exposure, pos="1,2"; latent', {"role": "exposure", "pos": (1.0, 2.0), "latent": True}),
        ("e][u", {"role": "exposure", "latent": True}),
        ("", {}),
    ],
)
def test_marks_of_a_node(mark, expected):
    assert read_dag(f"U [{mark}]; U -> Y").nodes["U"] == expected


def test_marks_of_a_group():
    dag = read_dag("{U V} [latent]; U -> A")
    assert dag.nodes["U"] == dag.nodes["V"] == {"latent": True}
    assert dag.nodes["A"] == {}


@pytest.mark.parametrize(
    ("written", "name"),
    [
        ('"body mass"', "body mass"),
        (r'"5\" pipe"', '5" pipe'),
        (r'"a\\b"', r"a\b"),
        (r'"ends in \\"', "ends in \\"),
        (r'"kept \n as it is"', r"kept \n as it is"),
        ('"A -> B # no comment"', "A -> B # no comment"),
        ('" "', " "),
        ('"pre-test"', "pre-test"),
        ('"node"', "node"),
        ('"μ 体重 🙂"', "μ 体重 🙂"),
    ],
)
def test_quoted_names(written, name):
    assert list(read_dag(f"{written} -> Y")) == [name, "Y"]


def test_plain_python():
    table = pd.DataFrame(0, index=["W", "A", "Y"], columns=["W", "A", "Y"])
    table.loc["W", "A"] = table.loc["W", "Y"] = table.loc["A", "Y"] = 1
    sources = [
        TRIANGLE,
        tuple(TRIANGLE),
        iter(TRIANGLE),
        [list(pair) for pair in TRIANGLE],
        [(*pair, {"weight": 2}) for pair in TRIANGLE],
        ["W -> A", "W -> Y", "A -> Y"],
        ["W -> {A Y}", "A -> Y"],
        {"W": ["A", "Y"], "A": ["Y"]},
        {"W": ("A", "Y"), "A": "Y", "Y": []},
        {"W": {"A": {}, "Y": {}}, "A": {"Y": {}}},
        table,
        table.astype(bool),
        table * -0.3,
        nx.DiGraph(TRIANGLE),
        nx.MultiDiGraph(TRIANGLE),
        nx.DiGraph(TRIANGLE).edges,
    ]
    for source in sources:
        dag = read_dag(source)
        assert list(dag) == ["W", "A", "Y"]
        assert list(dag.edges) == TRIANGLE


def test_nodes_need_not_be_text():
    nodes = [1, ("t", 2), 3.5, frozenset([4])]
    dag = read_dag([(nodes[0], nodes[1]), (nodes[2], nodes[3])])
    assert list(dag) == nodes


def test_a_set_gives_the_same_order_in_every_process():
    script = (
        "from causalif.graph.read import read_dag;"
        "print(list(read_dag({(a, 'y') for a in 'abcdefgh'})),"
        "     list(read_dag({'x': {'k', 'b', 'm'}})))"
    )
    printed = {
        subprocess.run(
            [sys.executable, "-c", script],
            capture_output=True,
            check=True,
            text=True,
            env={"PYTHONHASHSEED": seed, "PATH": ""},
        ).stdout
        for seed in ("0", "1", "2")
    }
    assert len(printed) == 1


@dataclass
class Lookalike:
    """Nodes and edges as other libraries have them: attributes here, methods there."""

    nodes: list = field(default_factory=lambda: ["U", "A", "Y"])
    links: list = field(default_factory=lambda: [("U", "A"), ("A", "Y", 0.5)])
    latents: set = field(default_factory=lambda: {"U"})

    def edges(self):
        return self.links


def test_graphs_of_other_libraries():
    dag = read_dag(Lookalike())
    assert list(dag.edges) == [("U", "A"), ("A", "Y")]
    assert dag.nodes["U"] == {"latent": True}
    assert "latent" not in dag.nodes["A"]
    named = nx.DiGraph(TRIANGLE)
    named.latents = {"W"}
    assert as_dag(named).nodes["W"] == {"latent": True}
    assert named.nodes["W"] == {}
    dowhy = nx.DiGraph()
    dowhy.add_node("U", observed="no")
    dowhy.add_node("A", observed="yes", label="Age")
    dowhy.add_edge("U", "A", weight=3)
    dag = read_dag(dowhy)
    assert dag.nodes["U"]["latent"]
    assert "latent" not in dag.nodes["A"]
    assert dag.nodes["A"]["label"] == "Age"
    assert dag.edges["U", "A"] == {"weight": 3}
    assert "latent" not in dowhy.nodes["U"]


def test_a_graph_is_copied_or_not_as_said():
    mine = nx.DiGraph(TRIANGLE)
    mine.nodes["W"]["latent"] = True
    copy = read_dag(mine)
    copy.nodes["W"]["latent"] = False
    copy.add_edge("Z", "W")
    assert mine.nodes["W"]["latent"]
    assert "Z" not in mine
    assert as_dag(mine) is mine
    mine.nodes["W"]["latent"] = "no"
    assert as_dag(mine) is not mine
    assert not as_dag(mine).nodes["W"]["latent"]


def test_a_two_headed_node_is_latent_whoever_names_it():
    dag = as_dag(nx.DiGraph([("A <-> B", "B"), ("A <-> B", "A")]))
    assert dag.nodes["A <-> B"]["latent"]


@pytest.mark.parametrize("suffix", ["bif", "dot", "gv", "txt", "dagitty", "graph"])
def test_files(tmp_path, suffix):
    path = tmp_path / f"é.{suffix}"
    path.write_text("\ufeff变量 -> Y", encoding="utf-8")
    assert list(read_dag(path)) == ["变量", "Y"]
    if suffix != "graph":
        assert list(read_dag(str(path))) == ["变量", "Y"]


UNDIRECTED = "no arrow with a direction"
SAID = {
    # syntax: the line, what was expected
    "A ->": "line 1 .* expected a name or a group in braces after '->', and found the end",
    "A -> B\n-> -> C": "line 2 .* expected a name .* after '->', and found '->'",
    "-> A": "line 1 .* found '->'",
    "A -> ;": "found ';'",
    "A -> B C -> D": "expected an arrow, ';' or a new line",
    "A -> body mass": '"body mass"',
    'A -> body"mass"': "expected an arrow",
    'dag { A"b" -> C }': "expected an arrow",
    "A, B -> C": "a comma here may mean two things. Write {A B} -> C",
    "A -> B, C": "a comma here may mean two things",
    "x\ny\nA -> {B C": "line 3 .* brace is not closed",
    "dag { A -> B": "brace is not closed",
    "A -> B }": "no brace is open",
    "dag { A -> B } C -> D": "ended with its closing brace",
    "A -> {}": "no node in these braces",
    "A -> {{{}}}": "no node in these braces",
    "{" * 17 + "A" + "}" * 17: "16 deep",
    'A -> B\n"C': "line 2 .* quote is not closed",
    "/* A -> B": "comment is not closed",
    "A [latent": "bracket is not closed",
    "A [latent=]": "expected a value",
    "A [=x]": "expected an attribute",
    "A = B": "'=' cannot follow 'A'",
    "pre-test -> Y": 'quote the name: "pre-test"',
    "'body mass' -> Y": "double quotes",
    "“A” -> B": "straight double quote",
    "A:n -> B": "':' cannot stand here",
    "Y ~ A + B": "'~' cannot stand here",
    "A -> \x00B": "cannot stand here",
    "A -> \x01B": "cannot stand here",
    "a\u200bb -> c": "u200b",
    "... -> A": "'...' is no name",
    # names
    '"" -> A': "name is empty",
    '"two\nlines" -> A': "U\\+000A",
    '"A <-> B" -> C': "kept for arrows with two heads",
    '"\ud800" -> C': "U\\+D800",
    # directions
    "A -- B": UNDIRECTED,
    "A @-> B": UNDIRECTED,
    "A <-@ B": UNDIRECTED,
    "A @-@ B": UNDIRECTED,
    "A --@ B": UNDIRECTED,
    "A o-> B": UNDIRECTED,
    "A <-o B": UNDIRECTED,
    "A o-o B": UNDIRECTED,
    "dag { A o-> B }": UNDIRECTED,
    "A --> B": "with one dash",
    "pdag { A -> B }": "'pdag' begins a partially directed graph",
    "mag { A -> B }": "ancestral",
    "PAG { A -> B }": "ancestral",
    "graph G { A -- B }": "'graph' begins an undirected graph",
    "strict graph { A }": "undirected graph",
    "digraph { A -> B [dir=none] }": "dir=none",
    "digraph { A -> B [dir=back] }": "dir=back",
    "digraph { edge [dir=both] A -> B }": "as a default is not read",
    "digraph { node [latent] A -> B }": "as a default is not read",
    # arrows and marks
    "A -> B\nB -> B": "line 2: B -> B is an arrow from a node to itself",
    "A <-> A": "A <-> A is an arrow from a node to itself",
    "{A B} -> {B C}": "B -> B is an arrow from a node to itself",
    "A -> B\n\nA -> B": "arrow A -> B stands twice: line 1 and line 3",
    "dag { A -> B; A -> B }": "arrow A -> B stands twice: line 1 and line 1",
    "A -> B\nB <- A": "stands twice: line 1 and line 2",
    "A <-> B\nB <-> A": "arrow B <-> A stands twice: line 1 and line 2",
    "A -> B -> A": "cycle: A -> B -> A",
    "A -> B\nB -> A": "cycle: A -> B -> A",
    "Z -> A; A -> M; M -> Y; Y -> A": "cycle: A -> M -> Y -> A",
    "A [exposure]\nA [outcome]": "'A' is marked 'exposure' in line 1, and 'outcome' in line 2",
    "A [e, o]": "marked 'exposure' in line 1, and 'outcome' in line 1",
    "U [latnet]": "'latnet' is not known. Did you mean 'latent'",
    "S [selected]": "name it among the covariates",
    "A [role=confounder]": "role='confounder' is not one of",
    'A [pos="here"]': "not two numbers",
    'A [pos="1,2,3"]': "not two numbers",
    'A [pos="nan,1"]': "not two numbers",
    "A -> U [latent]": "Mark a node apart: 'A \\[latent\\]'",
    # nothing there
    "": "the graph has no node",
    " \n // A -> B\n": "the graph has no node",
    "dag { }": "the graph has no node",
    "digraph { rankdir=LR }": "the graph has no node",
    # .bif and others
    "network n { } variable a { } variable a { }": "variable 'a' stands twice: line 1 and line 1",
    "network n { } variable age { } probability (age | agee) { }": "Did you mean 'age'",
    "network n { } variable a { } probability (a) { } probability (a) { }": "stands twice",
    "network n { } variable a { } probability (a | a) { }": "from a node to itself",
    "network n { } variable a {": "brace is not closed",
    "network n { } variable { }": "expected the name of a variable",
    "network n { } variable a type": "expected the braces of 'variable'",
    "network n { } probability a": "expected '\\('",
    "network n { } probability (a": "expected the name",
    "network n { } property x": "expected ';'",
    "network n { } wrong": "expected 'network', 'variable' or 'probability'",
    "network n { }": "the graph has no node",
    "graph [ directed 1 node [ id 1 ] ]": "networkx.parse_gml",
    "no such file.dot": "there is no such file",
}


@pytest.mark.parametrize("wrong", SAID, ids=repr)
def test_what_is_said_of_a_wrong_text(wrong):
    with pytest.raises(DataError, match=f"(?s){SAID[wrong]}"):
        read_dag(wrong)


def test_a_syntax_error_shows_the_place():
    with pytest.raises(DataError) as said:
        read_dag("A -> M\n  M -> pre-test")
    assert str(said.value).splitlines()[1:] == ["      M -> pre-test", "              ^"]


def test_problems_come_together():
    with pytest.raises(DataError) as said:
        read_dag("A -> A\nA -> B\nA -> B\nC [e]\nC [o]\n" + "D -> D\n" * 100)
    message = str(said.value)
    assert "line 1: A -> A" in message
    assert "line 2 and line 3" in message
    assert "'exposure' in line 4" in message
    assert "93 more" in message
    assert len(message.splitlines()) < 14


REFUSED = [
    (nx.Graph([("A", "B")]), "no directions"),
    (nx.MultiDiGraph([("A", "B"), ("A", "B")]), "parallel arrows: 'A -> B'"),
    (nx.DiGraph(), "no node"),
    (nx.DiGraph([("A", "B"), ("B", "A")]), "cycle: A -> B -> A"),
    (nx.DiGraph([("A", "A")]), "cycle: A -> A"),
    (nx.DiGraph([("A <-> B", "A")]), "'A <-> B' has the name of an arrow with two heads"),
    (nx.DiGraph([("A <-> B", "A"), ("A <-> B", "C")]), "name of an arrow with two heads"),
    ([("A", "B"), ("A", "B")], "stands twice: item 1 and item 2"),
    ([("A", "A")], "item 1: A -> A is an arrow from a node to itself"),
    ([("A", "M", "Y"), "A -> B"], "(?s)item 1 is no arrow.*item 2 is no arrow"),
    ([("A", ["B"])], r"\['B'\] cannot name a node"),
    ([("A", None)], "None cannot name a node"),
    ([("A", float("nan"))], "nan cannot name a node"),
    (("A", "B"), "no arrow in the list"),
    (["A ->", "B"], "line 1 .* expected a name"),
    ([], "no node"),
    ([1, 2], "item 1 is no arrow"),
    ({"A": ["A"]}, "key 1: A -> A"),
    ({"A": ["B", "B"]}, "stands twice"),
    ({"A": [["B"]]}, "cannot name a node"),
    (np.eye(2), "pandas DataFrame"),
    (pd.DataFrame([[0, 1]], columns=["A", "Y"]), "1 rows and 2 columns"),
    (pd.DataFrame([[0, 1], [0, 0]], index=["Y", "A"], columns=["A", "Y"]), "same order"),
    (pd.DataFrame([[0, None], [0, 0]], index=list("AY"), columns=list("AY")), "missing"),
    (pd.DataFrame([["", "x"], ["", ""]], index=list("AY"), columns=list("AY")), "than numbers"),
    (pd.DataFrame([[0, 1], [0, 0]], index=list("AA"), columns=list("AA")), "two columns"),
    (pd.DataFrame([[1, 0], [0, 0]], index=list("AY"), columns=list("AY")), "row 1: A -> A"),
    (Lookalike(links=["AY"]), "edge 1 of the graph is no pair"),
    (Lookalike(nodes=3), "nodes of a Lookalike cannot be listed"),
    (b"A -> B", "decode"),
    (None, "cannot be read from None"),
    (3, "cannot be read from 3"),
]


@pytest.mark.parametrize(("source", "said"), REFUSED, ids=[said for _, said in REFUSED])
@pytest.mark.parametrize("reader", [read_dag, as_dag])
def test_what_is_said_of_other_sources(source, said, reader):
    with pytest.raises(DataError, match=said):
        reader(source)


def test_a_polars_table_has_no_row_names():
    polars = pytest.importorskip("polars")
    with pytest.raises(DataError, match="pandas DataFrame"):
        read_dag(polars.DataFrame({"A": [0], "Y": [1]}))


def test_unreadable_files(tmp_path):
    with pytest.raises(DataError, match="folder"):
        read_dag(tmp_path)
    latin = tmp_path / "latin.dot"
    latin.write_bytes("é -> Y".encode("latin-1"))
    with pytest.raises(DataError, match="byte 0 is not UTF-8"):
        read_dag(latin)
    with pytest.raises(DataError, match="no such file"):
        read_dag(tmp_path / "none.dot")
    with pytest.raises(DataError, match="cannot be read"):
        read_dag("nul\x00.dot")


def test_groups_are_multiplied_up_to_a_bound(monkeypatch):
    monkeypatch.setattr(grammar, "MOST_ARROWS", 12)
    assert read_dag("{a b c} -> {d e f g}").number_of_edges() == 12
    with pytest.raises(DataError, match="more than 12 arrows"):
        read_dag("{a b c} -> {d e f g} -> h")


def test_a_long_text_is_no_trouble():
    """Depth, length and order far beyond use: neither recursion nor a quadratic search."""
    n = 20_000
    chain = " -> ".join(f"v{k}" for k in range(n))
    assert read_dag(chain).number_of_edges() == n - 1
    nodes = "; ".join(f"v{k}" for k in range(n)[::-1])
    with pytest.raises(DataError, match=r"cycle: v19999 -> v0 -> v1 -> .* more\)"):
        read_dag(f"{nodes}\n{chain} -> v0")
    with pytest.raises(DataError, match="19990 more"):
        read_dag("A -> A\n" * n)
    for hostile in ("{" * n, "[" * n, "/*" * n, '"' * (2 * n + 1), "A[" * n, "/*" + "*/ /*" * n):
        with pytest.raises(DataError):
            read_dag(hostile)
    with pytest.raises(DataError, match="brace is not closed"):
        read_dag("network a {" + "{" * n)

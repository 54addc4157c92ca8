"""Writing graphs: what is written reads back, and is what dagitty and Graphviz know."""

from __future__ import annotations

import re

import networkx as nx
import numpy as np
import pytest
from hypothesis import given, settings

from causalif.errors import DataError
from causalif.graph.read import read_dag
from causalif.graph.write import write_dag
from tests.truth.graph_strategies import graphs
from tests.truth.graph_texts import MARKED, TEXTS

FORMATS = ["dagitty", "dot", "arrows"]
EXAMPLE = (
    'A [exposure, pos="0,1"]; Y [outcome]; W [adjusted]; U [latent]; '
    'U -> {A Y}; A -> Y; W -> A; A <-> Y; "body mass" -> Y; Z'
)


def marks_of(dag):
    """The marks that a text can carry, as they are: a node that is not latent says nothing."""
    kept = ("latent", "role", "pos")
    return {
        node: {key: marks[key] for key in kept if marks.get(key)}
        for node, marks in dag.nodes(data=True)
    }


def assert_same(back, dag):
    assert list(back) == list(dag)
    assert list(back.edges) == list(dag.edges)
    assert marks_of(back) == marks_of(dag)


@pytest.mark.parametrize("format", FORMATS)
@given(dag=graphs(ends_first=True))
@settings(deadline=None, max_examples=200)
def test_what_is_written_reads_back(format, dag):
    assert_same(read_dag(write_dag(dag, format)), dag)


@pytest.mark.parametrize("format", FORMATS)
@given(dag=graphs(ends_first=False))
@settings(deadline=None, max_examples=100)
def test_only_a_two_headed_arrow_may_move(format, dag):
    """It moves behind its ends; all else stays in its order, and writing again changes nothing."""
    text = write_dag(dag, format)
    back = read_dag(text)
    plain = [node for node in dag if " <-> " not in node]
    assert [node for node in back if node in plain] == plain
    assert set(back.edges) == set(dag.edges)
    assert marks_of(back) == marks_of(dag)
    assert write_dag(back, format) == text


@pytest.mark.parametrize("format", FORMATS)
@pytest.mark.parametrize("text", [case.text for case in TEXTS] + MARKED)
def test_texts_written_in_each_format_read_the_same(text, format):
    dag = read_dag(text)
    assert_same(read_dag(write_dag(text, format)), dag)


def test_dagitty_text():
    assert write_dag(EXAMPLE) == (
        "dag {\n"
        '  A [exposure, pos="0,1"]\n'
        "  Y [outcome]\n"
        "  W [adjusted]\n"
        "  U [latent]\n"
        "  A <-> Y\n"
        '  "body mass"\n'
        "  Z\n"
        "  A -> Y\n"
        "  W -> A\n"
        "  U -> A\n"
        "  U -> Y\n"
        '  "body mass" -> Y\n'
        "}\n"
    )


def test_dot_text():
    text = write_dag(EXAMPLE, "dot")
    assert text.startswith("digraph {\n")
    for line in (
        'A [role=exposure, pos="0,1!"]',
        'U [observed="no", style=dashed]',
        "A -> Y [dir=both]",
        '"body mass" -> Y',
    ):
        assert f"  {line}\n" in text
    # DOT knows no '<->', no attribute without a value, and no bare name with a dot within.
    assert "<->" not in text
    for attributes in re.findall(r"\[(.*)\]", text):
        assert all("=" in part for part in re.split(r", ", attributes))


@pytest.mark.parametrize(
    ("name", "quoted_in"),
    [
        ("a", ""),
        ("a_1", ""),
        ("x.1", "dot"),
        ("1x", "dot"),
        ("été", "dagitty dot"),
        ("body mass", "dagitty dot arrows"),
        ("pre-test", "dagitty dot arrows"),
        ("node", "dagitty dot arrows"),
        ("Graph", "dagitty dot arrows"),
        (".", "dagitty dot arrows"),
    ],
)
@pytest.mark.parametrize("format", FORMATS)
def test_names_are_quoted_where_the_format_needs_it(name, quoted_in, format):
    assert (f'"{name}" -> y' in write_dag([(name, "y")], format)) == (format in quoted_in.split())


def test_positions_have_no_exponent():
    """dagitty reads digits and dots only: of "1e-05,2" it would take "-05,2"."""
    dag = nx.DiGraph([("a", "y")])
    dag.nodes["a"]["pos"] = (1e-05, -2.5e16)
    assert 'pos="0.00001,-25000000000000000"' in write_dag(dag)


def test_arrows_are_short():
    assert write_dag("A -> M -> Y; A -> Y; W -> {A M Y}", "arrows") == (
        "A -> {M Y}\nM -> Y\nW -> {A M Y}\n"
    )
    text = "U [latent]\nU -> A\nB\nA <-> B\nZ\n"
    assert write_dag("U [latent]; U -> A; A <-> B; Z", "arrows") == text


def test_arrows_keep_an_order_that_the_short_form_would_change():
    dag = nx.DiGraph()
    dag.add_nodes_from("AZM")
    dag.add_edge("A", "M")
    assert write_dag(dag, "arrows") == "A\nZ\nM\nA -> M\n"


def test_nodes_that_are_no_text():
    assert write_dag([(1, (2, "b"))], "arrows") == "1 -> \"(2, 'b')\"\n"
    dag = nx.DiGraph([("a", "y")])
    dag.nodes["a"]["pos"] = np.array([0.5, -1])
    dag.nodes["y"].update(role="mediator", pos=None)
    assert '[pos="0.5,-1"]' in write_dag(dag)
    assert read_dag(write_dag(dag)).nodes["a"] == {"pos": (0.5, -1.0)}
    assert read_dag(write_dag(dag)).nodes["y"] == {}


@pytest.mark.parametrize(
    ("edges", "said"),
    [
        ([(1, "y"), ("1", "y")], "two nodes are written '1': 1 and '1'"),
        ([("two\nlines", "y")], "U\\+000A"),
        ([("", "y")], "is empty"),
        ([("a<->b", "y")], "kept for arrows with two heads"),
        ([("tab\tin", "y")], "U\\+0009"),
        ([("\ud800", "y")], "U\\+D800"),
        ([(1, "y"), ("1", "y"), ("", "y")], "2 problems"),
    ],
)
@pytest.mark.parametrize("format", FORMATS)
def test_what_cannot_be_written(edges, said, format):
    with pytest.raises(DataError, match=said):
        write_dag(edges, format)


def test_a_wrong_format_or_position():
    with pytest.raises(DataError, match="Did you mean 'dot'"):
        write_dag("A -> B", "dott")
    dag = nx.DiGraph([("a", "y")])
    dag.nodes["a"]["pos"] = "left"
    with pytest.raises(DataError, match="pos='left' is not two numbers"):
        write_dag(dag)


def test_writing_changes_nothing():
    dag = nx.DiGraph([("A <-> B", "A"), ("A <-> B", "B")])
    write_dag(dag)
    assert dag.nodes["A <-> B"] == {}
    assert list(dag) == ["A <-> B", "A", "B"]

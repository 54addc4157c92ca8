"""Ten thousand random and mutated texts: a graph or a `DataError`, and never a hang."""

from __future__ import annotations

import random
import signal
from contextlib import suppress

import networkx as nx
import pytest

from causalif.errors import DataError
from causalif.graph.read import read_dag
from causalif.graph.write import write_dag
from tests.graph.test_write import assert_same
from tests.truth.graph_texts import MARKED, TEXTS

CORPUS = [case.text for case in TEXTS] + MARKED
PIECES = [
    *("->", "<-", "<->", "--", "-", "@->", "o->", "→", "{", "}", "[", "]", ";", ",", "=", "+", ":"),
    *(
        '"',
        "\\",
        '\\"',
        "'",
        "//",
        "#",
        "/*",
        "*/",
        "\n",
        "\r\n",
        "\t",
        " ",
        "<",
        ">",
        "(",
        ")",
        "|",
    ),
    *(
        "dag",
        "digraph",
        "graph",
        "pdag",
        "strict",
        "subgraph",
        "node",
        "edge",
        "network",
        "variable",
    ),
    *("probability", "latent", "exposure", "outcome", "pos", "dir", "both", "observed", "role"),
    *(
        "A",
        "B",
        "Y",
        "o",
        "x.1",
        "1e5",
        ".",
        "é",
        "变量",
        "\u0301",
        "🙂",
        '"a b"',
        "\ufeff",
        "\u200b",
    ),
    *("\x00", "\x01", "\x0b", "\x1c", "\x7f", "\x85", "\xa0", "\u2028", "\ud800", "\U0010ffff"),
]
ROUNDS = 10_000
HANG = 30  # seconds for one text; it takes a fraction of a millisecond


def piece(rng):
    return rng.choice(PIECES) if rng.random() < 0.9 else chr(rng.randrange(0x110000))


def random_text(rng):
    return rng.choice(["", " "]).join(piece(rng) for _ in range(rng.randrange(1, 30)))


def mutated(rng):
    text = list(rng.choice(CORPUS))
    for _ in range(rng.choice([1, 1, 1, 2, 3, 10])):
        at, to = sorted(rng.randrange(len(text) + 1) for _ in range(2))
        match rng.randrange(6):
            case 0:
                del text[at : at + rng.choice([1, 1, 5])]
            case 1:
                text[at:at] = piece(rng)
            case 2:
                text[at:to] = text[at:to][::-1]
            case 3:
                text[at:at] = text[at:to] * rng.choice([1, 1, 3])
            case 4:
                text[at:] = []
            case _:
                text[at : at + 1] = piece(rng)
    return "".join(text)


@pytest.fixture
def alarm():
    """Stops a text that hangs, and says so, where the system has such an alarm."""
    if not hasattr(signal, "SIGALRM"):
        yield lambda seconds: None
        return

    def ring(signum, frame):
        raise TimeoutError("a text hangs the reader")

    before = signal.signal(signal.SIGALRM, ring)
    yield signal.alarm
    signal.alarm(0)
    signal.signal(signal.SIGALRM, before)


@pytest.mark.parametrize("make", [random_text, mutated])
def test_a_graph_or_a_clear_error(make, alarm):
    rng = random.Random(20_240_917)
    graphs, errors = 0, set()
    for k in range(ROUNDS // 2):
        text = make(rng)
        alarm(HANG)
        try:
            dag = read_dag(text)
        except DataError as error:
            errors.add(str(error).splitlines()[0])
        else:
            graphs += 1
            assert nx.is_directed_acyclic_graph(dag)
            assert_same(read_dag(write_dag(dag, ("dagitty", "dot", "arrows")[k % 3])), dag)
    # The texts are neither all right nor all wrong, nor wrong in one way.
    assert graphs > (50 if make is random_text else 1000)
    assert len(errors) > 300


def test_random_objects_are_refused_or_read(alarm):
    rng = random.Random(7)
    atoms = ["A", "B", "A -> B", "", 1, 0.5, None, float("nan"), True, b"x", object(), print]

    def thing(depth):
        kind = rng.randrange(6) if depth else 0
        few = range(rng.randrange(4))
        if kind == 1:
            return [thing(depth - 1) for _ in few]
        if kind == 2:
            return tuple(thing(depth - 1) for _ in few)
        if kind == 3:
            return {rng.choice(atoms): thing(depth - 1) for _ in few}
        if kind == 4:
            return iter([thing(depth - 1) for _ in few])
        if kind == 5:
            return [(rng.choice(atoms), rng.choice(atoms)) for _ in few]
        return rng.choice(atoms)

    graphs = 0
    for _ in range(3000):
        alarm(HANG)
        with suppress(DataError):
            graphs += isinstance(read_dag(thing(3)), nx.DiGraph)
    assert graphs > 100

"""Texts that describe graphs, with their nodes and arrows read by eye.

Each is name, text, nodes in the order of first mention, arrows as "tail>head" in the order of
their tails. Latent nodes of arrows with two heads are written "A<->B" in both lists.
"""

from __future__ import annotations

from typing import NamedTuple


class Case(NamedTuple):
    name: str
    text: str
    nodes: str
    arrows: str


ARROWS = [
    Case("chain", "A -> M -> Y", "A M Y", "A>M M>Y"),
    Case("chain both ways", "A -> M -> Y <- W", "A M Y W", "A>M M>Y W>Y"),
    Case(
        "the reference", "A -> M -> Y; A -> Y; W -> {A M Y}", "A M Y W", "A>M A>Y M>Y W>A W>M W>Y"
    ),
    Case("no spaces", "A->M->Y<-W", "A M Y W", "A>M M>Y W>Y"),
    Case("lines", "A -> M\nM -> Y\n\n\n", "A M Y", "A>M M>Y"),
    Case("windows lines", "A -> M\r\nM -> Y\r\n", "A M Y", "A>M M>Y"),
    Case("old mac lines", "A -> M\rM -> Y\r", "A M Y", "A>M M>Y"),
    Case("byte order mark", "\ufeffA -> Y", "A Y", "A>Y"),
    Case("chain over lines", "A ->\n  M\n  -> Y", "A M Y", "A>M M>Y"),
    Case("commas between arrows", "A -> B, C -> D", "A B C D", "A>B C>D"),
    Case("commas between nodes", "A, B, C", "A B C", ""),
    Case("comma in group", "{A, B} -> C", "A B C", "A>C B>C"),
    Case("semicolon in group", "{A; B} -> C", "A B C", "A>C B>C"),
    Case("lines in group", "{A\nB\n} -> C", "A B C", "A>C B>C"),
    Case("groups in a chain", "{A B} -> C -> {D E}", "A B C D E", "A>C B>C C>D C>E"),
    Case("group to group", "{A B} -> {C D}", "A B C D", "A>C A>D B>C B>D"),
    Case("group backwards", "{A B} <- {C D}", "A B C D", "C>A C>B D>A D>B"),
    Case("group of one", "{A} -> {B}", "A B", "A>B"),
    Case("a node twice in a group", "A -> {B B}", "A B", "A>B"),
    Case("arrow in a group", "W -> {A -> Y}", "W A Y", "W>A W>Y A>Y"),
    Case("group in a group", "W -> {A {M Y}}", "W A M Y", "W>A W>M W>Y"),
    Case("two heads", "A <-> B", "A B A<->B", "A<->B>A A<->B>B"),
    Case("two heads beside one", "A -> B; A <-> B", "A B A<->B", "A>B A<->B>A A<->B>B"),
    Case("two heads in a chain", "A <-> M -> Y", "A M Y A<->M", "M>Y A<->M>A A<->M>M"),
    Case(
        "two heads to a group",
        "A <-> {B C}",
        "A B C A<->B A<->C",
        "A<->B>A A<->B>B A<->C>A A<->C>C",
    ),
    Case("typographic arrows", "A → B ← C", "A B C", "A>B C>B"),
    Case("isolated", "A -> Y\nZ", "A Y Z", "A>Y"),
    Case("a node is named again", "Y; A -> Y; A", "Y A", "A>Y"),
    Case("dots and digits", "x.1 -> 2x -> _y -> .z", "x.1 2x _y .z", "x.1>2x 2x>_y _y>.z"),
    Case("accents", "naïve -> e\u0301te\u0301", "naïve e\u0301te\u0301", "naïve>e\u0301te\u0301"),
    Case(
        "alphabets",
        "变量 -> α -> возраст -> نص",
        "变量 α возраст نص",
        "变量>α α>возраст возраст>نص",
    ),
    Case("vowel signs", "हिन्दी -> ไทย", "हिन्दी ไทย", "हिन्दी>ไทย"),
    Case("comments", "A -> M // one\nM -> Y # two\n/* A -> Y\n*/", "A M Y", "A>M M>Y"),
    Case("comment within", "A /* -> B */ -> /**/ Y", "A Y", "A>Y"),
    Case("empty statements", ";;A -> Y;;\n;", "A Y", "A>Y"),
    Case(
        "words of DOT as names",
        "node -> edge; graph -> node",
        "node edge graph",
        "node>edge graph>node",
    ),
    Case("network is a name", "network -> Y", "network Y", "network>Y"),
    Case("a name like a file", "A -> Y.txt", "A Y.txt", "A>Y.txt"),
    Case("o is a name", "o->Y\nA->o", "o Y A", "o>Y A>o"),
]

DAGITTY = [
    Case("on one line", "dag{ x -> m -> y x -> y }", "x m y", "x>m x>y m>y"),
    Case("as dagitty writes", "dag {\nA\nE\nD\nA -> E\nE -> D\n}\n", "A E D", "A>E E>D"),
    Case(
        "with positions",
        'dag {\nbb="-2.4,-1.7,1.6,1.8"\n'
        'A [pos="-2.200,-1.520"]\nD [outcome,pos="1.400,1.621"]\nE [exposure,pos="-2.2,1.597"]\n'
        'Z [adjusted,pos="-0.3,-0.1"]\nA -> E\nA -> Z [pos="-0.791,-1.045"]\nE -> D\nZ -> D\n}',
        "A D E Z",
        "A>E A>Z E>D Z>D",
    ),
    Case("coefficients", "dag { X -> Y [beta=-0.3]; X -> Z [beta=1e-05] }", "X Y Z", "X>Y X>Z"),
    Case("two heads", "dag { x -> y ; y <-> z }", "x y z y<->z", "x>y y<->z>y y<->z>z"),
    Case("groups", "dag { U -> {A Y} ; A -> Y }", "U A Y", "U>A U>Y A>Y"),
    Case("capitals in the header", "DAG { A -> B }", "A B", "A>B"),
    Case("a name in the header", 'dag "my graph" { A -> B }', "A B", "A>B"),
    Case("the header over lines", "\n dag \n { A -> B\n}\n\n// end", "A B", "A>B"),
]

DOT = [
    Case("digraph", "digraph { A -> B; B -> C }", "A B C", "A>B B>C"),
    Case("named", "digraph G { A -> B }", "A B", "A>B"),
    Case("strict merges", "strict digraph G { A -> B; A -> B }", "A B", "A>B"),
    Case(
        "with drawing",
        'digraph G {\n  rankdir=LR; label="a drawing";\n  graph [fontsize=10]\n'
        "  node [shape=box, style=filled]; edge [color=gray];\n"
        '  A [label="Age", color="#ff0000"];\n  A -> B [style=dashed, label="+"];\n}',
        "A B",
        "A>B",
    ),
    Case("same rank", "digraph { {rank=same; A; B} A -> B }", "A B", "A>B"),
    Case(
        "subgraph",
        'digraph { subgraph cluster_0 { label="old"; A -> B } subgraph { C } B -> C }',
        "A B C",
        "A>B B>C",
    ),
    Case("subgraph as an operand", "digraph { A -> subgraph s { B C } }", "A B C", "A>B A>C"),
    Case("dir=both", "digraph { A -> B [dir=both] }", "A B A<->B", "A<->B>A A<->B>B"),
    Case("dir=forward", 'digraph { A -> B [dir="forward"] }', "A B", "A>B"),
]

BIF = [
    Case(
        "two variables",
        "network unknown {\n}\nvariable smoke {\n  type discrete [ 2 ] { yes, no };\n}\n"
        "variable cancer {\n  type discrete [ 2 ] { yes, no };\n}\n"
        "probability ( smoke ) {\n  table 0.3, 0.7;\n}\n"
        "probability ( cancer | smoke ) {\n  (yes) 0.1, 0.9;\n  (no) 0.01, 0.99;\n}\n",
        "smoke cancer",
        "smoke>cancer",
    ),
    Case(
        "comments, properties, quotes, hyphens",
        '// by hand\n/* network not { } */ network "n" { property author = "me"; }\n'
        'property version 1;\nvariable "a-b" { type discrete[3] { <5, 5-9, >=10 }; }\n'
        "variable y { property p = {1}; } variable z { }\n"
        "probability ( y | a-b, z ) { default 1; } probability (z);",
        "a-b y z",
        "a-b>y z>y",
    ),
    Case(
        "the oldest form of parents",
        "network n { } variable a { } variable b { } variable c { } probability ( c a b ) { }",
        "a b c",
        "a>c b>c",
    ),
]

TEXTS = [*ARROWS, *DAGITTY, *DOT, *BIF]
MARKED = [
    "U [latent]; A [exposure]; Y [outcome]; W [adjusted]; U -> {A Y}; A -> Y; W -> Y",
    'dag { A [e, pos="0,-1.5"] Y [o] U [u] W [a] U -> {A Y} A -> Y W -> A }',
    'digraph { U [observed="no", label="x\\"y"]; A [role=exposure]; U -> A; A <-> "b \\\\ c" }',
    '"body mass" [pos="1,2!"]; "body mass" -> "5\\" pipe"',
]

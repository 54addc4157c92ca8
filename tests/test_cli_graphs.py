"""`causalif dag`, and graphs for the other commands."""

from __future__ import annotations

import io
import json
import subprocess
import sys

import pytest

import causalif as cif
from causalif.cli import main

ARROWS = "W -> {A Y}; A -> M -> Y; A -> Y; X -> Y"
ENDS = ["--exposure", "A", "--outcome", "Y"]


@pytest.fixture
def printed(capsys):
    def run(*arguments: str, code: int = 0) -> str:
        assert main(["dag", *arguments]) == code
        output = capsys.readouterr()
        return output.err if code else output.out

    return run


def test_what_a_person_reads(printed):
    text = printed(ARROWS, *ENDS)
    assert text.splitlines()[0] == "5 nodes, 6 arrows"
    for line in (
        "  A -> Y",
        "  A -> M -> Y",
        "Minimal adjustment sets for the effect of A on Y:",
        "  {W}",
        "{W, X} identifies the effect of A on Y.",
        "  A _||_ X",
    ):
        assert line in text.splitlines()


def test_what_a_script_reads(printed):
    found = json.loads(printed(ARROWS, *ENDS, "--covariates", "M", "--json"))
    assert found["pathways"] == [["A", "Y"], ["A", "M", "Y"]]
    assert found["minimal_sets"] == [["W"]]
    assert found["optimal_set"] == ["W", "X"]
    assert found["valid"] is False
    assert "M lies on A -> M -> Y" in found["explanation"]


def test_a_file_standard_input_and_marks(printed, tmp_path, monkeypatch):
    text = "dag { A [exposure]; Y [outcome]; U [latent]; U -> {A Y}; W -> {A Y}; A -> Y }"
    file = tmp_path / "graph.dagitty"
    file.write_text(text, encoding="utf-8")
    from_file = printed(str(file))
    assert "1 latent (U)" in from_file
    assert "A <- U -> Y stays open and U is latent" in from_file
    monkeypatch.setattr("sys.stdin", io.StringIO(text))
    assert printed("-") == from_file


def test_a_graph_without_ends_is_told_what_it_implies(printed):
    text = printed("A -> B -> C")
    assert "A _||_ C | {B}" in text
    assert "pathways" not in text.lower()


def test_no_set_is_an_answer_not_a_failure(printed):
    found = json.loads(printed("A <-> Y; A -> Y", *ENDS, "--json"))
    assert found["minimal_sets"] == []
    assert found["optimal_set"] is None


def test_long_lists_are_cut(printed):
    chain = "; ".join(f"A <- V{k} -> W{k} -> Y" for k in range(5))
    text = printed(f"{chain}; A -> Y", *ENDS, "--limit", "3")
    assert text.count("and more (--limit)") == 2  # sets and independencies


def test_a_plot_is_written(printed, tmp_path):
    file = tmp_path / "graph.svg"
    assert f"Plot: {file}" in printed(ARROWS, *ENDS, "--plot", str(file))
    assert "<svg" in file.read_text(encoding="utf-8")


def test_a_reader_who_has_seen_enough():
    command = [sys.executable, "-m", "causalif", "dag", ARROWS, *ENDS]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as running:
        assert running.stdout is not None
        assert running.stderr is not None
        running.stdout.close()
        assert running.stderr.read() == b""
    assert running.returncode == 0


def test_the_fit_to_data(printed, tmp_path):
    file = tmp_path / "jobs.csv"
    cif.load_dataset("jobs")[["treat", "age", "depress2"]].to_csv(file, index=False)
    text = printed("{treat age} -> depress2", "--data", str(file))
    assert "1 implied independenc" in text


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["A -> B -> A"], "cycle: A -> B -> A"),
        (["no-such-file.txt"], "no file 'no-such-file.txt'"),
        ([ARROWS, "--exposure", "A"], "no outcome is named"),
        ([ARROWS, "--exposure", "A", "--outcome", "Z"], "outcome 'Z' is not in the graph"),
        ([ARROWS, *ENDS, "--estimand", "totl"], "Did you mean 'total'?"),
        ([ARROWS, *ENDS, "--limit", "0"], "--limit 0"),
        ([ARROWS, *ENDS, "--plot", "no/folder/x.png"], "no folder"),
        ([ARROWS, *ENDS, "--plot", "graph.xyz"], "cannot be drawn"),
        ([ARROWS, *ENDS, "--latent", "Q"], "latent 'Q' is not in the graph"),
        (["A -> B; A [exposure]; C [exposure]; B [outcome]"], "marks 2 nodes as exposure"),
    ],
)
def test_bad_input_is_one_line(printed, arguments, says, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    error = printed(*arguments, code=2)
    assert says in error
    assert error.count("\n") == 1


def test_an_effect_takes_a_graph(capsys, tmp_path):
    data = tmp_path / "jobs.csv"
    cif.load_dataset("jobs").to_csv(data, index=False)
    graph = tmp_path / "graph.txt"
    graph.write_text("{econ_hard age} -> {treat depress2}; treat -> depress2", encoding="utf-8")
    common = ["effect", str(data), "--exposure", "treat", "--outcome", "depress2", "--json"]
    common += ["--learners", "glm", "--seed", "1"]
    answers = []
    for chosen in (["--dag", str(graph)], ["--covariates", "econ_hard,age"]):
        assert main([*common, *chosen]) == 0
        answers.append(json.loads(capsys.readouterr().out))
    assert answers[0] == answers[1]

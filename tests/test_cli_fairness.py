"""``causalif fairness`` as one types it."""

from __future__ import annotations

import json

import numpy as np
import pandas as pd
import pytest

from causalif.cli import main


@pytest.fixture(scope="module")
def file(tmp_path_factory):
    rng = np.random.default_rng(1)
    sex = rng.choice(["F", "M"], 400)
    frame = pd.DataFrame({"a": rng.normal(size=400) + (sex == "M"), "b": rng.normal(size=400)})
    frame["good"] = (frame["a"] + frame["b"] + rng.normal(size=400) > 0.5).astype(int)
    frame["sex"] = sex
    path = tmp_path_factory.mktemp("data") / "people.csv"
    frame.to_csv(path, index=False)
    return str(path)


def ask(file, *more):
    return main(["fairness", file, "--outcome", "good", "--sensitive", "sex", "--seed", "1", *more])


def test_prints_the_summary(file, capsys):
    assert ask(file, "--shared", "0.0,1.0", "--measures", "accuracy,mean_score") == 0
    text = capsys.readouterr().out
    assert "between groups: F (" in text
    assert "mean_score" in text


def test_json_plot_and_report(file, capsys, tmp_path):
    plot, report = tmp_path / "p.svg", tmp_path / "r.html"
    code = ask(file, "--shared", "0,1", "--json", "--plot", str(plot), "--report", str(report))
    assert code == 0
    told = capsys.readouterr()
    rows = json.loads(told.out)
    assert {row["shared"] for row in rows} == {0, 1}
    assert plot.exists()
    assert "What sharing everything buys" in report.read_text()
    assert "Report:" in told.err


def test_the_favourable_level_and_the_reference(file, capsys):
    given = ("--shared", "1.0", "--measures", "mean_score", "--json", "--folds", "1")
    values = []
    for more in ((), ("--positive", "0"), ("--reference", "M")):
        assert ask(file, *given, *more) == 0
        values.append(json.loads(capsys.readouterr().out)[0]["estimate"])
    assert values[1] == pytest.approx(-values[0], abs=1e-6)
    assert values[2] == pytest.approx(-values[0], abs=1e-6)


def test_a_reference_that_is_a_number(file, capsys, tmp_path):
    frame = pd.read_csv(file)
    coded = tmp_path / "coded.csv"
    frame.assign(sex=(frame["sex"] == "M").astype(int)).to_csv(coded, index=False)
    assert ask(str(coded), "--shared", "1.0", "--measures", "mean_score", "--reference", "1") == 0
    assert "gaps are differences from 1" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("more", "words"),
    [
        (["--shared", "half"], "give places such as 0.5"),
        (["--features", "a,sex"], "'sex' is among the features"),
        (["--notion", "parity"], "notion='parity'"),
        (["--report", "no-such-folder/x.html"], "no-such-folder"),
    ],
)
def test_bad_input_is_one_line(file, capsys, more, words):
    assert ask(file, *more) == 2
    told = capsys.readouterr().err
    assert words in told
    assert told.count("\n") == 1

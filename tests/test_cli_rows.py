"""``causalif robustness`` and ``causalif value`` as one types them."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from causalif.cli import main

NSW = pd.read_csv(Path(__file__).parents[1] / "vignettes" / "data" / "nsw.csv.gz")


@pytest.fixture(scope="module")
def file(tmp_path_factory):
    path = tmp_path_factory.mktemp("data") / "nsw.csv"
    worked = (NSW["re78"] > 0).map({True: "yes", False: "no"})
    NSW.assign(worked=worked, place=NSW.index // 5).to_csv(path, index=False)
    return str(path)


def ask(file, *more):
    return main(["robustness", file, "--exposure", "treat", *more])


def test_prints_who_would_turn_the_sign(file, capsys):
    assert ask(file, "--outcome", "re78") == 0
    assert "Without 17 of 445 rows (3.82%)" in capsys.readouterr().out


def test_json_and_plot(file, capsys, tmp_path):
    plot = tmp_path / "p.svg"
    covariates = "age,educ,black,hisp,marr,nodegree,re74,re75"
    more = ("--covariates", covariates, "--goal", "significance", "--json", "--plot", str(plot))
    assert ask(file, "--outcome", "re78", *more) == 0
    told = capsys.readouterr()
    answer = json.loads(told.out)
    assert answer["size"] == 3
    assert answer["n"] == 445
    assert plot.exists()
    assert "Plot:" in told.err


def test_a_yes_and_groups(file, capsys):
    assert ask(file, "--outcome", "worked", "--model", "logit", "--groups", "place") == 0
    assert "of 89 groups" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("more", "words"),
    [
        (("--outcome", "re79"), "no column 're79'"),
        (("--outcome", "re78", "--model", "probit"), "--model probit"),
        (("--outcome", "worked"), "holds no numbers"),
        (("--outcome", "re78", "--model", "logit"), "other values than 0 and 1"),
        (("--outcome", "re78", "--goal", "p"), "goal='p'"),
    ],
)
def test_bad_input_is_one_line(file, capsys, more, words):
    assert ask(file, *more) == 2
    told = capsys.readouterr().err
    assert words in told
    assert told.count("\n") == 1


@pytest.fixture(scope="module")
def pair(tmp_path_factory):
    rng = np.random.default_rng(1)
    folder = tmp_path_factory.mktemp("pair")
    clean = pd.DataFrame({"a": rng.normal(size=80), "b": rng.choice(["u", "v"], 80)})
    moved = clean.assign(a=np.append(clean["a"][:70], rng.normal(4, 0.3, 10)))
    for name, frame in {"clean": clean, "data": moved}.items():
        frame.assign(y=(frame["a"] > 0).astype(int)).to_csv(folder / f"{name}.csv", index=False)
    return str(folder / "data.csv"), str(folder / "clean.csv")


def test_value_prints_what_is_worth_least(pair, capsys, tmp_path):
    out, plot = tmp_path / "v.csv", tmp_path / "v.svg"
    assert main(["value", *pair, "--seed", "1", "--out", str(out), "--plot", str(plot)]) == 0
    text = capsys.readouterr().out
    assert "80 rows against 80 of the reference" in text
    assert "Values:" in text
    table = pd.read_csv(out).set_index("row")
    assert (table["value"].nsmallest(5).index >= 70).all()
    assert list(table.columns) == ["feature", "value", "leave_one_out"]
    assert plot.exists()


def test_value_as_json_with_labels(pair, capsys):
    assert main(["value", *pair, "--label", "y", "--json", "--worst", "3", "--seed", "1"]) == 0
    rows = json.loads(capsys.readouterr().out)
    assert len(rows) == 3
    assert set(rows[0]) == {"row", "value", "feature", "label"}


@pytest.mark.parametrize(
    ("more", "words"), [(("--label", "z"), "no label 'z'"), (("--worst", "0"), "--worst 0")]
)
def test_value_of_what_is_not_there_is_one_line(pair, capsys, more, words):
    assert main(["value", *pair, *more]) == 2
    told = capsys.readouterr().err
    assert words in told
    assert told.count("\n") == 1

"""``causalif robustness`` as one types it."""

from __future__ import annotations

import json
from pathlib import Path

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

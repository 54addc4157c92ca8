"""`causalif sigma`: the numbers of the API, or one line that says why not."""

from __future__ import annotations

import json

import numpy as np
import pandas as pd
import pytest

from causalif.cli import main
from causalif.sigma import analysis
from causalif.sigma.posterior import DAGPosterior

ENDS = ["--exposure", "A", "--outcome", "Y"]
FAST = ["--method", "exact", "--score", "bge", "--learners", "glm", "--seed", "2"]
TIERS = ["--tier", "C", "--tier", "A", "--tier", "M", "--tier", "Y"]
QUICK = {"method": "exact", "score": "bge", "learners": "glm", "seed": 2}


@pytest.fixture(scope="module")
def table() -> pd.DataFrame:
    rng = np.random.default_rng(5)
    c, a, m, y, z = rng.normal(size=(5, 200))
    a, m = a + 0.7 * c, m + 0.3 * c
    m += 0.8 * a
    y += 0.6 * m + 0.5 * c
    return pd.DataFrame({"C": c, "A": a, "M": m, "Y": y, "noise": z}).round(6)


@pytest.fixture
def file(table, tmp_path) -> str:
    path = tmp_path / "data.csv"
    table.to_csv(path, index=False)
    return str(path)


def as_frame(text: str) -> pd.DataFrame:
    return pd.DataFrame(json.loads(text))


def refused(capsys, *arguments: str) -> str:
    assert main(["sigma", *arguments]) == 2
    out, err = capsys.readouterr()
    assert out == ""
    assert err.startswith("causalif: ")
    assert err.count("\n") == 1
    return err


def test_json_is_the_tidy_table_of_the_api(file, table, capsys):
    columns = ["--columns", "C, A, M, Y"]
    assert main(["sigma", file, *ENDS, *FAST, *TIERS, *columns, "--json"]) == 0
    out, err = capsys.readouterr()
    expected = analysis.sigma_analysis(
        table, "A", "Y", columns=["C", "A", "M", "Y"], tiers=[["C"], ["A"], ["M"], ["Y"]], **QUICK
    )
    pd.testing.assert_frame_equal(as_frame(out), expected.tidy(), rtol=1e-9, check_dtype=False)
    assert err == ""


def test_every_option_reaches_the_api(file, monkeypatch, capsys):
    found = {}

    class Told(Exception):
        pass

    def told(data, exposure, outcome, **options):
        found.update(options, exposure=exposure, outcome=outcome)
        raise Told

    monkeypatch.setattr(analysis, "sigma_analysis", told)
    options = ["--method", "mcmc", "--score", "bic", "--tier", "C,A", "--tier", "M", "--required",
               "A -> M", "--forbidden", "C -> Y; M -> C", "--max-parents", "2", "--samples", "77",
               "--columns", "A,M,C,Y", "--levels", "0,1", "--learners", "glm", "--threshold", ".7",
               "--fdr", ".1", "--max-length", "3", "--split", "--checkpoint", "here", "--seed", "4",
               "--jobs", "2"]  # fmt: skip
    with pytest.raises(Told):
        main(["sigma", file, *ENDS, *options])
    assert found == {
        "exposure": "A", "outcome": "Y", "posterior": None, "method": "mcmc", "score": "bic",
        "tiers": [["C", "A"], ["M"]], "required": "A -> M", "forbidden": "C -> Y; M -> C",
        "max_parents": 2, "samples": 77, "columns": ["A", "M", "C", "Y"], "levels": [0.0, 1.0],
        "learners": "glm", "threshold": 0.7, "fdr": 0.1, "max_length": 3, "split": True,
        "checkpoint": "here", "seed": 4, "n_jobs": 2,
    }  # fmt: skip
    found.clear()
    with pytest.raises(Told):
        main(["sigma", file, *ENDS])
    assert found == {"exposure": "A", "outcome": "Y", "posterior": None}


def test_summary_report_plot_and_posterior_are_written(file, tmp_path, capsys):
    report, plot, kept = (str(tmp_path / name) for name in ("r.html", "p.svg", "g.npz"))
    files = ["--report", report, "--plot", plot, "--save", kept]
    assert main(["sigma", file, *ENDS, *FAST, *TIERS, *files]) == 0
    out = capsys.readouterr().out
    assert "A -> M -> Y" in out
    assert f"Report: {report}\nPlot: {plot}\nPosterior: {kept}\n" in out
    for name in (report, plot):
        with open(name, encoding="utf-8") as found:
            assert "<svg" in found.read()
    assert DAGPosterior.load(kept).settings["score"] == "bge"


def test_a_kept_posterior_gives_the_same_numbers(file, tmp_path, capsys):
    kept = str(tmp_path / "graphs.npz")
    assert main(["sigma", file, *ENDS, *FAST, *TIERS, "--save", kept, "--json"]) == 0
    first = as_frame(capsys.readouterr().out)
    again = ["--posterior", kept, "--learners", "glm", "--seed", "2", "--json"]
    assert main(["sigma", file, *ENDS, *again]) == 0
    pd.testing.assert_frame_equal(as_frame(capsys.readouterr().out), first, rtol=1e-9)
    err = refused(capsys, file, *ENDS, "--posterior", kept, "--score", "bge")
    assert "score given beside posterior=" in err


def test_levels_are_read_as_in_the_data(table, tmp_path, capsys):
    path = tmp_path / "levels.csv"
    table.assign(A=np.where(table["A"] > 0, "high", "low")).to_csv(path, index=False)
    fast = ["--method", "exact", "--score", "mixed", "--learners", "glm", "--seed", "2"]
    found = []
    for levels in ("low,high", "high,low"):
        assert main(["sigma", str(path), *ENDS, *fast, *TIERS, "--levels", levels, "--json"]) == 0
        found.append(as_frame(capsys.readouterr().out)["effect"][0])
    assert found[0] > 0 > found[1]


def test_json_stays_json_beside_files(file, tmp_path, capsys):
    plot = str(tmp_path / "p.png")
    assert main(["sigma", file, *ENDS, *FAST, *TIERS, "--json", "--plot", plot]) == 0
    out, err = capsys.readouterr()
    assert as_frame(out)["path"][0] == "total"
    assert f"Plot: {plot}" in err


@pytest.mark.parametrize(
    ("options", "says"),
    [
        (["--exposure", "B", "--outcome", "Y"], ["exposure 'B' is no node"]),
        ([*ENDS, "--method", "exct"], ["method='exct'", "'exact'"]),
        ([*ENDS, "--score", "bgee"], ["'bge'"]),
        ([*ENDS, "--tier", "Y", "--tier", "Q"], ["'Q'"]),
        ([*ENDS, "--required", "A -> Q"], ["'Q'"]),
        ([*ENDS, "--threshold", "2"], ["threshold=2.0"]),
        ([*ENDS, "--level", "95"], ["level=95.0"]),
        ([*ENDS, "--columns", "A,Y,Z"], ["'Z'"]),
        ([*ENDS, "--fdr", "-1"], ["fdr=-1.0"]),
        ([*ENDS, "--samples", "0"], ["samples=0"]),
        ([*ENDS, "--samples", "x"], ["invalid int value: 'x'"]),
        ([*ENDS, "--levels", "0"], ["levels"]),
        ([*ENDS, "--report", "no/folder/r.html"], ["no folder"]),
        ([*ENDS, "--save", "no/folder/g.npz"], ["no folder"]),
        ([*ENDS, "--plot", "p.xyz"], ["--plot 'p.xyz'", ".png"]),
        ([*ENDS, "--posterior", "nothing.npz"], ["nothing.npz"]),
        ([*ENDS, "--save", "g.npz", "--split"], ["--save", "--split"]),
        (["--exposure", "A"], ["required: --outcome"]),
    ],
)
def test_bad_input_is_one_line(file, capsys, options, says, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    given = ["--seed", "2"] if "--posterior" in options else FAST  # the last of two wins
    err = refused(capsys, file, *given, *options)
    for part in says:
        assert part in err


def test_interrupted_says_where_the_work_is(file, tmp_path, monkeypatch, capsys):
    def stopped(*_, **__):
        raise KeyboardInterrupt

    monkeypatch.setattr(analysis, "sigma_analysis", stopped)
    assert main(["sigma", file, *ENDS, "--checkpoint", str(tmp_path / "kept")]) == 130
    out, err = capsys.readouterr()
    assert (out, err.count("\n")) == ("", 1)
    assert f"kept in {tmp_path / 'kept'}" in err
    assert main(["sigma", file, *ENDS]) == 130
    assert "Nothing is kept" in capsys.readouterr().err


def test_a_missing_extra_is_one_line(file, monkeypatch, capsys):
    def absent(*_, **__):
        raise ImportError("score='ladder' needs torch: pip install torch")

    monkeypatch.setattr(analysis, "sigma_analysis", absent)
    assert "needs torch: pip install torch" in refused(capsys, file, *ENDS)
    broken = ImportError("no name", name="causalif.nothing")
    monkeypatch.setattr(analysis, "sigma_analysis", lambda *_, **__: (_ for _ in ()).throw(broken))
    with pytest.raises(ImportError, match="no name"):
        main(["sigma", file, *ENDS])

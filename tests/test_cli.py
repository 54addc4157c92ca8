"""The command line: the API's numbers, or exit 2 and one line."""

from __future__ import annotations

import functools
import gzip
import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

import causalif as cif
from causalif.cli import main

COLUMNS = ["treat", "depress2", "job_seek", "age", "sex", "econ_hard", "occp"]
ROLES = ["--exposure", "treat", "--outcome", "depress2"]
MEDIATE = [*ROLES, "--mediators", "job_seek", "--covariates", "age,sex"]
FAST = ["--learners", "glm", "--seed", "3"]


@pytest.fixture(scope="module")
def table() -> pd.DataFrame:
    rows = np.arange(899)
    return cif.load_dataset("jobs")[COLUMNS].assign(site=rows % 60, region=rows % 3)


@pytest.fixture
def file(table, tmp_path) -> str:
    path = tmp_path / "jobs.csv"
    table.to_csv(path, index=False)
    return str(path)


def refused(capsys, *arguments: str) -> str:
    """The one line on stderr of a command that must exit with 2."""
    assert main(arguments) == 2
    out, err = capsys.readouterr()
    assert err.count("\n") == 1
    assert err.startswith("causalif: ")
    assert "Traceback" not in err
    assert out == ""
    return err


def written(tmp_path: Path, content: str | bytes, name: str = "data.csv") -> str:
    path = tmp_path / name
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    return str(path)


# -- what it prints --------------------------------------------------------------------------


def test_json_is_the_tidy_table_of_the_api(file, table, capsys):
    assert main(["mediate", file, *MEDIATE, *FAST, "--json"]) == 0
    out, err = capsys.readouterr()
    found = pd.DataFrame(json.loads(out)).set_index("term")
    expected = cif.mediate(
        table, "treat", "depress2", "job_seek", ["age", "sex"], learners="glm", seed=3
    ).tidy()
    expected = expected.set_index("term").replace([np.inf, -np.inf], np.nan)  # null in JSON
    pd.testing.assert_frame_equal(found, expected, rtol=1e-9)
    assert err == ""


def test_every_option_reaches_the_api(file, table, capsys):
    options = ["--method", "tmle", "--folds", "3", "--repeats", "2", "--truncate", "0.05"]
    options += ["--scale", "ratio", "--weights", "age", "--clusters", "site", "--n-jobs", "1"]
    options += ["--strata", "region", "--level", "0.9", "--missing", "impute"]
    arguments = ["effect", file, *ROLES, "--covariates", "occp", *FAST, *options, "--json"]
    assert main(arguments) == 0
    found = pd.DataFrame(json.loads(capsys.readouterr().out))
    expected = cif.average_effect(
        table, "treat", "depress2", "occp", method="tmle", folds=3, repeats=2, truncate=0.05,
        scale="ratio", weights="age", clusters="site", strata="region", missing="impute",
        learners="glm", seed=3,
    )  # fmt: skip
    pd.testing.assert_frame_equal(found, expected.tidy(level=0.9), rtol=1e-9)


def test_summary_and_report(file, tmp_path, capsys):
    report = tmp_path / "out.html"
    assert main(["mediate", file, *MEDIATE, *FAST, "--report", str(report)]) == 0
    out = capsys.readouterr().out
    assert all(term in out for term in ("TE", "NDE", "NIE", "PM"))
    assert f"Report: {report}" in out
    assert "<html" in report.read_text(encoding="utf-8")


def test_json_stays_json_beside_a_report(file, tmp_path, capsys):
    report = str(tmp_path / "out.html")
    assert main(["mediate", file, *MEDIATE, *FAST, "--json", "--report", report]) == 0
    out, err = capsys.readouterr()
    assert len(json.loads(out)) == 4
    assert report in err


def test_intermediates_and_paths_from_a_graph_give_the_numbers_of_the_api(table, file, capsys):
    graph = "treat -> {econ_hard job_seek depress2}; econ_hard -> {job_seek depress2}; "
    graph += "job_seek -> depress2; age -> {job_seek depress2}"
    roles, quick = ("treat", "depress2"), {"dag": graph, "learners": "glm", "seed": 3}
    between = {"intermediates": "econ_hard", **quick}
    job, dag, amid = ["--mediators", "job_seek"], ["--dag", graph], ["--intermediates", "econ_hard"]
    drawn = cif.mediate(table, *roles, "job_seek", estimand="interventional", **between)
    paths = cif.path_specific_effects(table, *roles, **quick)
    coarse = table.assign(job_seek=(table["job_seek"] > 4).astype(int))
    held = cif.controlled_direct_effect(coarse, *roles, "job_seek", **between)
    coarse.to_csv(other := file.replace("jobs", "coarse"), index=False)
    for command, expected in (
        (["mediate", file, *job, *amid, "--estimand", "interventional"], drawn),
        (["paths", file], paths),
        (["paths", file, "--mediators", "econ_hard, job_seek"], paths),
        (["controlled", other, *job, *amid], held),
    ):
        assert main([*command, *ROLES, *dag, *FAST, "--json"]) == 0
        rows = json.loads(capsys.readouterr().out)
        found = {row["term"]: row["estimate"] for row in rows}
        assert found == pytest.approx(dict(expected.values), abs=1e-12)
    assert main(["paths", file, *ROLES, "--mediators", "econ_hard+job_seek", *FAST]) == 0
    assert "through econ_hard, job_seek" in capsys.readouterr().out


def test_intermediates_are_refused_where_they_do_not_belong(file, capsys):
    err = refused(capsys, "mediate", file, *MEDIATE, "--intermediates", "econ_hard")
    assert "natural effects are not identified" in err
    assert "at least one mediator" in refused(capsys, "paths", file, *ROLES)


def test_decomposition(file, capsys):
    assert main(["mediate", file, *MEDIATE, *FAST, "--decomposition", "both", "--json"]) == 0
    assert {"TNDE", "PNIE"} <= {row["term"] for row in json.loads(capsys.readouterr().out)}


@pytest.mark.parametrize(
    ("column", "words"),
    [
        (lambda a: a, ("0", "1")),
        (lambda a: a.astype(float), ("0", "1.0")),
        (lambda a: a == 1, ("False", "True")),
        (lambda a: a.map({0: "no", 1: "yes"}), ("no", "yes")),
    ],
)
def test_levels_are_read_as_in_the_data(table, tmp_path, capsys, column, words):
    path = tmp_path / "data.csv"
    table.assign(treat=column(table.treat)).to_csv(path, index=False)

    def effect(*more: str) -> float:
        assert main(["effect", str(path), *ROLES, *FAST, "--json", *more]) == 0
        return json.loads(capsys.readouterr().out)[0]["estimate"]

    assert effect("--levels", ",".join(words)) == pytest.approx(effect())
    assert effect("--reference", words[1]) == pytest.approx(-effect())


def test_compressed_with_byte_order_mark_and_row_names(table, tmp_path, capsys):
    arguments = [*MEDIATE, *FAST, "--json"]
    table.to_csv(tmp_path / "plain.csv", index=False)
    rows = table.to_csv(index=False).splitlines()
    named = [rows[0], *(f"r{k},{row}" for k, row in enumerate(rows[1:]))]  # as R writes them
    files = {
        "plain.csv": None,
        "mark.csv": table.to_csv(index=False).encode("utf-8-sig"),
        "packed.csv.gz": gzip.compress(table.to_csv(index=False).encode()),
        "named.csv": "\n".join(named),
    }
    outputs = []
    for name, content in files.items():
        if content is not None:
            written(tmp_path, content, name)
        assert main(["mediate", str(tmp_path / name), *arguments]) == 0
        outputs.append(capsys.readouterr().out)
    assert set(outputs) == {outputs[0]}


def test_warnings_take_a_line_each(file, capsys):
    assert main(["mediate", file, *MEDIATE, "--clusters", "occp", *FAST]) == 0
    err = capsys.readouterr().err
    assert "SmallSampleWarning: only 7 clusters" in err
    assert err.count("\n") == err.count("Warning: ")


def test_demo(tmp_path, monkeypatch, capsys):
    quick = functools.partial(cif.mediate, learners="glm")
    monkeypatch.setattr("causalif.effects.mediate", quick)  # the default learners take a minute
    monkeypatch.chdir(tmp_path)
    assert main(["demo", "--seed", "5"]) == 0
    out = capsys.readouterr().out
    formula = "depress2 ~ treat | job_seek | econ_hard + sex + age"  # the one that it prints
    assert formula in out
    assert quick(formula, cif.load_dataset("jobs"), seed=5).summary() in out
    assert "Report:" in out
    assert "<html" in (tmp_path / "causalif-demo.html").read_text(encoding="utf-8")


# -- what it refuses -------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("content", "says"),
    [
        ("", ("is empty", "header line")),
        ("\n\n", ("is empty",)),
        ("treat,depress2,job_seek\n", ("no rows",)),
        ("treat;depress2;job_seek\n1;2,5;3\n", ("separated by semicolons", "commas")),
        ("treat\tdepress2\tjob_seek\n1\t2\t3\n", ("separated by tabs",)),
        ("treat|depress2\n1|2\n", ("separated by bars",)),
        ("treat depress2 job_seek\n1 2 3\n", ("one column only", "'treat depress2 job_seek'")),
        ("treat,dépress2\n1,2\n".encode("latin-1"), ("not UTF-8", "Save it")),
        ("treat,depress2,a\n1,2,3\n1,2,caf\xe9\n".encode("latin-1"), ("not UTF-8",)),
        ("treat,depress2\n1,2\n".encode("utf-16"), ("not UTF-8",)),
        ("a,b\n1,2\n1,2,3,4\n", ("cannot be read as CSV", "line 3")),
        (b"PK\x03\x04\x00\x01\x02,\xff\xfe\x00", ("not UTF-8",)),
        ('a,b\n"1,2\n', ("cannot be read as CSV",)),
    ],
)
def test_files_that_cannot_be_read(tmp_path, capsys, content, says):
    err = refused(capsys, "effect", written(tmp_path, content), *ROLES)
    for part in says:
        assert part in err


def test_files_that_are_not_there(tmp_path, capsys):
    missing = str(tmp_path / "nothing.csv")
    assert f"no file {missing!r}" in refused(capsys, "mediate", missing, *MEDIATE)
    assert "is a folder" in refused(capsys, "mediate", str(tmp_path), *MEDIATE)
    assert "no file" in refused(capsys, "mediate", "x" * 5000, *MEDIATE)
    assert "no file" in refused(capsys, "mediate", "", *MEDIATE)
    broken = written(tmp_path, b"not gzip", "data.csv.gz")
    assert "cannot be read as CSV" in refused(capsys, "mediate", broken, *MEDIATE)


def test_equal_headers_are_not_renamed(table, tmp_path, capsys):
    twice = pd.concat([table, table[["age"]]], axis=1)
    err = refused(capsys, "mediate", written(tmp_path, twice.to_csv(index=False)), *MEDIATE)
    assert "2 columns of data are named 'age': duplicated" in err
    exposure_twice = written(tmp_path, "treat,treat,depress2\n0,1,2\n1,0,3\n")
    assert "named 'treat'" in refused(capsys, "effect", exposure_twice, *ROLES, "--levels", "0,1")


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["--covariates", "agge"], ("no column 'agge'", "'age'")),
        (["--covariates", "agge", "--folds", "0"], ("2 problems", "'agge'", "folds=0")),
        (["--mediators", ""], ("at least one mediator",)),
        (["--exposure", "sexx"], ("no column 'sexx'", "'sex'")),
        (["--exposure", "sexx", "--levels", "0,1"], ("no column 'sexx'",)),
        (["--exposure", "age"], ("column 'age' is both",)),
        (["--levels", "0"], ("levels=[0]", "two or more")),
        (["--levels", "0,7"], ("no level 7.0", "present: 0 (299 rows)")),
        (["--reference", "z"], ("no level 'z'", "present: 0 (299 rows)")),
        (["--weights", "agge"], ("no column 'agge'",)),
        (["--method", "tmel"], ("method='tmel'", "'tmle'")),
        (["--learners", "gml"], ("'gml'", "'glm'")),
        (["--learners", "auto", "--folds", "1"], ("folds=1", "learners='glm'")),
        (["--scale", "odds"], ("scale='odds'",)),
        (["--missing", "drop"], ("missing='drop'",)),
        (["--decomposition", "two"], ("decomposition='two'",)),
        (["--truncate", "0.7"], ("truncate=0.7",)),
        (["--repeats", "0"], ("repeats=0",)),
        (["--n-jobs", "0"], ("n_jobs=0",)),
        (["--seed", "-1"], ("seed=-1",)),
        (["--level", "95"], ("level=95", "0.95")),
        (["--level", "nan"], ("level=nan",)),
        (["--folds", "2.5"], ("--folds", "invalid int value: '2.5'", "mediate --help")),
        (["--foldz", "2"], ("unrecognized arguments: --foldz 2",)),
        (["--report"], ("--report", "expected one argument")),
        (["--report", "no/such/folder/out.html"], ("no folder 'no/such/folder'", "Make it")),
    ],
)
def test_arguments_that_cannot_be_used(file, capsys, arguments, says):
    err = refused(capsys, "mediate", file, *MEDIATE, *arguments)
    for part in says:
        assert part in err


def test_a_report_over_a_folder(file, tmp_path, capsys):
    err = refused(capsys, "mediate", file, *MEDIATE, "--report", str(tmp_path))
    assert "is a folder" in err
    assert "is a folder" in refused(capsys, "demo", "--report", str(tmp_path))


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        ([], "required: COMMAND"),
        (["medaite"], "invalid choice: 'medaite'"),
        (["mediate"], "required: DATA.csv, --exposure, --outcome, --mediators"),
        (["mediate", "x.csv", *ROLES], "required: --mediators"),
        (["demo", "--seed", "x"], "invalid int value: 'x'"),
    ],
)
def test_commands_that_are_not_complete(capsys, arguments, says):
    assert says in refused(capsys, *arguments)


def test_nothing_is_fitted_before_the_checks(file, monkeypatch, capsys):
    def fitted(*_, **__):
        raise AssertionError("fitted")

    monkeypatch.setattr("causalif.effects.engine.run", fitted)
    refused(capsys, "mediate", file, *MEDIATE, "--level", "95")
    refused(capsys, "mediate", file, *MEDIATE, "--report", "no/such/folder/out.html")
    with pytest.raises(AssertionError, match="fitted"):
        main(["mediate", file, *MEDIATE, *FAST])


def test_version_and_help(capsys):
    for flag, says in (("--version", cif.__version__), ("--help", "mediate")):
        with pytest.raises(SystemExit, match="0"):
            main([flag])
        assert says in capsys.readouterr().out


def test_installed_command(file):
    command = [str(Path(sys.executable).with_name("causalif")), "mediate", file, *MEDIATE]
    done = subprocess.run([*command, *FAST, "--json"], capture_output=True, text=True, check=True)
    assert [row["term"] for row in json.loads(done.stdout)] == ["TE", "NDE", "NIE", "PM"]
    bad = [sys.executable, "-m", "causalif", *command[1:], "--covariates", "agge"]
    done = subprocess.run(bad, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr == "causalif: no column 'agge' in data. Did you mean 'age'?\n"


def test_weighted_direct_effect_gives_the_number_of_the_api(table, file, capsys, tmp_path):
    dag = tmp_path / "graph.txt"
    dag.write_text("treat -> job_seek -> depress2; treat -> depress2; sex -> {job_seek depress2}")
    job = [file, "--exposure", "treat", "--outcome", "depress2", "--dag", str(dag)]
    assert main(["weighted", *job, *FAST, "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    with_api = cif.weighted_direct_effect(
        table, "treat", "depress2", dag=dag.read_text(), learners="glm", seed=3
    )
    assert found[0]["estimate"] == pytest.approx(with_api.values["WCDE"], abs=1e-12)
    assert "add --dag FILE" in refused(capsys, "weighted", *job[:5])


def test_mediators_are_held_at_a_value_from_a_shell(table, file, capsys):
    words = [file, *ROLES, "--mediators", "job_seek", "--covariates", "sex,age", *FAST, "--json"]
    assert main(["controlled", *words, "--at", "job_seek=4", "--df", "2"]) == 0
    found = json.loads(capsys.readouterr().out)
    with_api = cif.controlled_direct_effect(
        table, "treat", "depress2", "job_seek", ["sex", "age"], at={"job_seek": 4.0}, df=2,
        learners="glm", seed=3,
    )  # fmt: skip
    assert found[0]["term"] == "CDE"
    assert found[0]["estimate"] == pytest.approx(with_api.values["CDE"], abs=1e-12)
    assert "no mediator that varies" in refused(capsys, "controlled", *words[:-1], "--at", "x=4")

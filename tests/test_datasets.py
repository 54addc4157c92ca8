"""The bundled data: as described, with a licence each, and nobody's to spoil."""

from __future__ import annotations

import re
from pathlib import Path

import pandas as pd
import pytest

import causalif as cif
from causalif.errors import DataError

DATA = Path(__file__).parents[1] / "data"
NAMES = list(cif.list_datasets()["name"])

# Counts that the sources state themselves.
MISSING = {
    "nhefs": ("wt82_71", 63),  # Hernan & Robins, What If, section 12.1: 1566 of 1629 complete
}
CLUSTERS = {
    "student": ("SCH_ID", 568),  # R mediation, manual: 568 schools
    "nhanes_2017_2018": ("cluster", 30),  # NHANES 2017-18: 15 strata of two units
}


@pytest.mark.parametrize("name", NAMES)
def test_file_is_as_its_entry_says(name):
    entry = cif.list_datasets().set_index("name").loc[name]
    data = cif.load_dataset(name)
    assert data.shape == (entry["rows"], entry["columns"])
    assert data.columns.is_unique
    assert data.attrs == {"source": entry["source"], "licence": entry["licence"]}


@pytest.mark.parametrize("name", NAMES)
def test_only_empty_cells_are_missing(name):
    (file,) = DATA.glob(f"{name}.csv*")
    text = pd.read_csv(file, dtype=str, keep_default_na=False)
    assert cif.load_dataset(name).isna().sum().to_dict() == (text == "").sum().to_dict()


def test_none_is_an_answer_not_a_gap():
    assert "None" in set(cif.load_dataset("nhanes_2009_2012")["depressed"].dropna())


@pytest.mark.parametrize(("name", "column", "count"), [(k, *v) for k, v in MISSING.items()])
def test_missing_values_are_those_of_the_source(name, column, count):
    assert cif.load_dataset(name)[column].isna().sum() == count


@pytest.mark.parametrize(("name", "column", "count"), [(k, *v) for k, v in CLUSTERS.items()])
def test_clusters_are_those_of_the_source(name, column, count):
    assert cif.load_dataset(name)[column].nunique() == count


def test_every_data_file_has_an_entry_and_a_licence():
    files = {path.name for path in DATA.glob("*.csv*")}
    assert files == {f.name for name in NAMES for f in DATA.glob(f"{name}.csv*")}
    licences = (DATA / "LICENCES.md").read_text()
    stated = dict(re.findall(r"^\| (\S+) \| ([^|]+) \|", licences, flags=re.MULTILINE))
    listed = cif.list_datasets().set_index("name")["licence"]
    for file in files:
        assert stated[file] == listed[file.split(".csv")[0]]


def test_readme_describes_every_file():
    text = (DATA / "README.md").read_text()
    for name, rows, columns in cif.list_datasets()[["name", "rows", "columns"]].itertuples(
        index=False
    ):
        assert re.search(rf"^\| {name}\.csv(\.gz)? \| {rows} x {columns} \|", text, re.MULTILINE)
        assert f"- **{name}**" in text


def test_each_call_gives_a_fresh_frame():
    first = cif.load_dataset("jobs")
    first.loc[:, "age"] = 0.0
    first.attrs["licence"] = "mine"
    second = cif.load_dataset("jobs")
    assert second["age"].min() > 0
    assert second.attrs["licence"] == "GPL-2.0-or-later"


@pytest.mark.parametrize(
    ("name", "says"),
    [("job", "Did you mean 'jobs'"), ("zzz", "Known: 'jobs'"), (["jobs"], "no data set"), (3, "3")],
)
def test_unknown_name_says_what_there_is(name, says):
    with pytest.raises(DataError, match=says):
        cif.load_dataset(name)

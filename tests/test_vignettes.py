"""Every vignette runs from top to bottom, opens with a question, and opens in Jupyter."""

from __future__ import annotations

import runpy
from pathlib import Path

import jupytext
import matplotlib as mpl
import pytest

FOLDER = Path(__file__).parents[1] / "vignettes"
VIGNETTES = sorted(FOLDER.glob("*.py"))

each_vignette = pytest.mark.parametrize(
    "path",
    VIGNETTES or [pytest.param(None, marks=pytest.mark.skip(reason="vignettes/ holds none yet"))],
    ids=lambda path: path.stem if path else "none",
)


@each_vignette
def test_vignette_runs(path, monkeypatch, tmp_path):
    mpl.use("Agg")
    from matplotlib import pyplot as plt

    monkeypatch.chdir(tmp_path)  # what it writes is not left in the repository
    try:
        runpy.run_path(str(path), run_name="__main__")
    finally:
        plt.close("all")


@each_vignette
def test_vignette_opens_with_a_question(path):
    first = jupytext.read(path, fmt="py:percent").cells[0]
    heading = first.source.splitlines()[0]
    assert first.cell_type == "markdown"
    assert heading.startswith("# ")
    assert heading.endswith("?")


@each_vignette
def test_vignette_is_a_notebook(path):
    notebook = jupytext.read(path, fmt="py:percent")
    kinds = {cell.cell_type for cell in notebook.cells}
    assert kinds == {"markdown", "code"}
    text = jupytext.writes(notebook, fmt="ipynb")
    again = jupytext.reads(text, fmt="ipynb")
    assert [c.source for c in again.cells] == [c.source for c in notebook.cells]

"""What the README and the first page of the site tell a reader to type runs as it stands."""

from __future__ import annotations

import re
import shlex
from pathlib import Path

import pytest

from causalif.cli import main

ROOT = Path(__file__).parents[1]
PAGES = ("README.md", "docs/start.md", "docs/index.md", "data/README.md")


def blocks(page: str, language: str) -> list[str]:
    text = (ROOT / page).read_text(encoding="utf-8")
    return re.findall(rf"^```{language}\n(.*?)^```", text, flags=re.DOTALL | re.MULTILINE)


@pytest.mark.parametrize("page", PAGES)
def test_python_of_the_page_runs(page, monkeypatch, tmp_path):
    pyplot = pytest.importorskip("matplotlib.pyplot")
    monkeypatch.chdir(tmp_path)
    code = "\n".join(blocks(page, "python"))
    assert "import causalif as cif" in code
    try:
        exec(compile(code, page, "exec"), {})
    finally:
        pyplot.close("all")


def test_command_of_the_readme_runs(monkeypatch, tmp_path, capsys):
    (command,) = [b for b in blocks("README.md", "sh") if b.startswith("causalif mediate")]
    (tmp_path / "data").symlink_to(ROOT / "data")
    monkeypatch.chdir(tmp_path)
    assert main(shlex.split(command.replace("\\\n", " "))[1:]) == 0
    assert "NIE" in capsys.readouterr().out
    assert (tmp_path / "jobs.html").stat().st_size > 10_000


def test_readme_opens_with_the_two_commands():
    first_screen = (ROOT / "README.md").read_text(encoding="utf-8").splitlines()[:20]
    assert {"make demo", "make test"} <= {line.split("#")[0].strip() for line in first_screen}


def test_no_page_names_the_package_index():
    for path in [*ROOT.glob("*.md"), *ROOT.glob("docs/*.md"), *ROOT.glob("causalif/**/*.py")]:
        assert not re.search(r"pip install causalif", path.read_text(encoding="utf-8")), path

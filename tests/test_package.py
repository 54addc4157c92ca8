"""The package as a whole: light to import, one direction of imports, complete when built."""

from __future__ import annotations

import ast
import importlib.metadata
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest

import causalif

ROOT = Path(__file__).parents[1]
PACKAGE = ROOT / "causalif"

HEAVY = ("torch", "pyro", "matplotlib", "sklearn", "statsmodels", "formulaic", "dask")

# A module imports from its own part and from parts to its left.
ORDER = [
    "errors",
    "report",
    "estimate",
    "data",
    "datasets",
    "graph",
    "nuisance",
    "independence",
    "effects",
    "sigma",
    "fairness",
    "attribution",
    "qualification",
    "cli",
    "__main__",
]
# The rows of any fit are read through the `refit` protocol of estimate (DESIGN, section 2).
FORBIDDEN = {("attribution", "effects")}


def loaded_by(statement: str) -> set[str]:
    code = f"import sys; {statement}; print(*sorted(m.partition('.')[0] for m in sys.modules))"
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", code], capture_output=True, text=True, check=True
    )
    return set(done.stdout.split())


@pytest.mark.parametrize(
    "statement", ["import causalif", "import causalif; causalif.Estimate", "import causalif.errors"]
)
def test_import_is_light(statement):
    assert loaded_by(statement) & set(HEAVY) == set()


def test_import_would_be_seen():
    assert "sklearn" in loaded_by("import causalif, sklearn")


@pytest.mark.parametrize("name", causalif.__all__)
def test_public_name_resolves(name):
    assert getattr(causalif, name) is not None
    assert name in dir(causalif)


def test_unknown_name_is_an_attribute_error():
    with pytest.raises(AttributeError, match="no attribute 'mediat'"):
        causalif.mediat  # noqa: B018


def test_version_is_that_of_the_metadata():
    assert causalif.__version__ == importlib.metadata.version("causalif-eif")


def test_version_is_that_of_the_project_files():
    stated = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["version"]
    assert causalif.__version__ == stated
    assert f"version: {stated}\n" in (ROOT / "CITATION.cff").read_text()
    assert f"## [{stated}]" in (ROOT / "CHANGELOG.md").read_text()


def imports_of(source: str, module: tuple[str, ...]) -> Iterator[str]:
    """The parts of causalif that a module imports, wherever in it the import stands."""
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            found = [alias.name.split(".") for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            base = list(module[: len(module) - node.level]) if node.level else []
            base += node.module.split(".") if node.module else []
            found = [[*base, alias.name] for alias in node.names]
        else:
            continue
        yield from (path[1] for path in found if path[0] == "causalif" and len(path) > 1)


def upward(source: str, module: tuple[str, ...]) -> list[str]:
    """What a module imports against the order, or against a rule of its own."""
    part = module[1]
    return [
        other
        for other in imports_of(source, module)
        if (other in ORDER and ORDER.index(other) > ORDER.index(part)) or (part, other) in FORBIDDEN
    ]


def modules() -> list[Path]:
    return [p for p in sorted(PACKAGE.rglob("*.py")) if p != PACKAGE / "__init__.py"]


@pytest.mark.parametrize("path", modules(), ids=lambda p: str(p.relative_to(PACKAGE)))
def test_imports_point_one_way(path):
    module = path.relative_to(ROOT).with_suffix("").parts
    assert module[1] in ORDER, f"give {module[1]} its place in ORDER"
    assert upward(path.read_text(encoding="utf-8"), module) == []


@pytest.mark.parametrize(
    ("source", "module", "found"),
    [
        ("from causalif.effects import mediate", "causalif/estimate/core", ["effects"]),
        ("from causalif import effects", "causalif/data/roles", ["effects"]),
        ("from ..effects import mediate", "causalif/estimate/core", ["effects"]),
        ("def f():\n    import causalif.cli", "causalif/effects/engine", ["cli"]),
        ("from causalif.effects.natural import x", "causalif/attribution/rows", ["effects"]),
        ("def f():\n    from causalif.report import x", "causalif/estimate/core", []),
        ("from causalif.errors import DataError\nimport numpy", "causalif/report/plots", []),
    ],
)
def test_upward_imports_would_be_seen(source, module, found):
    assert upward(source, tuple(module.split("/"))) == found

"""Print the lowest versions that pyproject.toml allows, as pip constraints."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

EXTRAS = ("test", "sigma", "neural", "dask")

project = tomllib.loads(Path("pyproject.toml").read_text(encoding="utf-8"))["project"]
wanted = [*project["dependencies"]]
for extra in EXTRAS:
    wanted += project["optional-dependencies"][extra]
for requirement in wanted:
    if found := re.fullmatch(r"([\w.-]+)>=([\w.]+)", requirement):
        print("{}=={}".format(*found.groups()))
    elif not requirement.startswith(project["name"]):
        raise SystemExit(f"pyproject.toml: {requirement!r} gives no lowest version to test")

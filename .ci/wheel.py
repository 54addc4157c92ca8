"""Check what `make wheel` built: data, licences and types are in, tests are not."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import zipfile
from pathlib import Path

USE = """
import causalif as cif
assert cif.__file__.startswith({folder!r}), cif.__file__
for name in cif.list_datasets()["name"]:
    assert len(cif.load_dataset(name)), name
"""

(wheel,) = Path("dist").glob("*.whl")
with zipfile.ZipFile(wheel) as archive, tempfile.TemporaryDirectory() as folder:
    names = set(archive.namelist())
    wanted = {f"causalif/bundled/{path.name}" for path in Path("data").iterdir()}
    wanted |= {str(path) for path in Path("causalif").rglob("*") if path.is_file()}
    missing = {name for name in wanted - names if "__pycache__" not in name}
    foreign = {name for name in names if name.split("/")[0] != "causalif" and "-" not in name}
    if missing or foreign:
        sys.exit(f"{wheel}: lacks {sorted(missing)}, should not hold {sorted(foreign)}")
    archive.extractall(folder)
    subprocess.run(
        [sys.executable, "-c", USE.format(folder=folder)],
        cwd=folder,
        env={**os.environ, "PYTHONPATH": folder},
        check=True,
    )
print(f"{wheel.name}: {len(names)} files, data sets load from it")

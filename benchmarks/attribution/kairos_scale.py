"""Many rows valued by landmarks: seconds, and the most memory held.

    python -m benchmarks.attribution.kairos_scale --rows 1000000
    python -m benchmarks.attribution.kairos_scale --rows 10000000 --workers 2

With `--workers` the rows are written to a parquet file first, which is then read a row group at a
time by the workers of a local Dask cluster, never as a whole; the memory is that of the largest
process. `--out` adds a line to a table.
"""

from __future__ import annotations

import argparse
import datetime
import resource
import tempfile
import time
from pathlib import Path

import numpy as np

import causalif as cif
from causalif.attribution import ValuationResult

ROW_GROUP = 250_000
HEAD = """
## Many rows

`python -m benchmarks.attribution.kairos_scale`. 10,000 reference rows, 300 landmarks; 5% of the
rows are moved by 1 in every column. Where there are workers the rows lie in a parquet file and are
read a row group (250,000 rows) at a time by the processes of a local Dask cluster; the table says
the most memory that the main process and that any worker held, and the rank correlation of values
with exact ones on 2,000 rows.

| date | rows | columns | workers | seconds | GB | GB of a worker | rank correlation |
| :-- | --: | --: | --: | --: | --: | --: | --: |
"""


def rows_of(count: int, columns: int, seed: int, first: int) -> np.ndarray:
    """Normal rows; those before `first` are moved."""
    rows = np.random.default_rng(seed).normal(size=(count, columns))
    rows[: max(first, 0)] += 1.0
    return rows


def write(file: Path, count: int, columns: int) -> None:
    """A parquet file, a row group at a time."""
    import pyarrow as pa
    from pyarrow.parquet import ParquetWriter

    names = [f"x{k}" for k in range(columns)]
    schema = pa.schema([(name, pa.float64()) for name in names])
    with ParquetWriter(file, schema) as writer:
        for k, start in enumerate(range(0, count, ROW_GROUP)):
            size = min(ROW_GROUP, count - start)
            rows = rows_of(size, columns, 10 + k, count // 20 - start)
            writer.write_table(pa.table(dict(zip(names, rows.T, strict=True)), schema=schema))


def in_parts(given: argparse.Namespace, reference: np.ndarray) -> tuple[ValuationResult, float]:
    """Values of a parquet file by a local cluster, and the seconds."""
    import joblib
    import pandas as pd
    from distributed import Client, LocalCluster

    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "rows.parquet"
        write(file, given.rows, given.columns)
        frame = pd.DataFrame(reference, columns=[f"x{k}" for k in range(given.columns)])
        cluster = LocalCluster(
            n_workers=given.workers,
            threads_per_worker=1,
            memory_limit="2GB",
            dashboard_address=None,
        )
        with cluster, Client(cluster), joblib.parallel_config("dask"):
            begun = time.perf_counter()
            found = cif.kairos(file, frame, seed=1, n_jobs=given.workers, progress=False)
            return found, time.perf_counter() - begun


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=1_000_000)
    parser.add_argument("--columns", type=int, default=10)
    parser.add_argument("--workers", type=int, default=0)
    parser.add_argument("--out", type=Path)
    given = parser.parse_args()
    reference = rows_of(10_000, given.columns, 1, 0)
    if given.workers:
        found, spent = in_parts(given, reference)
    else:
        data = rows_of(given.rows, given.columns, 2, given.rows // 20)
        begun = time.perf_counter()
        found = cif.kairos(data, reference, seed=1)
        spent = time.perf_counter() - begun
    own, worker = (
        resource.getrusage(who).ru_maxrss / 2**20
        for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)
    )
    assert found.error is not None
    print(found.summary())
    worst = found.values.nsmallest(given.rows // 20).index.to_numpy()
    print(f"of the lowest twentieth {np.mean(worst < given.rows // 20):.0%} were moved")
    cells = [
        datetime.date.today().isoformat(),
        f"{given.rows:,}",
        str(given.columns),
        str(given.workers or "none"),
        f"{spent:.1f}",
        f"{own:.2f}",
        f"{worker:.2f}" if given.workers else "",
        f"{found.error['rank']:.4f}",
    ]
    line = f"| {' | '.join(cells)} |\n"
    print(line)
    if given.out:
        text = given.out.read_text(encoding="utf-8")
        given.out.write_text(text + (HEAD if HEAD not in text else "") + line, encoding="utf-8")


if __name__ == "__main__":
    main()

"""A million rows valued by landmarks: seconds, and the most memory held.

python -m benchmarks.attribution.kairos_scale --rows 1000000
"""

from __future__ import annotations

import argparse
import resource
import time

import numpy as np

import causalif as cif


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=1_000_000)
    parser.add_argument("--columns", type=int, default=10)
    given = parser.parse_args()
    rng = np.random.default_rng(1)
    reference = rng.normal(size=(10_000, given.columns))
    data = rng.normal(size=(given.rows, given.columns))
    data[: given.rows // 20] += 1.0
    begun = time.perf_counter()
    found = cif.kairos(data, reference, seed=1)
    least = found.values.nsmallest(1).index[0]
    spent = time.perf_counter() - begun
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20
    print(found.summary())
    print(f"worst row {least}; {given.rows:,} rows x {given.columns}: {spent:.1f} s, {peak:.2f} GB")


if __name__ == "__main__":
    main()

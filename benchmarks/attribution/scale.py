"""The influence of a million rows on 20 coefficients, beside the cost of the fit.

python -m benchmarks.attribution.scale --rows 1000000
"""

from __future__ import annotations

import argparse
import time

import numpy as np
import statsmodels.api as sm

import causalif as cif


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=1_000_000)
    parser.add_argument("--columns", type=int, default=20)
    given = parser.parse_args()
    rng = np.random.default_rng(1)
    values = rng.normal(size=(given.rows, given.columns))
    outcome = values.sum(axis=1) + rng.normal(size=given.rows)
    begun = time.perf_counter()
    fit = sm.OLS(outcome, values).fit()
    fitted = time.perf_counter() - begun
    print(f"fit by statsmodels: {fitted:.2f} s")
    for method in ("if", "rif"):
        begun = time.perf_counter()
        cif.row_influence(fit, method=method)
        spent = time.perf_counter() - begun
        print(f"row_influence {method!r}: {spent:.2f} s, {spent / fitted:.1f} times the fit")


if __name__ == "__main__":
    main()

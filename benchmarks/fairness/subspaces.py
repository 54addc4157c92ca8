"""Are the subspaces found, and how many directions each has? On normal columns, truth known.

    python -m benchmarks.fairness.subspaces --draws 200 --out \
        benchmarks/results/FAIRNESS_SUBSPACES.md

Target and attribute have three levels each, drawn apart; means of the columns differ along two
directions for either, of which r = 0, 1, 2 are the same; p = 10 or 50. Errors are distances
between projections on what is found and on the truth (Frobenius norm), means over samples; "slope"
is that of log error against log n, -1/2 where errors fall with the root of n. "shared found": how
often as many directions are taken for shared as there are. Then how often each rule names the
target's dimension, 2, at n = 2,000, half as many samples; for "save" and "dr" one direction is of
means and one of variances. The sequential tests have level .05 and so are
right in at most 95% of large samples, by construction.
"""

from __future__ import annotations

import argparse
import datetime
from pathlib import Path

import numpy as np
import pandas as pd
from joblib import Parallel, delayed
from tqdm import tqdm

from causalif.fairness.learning import Choices, learn
from causalif.fairness.reduction import reduce_dimension
from causalif.fairness.reduction.fits import Data

SIZES = (500, 2000, 8000)
# Three means around zero: their covariance is the same along both directions.
TRIANGLE = 0.8 * np.array([[1.0, 0.0], [-0.5, 0.75**0.5], [-0.5, -(0.75**0.5)]])


def sample(rows: int, width: int, shared: int, rng: np.random.Generator) -> Data:
    """Columns, and the levels of target and attribute as two columns of codes."""
    levels = rng.integers(0, 3, (rows, 2))
    values = rng.normal(size=(rows, width))
    values[:, :2] += TRIANGLE[levels[:, 0]]
    first = 2 - shared
    values[:, first : first + 2] += TRIANGLE[levels[:, 1]]
    return Data(values, levels)


def errors(rows: int, width: int, shared: int, seed: int) -> dict[str, float]:
    """Distances of each subspace from the truth, and how many directions are found shared."""
    rng = np.random.default_rng([12, rows, width, shared, seed])
    data = sample(rows, width, shared, rng)
    target, attribute = data.response.T
    choices = Choices(target_dim=2, apart=2 - shared)
    found = learn(data.values, target, [attribute], choices, rng=rng)
    spaces = found.subspaces
    axes = np.eye(width)
    parts = {
        "target": (spaces.target_projection, 2, axes[:2]),
        "sensitive": (spaces.sensitive_projection, 2, axes[2 - shared : 4 - shared]),
        "target only": (spaces.target_only(), 2 - shared, axes[: 2 - shared]),
        "first shared": (spaces.shared(shared), shared, axes[2 - shared : 2]),
    }
    apart = {
        name: _distance(found.root, projection, dimension, true)
        for name, (projection, dimension, true) in parts.items()
        if dimension
    }
    counted = learn(data.values, target, [attribute], Choices(target_dim=2), rng=rng).subspaces
    return apart | {"shared found": float(counted.apart == 2 - shared)}


def _distance(root: np.ndarray, projection: np.ndarray, dimension: int, true: np.ndarray) -> float:
    """In the columns' own coordinates."""
    basis = np.linalg.eigh(projection)[1][:, -dimension:]
    found = np.linalg.qr(root @ basis)[0]
    return float(np.linalg.norm(found @ found.T - true.T @ true))


def chosen(method: str, width: int, seed: int) -> pd.Series:
    """The dimension of the target by each rule, of 2,000 rows."""
    rng = np.random.default_rng([13, width, seed])
    data = sample(2000, width, 0, rng)
    values = data.values
    if method != "sir":  # a mean in column 1, a spread in column 2
        level = data.response[:, 0]
        values[:, 0] += TRIANGLE[level, 0]
        values[:, 1] = rng.normal(size=2000) * np.array([0.5, 1.0, 2.0])[level]
    found = reduce_dimension(values, data.response[:, 0], method=method, permutations=39, seed=seed)
    assert found.evidence is not None
    return found.evidence.chosen


def recovery(draws: int, jobs: int) -> pd.DataFrame:
    """Mean errors by size, and their slopes."""
    rows = []
    for width in (10, 50):
        for shared in (0, 1, 2):
            by_size = {}
            for size in SIZES:
                work = (delayed(errors)(size, width, shared, s) for s in tqdm(range(draws)))
                by_size[size] = pd.DataFrame(Parallel(jobs)(work)).mean()
            table = pd.DataFrame(by_size)
            for name, line in table.iterrows():
                slope = np.nan
                if name != "shared found":
                    slope = np.polyfit(np.log(SIZES), np.log(line.to_numpy()), 1)[0]
                rows.append((width, shared, name, *line, slope))
    return pd.DataFrame(rows, columns=["p", "r", "part", *(f"n={n}" for n in SIZES), "slope"])


def dimensions(draws: int, jobs: int) -> pd.DataFrame:
    """Shares of samples in which each rule is right."""
    rows = []
    for width in (10, 50):
        for method in ("sir", "save", "dr"):
            work = (delayed(chosen)(method, width, seed) for seed in tqdm(range(draws)))
            right = pd.DataFrame(Parallel(jobs)(work)).eq(2).mean()
            rows.append({"p": width, "method": method, **right})
    return pd.DataFrame(rows)


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--draws", type=int, default=200)
    parser.add_argument("--jobs", type=int, default=1)
    parser.add_argument("--out", type=Path)
    given = parser.parse_args()
    first = recovery(given.draws, given.jobs).to_markdown(index=False, floatfmt=".3f")
    second = dimensions(given.draws // 2, given.jobs).to_markdown(index=False, floatfmt=".2f")
    print(first, second, sep="\n\n")
    if given.out is not None:
        head = f"`python -m benchmarks.fairness.subspaces --draws {given.draws}`"
        about = " ".join((__doc__ or "").split("\n\n")[2].split())
        text = (
            f"# Subspaces of target and attribute, beside the truth\n\n{head}, "
            f"{datetime.date.today()}.\n\n{about}\n\n{first}\n\n{second}\n"
        )
        given.out.write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()

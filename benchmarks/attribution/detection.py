"""Bad rows found: values beside those of KNN-Shapley, on handwritten digits.

    python -m benchmarks.attribution.detection --out benchmarks/results/KAIROS.md

1,000 training pictures, 397 clean ones as the reference; 10% of the training rows are spoilt:
"mislabel" (another label), "noise" (grey noise over the picture), "backdoor" (a bright corner, and
the label 0). Area under the curve with which low values tell the spoilt rows; means of five draws,
and seconds for a draw. KNN-Shapley (10 neighbours) is that of pyDVL, where it is installed.
"""

from __future__ import annotations

import argparse
import datetime
import importlib.util
import time
import warnings
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
from sklearn.datasets import load_digits
from sklearn.metrics import roc_auc_score

import causalif as cif

KINDS = ("mislabel", "noise", "backdoor")
Rows = tuple[np.ndarray, np.ndarray]


def spoilt(kind: str, seed: int) -> tuple[Rows, Rows, np.ndarray]:
    """Training rows and labels, those of the reference, and which of the former are spoilt."""
    digits = load_digits()
    rng = np.random.default_rng([9, seed])
    order = rng.permutation(len(digits.target))
    pictures, labels = digits.data[order] / 16, digits.target[order]
    train, clean = slice(0, 1000), slice(1400, None)
    x, y = pictures[train].copy(), labels[train].copy()
    bad = rng.choice(1000, 100, replace=False)
    if kind == "mislabel":
        y[bad] = (y[bad] + rng.integers(1, 10, 100)) % 10
    elif kind == "noise":
        x[bad] = np.clip(x[bad] + 0.4 * rng.normal(size=(100, 64)), 0, 1)
    else:
        x[bad[:, None], [54, 55, 62, 63]] = 1.0
        y[bad] = 0
    return (x, y), (pictures[clean], labels[clean]), bad


def frame(rows: Rows) -> pd.DataFrame:
    return pd.DataFrame(rows[0], columns=[f"p{k}" for k in range(64)]).assign(digit=rows[1])


def by_kairos(train: Rows, clean: Rows, **options: str) -> np.ndarray:
    found = cif.kairos(
        frame(train), frame(clean), label="digit", standardise=False, seed=1, **options
    )
    return found.values.to_numpy()


def by_features(train: Rows, clean: Rows) -> np.ndarray:
    return cif.kairos(train[0], clean[0], standardise=False, seed=1).values.to_numpy()


def by_residuals(train: Rows, clean: Rows) -> np.ndarray:
    found = cif.kairos(frame(train), frame(clean), label="digit", standardise=False, seed=1)
    return found.components["label"].to_numpy()


def by_neighbours(train: Rows, clean: Rows) -> np.ndarray:
    from pydvl.valuation import Dataset, KNNShapleyValuation
    from sklearn.neighbors import KNeighborsClassifier

    model = KNeighborsClassifier(n_neighbors=10)
    valuation = KNNShapleyValuation(model, Dataset(*clean), progress=False)
    return np.asarray(valuation.fit(Dataset(*train)).result.values)


METHODS: dict[str, Callable[[Rows, Rows], np.ndarray]] = {
    "kairos, features alone": by_features,
    "kairos, residual (default)": by_kairos,
    "kairos, residual part alone": by_residuals,
    "kairos, joint": lambda train, clean: by_kairos(train, clean, label_method="joint"),
    "kairos, within": lambda train, clean: by_kairos(train, clean, label_method="within"),
    "KNN-Shapley": by_neighbours,
}


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--draws", type=int, default=5)
    parser.add_argument("--out", type=Path)
    given = parser.parse_args()
    rows = []
    for name, method in METHODS.items():
        if method is by_neighbours and importlib.util.find_spec("pydvl") is None:
            continue
        row: dict[str, float | str] = {"method": name}
        begun = time.perf_counter()
        for kind in KINDS:
            areas = []
            for seed in range(given.draws):
                train, clean, bad = spoilt(kind, seed)
                is_bad = np.isin(np.arange(1000), bad)
                with warnings.catch_warnings():
                    warnings.simplefilter("ignore")  # constant pixels
                    areas.append(roc_auc_score(is_bad, -method(train, clean)))
            row[kind] = float(np.mean(areas))
        row["seconds"] = (time.perf_counter() - begun) / (given.draws * len(KINDS))
        rows.append(row)
    table = pd.DataFrame(rows).to_markdown(index=False, floatfmt=".3f")
    print(table)
    if given.out is not None:
        about = " ".join((__doc__ or "").split("\n\n")[2].split())
        head = f"`python -m benchmarks.attribution.detection`, {datetime.date.today()}."
        title = "# Spoilt rows found by their values"
        given.out.write_text(f"{title}\n\n{head}\n\n{about}\n\n{table}\n", encoding="utf-8")


if __name__ == "__main__":
    main()

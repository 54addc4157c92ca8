"""How near are influence, rescaled influence and one Newton step to fitting again?

    python -m benchmarks.attribution.approximations --out \
        benchmarks/results/ROWS.md

Logistic regression with a ridge penalty (lam is its half, over n), n = 500 normal rows of p
columns, two samples. Relative errors of the change of the coefficients in the norm of the Hessian:
of single rows (the median over 100), of random sets of 1% and 10%, and of the 5% of rows that move
a test row's log odds most, as influence has it. "overshoot": the size of what rescaled influence
says of these over what is so. Then poisoning: a copy of a test row with the other label, how much
of its effect on the test row's log odds each sees.
"""

from __future__ import annotations

import argparse
import datetime
from pathlib import Path

import numpy as np
import pandas as pd
from scipy.special import expit
from sklearn.linear_model import LogisticRegression

from causalif.attribution.readers import read_model
from causalif.attribution.removal import Removal

ROWS = 500
CASES = ((25, 1e-3), (100, 1e-2), (200, 1e-2), (400, 1e-3), (200, 1e-4))


def fitted(
    width: int, lam: float, seed: int, *, poison: bool = False
) -> tuple[Removal, np.ndarray]:
    """A fit, and a test row (with its intercept); the last row is its copy with the other label."""
    rng = np.random.default_rng([5, width, seed])
    values = rng.normal(size=(ROWS, width))
    slopes = rng.normal(size=width) * 2 / np.sqrt(width)
    outcome = (rng.random(ROWS) < expit(values @ slopes)).astype(int)
    test = rng.normal(size=width)
    if poison:
        values[-1], outcome[-1] = test, int(test @ slopes < 0)
    model = LogisticRegression(
        C=1 / (lam * ROWS), solver="newton-cholesky", tol=1e-12, max_iter=500
    )
    fit = model.fit(values, outcome)
    return Removal(read_model(fit, X=values, y=outcome)), np.append(test, 1.0)


def errors(width: int, lam: float, seed: int) -> dict[str, float]:
    """Relative errors of each method, for each kind of set."""
    removal, test = fitted(width, lam, seed)
    first, _ = removal.single(rescaled=False)
    rescaled, _ = removal.single(rescaled=True)
    rng = np.random.default_rng([6, width, seed])

    def apart(guess: np.ndarray, truth: np.ndarray) -> float:
        difference = guess - truth
        return float(
            np.sqrt(difference @ removal.hessian @ difference / (truth @ removal.hessian @ truth))
        )

    found: dict[str, float] = {}
    singles = rng.choice(ROWS, 100, replace=False)
    truths = {int(i): removal.again(np.array([i])) for i in singles}
    found["one IF"] = float(np.median([apart(first[i], truth) for i, truth in truths.items()]))
    found["one RIF"] = float(np.median([apart(rescaled[i], truth) for i, truth in truths.items()]))
    adversarial = np.argsort(-(first @ test))[: ROWS // 20]
    sets = {
        "1%": rng.choice(ROWS, ROWS // 100, replace=False),
        "10%": rng.choice(ROWS, ROWS // 10, replace=False),
        "5% adversarial": adversarial,
    }
    for name, rows in sets.items():
        truth = removal.again(rows)
        found[f"{name} IF"] = apart(first[rows].sum(axis=0), truth)
        found[f"{name} RIF"] = apart(rescaled[rows].sum(axis=0), truth)
        found[f"{name} Newton"] = apart(removal.together(rows), truth)
    found["overshoot"] = float(
        rescaled[adversarial].sum(axis=0) @ test / (removal.again(adversarial) @ test)
    )
    return found


def poisoning(lam: float) -> dict[str, float]:
    """Of p = 400: the shift of the test row's log odds by its flipped copy, and what is seen."""
    removal, test = fitted(400, lam, 0, poison=True)
    truth = removal.again(np.array([ROWS - 1])) @ test
    first, rescaled = (removal.single(rescaled=r)[0] @ test for r in (False, True))
    rank = int((np.abs(first) >= abs(first[-1])).sum())
    return {
        "shift": float(truth),
        "IF sees": float(first[-1] / truth),
        "RIF sees": float(rescaled[-1] / truth),
        "rank by IF": rank,
        "rank by RIF": int((np.abs(rescaled) >= abs(rescaled[-1])).sum()),
    }


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--out", type=Path)
    given = parser.parse_args()
    rows = [
        {"p": width, "lam": f"lam = {lam:g}"}
        | pd.DataFrame([errors(width, lam, seed) for seed in range(2)]).mean().to_dict()
        for width, lam in CASES
    ]
    table = pd.DataFrame(rows).to_markdown(index=False, floatfmt=".3f")
    second = pd.DataFrame([{"lam": f"lam = {lam:g}"} | poisoning(lam) for lam in (1e-5, 1e-3)])
    poisoned = second.to_markdown(index=False, floatfmt=".3f")
    print(table, poisoned, sep="\n\n")
    if given.out is not None:
        about = " ".join((__doc__ or "").split("\n\n")[2].split())
        head = f"`python -m benchmarks.attribution.approximations`, {datetime.date.today()}."
        title = "# Leaving rows out: approximations beside the truth"
        given.out.write_text(f"{title}\n\n{head}\n\n{about}\n\n{table}\n\n{poisoned}\n",
                             encoding="utf-8")  # fmt: skip


if __name__ == "__main__":
    main()

"""Do standard errors include what they must? Against the spread over many samples.

    python -m benchmarks.fairness.standard_errors --draws 1000 --out \
        benchmarks/results/FAIRNESS_ERRORS.md

Ten normal features whose means differ between two groups, a binary outcome that is logistic in
them; n = 1,000. Truths are the same estimators on four million rows. "ratio": the mean of
the standard errors over the standard deviation of the estimates; "naive": with the representation
held fixed. Directions and coefficients are of standardised features, the mean over ten.
"""

from __future__ import annotations

import argparse
import datetime
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pandas as pd
from joblib import Parallel, delayed
from scipy.special import expit
from tqdm import tqdm

from causalif.fairness.downstream import LinearModel, fit_linear, sensitivities
from causalif.fairness.learning import Choices, Learned, learn
from causalif.fairness.measures import measure
from causalif.fairness.problem import Problem, read_problem
from causalif.fairness.reduction.moments import Gradient, influence

PLACES = (0.0, 0.25, 0.5, 0.75, 1.0)
MEASURES = (
    *("accuracy", "log_loss", "auc", "demographic_parity", "mean_score"),
    *("equal_opportunity", "equalized_odds", "calibration"),
)
FEATURES = 10
TRUTH_ROWS = 4_000_000

Row = tuple[str, str, float, float, float]  # what, place, estimate, its error, the naive error


def sample(rows: int, rng: np.random.Generator) -> pd.DataFrame:
    """The law: groups differ in three features, the outcome depends on four."""
    group = rng.integers(0, 2, rows)
    common = rng.normal(size=(rows, 1))
    values = rng.normal(size=(rows, FEATURES)) + 0.5 * common
    values[:, :3] += np.outer(group, [0.8, 0.5, -0.4])
    slopes = np.zeros(FEATURES)
    slopes[[0, 1, 3, 4]] = 0.6, -0.5, 0.7, 0.4
    data = pd.DataFrame(values, columns=[f"x{k}" for k in range(FEATURES)])
    data["good"] = (rng.random(rows) < expit(values @ slopes)).astype(int)
    data["group"] = group
    return data


def evaluate(data: pd.DataFrame) -> Iterator[Row]:
    """Estimates with both errors, on the rows that are fitted."""
    problem = read_problem(data, "good", "group", None)
    rng = np.random.default_rng(0)
    learned = learn(problem.values, problem.target.codes, problem.codes, Choices(), rng=rng)
    yield from _directions(problem, learned)
    ends = [_end(problem, learned, everything) for everything in (False, True)]
    yield from _coefficients(ends[0])
    extended = np.column_stack([np.ones(len(data)), problem.values])
    for place in PLACES:
        shares = np.array([1 - place, place])
        linear = np.tensordot(shares, [model.linear(problem.values) for model, *_ in ends], axes=1)
        whole, direct = (np.tensordot(shares, [parts[k] for parts in ends], axes=1) for k in (1, 2))
        for name in MEASURES:
            found = measure(name, problem.outcome, linear, problem.groups)
            through = extended.T @ found.slope
            errors = [_error(found.influence + part @ through) for part in (whole, direct)]
            for k, term in enumerate(found.names):
                yield term, f"{place:g}", found.values[k], errors[0][k], errors[1][k]


def _error(columns: np.ndarray) -> np.ndarray:
    return np.sqrt((columns**2).sum(axis=0)) / len(columns)


def _end(
    problem: Problem, learned: Learned, everything: bool
) -> tuple[LinearModel, np.ndarray, np.ndarray]:
    """The model that shares nothing, or that on all features; its influence, whole and direct."""
    projection, pullback = learned.subspaces.representation(0, keep_residual=False)
    if everything:
        projection = np.eye(len(learned.root))
    model = fit_linear(problem.values, problem.outcome, learned.root, projection, logistic=True)
    moved = sensitivities(model, problem.values, problem.outcome, learned.root)
    gradient = learned.pull_root(moved.root)
    if not everything:
        gradient = gradient + pullback(moved.projection)
    return model, moved.direct + _through(problem, learned, gradient), moved.direct


def _through(problem: Problem, learned: Learned, gradient: Gradient) -> np.ndarray:
    return influence(problem.values, learned.cell, learned.moments, gradient)


def _coefficients(end: tuple[LinearModel, np.ndarray, np.ndarray]) -> Iterator[Row]:
    model, whole, direct = end
    errors = _error(whole), _error(direct)
    for k, value in enumerate(model.coefficients, 1):
        yield "coefficients", str(k), value, errors[0][k], errors[1][k]


def _directions(problem: Problem, learned: Learned) -> Iterator[Row]:
    """Loadings of the target's direction b = W v, where dv = dP v."""
    spaces = learned.subspaces
    vector = np.linalg.eigh(spaces.target_projection)[1][:, -1]
    vector *= np.sign((learned.root @ vector)[3])
    by_root = np.einsum("jk,l->jkl", np.eye(len(vector)), vector)
    by_projection = np.einsum("jk,l->jkl", learned.root, vector)
    both = [(part + np.swapaxes(part, 1, 2)) / 2 for part in (by_root, by_projection)]
    gradient = learned.pull_root(both[0]) + spaces.target.pullback(spaces._pull_target(both[1]))
    errors = _error(_through(problem, learned, gradient))
    for k, value in enumerate(learned.root @ vector):
        yield "target direction", str(k + 1), value, errors[k], np.nan


def one(rows: int, seed: int) -> pd.DataFrame:
    """A sample and what is said of it."""
    found = evaluate(sample(rows, np.random.default_rng([7, seed])))
    table = pd.DataFrame(found, columns=["what", "place", "estimate", "error", "naive"])
    return table.assign(draw=seed)


def summarise(draws: pd.DataFrame, truth: pd.DataFrame) -> pd.DataFrame:
    """Ratios of errors, and coverage."""
    known = truth.set_index(["what", "place"])["estimate"]
    draws = draws.join(known.rename("truth"), on=["what", "place"])
    draws["covered"] = (draws["estimate"] - draws["truth"]).abs() < 1.96 * draws["error"]
    each = draws.groupby(["what", "place"], sort=False).agg(
        truth=("truth", "first"),
        mean=("estimate", "mean"),
        sd=("estimate", "std"),
        error=("error", "mean"),
        naive=("naive", "mean"),
        coverage=("covered", "mean"),
    )
    each["bias / sd"] = (each["mean"] - each["truth"]) / each["sd"]
    each["ratio"] = each["error"] / each["sd"]
    each["naive ratio"] = each["naive"] / each["sd"]
    shown = each.reset_index()[
        ["what", "place", "truth", "bias / sd", "sd", "ratio", "naive ratio", "coverage"]
    ]
    vectors = shown["what"].isin(["coefficients", "target direction"])
    means = shown[vectors].groupby("what", sort=False).mean(numeric_only=True).reset_index()
    spread = shown[vectors].groupby("what", sort=False)["ratio"].agg(["min", "max"])
    means["place"] = [f"{low:.3f}-{high:.3f}" for low, high in spread.to_numpy()]
    means["truth"] = np.nan
    return pd.concat([means, shown[~vectors]], ignore_index=True)


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--draws", type=int, default=1000)
    parser.add_argument("--rows", type=int, default=1000)
    parser.add_argument("--jobs", type=int, default=1)
    parser.add_argument("--out", type=Path)
    given = parser.parse_args()
    truth = one_truth()
    work = (delayed(one)(given.rows, seed) for seed in tqdm(range(given.draws)))
    draws = pd.concat(Parallel(given.jobs)(work))
    table = summarise(draws, truth).to_markdown(index=False, floatfmt=".3f")
    print(table)
    if given.out is not None:
        day = datetime.date.today()
        head = f"`python -m benchmarks.fairness.standard_errors --draws {given.draws}`, {day}."
        about = (__doc__ or "").split("\n\n")[2].replace("\n", " ")
        title = "# Standard errors of the price of fairness"
        given.out.write_text(f"{title}\n\n{head}\n\n{about}\n\n{table}\n", encoding="utf-8")


def one_truth() -> pd.DataFrame:
    """The same estimators where samples hardly vary: the mean over eight large samples."""
    rows = TRUTH_ROWS // 8
    found = pd.concat(
        pd.DataFrame(
            evaluate(sample(rows, np.random.default_rng([8, k]))),
            columns=["what", "place", "estimate", "error", "naive"],
        )
        for k in range(8)
    )
    return found.groupby(["what", "place"], sort=False)["estimate"].mean().reset_index()


if __name__ == "__main__":
    main()

"""Accuracy against the gap on real data, beside fairlearn and aif360, in the same splits.

    make bench-fairness

Adult (sex), COMPAS (race, two groups) and German credit (age above 25), each split ten times into
70% to fit and 30% to judge. "blind" methods predict without the attribute, "aware" ones with it;
they are not compared with each other. Means over splits, their standard errors in brackets. A
method has `--limit` seconds for a split.
"""

from __future__ import annotations

import argparse
import datetime
import importlib.metadata
import signal
import time
import warnings
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from sklearn.base import clone
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

import causalif as cif

ROOT = Path(__file__).parents[2]


@dataclass(frozen=True)
class Split:
    """Encoded features, outcomes and attributes of rows to fit and rows to judge."""

    x: np.ndarray
    y: np.ndarray
    a: np.ndarray
    new_x: np.ndarray
    new_y: np.ndarray
    new_a: np.ndarray


def adult() -> tuple[pd.DataFrame, np.ndarray, np.ndarray]:
    data = cif.load_dataset("adult").dropna().drop(columns=["part", "fnlwgt"])
    y, a = (data["income"] == ">50K").to_numpy(int), (data["sex"] == "Male").to_numpy(int)
    return data.drop(columns=["income", "sex"]), y, a


def compas() -> tuple[pd.DataFrame, np.ndarray, np.ndarray]:
    data = pd.read_csv(ROOT / "vignettes" / "data" / "compas.csv.gz")
    data = data[data["race"].isin(["African-American", "Caucasian"])]
    a = (data["race"] == "Caucasian").to_numpy(int)
    y = 1 - data["two_year_recid"].to_numpy(int)  # the favourable outcome is 1
    kept = ["sex", "age", "juv_fel_count", "juv_misd_count", "juv_other_count", "priors_count"]
    return data[[*kept, "c_charge_degree"]], y, a


def german() -> tuple[pd.DataFrame, np.ndarray, np.ndarray]:
    data = cif.load_dataset("german_credit")
    y, a = (data["credit"] == "good").to_numpy(int), (data["age"] > 25).to_numpy(int)
    return data.drop(columns=["credit", "age", "sex", "personal_status"]), y, a


DATA = {"adult": adult, "compas": compas, "german": german}


def split(name: str, seed: int) -> Split:
    """One of the fixed splits; features are encoded and standardised by the rows to fit."""
    features, y, a = DATA[name]()
    encoded = pd.get_dummies(features, drop_first=True).to_numpy(float)
    order = np.random.default_rng([11, seed]).permutation(len(y))
    cut = int(0.7 * len(y))
    train, test = order[:cut], order[cut:]
    scaled = StandardScaler().fit(encoded[train])
    x, new = scaled.transform(encoded[train]), scaled.transform(encoded[test])
    return Split(x, y[train], a[train], new, y[test], a[test])


def logistic() -> Any:
    return LogisticRegression(max_iter=1000)


Method = Callable[[Split], np.ndarray]  # decisions of the rows to judge


def plain(s: Split) -> np.ndarray:
    return logistic().fit(s.x, s.y).predict(s.new_x)


def subspace(**options: Any) -> Method:
    def method(s: Split) -> np.ndarray:
        kept = cif.FairSubspace(**options).fit(s.x, s.y, sensitive=s.a)
        given = {"sensitive": s.a} if options.get("aware") else {}
        new = {"sensitive": s.new_a} if options.get("aware") else {}
        return (
            logistic()
            .fit(kept.transform(s.x, **given), s.y)
            .predict(kept.transform(s.new_x, **new))
        )

    return method


def exponentiated(bound: float, constraint: str) -> Method:
    def method(s: Split) -> np.ndarray:
        from fairlearn import reductions

        moment = getattr(reductions, constraint)(difference_bound=bound)
        model = reductions.ExponentiatedGradient(logistic(), moment)
        return np.asarray(model.fit(s.x, s.y, sensitive_features=s.a).predict(s.new_x, 0))

    return method


def grid_search(s: Split) -> np.ndarray:
    from fairlearn.reductions import DemographicParity, GridSearch

    model = GridSearch(logistic(), DemographicParity(), grid_size=10)
    return np.asarray(model.fit(s.x, s.y, sensitive_features=s.a).predict(s.new_x))


def reweighing(s: Split) -> np.ndarray:
    """Kamiran and Calders (2012), as aif360 has it: weights that make y independent of a."""
    from aif360.algorithms.preprocessing import Reweighing
    from aif360.datasets import BinaryLabelDataset

    frame = pd.DataFrame({"y": s.y, "a": s.a, "x": 0.0})
    data = BinaryLabelDataset(df=frame, label_names=["y"], protected_attribute_names=["a"])
    weights = Reweighing([{"a": 0}], [{"a": 1}]).fit_transform(data).instance_weights
    return logistic().fit(s.x, s.y, sample_weight=weights).predict(s.new_x)


def correlation_remover(s: Split) -> np.ndarray:
    from fairlearn.preprocessing import CorrelationRemover

    both, new = np.column_stack([s.a, s.x]), np.column_stack([s.new_a, s.new_x])
    chain = make_pipeline(CorrelationRemover(sensitive_feature_ids=[0]), logistic())
    return chain.fit(both, s.y).predict(new)


def threshold_optimizer(s: Split) -> np.ndarray:
    from fairlearn.postprocessing import ThresholdOptimizer

    model = ThresholdOptimizer(
        estimator=clone(logistic()),
        predict_method="predict_proba",
        constraints="demographic_parity",
    )
    model.fit(s.x, s.y, sensitive_features=s.a)
    return np.asarray(model.predict(s.new_x, sensitive_features=s.new_a, random_state=0))


METHODS: dict[str, tuple[str, Method]] = {
    "logistic": ("blind", plain),
    "FairSubspace, line .5": ("blind", subspace(shared=0.5)),
    "FairSubspace, line .3": ("blind", subspace(shared=0.3)),
    "FairSubspace, 0": ("blind", subspace()),
    "FairSubspace, 0, residual": ("blind", subspace(keep_residual=True)),
    "FairSubspace, line .5, residual": ("blind", subspace(shared=0.5, keep_residual=True)),
    "FairSubspace, 0, opportunity": ("blind", subspace(notion="equal_opportunity")),
    "ExponentiatedGradient .05": ("blind", exponentiated(0.05, "DemographicParity")),
    "ExponentiatedGradient .01": ("blind", exponentiated(0.01, "DemographicParity")),
    "GridSearch": ("blind", grid_search),
    "Reweighing": ("blind", reweighing),
    "FairSubspace, aware": ("aware", subspace(aware=True, keep_residual=True)),
    "CorrelationRemover": ("aware", correlation_remover),
    "ThresholdOptimizer": ("aware", threshold_optimizer),
}


def judged(decided: np.ndarray, s: Split) -> dict[str, float]:
    """Accuracy and gaps, group 1 less group 0."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        gaps = {
            name: float(cif.gap(s.new_y, decided, s.new_a, measure=name).values.iloc[0])
            for name in ("demographic_parity", "equal_opportunity")
        }
    return {"accuracy": float(np.mean(decided == s.new_y)), **gaps}


def timed(method: Method, s: Split, limit: int) -> dict[str, float]:
    def stop(*_: Any) -> None:
        raise TimeoutError

    signal.signal(signal.SIGALRM, stop)
    signal.alarm(limit)
    start = time.perf_counter()
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            decided = method(s)
    except Exception as error:
        print(type(error).__name__, error, flush=True)
        return {}
    finally:
        signal.alarm(0)
    return {**judged(decided, s), "seconds": time.perf_counter() - start}


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--data", nargs="+", default=list(DATA))
    parser.add_argument("--splits", type=int, default=10)
    parser.add_argument("--limit", type=int, default=120)
    parser.add_argument("--out", type=Path)
    given = parser.parse_args()
    rows = []
    for name in given.data:
        for seed in range(given.splits):
            s = split(name, seed)
            for method, (kind, run) in METHODS.items():
                found = timed(run, s, given.limit)
                rows.append({"data": name, "kind": kind, "method": method, **found})
        print(table(pd.DataFrame(rows)), flush=True)
    if given.out is not None:
        given.out.write_text(page(pd.DataFrame(rows), given), encoding="utf-8")


def table(rows: pd.DataFrame) -> str:
    """Means over splits with their standard errors."""
    grouped = rows.groupby(["data", "kind", "method"], sort=False)
    mean, error = grouped.mean(numeric_only=True), grouped.sem(numeric_only=True)
    shown = pd.DataFrame(index=mean.index)
    for column in ("accuracy", "demographic_parity", "equal_opportunity"):
        pairs = zip(mean[column], error[column], strict=True)
        shown[column] = [f"{value:.4f} ({spread:.4f})" for value, spread in pairs]
    shown["seconds"] = mean["seconds"].round(2)
    shown["splits"] = grouped["seconds"].count()
    return shown.reset_index().to_markdown(index=False)


def page(rows: pd.DataFrame, given: argparse.Namespace) -> str:
    versions = ", ".join(f"{k} {importlib.metadata.version(k)}" for k in ("fairlearn", "aif360"))
    about = (__doc__ or "").split("\n\n")[2].replace("\n", " ")
    head = f"`make bench-fairness`, {datetime.date.today()}; {given.splits} splits; {versions}."
    return f"# Accuracy against the gap, beside peers\n\n{head}\n\n{about}\n\n{table(rows)}\n"


if __name__ == "__main__":
    main()

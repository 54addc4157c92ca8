"""`check()`: does this installation reproduce the reference numbers, and to how many digits?"""

from __future__ import annotations

import importlib.metadata
import math
import platform
import warnings

import pandas as pd

# R mediation 4.5.1 (coefficients) and an independent numpy script; see tests/effects.
JOBS_LINEAR = {"NIE": -0.0157446450289, "NDE": -0.0402647000018, "TE": -0.0560093450307}
NHEFS_AIPW = 3.44508552266

PARTS = (
    "numpy",
    "pandas",
    "scipy",
    "scikit-learn",
    "statsmodels",
    "formulaic",
    "narwhals",
    "joblib",
    "networkx",
    "matplotlib",
)


def check() -> pd.DataFrame:
    """Qualify this installation: reference numbers recomputed here, with their digits.

    Returns
    -------
    DataFrame
        Columns check, expected, found, digits (of agreement) and passed. Versions of
        Python and of the parts are in ``.attrs["versions"]``.

    Examples
    --------
    >>> import causalif as cif
    >>> bool(cif.check()["passed"].all())
    True
    """
    rows = [*_linear_mediation(), *_smoking(), *_seeds()]
    table = pd.DataFrame(rows, columns=["check", "expected", "found"])
    gap = (table["found"] - table["expected"]).abs() / table["expected"].abs().clip(lower=1e-300)
    table["digits"] = [15 if g < 1e-15 else math.floor(-math.log10(g)) for g in gap]
    table["passed"] = table["digits"] >= 6
    table.attrs["versions"] = {
        "python": platform.python_version(),
        **{name: importlib.metadata.version(name) for name in PARTS},
    }
    return table


def _linear_mediation() -> list[tuple[str, float, float]]:
    from sklearn.linear_model import LinearRegression, LogisticRegression

    from causalif.datasets import load_dataset
    from causalif.effects import mediate

    found = mediate(
        load_dataset("jobs"),
        "treat",
        "depress2",
        "job_seek",
        ["econ_hard", "sex", "age"],
        method="plugin",
        folds=1,
        learners={"outcome": LinearRegression(), "exposure": LogisticRegression()},
    ).values
    return [
        (f"jobs, linear models, {term} (R mediation)", value, float(found[term]))
        for term, value in JOBS_LINEAR.items()
    ]


def _smoking() -> list[tuple[str, float, float]]:
    from causalif.datasets import load_dataset
    from causalif.effects import average_effect

    data = load_dataset("nhefs").dropna(subset=["wt82_71"])
    squares = ["age", "smokeintensity", "smokeyrs", "wt71"]
    data = data.assign(**{f"{name}2": data[name].astype(float) ** 2 for name in squares})
    categories = ["education", "exercise", "active"]
    data[categories] = data[categories].astype("category")
    covariates = ["sex", "race", *squares, *(f"{name}2" for name in squares), *categories]
    found = average_effect(
        data,
        "qsmk",
        "wt82_71",
        covariates,
        learners="glm",
        folds=1,
        truncate=0,
        stabilize=False,
    )
    return [("nhefs, doubly robust, TE (numpy script)", NHEFS_AIPW, float(found.values["TE"]))]


def _seeds() -> list[tuple[str, float, float]]:
    from causalif.datasets import load_dataset
    from causalif.effects import average_effect

    data = load_dataset("jobs")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        one, two = (
            average_effect(data, "treat", "depress2", ["age", "sex"], seed=1, n_jobs=jobs)
            for jobs in (1, 2)
        )
    words = "jobs, default learners: 2 workers give the number of 1"
    return [(words, float(one.values["TE"]), float(two.values["TE"]))]

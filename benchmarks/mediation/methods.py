"""The compared methods behind one face: a law's sample in, findings by term out."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from importlib.util import find_spec
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
import statsmodels.api as sm
from statsmodels.stats.mediation import Mediation

import causalif as cif
from benchmarks.mediation.boosting import cross_fit, uncentred
from tests.truth.continuous import ContinuousLaw

TERMS = ("TE", "NDE", "NIE")
DRAWS = 200
# The trees of causalif's own library, alone: they overfit less than scikit-learn's defaults.
SMALL_TREES = {"max_iter": 30, "learning_rate": 0.15, "max_leaf_nodes": 6, "max_bins": 63}


class Finding(NamedTuple):
    """What a package says of one effect: its estimate, standard error and 95% interval."""

    estimate: float
    std_error: float
    low: float
    high: float


Findings = dict[str, Finding]


@dataclass(frozen=True)
class Method:
    """A package and how it is called; `lacks` gives the reason why it cannot do a law."""

    name: str
    run: Callable[[ContinuousLaw, pd.DataFrame, int], Findings]
    assumes: str
    lacks: Callable[[ContinuousLaw], str | None] = lambda law: None
    on_request: bool = False


def _normal(estimate: float, std_error: float) -> Finding:
    return Finding(estimate, std_error, estimate - 1.96 * std_error, estimate + 1.96 * std_error)


def _from_draws(draws: np.ndarray, estimate: float | None = None) -> Finding:
    low, high = np.quantile(draws, (0.025, 0.975))
    return Finding(draws.mean() if estimate is None else estimate, draws.std(ddof=1), low, high)


def causalif(law: ContinuousLaw, data: pd.DataFrame, seed: int, **options: Any) -> Findings:
    found = cif.mediate(data, **law.roles, seed=seed, progress=False, **options)
    table = found.tidy().set_index("term")[["estimate", "std_error", "conf_low", "conf_high"]]
    return {term: Finding(*map(float, table.loc[term])) for term in TERMS}


def true_nuisances(law: ContinuousLaw, data: pd.DataFrame, seed: int) -> Findings:
    return {term: _normal(*found) for term, found in law.oracle(data).items()}


class _Product:
    """Keeps the last column of new rows the product of exposure and mediator.

    `Mediation` sets both columns of a design matrix but no product of them; its formula front
    does, in some thirty times the time. The numbers are the same, so the fast way is timed.
    """

    def predict(self, params: np.ndarray, exog: np.ndarray | None = None) -> np.ndarray:
        if exog is not None:
            exog = np.column_stack([exog[:, :-1], exog[:, 1] * exog[:, 2]])
        return super().predict(params, exog)


class _ProductOLS(_Product, sm.OLS):
    pass


class _ProductGLM(_Product, sm.GLM):
    pass


def statsmodels(law: ContinuousLaw, data: pd.DataFrame, seed: int, *, product: bool) -> Findings:
    covariates = data[law.roles["covariates"]].to_numpy()
    a, m, y = (data[name].to_numpy(dtype=float) for name in ("a", "m1", "y"))
    one = np.ones(len(y))
    design = np.column_stack([one, a, m, covariates, *([a * m] if product else [])])
    if law.binary:
        outcome = (_ProductGLM if product else sm.GLM)(y, design, family=sm.families.Binomial())
    else:
        outcome = (_ProductOLS if product else sm.OLS)(y, design)
    mediator = sm.OLS(m, np.column_stack([one, a, covariates]))
    fitted = Mediation(outcome, mediator, (1, 1), 2).fit(
        method="parametric", n_rep=DRAWS, rng=np.random.default_rng(seed)
    )
    draws = {"TE": fitted.total_effect, "NDE": fitted.ADE_ctrl, "NIE": fitted.ACME_tx}
    return {term: _from_draws(values) for term, values in draws.items()}


def pingouin(law: ContinuousLaw, data: pd.DataFrame, seed: int) -> Findings:
    from pingouin import mediation_analysis

    roles = law.roles
    table, draws = mediation_analysis(
        data=data,
        x="a",
        m=roles["mediators"],
        y="y",
        covar=roles["covariates"],
        n_boot=DRAWS,
        seed=seed,
        return_dist=True,
    )
    table = table.set_index("path")[["coef", "se", "CI2.5", "CI97.5"]]
    found = {"TE": table.loc["Total"], "NDE": table.loc["Direct"]}
    findings = {term: Finding(*map(float, row)) for term, row in found.items()}
    if law.mediators == 1:
        return {**findings, "NIE": Finding(*map(float, table.loc["Indirect"]))}
    # Reported one by one; their sum is the joint indirect effect, with the same bootstrap draws.
    parts = table.loc[[f"Indirect {name}" for name in roles["mediators"]], "coef"]
    return {**findings, "NIE": _from_draws(draws.sum(axis=1), float(parts.sum()))}


def boosting(law: ContinuousLaw, data: pd.DataFrame, seed: int, **trees: Any) -> Findings:
    roles = law.roles
    w, m = data[roles["covariates"]].to_numpy(), data[roles["mediators"]].to_numpy()
    a, y = data["a"].to_numpy(), data["y"].to_numpy()
    values = uncentred(a, y, cross_fit(w, a, m, y, seed=seed, **trees))
    return {
        term: _normal(float(v.mean()), float(v.std() / np.sqrt(len(v))))
        for term, v in values.items()
    }


def _single(law: ContinuousLaw) -> str | None:
    return None if law.mediators == 1 else "takes one mediator"


def _continuous(law: ContinuousLaw) -> str | None:
    return "takes no binary outcome" if law.binary else None


OURS = Method("causalif", causalif, "nothing parametric; default learners, cross-fitted")
METHODS = (
    OURS,
    Method(
        "causalif, glm",
        partial(causalif, learners="glm"),
        "one-step with linear and logistic regressions, exposure x mediator products",
    ),
    Method(
        "statsmodels",
        partial(statsmodels, product=False),
        f"main effects in both regressions, Gaussian mediator; {DRAWS} parametric draws",
        _single,
    ),
    Method(
        "statsmodels, product",
        partial(statsmodels, product=True),
        "the same with an exposure x mediator product in the outcome regression",
        _single,
    ),
    Method(
        "pingouin",
        pingouin,
        f"linear regressions with main effects, least squares; {DRAWS} bootstrap draws for NIE",
        _continuous,
    ),
    Method(
        "boosting",
        partial(boosting, **SMALL_TREES),
        "nothing parametric; cross-fitted one-step, every nuisance gradient boosting with 30 "
        "rounds of 6 leaves (the trees of causalif's library; better here than scikit-learn's "
        "defaults)",
    ),
    Method(
        "boosting, defaults",
        boosting,
        "the same with scikit-learn's default trees: 100 rounds of up to 31 leaves",
        on_request=True,
    ),
    Method(
        "true nuisances",
        true_nuisances,
        "knows the law: the efficient influence function with the true nuisances, a yardstick",
    ),
)


BY_NAME = {method.name: method for method in METHODS}


def absent(name: str) -> str | None:
    """Why a method cannot run on this machine, if it cannot."""
    if name == "pingouin" and not find_spec("pingouin"):
        return "not installed (pip install -r benchmarks/requirements.txt)"
    return None

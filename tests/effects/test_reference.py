"""Published and recomputed answers that this code can express (shared reference numbers)."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from pytest import approx
from sklearn.linear_model import LinearRegression, LogisticRegression

import causalif as cif
from causalif.effects.engine import run
from tests.truth.learners import CellMeans, CellShares

W = ["econ_hard", "sex", "age"]


@pytest.fixture(scope="module")
def jobs() -> pd.DataFrame:
    return cif.load_dataset("jobs")


def test_linear_product_of_coefficients(jobs):
    learners = {"outcome": LinearRegression(), "exposure": LogisticRegression()}
    found = cif.mediate(
        jobs, "treat", "depress2", "job_seek", W, method="plugin", learners=learners, folds=1
    ).values
    # R mediation, jobs: a*b and the coefficient of treat, R 4.5.1 and Python agree
    assert found["NIE"] == approx(-0.0157446450289, abs=1e-8)
    assert found["NDE"] == approx(-0.0402647000018, abs=1e-8)
    assert found["TE"] == approx(-0.0560093450307, abs=1e-8)


# One-step with the mediation formula for all four means (so no collapse), no cross-fitting,
# no truncation, weights as they are; linear mu with treat x job_seek, logistic g and e:
# an independent numpy script, formula in methods section 2.
ONESTEP = {
    "TE": (-0.0559043763805, 0.0456508254084),
    "NDE": (-0.0426269862753, 0.0440208409075),
    "NIE": (-0.0132773901051, 0.0112338095524),
    "TNDE": (-0.0362593415005, 0.0434365379246),
    "PNIE": (-0.01964503488, 0.0150356374015),
}
PLUGIN = {
    "TE": -0.0557194095521,
    "NDE": -0.0418740955383,
    "NIE": -0.0138453140137,
    "TNDE": -0.0362075762752,
    "PNIE": -0.0195118332768,
}
# The same with Y = 1(work1 == "psyemp"), logistic mu and fractional-logit nu.
EMPLOYED_ONESTEP = {
    "TE": (0.0536946144779, 0.0322116182696),
    "NDE": (0.0523882351092, 0.0321733481195),
    "NIE": (0.00130637936862, 0.00258176959417),
    "TNDE": (0.0472368191895, 0.0324510661512),
    "PNIE": (0.00645779528834, 0.0047014164306),
}
EMPLOYED_PLUGIN = {
    "TE": 0.0556439319029,
    "NDE": 0.0538378625882,
    "NIE": 0.00180606931479,
    "TNDE": 0.0489608569483,
    "PNIE": 0.00668307495463,
}


def uncollapsed(data: pd.DataFrame, outcome: str, method: str) -> cif.Estimate:
    """`mediate` with the formula of section 2 also where both levels agree."""
    found = cif.mediate(
        data,
        "treat",
        outcome,
        "job_seek",
        W,
        decomposition="both",
        learners="glm",
        folds=1,
        truncate=0,
        stabilize=False,
        method=method,
        seed=1,
    )
    settings = replace(found.recipe.settings, collapse=False)
    return run(replace(found.recipe, settings=settings))


@pytest.mark.parametrize(
    ("outcome", "expected"), [("depress2", ONESTEP), ("employed", EMPLOYED_ONESTEP)]
)
def test_one_step_of_jobs(jobs, outcome, expected):
    data = jobs.assign(employed=(jobs["work1"] == "psyemp").astype(int))
    found = uncollapsed(data, outcome, "onestep")
    for term, (value, error) in expected.items():
        assert found.values[term] == approx(value, abs=1e-6)
        assert found.std_error[term] == approx(error, abs=1e-6)


@pytest.mark.parametrize(
    ("outcome", "expected"), [("depress2", PLUGIN), ("employed", EMPLOYED_PLUGIN)]
)
def test_plugin_of_jobs(jobs, outcome, expected):
    data = jobs.assign(employed=(jobs["work1"] == "psyemp").astype(int))
    found = uncollapsed(data, outcome, "plugin").values
    for term, value in expected.items():
        assert found[term] == approx(value, abs=1e-6)


@pytest.fixture(scope="module")
def nhefs() -> pd.DataFrame:
    data = cif.load_dataset("nhefs").dropna(subset=["wt82_71"])
    for name in ("education", "exercise", "active"):
        data[name] = data[name].astype("category")
    for name in ("age", "smokeintensity", "smokeyrs", "wt71"):
        data[f"{name}_squared"] = data[name].astype(float) ** 2
    return data


NHEFS_W = [
    *("sex", "race", "age", "age_squared", "education", "smokeintensity"),
    *("smokeintensity_squared", "smokeyrs", "smokeyrs_squared", "exercise", "active"),
    *("wt71", "wt71_squared"),
]


def nhefs_effect(data: pd.DataFrame, **options: object) -> cif.Estimate:
    return cif.average_effect(
        data, "qsmk", "wt82_71", NHEFS_W, learners="glm", folds=1, truncate=0, **options
    )


def test_aipw_of_smoking_cessation(nhefs):
    found = nhefs_effect(nhefs, stabilize=False)
    # independent numpy script: OLS without interactions, logistic g, AIPW
    assert found.values["TE"] == approx(3.44508552266, abs=1e-6)
    assert found.std_error["TE"] == approx(0.486889699451, abs=1e-6)


def test_hajek_weights_of_smoking_cessation(nhefs):
    # the same script, Hajek IPW
    assert nhefs_effect(nhefs, method="ipw").values["TE"] == approx(3.44053542965, abs=1e-6)


# Saturated nuisances on the sample, one-step, SE = sd of the influence function / sqrt(n): an
# independent numpy script of the formula of Diaz et al. (2021); it agrees with R medoutcon 0.2.4.
MEDOUTCON = {
    "OE": (-0.102389183728, 0.017532297729),
    "IDE": (-0.110415312674, 0.0279128922415),
    "IIE": (0.00802612894652, 0.0198192446528),
}
# The law that generated the sample, enumerated.
MEDOUTCON_TRUTH = {"OE": -0.0985760679464, "IDE": -0.073987814061, "IIE": -0.0245882538855}
MEDOUTCON_ROLES = {
    "exposure": "A",
    "outcome": "Y",
    "mediators": "M",
    "covariates": ["W_1", "W_2", "W_3"],
    "intermediates": "Z",
    "estimand": "interventional",
}


@pytest.mark.parametrize("method", ["onestep", "tmle", "plugin", "ipw"])
def test_interventional_effects_of_medoutcon(method):
    saturated = {"outcome": CellMeans(), "exposure": CellShares(), "intermediate": CellShares()}
    found = cif.mediate(
        cif.load_dataset("medoutcon_sim"), **MEDOUTCON_ROLES, method=method,
        learners=saturated, folds=1, truncate=0,
    )  # fmt: skip
    for term, (value, std_error) in MEDOUTCON.items():
        assert found.values[term] == approx(value, abs=1e-9)
        assert found.std_error[term] == approx(std_error, abs=1e-9)


def test_interventional_effects_with_default_learners_are_medoutcons():
    found = cif.mediate(cif.load_dataset("medoutcon_sim"), **MEDOUTCON_ROLES, seed=1)
    # its README prints -0.102 (SE 0.028) for the direct effect; learners and folds differ
    assert abs(found.values["IDE"] + 0.102) < 0.5 * 0.028
    assert found.std_error["IDE"] == approx(0.028, abs=0.003)
    for term, truth in MEDOUTCON_TRUTH.items():
        assert abs(found.values[term] - truth) < 3 * found.std_error[term]


class LinearWithProduct(LinearRegression):
    """Least squares, with the product of exposure and mediator where both are among the columns."""

    def __init__(self, columns=5):
        super().__init__()
        self.columns = columns

    def _wide(self, X):
        return np.column_stack([X, X[:, 0] * X[:, 1]]) if X.shape[1] == self.columns else X

    def fit(self, X, y, sample_weight=None):
        return super().fit(self._wide(X), y, sample_weight)

    def predict(self, X):
        return super().predict(self._wide(X))


# R regmedint 1.0.1, linear mediator and outcome. Without a product no covariate value enters;
# with one, in jobs, the covariates are held at their means, which the linear model averages to.
REGMEDINT = [
    ("vv2015", False, {"NDE": 0.19978531486, "NIE": 0.00241093680119, "TE": 0.202196251661,
                       "PM": 0.0119237462682}),
    ("vv2015", True, {"NIE": 0.00438370426397, "PNIE": 0.00116690766757}),
    ("jobs", False, {"TNDE": -0.0402647000018, "PNIE": -0.0157446450289, "PM": 0.281107465553}),
    ("jobs", True, {"NDE": -0.0419792497064, "NIE": -0.0140339568567, "TNDE": -0.0362355239385,
                    "PNIE": -0.0197776826246, "TE": -0.056013206563, "PM": 0.250547285503}),
]  # fmt: skip
REGMEDINT_ROLES = {
    "vv2015": ("x", "y", "m", "c"),
    "jobs": ("treat", "depress2", "job_seek", W),
}


@pytest.mark.filterwarnings("ignore::causalif.errors.CausalifWarning")
@pytest.mark.parametrize(("name", "product", "expected"), REGMEDINT)
def test_linear_mediation_of_regmedint(name, product, expected):
    exposure, outcome, mediator, covariates = REGMEDINT_ROLES[name]
    width = 2 + (1 if isinstance(covariates, str) else len(covariates))
    mu = LinearWithProduct(width) if product else LinearRegression()
    found = cif.mediate(
        cif.load_dataset(name), exposure, outcome, mediator, covariates, decomposition="both",
        method="plugin", learners={"outcome": mu, "exposure": LogisticRegression()}, folds=1,
    )  # fmt: skip
    recipe = found.recipe  # with the mediation formula for all four means
    found = run(replace(recipe, settings=replace(recipe.settings, collapse=False)))
    for term, value in expected.items():
        assert found.values[term] == approx(value, abs=1e-6), term


def test_controlled_effect_of_a_continuous_mediator_of_regmedint():
    """Linear in the mediator, so that the curve of any degrees of freedom is that line."""
    for df in (2, 4):
        found = cif.controlled_direct_effect(
            cif.load_dataset("jobs"), "treat", "depress2", "job_seek", W, at={"job_seek": 4},
            df=df, method="plugin", learners="glm", folds=1,
        )  # fmt: skip
        # R regmedint 1.0.1, jobs, interaction TRUE, cde at m = 4
        assert found.values["CDE"] == approx(-0.0419400734442, abs=1e-6)

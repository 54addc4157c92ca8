"""`row_influence` and `group_influence` beside refits by the packages that fitted the models."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
import statsmodels.api as sm
from scipy.special import softmax
from sklearn.decomposition import PCA
from sklearn.linear_model import LinearRegression, LogisticRegression, Ridge
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from statsmodels.stats.outliers_influence import MLEInfluence

import causalif as cif
from causalif.attribution import leverages
from causalif.attribution.readers import read_model
from causalif.attribution.removal import Removal
from causalif.errors import ConvergenceWarning, DataError, DataWarning

ROWS = 60
SET = [3, 17, 18, 40, 59]
RNG = np.random.default_rng(1)
X = pd.DataFrame(RNG.normal(size=(ROWS, 3)), columns=list("abc"))
DESIGN = sm.add_constant(X)
LINEAR = 0.3 + X @ [0.8, -0.5, 0.2]
BINARY = pd.Series((LINEAR + RNG.logistic(size=ROWS) > 0).astype(int))
COUNTS = pd.Series(RNG.poisson(np.exp(0.5 * LINEAR)))
NUMBERS = pd.Series(LINEAR + RNG.normal(size=ROWS))
THREE = pd.Series(np.argmax(X.to_numpy() + RNG.gumbel(size=(ROWS, 3)), axis=1))
WEIGHTS = RNG.uniform(0.5, 2, ROWS)
OFFSET = RNG.normal(size=ROWS) / 3
families = sm.families

STATSMODELS = {
    "ols": lambda k: sm.OLS(NUMBERS[k], DESIGN[k]).fit(),
    "wls": lambda k: sm.WLS(NUMBERS[k], DESIGN[k], weights=WEIGHTS[k]).fit(),
    "logit": lambda k: sm.Logit(BINARY[k], DESIGN[k]).fit(disp=0, tol=1e-12),
    "probit": lambda k: sm.Probit(BINARY[k], DESIGN[k]).fit(disp=0, tol=1e-12),
    "poisson": lambda k: sm.Poisson(COUNTS[k], DESIGN[k], offset=OFFSET[k]).fit(disp=0, tol=1e-12),
    "glm binomial": lambda k: glm(BINARY, families.Binomial(), k, freq_weights=WEIGHTS[k]),
    "glm poisson": lambda k: glm(COUNTS, families.Poisson(), k, exposure=np.exp(OFFSET[k])),
    "glm gamma, log link": lambda k: glm(
        np.exp(NUMBERS), families.Gamma(families.links.Log()), k, var_weights=WEIGHTS[k]
    ),
    "glm cloglog": lambda k: glm(BINARY, families.Binomial(families.links.CLogLog()), k),
    "glm trials": lambda k: sm.GLM(
        np.column_stack([COUNTS, 4 + COUNTS % 3])[k], DESIGN[k], family=families.Binomial()
    ).fit(tol=1e-14),
    "mnlogit": lambda k: sm.MNLogit(THREE[k], DESIGN[k]).fit(disp=0, tol=1e-12),
}


def glm(outcome, family, kept, **more):
    return sm.GLM(outcome[kept], DESIGN[kept], family=family, **more).fit(tol=1e-14, maxiter=300)


def parameters(fit):
    return np.ravel(np.asarray(fit.params).T)


def without(rows):
    kept = np.ones(ROWS, dtype=bool)
    kept[rows] = False
    return kept


@pytest.mark.parametrize("kind", STATSMODELS)
def test_fitting_again_is_what_statsmodels_does(kind):
    fit = STATSMODELS[kind](without([]))
    expected = parameters(STATSMODELS[kind](without(SET))) - parameters(fit)
    found = cif.group_influence(fit, SET, method="refit")
    assert found.to_numpy() == pytest.approx(expected, abs=1e-6)
    one = cif.row_influence(fit, method="refit").loc[17]
    alone = parameters(STATSMODELS[kind](without([17]))) - parameters(fit)
    assert one.to_numpy() == pytest.approx(alone, abs=1e-6)
    assert len(found) == (8 if kind == "mnlogit" else 4)


@pytest.mark.parametrize("kind", ["ols", "wls"])
def test_of_linear_models_one_row_and_any_set_are_exact(kind):
    fit = STATSMODELS[kind](without([]))
    each = np.array([parameters(STATSMODELS[kind](without([i]))) for i in range(ROWS)])
    found = cif.row_influence(fit, method="rif")
    assert found.to_numpy() == pytest.approx(each - parameters(fit), abs=1e-12)
    assert list(found.columns) == ["const", "a", "b", "c"]
    for rows in (SET[:3], list(range(0, ROWS, 2))):  # by rows, and by coefficients
        exact = parameters(STATSMODELS[kind](without(rows))) - parameters(fit)
        assert cif.group_influence(fit, rows).to_numpy() == pytest.approx(exact, abs=1e-12)


@pytest.mark.parametrize("family", [families.Binomial(), families.Poisson(), families.Gaussian()])
def test_one_row_of_a_glm_is_that_of_statsmodels(family):
    outcome = {"Binomial": BINARY, "Poisson": COUNTS}.get(type(family).__name__, NUMBERS)
    fit = glm(outcome, family, without([]))
    # Theirs is with less without. GLMInfluence.d_params of 0.15 forgets the weights.
    expected = -MLEInfluence(fit).d_params
    assert cif.row_influence(fit, method="rif").to_numpy() == pytest.approx(expected, abs=1e-8)


MODELS = {
    "probit": lambda k: (sm.Probit(BINARY[k], DESIGN[k]), {}),
    "poisson": lambda k: (sm.Poisson(COUNTS[k], DESIGN[k], offset=OFFSET[k]), {}),
    "glm cloglog": lambda k: (
        sm.GLM(BINARY[k], DESIGN[k], family=families.Binomial(families.links.CLogLog())),
        {"observed": True},
    ),
    "glm gamma, log link": lambda k: (
        sm.GLM(
            np.exp(NUMBERS)[k], DESIGN[k], family=families.Gamma(families.links.Log()),
            var_weights=WEIGHTS[k],
        ),
        {"observed": True},
    ),
}  # fmt: skip


@pytest.mark.parametrize("kind", MODELS)
@pytest.mark.parametrize("rows", [[17], [3, 17, 40]])
def test_a_newton_step_is_that_of_the_second_derivatives_of_statsmodels(kind, rows):
    fit = STATSMODELS[kind](without([]))
    model, more = MODELS[kind](without(rows))
    score, hessian = model.score(fit.params), model.hessian(fit.params, **more)
    expected = -np.linalg.solve(np.asarray(hessian), np.asarray(score))
    found = cif.group_influence(fit, rows)
    assert found.to_numpy() == pytest.approx(expected, abs=1e-6)
    if len(rows) == 1:
        alone = cif.row_influence(fit, method="rif").loc[17]
        assert alone.to_numpy() == pytest.approx(expected, abs=1e-6)


def by_newton(x, y, rows, penalty, start):
    """One Newton step of a softmax with a row of coefficients per class, written out."""
    kept = without(rows)
    classes = len(start)
    chance = softmax(x @ start.T, axis=1)
    hit = y[:, None] == np.arange(classes)
    gradient = np.ravel(((chance - hit)[kept]).T @ x[kept] + penalty * start)
    hessian = np.diag(np.tile(penalty, classes))
    for i in np.flatnonzero(kept):
        hessian += np.kron(
            np.diag(chance[i]) - np.outer(chance[i], chance[i]), np.outer(x[i], x[i])
        )
    return -np.linalg.pinv(hessian, rcond=1e-12) @ gradient


def test_softmax_block_is_one_newton_step():
    fit = LogisticRegression(C=0.5, tol=1e-12, max_iter=5000).fit(X, THREE)
    x = np.column_stack([X, np.ones(ROWS)])
    start = np.column_stack([fit.coef_, fit.intercept_])
    penalty = np.array([2.0, 2, 2, 0])
    found = cif.row_influence(fit, X=X, y=THREE, method="rif")
    assert found.columns[:4].tolist() == ["0: a", "0: b", "0: c", "0: intercept"]
    for i in (0, 17, 41):
        expected = by_newton(x, THREE.to_numpy(), [i], penalty, start)
        assert found.iloc[i].to_numpy() == pytest.approx(expected, abs=1e-7)
    for rows in (SET[:2], SET, list(range(0, ROWS, 2))):
        expected = by_newton(x, THREE.to_numpy(), rows, penalty, start)
        found_set = cif.group_influence(fit, rows, X=X, y=THREE)
        assert found_set.to_numpy() == pytest.approx(expected, abs=1e-7)


SKLEARN = {
    "linear": (LinearRegression(), NUMBERS),
    "ridge": (Ridge(alpha=3.0), NUMBERS),
    "ridge without intercept": (Ridge(alpha=3.0, fit_intercept=False), NUMBERS),
    "logistic": (LogisticRegression(C=0.3, tol=1e-12, max_iter=5000), BINARY),
    "unpenalised": (LogisticRegression(C=np.inf, tol=1e-12, max_iter=5000), BINARY),
    "weighed classes": (
        LogisticRegression(class_weight={0: 1.0, 1: 3.0}, tol=1e-12, max_iter=5000), BINARY,
    ),
    "softmax": (LogisticRegression(C=0.5, tol=1e-12, max_iter=5000), THREE),
}  # fmt: skip


def coefficients(fit):
    parts = [np.atleast_2d(fit.coef_)]
    if fit.fit_intercept:
        parts.append(np.reshape(fit.intercept_, (-1, 1)))
    return np.ravel(np.hstack(parts))


@pytest.mark.parametrize("kind", SKLEARN)
def test_fitting_again_is_what_scikit_learn_does(kind):
    model, y = SKLEARN[kind]
    fit = model.fit(X, y, sample_weight=WEIGHTS)
    before, kept = coefficients(fit), without(SET)
    found = cif.group_influence(fit, SET, method="refit", X=X, y=y, sample_weight=WEIGHTS)
    step = cif.group_influence(fit, SET, X=X, y=y, sample_weight=WEIGHTS)
    again = model.fit(X[kept], y[kept], sample_weight=WEIGHTS[kept])
    expected = coefficients(again) - before
    assert found.to_numpy() == pytest.approx(expected, abs=1e-5)
    if kind in ("linear", "ridge", "ridge without intercept"):
        assert step.to_numpy() == pytest.approx(expected, abs=1e-11)


@pytest.mark.parametrize("kind", ["ridge", "logistic", "softmax"])
def test_more_columns_than_rows(kind):
    """Solved in coordinates of the rows, beside the same in those of the columns."""
    wide = np.random.default_rng(4).normal(size=(30, 70))
    model, y = SKLEARN[kind]
    fit = model.fit(wide, y[:30])
    whole = Removal(read_model(fit, X=wide, y=y[:30], compact=False))
    found = cif.row_influence(fit, method="rif", X=wide, y=y[:30])
    assert found.shape == (30, 71 * (3 if kind == "softmax" else 1))
    assert found.to_numpy() == pytest.approx(whole.single(rescaled=True)[0], abs=1e-9)
    for method in ("newton", "refit"):
        change = cif.group_influence(fit, [1, 5, 8], method=method, X=wide, y=y[:30])
        expected = {"newton": whole.together, "refit": whole.again}[method](np.array([1, 5, 8]))
        assert change.to_numpy() == pytest.approx(expected, abs=1e-8)


def test_a_pipeline_holds_its_steps_fixed():
    pipeline = make_pipeline(StandardScaler(), PCA(2), Ridge()).fit(X, NUMBERS)
    inputs = pipeline[:-1].transform(X)
    alone = Ridge().fit(inputs, NUMBERS)
    found = cif.row_influence(pipeline, X=X, y=NUMBERS, method="rif")
    expected = cif.row_influence(alone, X=inputs, y=NUMBERS, method="rif")
    assert found.to_numpy() == pytest.approx(expected.to_numpy())
    assert list(found.columns) == ["pca0", "pca1", "intercept"]


def test_groups_are_left_out_whole():
    group = np.arange(ROWS) // 6
    fit = STATSMODELS["logit"](without([]))
    whole = cif.row_influence(fit, groups=group, method="rif")
    single = cif.row_influence(fit, method="if")
    assert whole.index.tolist() == list(range(10))
    for label in (0, 7):
        rows = np.flatnonzero(group == label)
        assert whole.loc[label].to_numpy() == pytest.approx(
            cif.group_influence(fit, rows).to_numpy()
        )
        summed = cif.row_influence(fit, method="if", groups=group).loc[label]
        assert summed.to_numpy() == pytest.approx(single.iloc[rows].sum().to_numpy())
        assert cif.group_influence(fit, rows, method="rif").to_numpy() == pytest.approx(
            cif.row_influence(fit, method="rif").iloc[rows].sum().to_numpy()
        )


@pytest.mark.parametrize("kind", ["logit", "mnlogit"])
def test_chunks_jobs_and_the_order_of_rows_change_nothing(kind):
    fit = STATSMODELS[kind](without([]))
    found = cif.row_influence(fit, method="rif")
    assert cif.row_influence(fit, chunk_size=7, method="rif").to_numpy() == pytest.approx(
        found.to_numpy(), abs=1e-12
    )
    order = np.random.default_rng(3).permutation(ROWS)
    model = sm.Logit if kind == "logit" else sm.MNLogit
    outcome = BINARY if kind == "logit" else THREE
    turned = model(outcome[order], DESIGN.iloc[order]).fit(disp=0, tol=1e-12)
    assert cif.row_influence(turned, method="rif").loc[found.index].to_numpy() == pytest.approx(
        found.to_numpy(), abs=1e-9
    )
    again = cif.row_influence(fit, method="refit", n_jobs=2)
    assert again.to_numpy() == pytest.approx(
        cif.row_influence(fit, method="refit").to_numpy(), abs=1e-12
    )


def test_leverages_are_those_of_the_hat_matrix():
    fit = STATSMODELS["ols"](without([]))
    assert leverages(fit).to_numpy() == pytest.approx(fit.get_influence().hat_matrix_diag)
    assert leverages(fit).sum() == pytest.approx(4)
    logit = glm(BINARY, families.Binomial(), without([]))
    assert leverages(logit).to_numpy() == pytest.approx(logit.get_influence().hat_matrix_diag)


def test_rows_that_alone_determine_a_coefficient_are_named():
    lonely = DESIGN.assign(only=(np.arange(ROWS) == 5).astype(float))
    fit = sm.OLS(NUMBERS, lonely).fit()
    with pytest.warns(DataWarning, match=r"without 1 row \(.*5\) coefficients are not determined"):
        found = cif.row_influence(fit, method="rif")
    assert found.loc[5].isna().all()
    assert found.drop(index=5).notna().all(axis=None)
    with pytest.warns(DataWarning, match="without 1 set"):
        assert cif.group_influence(fit, [4, 5]).isna().all()
    with pytest.warns(DataWarning, match="without 1 set"):
        assert cif.group_influence(fit, [4, 5], method="refit").isna().all()
    assert leverages(fit)[5] == pytest.approx(1)


def test_a_set_that_separates_classes_has_no_refit():
    x = np.array([-3.0, -2, -1, 1, 2, 3, 0.5, -0.5])
    y = np.array([0, 0, 0, 1, 1, 1, 0, 1])
    fit = sm.Logit(y, sm.add_constant(x)).fit(disp=0)
    with pytest.warns(DataWarning, match="not determined"):
        assert cif.group_influence(fit, [6, 7], method="refit").isna().all()


def test_a_loss_that_falls_without_end_has_no_refit():
    """All ones are left out: the intercept of the rest is minus infinity."""
    fit = sm.Logit(BINARY, DESIGN[["const"]]).fit(disp=0)
    with pytest.warns(DataWarning, match="not determined"):
        change = cif.group_influence(fit, BINARY.to_numpy() == 1, method="refit")
    assert change.isna().all()


def test_high_leverage_in_curved_models_is_warned_of():
    far = X["a"].where(X.index != 2, 40.0)
    y = COUNTS.where(X.index != 2, 30)
    fit = sm.GLM(y, sm.add_constant(far), family=families.Poisson()).fit()
    with pytest.warns(DataWarning, match=r"1 rows have a leverage above 0.9 \(.*2\)"):
        cif.row_influence(fit, method="rif")


def test_a_fit_short_of_its_optimum_is_said_and_mended():
    short = LogisticRegression(C=10, tol=1e-1, max_iter=2, solver="newton-cg").fit(X, BINARY)
    full = LogisticRegression(C=10, tol=1e-12, max_iter=5000).fit(X, BINARY)
    if np.abs(short.coef_ - full.coef_).max() < 1e-4:
        short.coef_ = short.coef_ + 0.05
    with pytest.warns(ConvergenceWarning, match="had not converged"):
        found = cif.row_influence(short, X=X, y=BINARY, method="rif")
    expected = cif.row_influence(full, X=X, y=BINARY, method="rif")
    assert found.to_numpy() == pytest.approx(expected.to_numpy(), abs=1e-6)


@pytest.mark.parametrize(
    ("given", "words"),
    [
        (lambda: cif.row_influence(3, method="rif"), "a int cannot be read"),
        (lambda: cif.row_influence(Ridge().fit(X, NUMBERS), method="rif"), "keeps no rows"),
        (
            lambda: cif.row_influence(PCA(2).fit(X), X=X, y=NUMBERS, method="rif"),
            "a PCA of scikit-learn",
        ),
        (
            lambda: cif.row_influence(sm.RLM(NUMBERS, DESIGN).fit(), method="rif"),
            "a RLM of statsmodels",
        ),
        (
            lambda: cif.row_influence(STATSMODELS["ols"](without([])), X=X, method="rif"),
            "keeps its rows",
        ),
        (lambda: cif.row_influence(STATSMODELS["ols"](without([])), method="loo"), "method='loo'"),
        (
            lambda: cif.row_influence(Ridge(), X=X, y=NUMBERS, method="rif"),
            "the Ridge is not fitted",
        ),
        (
            lambda: cif.row_influence(Ridge().fit(X, NUMBERS), X=X[["a"]], y=NUMBERS, method="rif"),
            "X has shape",
        ),
        (
            lambda: cif.row_influence(Ridge().fit(X, NUMBERS), X=X, y=NUMBERS[:5], method="rif"),
            "y has shape",
        ),
        (
            lambda: cif.row_influence(
                LogisticRegression(class_weight="balanced").fit(X, BINARY),
                X=X,
                y=BINARY,
                method="rif",
            ),
            "balanced",
        ),
        (
            lambda: cif.row_influence(
                LogisticRegression(solver="liblinear").fit(X, BINARY), X=X, y=BINARY, method="rif"
            ),
            "liblinear",
        ),
        (
            lambda: cif.row_influence(
                LogisticRegression().fit(X, BINARY), X=X, y=BINARY + 1, method="rif"
            ),
            "the class 2",
        ),
        (
            lambda: cif.row_influence(
                LinearRegression().fit(X.assign(d=X["a"]), NUMBERS),
                X=X.assign(d=X["a"]),
                y=NUMBERS,
                method="rif",
            ),
            "not determined",
        ),
        (lambda: cif.group_influence(STATSMODELS["ols"](without([])), [3, 99]), "labelled 99"),
        (lambda: cif.group_influence(STATSMODELS["ols"](without([])), [3, 3]), "twice"),
        (lambda: cif.group_influence(STATSMODELS["ols"](without([])), []), "are 0 of 60"),
        (lambda: cif.group_influence(STATSMODELS["ols"](without([])), range(60)), "are 60 of 60"),
        (
            lambda: cif.group_influence(STATSMODELS["ols"](without([])), np.ones(9, dtype=bool)),
            "a mask of shape",
        ),
        (
            lambda: cif.row_influence(STATSMODELS["ols"](without([])), groups=[1, 2], method="rif"),
            "groups has shape",
        ),
        (
            lambda: cif.row_influence(
                STATSMODELS["ols"](without([])), groups=np.ones(ROWS), method="rif"
            ),
            "one group only",
        ),
    ],
)
def test_bad_input_is_named(given, words):
    with pytest.raises(DataError, match=words):
        given()

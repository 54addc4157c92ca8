from __future__ import annotations

import re
from typing import Any

import numpy as np
import pandas as pd
import pytest

from causalif.data import parse_formula, resolve_call
from causalif.errors import DataError, Problems

N = 150
RNG = np.random.default_rng(7)
DATA = pd.DataFrame(
    {
        "y": RNG.normal(size=N),
        "a": np.arange(N) % 2,
        "m": RNG.uniform(1, 2, N),
        "age": RNG.uniform(20, 60, N),
        "sex": RNG.choice(["f", "m"], N),
        "educ": RNG.integers(1, 4, N),
        "my x": RNG.uniform(1, 2, N),
    }
)


def columns(formula: str, data: pd.DataFrame = DATA, **options: Any) -> dict[str, np.ndarray]:
    found = resolve_call(formula, data).design(**options)
    return {name: found.columns[name].values for name in found.covariates}


def test_roles() -> None:
    roles = parse_formula("y ~ a | m + log(m) | age + `my x`", DATA)
    assert (roles.outcome, roles.exposure) == ("y", "a")
    assert roles.mediators == ("m", "log(m)")
    assert roles.covariates == ("age", "my x")
    assert list(roles.terms) == ["log(m)"]


def test_formula_and_keywords_give_the_same_design() -> None:
    one = resolve_call("y ~ a | m | age + sex", DATA).design()
    other = resolve_call(DATA, "a", "y", "m", ["age", "sex"]).design()
    swapped = resolve_call(DATA, "y ~ a | m | age + sex").design()
    for found in (other, swapped):
        assert (one.mediators, one.covariates) == (found.mediators, found.covariates)
        np.testing.assert_array_equal(
            one.matrix(("m", "age", "sex")), found.matrix(("m", "age", "sex"))
        )


def test_transformations() -> None:
    found = columns("y ~ a | m | I(age**2) + log(`my x`) + C(educ) + age + np.sqrt(age)")
    expected = {
        "I(age ** 2)": DATA.age**2,
        "log(`my x`)": np.log(DATA["my x"]),
        "C(educ)": pd.get_dummies(DATA.educ, drop_first=True),
        "age": DATA.age,
        "np.sqrt(age)": np.sqrt(DATA.age),
    }
    assert list(found) == list(expected)
    for name, values in expected.items():
        given = np.asarray(values, dtype=float).reshape(N, -1)
        np.testing.assert_allclose(found[name], given, rtol=1e-14)


def test_products() -> None:
    is_m = (DATA.sex == "m").to_numpy(float)
    crossed = columns("y ~ a | m | age*sex")
    assert list(crossed) == ["age", "sex", "age:sex"]
    np.testing.assert_array_equal(crossed["age:sex"][:, 0], DATA.age * is_m)
    alone = columns("y ~ a | m | age:sex")["age:sex"]  # no main effect: a slope for each
    np.testing.assert_array_equal(alone, np.column_stack([DATA.age * (1 - is_m), DATA.age * is_m]))


def test_splines_span_a_cubic() -> None:
    basis = columns("y ~ a | m | bs(age, df=5)")["bs(age, df=5)"]
    assert basis.shape == (N, 5)
    cubic = DATA.age**3 - 7 * DATA.age
    inside = np.column_stack([np.ones(N), basis])
    residual = np.linalg.lstsq(inside, cubic, rcond=None)[1]
    assert residual == pytest.approx(0, abs=1e-6 * np.sum(cubic**2))


def test_functions_of_the_user_and_shadowed_words() -> None:
    C, power = "not the C of formulas", 2

    def curve(x: Any) -> Any:
        return x**power

    call = resolve_call("y ~ a | m | curve(age) + C(educ)", DATA)  # seen from here
    found = call.design().columns["curve(age)"].values[:, 0]
    np.testing.assert_allclose(found, DATA.age**power)
    assert C


def test_intercepts_are_no_terms() -> None:
    for covariates in ("1 + age", "0 + age", "age - 1"):
        assert list(columns(f"y ~ a | m | {covariates}")) == ["age"]


def test_missing_values_follow_our_rules() -> None:
    gaps = DATA.assign(age=DATA.age.where(np.arange(N) >= 6), sex=DATA.sex.where(np.arange(N) >= 2))
    with pytest.raises(DataError, match=r"(?s)'age' is missing in 6 of.*'sex' is missing in 2"):
        columns("y ~ a | m | log(age):sex", gaps)
    found = columns("y ~ a | m | log(age) + sex", gaps, missing="impute")
    assert list(found) == ["log(age)", "age[missing]", "sex"]
    np.testing.assert_allclose(found["log(age)"][:6, 0], np.log(np.median(DATA.age[6:])))


def test_transformed_outcome() -> None:
    outcome = resolve_call("I(y > 0) ~ a | m | age", DATA).design().outcome
    assert outcome.kind == "binary"
    np.testing.assert_array_equal(outcome.values, DATA.y > 0)
    gaps = DATA.assign(y=DATA.y.where(np.arange(N) >= 6))  # nan > 0 is false, not missing
    outcome = resolve_call("I(y > 0) ~ a | m | age", gaps).design(missing="ipw").outcome
    assert np.isnan(outcome.values[:6]).all()
    assert outcome.observed.sum() == N - 6
    change = resolve_call("I(y - age) ~ a | m | age", DATA).design().outcome
    np.testing.assert_allclose(change.values, DATA.y - DATA.age)


def test_without_mediators() -> None:
    call = resolve_call("y ~ a | age + log(age)", DATA, need_mediators=False)
    assert call.design().covariates == ("age", "log(age)")
    assert resolve_call("y ~ a", DATA, need_mediators=False).design().covariates == ()
    assert resolve_call("y ~ a | m", DATA).design().mediators == (("m",),)


@pytest.mark.parametrize(
    ("formula", "what", "place"),
    [
        ("y ~ a || w", "nothing after |", 7),  # catalogue, row 30
        ("y ~ a", "no mediators", 5),
        ("y a", "no ~", 2),
        ("~ a", "nothing before ~", 0),
        ("y ~", "nothing after ~", 3),
        ("", "no ~", 0),
        ("y | a ~ m", "no ~", 2),
        ("y ~ a ~ m", "second ~", 6),
        ("y ~ a | m | age | sex", "too many parts", 16),
        ("y ~ a | (m | age)", "inside parentheses", 11),
        ("y ~ a + age | m", "one column as exposure", 6),
        ("y ~ log(a) | m", "one column as exposure", 4),
        ("y + m ~ a | m", "one outcome", 0),
        ("y ~ a | m | .", "name them", 12),
        ("y ~ a | m | age + ", "cannot be read", 16),
        ("y ~ a | m | log(age", "cannot be read", 12),
        ("y ~ a | m | age sex", "cannot be read", 12),
        ("`my x ~ a | m", "cannot be read", 0),
    ],
)
def test_a_broken_formula_is_shown_with_its_place(formula: str, what: str, place: int) -> None:
    with pytest.raises(DataError, match=re.escape(what)) as caught:
        resolve_call(formula, DATA)
    lines = str(caught.value).split("\n")
    assert lines[1:3] == [f"    {formula}", "    " + " " * place + "^"]
    assert "Expected: outcome ~ exposure | mediators | covariates, such as" in lines[3]


def test_a_broken_formula_without_mediators_shows_that_form() -> None:
    with pytest.raises(DataError, match=r"Expected: outcome ~ exposure \| covariates"):
        resolve_call("y ~ a | m | age", DATA, need_mediators=False)


@pytest.mark.parametrize(
    ("term", "problem"),
    [
        ("agee", "no column 'agee' in data. Did you mean 'age'?"),
        ("log(agee)", "no column 'agee' in data. Did you mean 'age'?"),
        ("log(age - 30)", "'log(age - 30)' is infinite or undefined in {below} of 150 rows"),
        ("I(age / 0)", "is infinite or undefined in 150 of 150 rows"),
        ("age.nothing()", "cannot be evaluated"),
        ("a:age", "'a' is both the exposure and a covariate"),
        ("log(m)", "'m' is both a mediator and a covariate"),
        ("I(y + age)", "'y' is both the outcome and a covariate"),
    ],
)
def test_terms_that_cannot_be_used(term: str, problem: str) -> None:
    below = int((DATA.age <= 30).sum())
    with pytest.raises(DataError, match=re.escape(problem.format(below=below))):
        columns(f"y ~ a | m | {term}")


def test_names_beside_a_formula_are_a_problem() -> None:
    with pytest.raises(DataError, match="mediators='m' is given beside a formula"):
        resolve_call("y ~ a | m", DATA, mediators="m")


def test_problems_of_the_call_come_with_those_of_the_formula() -> None:
    problems = Problems()
    problems.add("folds=2.5 is not an integer.")
    with pytest.raises(DataError, match=r"(?s)2 problems.*folds=2.5.*no ~"):
        resolve_call("y a", DATA, problems=problems)


def test_a_term_equal_to_the_exposure_leaves_no_overlap() -> None:
    copy = DATA.assign(b=DATA.a + 3.0)
    with pytest.raises(DataError, match=r"covariate 'log\(b\)' alone tells 0 from 1"):
        columns("y ~ a | m | log(b)", copy)

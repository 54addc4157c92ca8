"""Arithmetic against closed-form delta methods."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from numpy.testing import assert_allclose
from scipy import special

import causalif as cif
from causalif.errors import DataError


def make(n=60, values=(0.3, 0.2, 0.5), names=("NDE", "NIE", "TE"), seed=3, **keywords):
    rows = np.random.default_rng(seed).normal(size=(n, len(values)))
    return cif.Estimate(values, rows, names=names, **keywords)


def delta(estimate, gradient):
    """Standard error of a function with this gradient, from the covariance matrix."""
    gradient = np.asarray(gradient, dtype=float)
    return np.sqrt(gradient @ estimate.cov().to_numpy() @ gradient)


FUNCTIONS = {
    "exp": (np.exp, np.exp),
    "log": (np.log, lambda x: 1 / x),
    "log2": (np.log2, lambda x: 1 / (x * np.log(2))),
    "log10": (np.log10, lambda x: 1 / (x * np.log(10))),
    "log1p": (np.log1p, lambda x: 1 / (1 + x)),
    "expm1": (np.expm1, np.exp),
    "exp2": (np.exp2, lambda x: 2**x * np.log(2)),
    "sqrt": (np.sqrt, lambda x: 1 / (2 * np.sqrt(x))),
    "square": (np.square, lambda x: 2 * x),
    "reciprocal": (np.reciprocal, lambda x: -1 / x**2),
    "absolute": (np.abs, lambda x: 1.0),
    "negative": (np.negative, lambda x: -1.0),
    "positive": (np.positive, lambda x: 1.0),
    "sin": (np.sin, np.cos),
    "cos": (np.cos, lambda x: -np.sin(x)),
    "tanh": (np.tanh, lambda x: 1 / np.cosh(x) ** 2),
    "arctanh": (np.arctanh, lambda x: 1 / (1 - x**2)),
    "expit": (special.expit, lambda x: np.exp(-x) / (1 + np.exp(-x)) ** 2),
    "logit": (special.logit, lambda x: 1 / x + 1 / (1 - x)),
    "arctan": (np.arctan, lambda x: 1 / (1 + x**2)),  # numerical derivative
    "cbrt": (np.cbrt, lambda x: x ** (-2 / 3) / 3),  # numerical derivative
}


@pytest.mark.parametrize("name", FUNCTIONS)
def test_functions_of_one_term(name):
    func, slope = FUNCTIONS[name]
    result = func(make())
    assert_allclose(result.values, func(np.array([0.3, 0.2, 0.5])), rtol=1e-14)
    expected = [abs(slope(v)) for v in (0.3, 0.2, 0.5)] * make().std_error
    assert_allclose(result.std_error, expected, rtol=1e-9)


def test_ratio_has_its_textbook_error():
    estimate = make()
    ratio = estimate["NIE"] / estimate["TE"]
    assert ratio.names == ("NIE / TE",)
    assert_allclose(ratio.std_error.iloc[0], delta(estimate, [0, 1 / 0.5, -0.2 / 0.25]), rtol=1e-12)


@pytest.mark.parametrize(
    ("func", "value", "gradient"),
    [
        (lambda a, b: a + b, 0.5, [1, 1]),
        (lambda a, b: a - b, 0.1, [1, -1]),
        (lambda a, b: a * b, 0.06, [0.2, 0.3]),
        (lambda a, b: a / b, 1.5, [5, -7.5]),
        (lambda a, b: a**b, 0.3**0.2, [0.2 * 0.3**-0.8, 0.3**0.2 * np.log(0.3)]),
        (np.hypot, np.sqrt(0.13), [0.3 / np.sqrt(0.13), 0.2 / np.sqrt(0.13)]),
        (np.maximum, 0.3, [1, 0]),
        (lambda a, b: a - 2 * b + 1, 0.9, [1, -2]),
        (lambda a, b: 1 / a + 2**b, 1 / 0.3 + 2**0.2, [-1 / 0.09, 2**0.2 * np.log(2)]),
        (lambda a, b: (a - 1) ** 2 - -b, 0.69, [-1.4, 1]),
    ],
)
def test_functions_of_two_terms(func, value, gradient):
    estimate = make()
    result = func(estimate["NDE"], estimate["NIE"])
    assert float(result) == pytest.approx(value)
    assert_allclose(result.std_error.iloc[0], delta(estimate, [*gradient, 0]), rtol=1e-9)


def test_a_term_is_perfectly_correlated_with_itself():
    one = make()["NDE"]
    assert (one - one).std_error.iloc[0] == 0
    assert_allclose((one + one).std_error, 2 * one.std_error, rtol=1e-14)
    assert_allclose((one * one).std_error, (one**2).std_error, rtol=1e-14)


def test_numbers_and_arrays_on_either_side():
    estimate, array = make(), np.array([1.0, 2.0, 4.0])
    for result in (estimate * array, array * estimate, pd.Series(array) * estimate):
        assert isinstance(result, cif.Estimate)
        assert_allclose(result.values, [0.3, 0.4, 2.0])
        assert_allclose(result.std_error, array * estimate.std_error, rtol=1e-12)
    assert_allclose((array / estimate).values, array / [0.3, 0.2, 0.5])
    assert_allclose((np.float64(2) ** estimate).values, 2 ** np.array([0.3, 0.2, 0.5]))
    by_name = pd.Series({"TE": 4.0, "NDE": 1.0, "NIE": 2.0})
    assert_allclose((by_name - estimate).values, [0.7, 1.8, 3.5])


def test_one_term_meets_many_and_names_meet_by_name():
    estimate = make()
    shares = estimate[["NDE", "NIE"]] / estimate["TE"]
    assert shares.names == ("NDE / TE", "NIE / TE")
    assert_allclose(shares.values, [0.6, 0.4])
    swapped = estimate[["NDE", "NIE"]] - estimate[["NIE", "NDE"]]
    assert_allclose(swapped.values, 0)
    assert_allclose(swapped.std_error, 0)
    with pytest.raises(DataError, match=r"3 terms .* meet 2 terms"):
        estimate + estimate[["NDE", "NIE"]]
    with pytest.raises(DataError, match=r"shape \(2,\) meets 3 terms"):
        estimate + np.array([1.0, 2.0])


def test_names_say_what_was_computed():
    estimate = make()
    a, b, c = (estimate[name] for name in estimate.names)
    cases = {
        "NDE + NIE": a + b,
        "NDE + NIE + TE": a + b + c,
        "TE - (NDE + NIE)": c - (a + b),
        "NIE / (NDE + NIE)": b / (a + b),
        "exp(NDE + NIE)": np.exp(a + b),
        "exp(NDE) / exp(NIE)": np.exp(a) / np.exp(b),
        "-NDE": -a,
        "(-NDE) * 2": -a * 2,
        "2 * NDE ** 3": None,
        "1 - NDE": 1 - a,
        "hypot(NDE, NIE)": np.hypot(a, b),
    }
    for name, result in cases.items():
        assert result is None or result.names == (name,)


def test_equal_names_are_told_apart_by_label():
    men, women = make(label="men")["TE"], make(seed=4, label="women")["TE"]
    assert (men - women).names == ("TE [men] - TE [women]",)


def test_scale_is_lost_by_arithmetic_and_kept_by_selection():
    estimate = make(scale=["log", "identity", "logit"])
    assert estimate[["TE", "NDE"]].scale == ("logit", "log")
    assert estimate["NDE"].scale == "log"
    assert np.exp(estimate).scale == "identity"
    assert estimate.scale == ("log", "identity", "logit")


def test_transform_takes_any_smooth_function():
    estimate = make()
    result = estimate.transform(lambda v: np.array([v[0] * v[1], np.exp(v[2]) + v[0]]), ["p", "q"])
    gradients = [0.2, 0.3, 0], [1, 0, np.exp(0.5)]
    assert_allclose(result.std_error, [delta(estimate, g) for g in gradients], rtol=1e-9)
    given = estimate.transform(lambda v: v[0] * v[1], "p", jacobian=np.array([gradients[0]]))
    assert_allclose(given.std_error.iloc[0], result.std_error["p"], rtol=1e-9)
    assert estimate.transform(np.exp).names == ("exp(NDE)", "exp(NIE)", "exp(TE)")
    assert estimate.transform(lambda v: v.sum()).names == ("f",)


def test_transform_refuses_what_it_cannot_use():
    estimate = make()
    with pytest.raises(DataError, match=r"bad is not defined at .*NIE = 0.2"):
        estimate.transform(lambda v: np.log(v[1] - 0.2), "bad")
    with pytest.raises(DataError, match=r"shape \(3, 3\)"):
        estimate.transform(lambda v: np.outer(v, v))
    with pytest.raises(DataError, match="must name the 3 results"):
        estimate.transform(lambda v: v, ["a", "b"])
    with pytest.raises(DataError, match=r"jacobian has shape \(2, 2\)"):
        estimate.transform(lambda v: v, jacobian=np.eye(2))


@pytest.mark.parametrize(
    ("call", "says"),
    [
        (lambda e: np.log(e), r"log\(NIE\).*NIE = -0.2"),
        (lambda e: e["NDE"] / e["zero"], r"NDE / zero.*zero = 0"),
        (lambda e: 1 / e["zero"], r"1 / zero.*zero = 0"),
        (lambda e: e / 0, r"NDE / 0.*NDE = 0.3"),
        (lambda e: np.sqrt(e["zero"]), r"sqrt\(zero\).*zero = 0"),
        (lambda e: e["NIE"] ** 0.5, r"NIE \*\* 0.5.*NIE = -0.2"),
        (lambda e: abs(e["zero"]), r"absolute\(zero\).*zero = 0"),
        (lambda e: e["NIE"] ** e["NDE"], r"NIE \*\* NDE.*NIE = -0.2, NDE = 0.3"),
        (lambda e: e["NIE"] + np.nan, "NIE"),
    ],
)
def test_undefined_results_name_the_term_and_its_value(call, says):
    with pytest.raises(DataError, match=says):
        call(make(values=(0.3, -0.2, 0.0), names=("NDE", "NIE", "zero")))


def test_what_is_not_arithmetic_is_a_type_error():
    estimate = make()
    for call in (
        lambda: estimate + "x",
        lambda: np.add.reduce(estimate),
        lambda: np.isnan(estimate),
        lambda: np.eye(3) @ estimate,
        lambda: estimate < 1,
    ):
        with pytest.raises(TypeError):
            call()


def test_powers_at_zero():
    zero = make(values=(0.0,), names=("z",))
    assert (zero**2).std_error.iloc[0] == 0
    assert_allclose((zero**1).std_error, zero.std_error)
    assert (zero**0).values.iloc[0] == 1

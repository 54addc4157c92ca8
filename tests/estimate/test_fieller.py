"""Fieller's interval against its definition, by inversion of the test on a grid."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.testing import assert_allclose
from scipy import stats

import causalif as cif
from causalif.errors import DataError

N = 400


def pair(total_in_errors, indirect=0.4):
    """NIE and TE with a total that lies so many standard errors from zero."""
    rows = np.random.default_rng(2).normal(size=(N, 2)) @ np.array([[1.0, 0.6], [0.0, 1.0]])
    rows = (rows - rows.mean(axis=0)) / rows.std(axis=0)
    total = total_in_errors / np.sqrt(N)
    return cif.Estimate([indirect * total, total], rows, names=["NIE", "TE"])


def mediated(total_in_errors, **keywords):
    both = pair(total_in_errors)
    share = both["NIE"] / both["TE"]
    return cif.Estimate(
        share.values, share.influence, names=["PM"], fractions={"PM": both}, **keywords
    )


def accepted(both, level):
    """Ratios r on a grid at which NIE - r * TE = 0 is not rejected."""
    grid = np.linspace(-200, 200, 4_000_001)
    cov = both.cov().to_numpy()
    top, bottom = both.values
    error = np.sqrt(cov[0, 0] - 2 * grid * cov[0, 1] + grid**2 * cov[1, 1])
    return grid[abs(top - grid * bottom) <= stats.norm.ppf((1 + level) / 2) * error]


@pytest.mark.parametrize("errors", [2.1, 2.5, 2.99, -2.4])
def test_bounded_interval_is_the_set_of_ratios_not_rejected(errors):
    grid = accepted(pair(errors), 0.95)
    assert_allclose(mediated(errors).confint().loc["PM"], [grid.min(), grid.max()], atol=2e-4)


@pytest.mark.parametrize("errors", [0.0001, 1.0, 1.95])
def test_unbounded_set_is_the_line(errors):
    grid = accepted(pair(errors), 0.95)
    assert grid.min() < -199  # not bounded by the definition either
    assert grid.max() > 199
    assert tuple(mediated(errors).confint().loc["PM"]) == (-np.inf, np.inf)


def test_the_critical_value_decides_what_is_bounded():
    estimate = mediated(1.8)
    assert np.isinf(estimate.confint(0.95)).all(axis=None)
    assert np.isfinite(estimate.confint(0.9)).all(axis=None)  # 1.645 < 1.8
    joint = cif.combine([mediated(2.1), pair(2.1)]).confint(method="simultaneous")
    assert np.isinf(joint.loc["PM"]).all()  # the band's critical value exceeds 2.1
    assert np.isfinite(joint.loc["TE"]).all()


def test_delta_method_when_the_denominator_is_clear_of_zero():
    estimate = mediated(3.01)
    half = stats.norm.ppf(0.975) * estimate.std_error["PM"]
    assert_allclose(estimate.confint().loc["PM"], estimate.values["PM"] + np.array([-half, half]))
    assert "Fieller" not in estimate.summary()


def test_the_words_say_so():
    unbounded, bounded = mediated(1.0), mediated(2.5)
    for text in (unbounded.summary(), unbounded.glance()["note"].iloc[0], unbounded._repr_html_()):
        assert "too near zero for a bounded interval" in text
    assert "the interval is Fieller" in bounded.summary()
    assert "fieller1954" in bounded.bibtex()
    assert mediated(5).glance()["note"].isna().all()
    assert "-inf" in unbounded.summary()


def test_a_quotient_of_estimates_remembers_its_parts():
    both = pair(2.5)
    ratio = both["NIE"] / both["TE"]
    assert_allclose(ratio.confint(), mediated(2.5).confint())
    assert_allclose(ratio.fractions["NIE / TE"].values, both.values)


def test_fractions_survive_selection_and_not_arithmetic(tmp_path):
    joined = cif.combine([mediated(2.5), pair(2.5)])
    assert list(joined[["TE", "PM"]].fractions) == ["PM"]
    assert joined["TE"].fractions == {}
    assert (joined["PM"] * 100).fractions == {}
    assert_allclose(joined["PM"].confint(), mediated(2.5).confint())


def test_a_ratio_is_never_exponentiated():
    estimate = mediated(2.5, scale="log")
    assert estimate.tidy(exponentiate=True).equals(estimate.tidy())


def test_fractions_are_checked():
    both = pair(2.5)
    keywords = {"influence": np.zeros(N), "names": ["PM"]}
    with pytest.raises(DataError, match=r"no term 'PN'. Known: 'PM'"):
        cif.Estimate([0.4], fractions={"PN": both}, **keywords)
    with pytest.raises(DataError, match="numerator and denominator, not 1"):
        cif.Estimate([0.4], fractions={"PM": both["TE"]}, **keywords)
    with pytest.raises(DataError, match=r"'PM' is 0.9, but NIE / TE is"):
        cif.Estimate([0.9], fractions={"PM": both}, **keywords)
    with pytest.raises(DataError, match="not the same rows"):
        cif.Estimate([0.4], np.zeros(9), names=["PM"], fractions={"PM": both})

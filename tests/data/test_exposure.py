from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest

from causalif.data import Exposure, build_design
from causalif.errors import DataError

N = 400
RNG = np.random.default_rng(3)
DOSE = RNG.uniform(0, 4, N)


def exposure(values: Any, **options: Any) -> tuple[Exposure, tuple[str, ...]]:
    data = pd.DataFrame({"y": RNG.normal(size=N), "y2": RNG.normal(size=N), "dose": values})
    found = build_design(data, "dose", "y", **options)
    return found.exposure, found.notes


def test_levels_choose_contrast_and_reference() -> None:
    arms = np.array(["a", "b", "c", "d"])[np.arange(N) % 4]
    found, notes = exposure(arms, levels=("c", "a"))
    assert found.levels == ("c", "a", "b", "d")
    assert found.contrasted == 2
    np.testing.assert_array_equal(np.array(found.levels)[found.codes], arms)
    assert "'a' compared with the reference 'c'; 200 rows at other levels stay" in notes[0]


def test_reference_alone_and_with_levels() -> None:
    arms = np.array(["a", "b", "c"])[np.arange(N) % 3]
    assert exposure(arms, reference="b")[0].levels == ("b", "a", "c")
    assert exposure(arms, levels=("a", "c"), reference="c")[0].levels == ("c", "a", "b")
    with pytest.raises(DataError, match=r"reference='b' is not one of levels=\('a', 'c'\)"):
        exposure(arms, levels=("a", "c"), reference="b")


@pytest.mark.parametrize("levels", [(1,), "01", (0, 0), 3])
def test_unusable_levels(levels: Any) -> None:
    with pytest.raises(DataError, match=r"two or more different levels.*levels=\(0, 1\)"):
        exposure(np.arange(N) % 2, levels=levels)


@pytest.mark.parametrize("wrap", [np.array, pd.Series, lambda levels: range(*levels, -1)])
def test_levels_in_any_sequence(wrap: Any) -> None:
    assert exposure(np.arange(N) % 3, levels=wrap([2, 0]))[0].levels[0] == 2


def test_reference_must_be_one_level() -> None:
    with pytest.raises(DataError, match="must be one level"):
        exposure(np.arange(N) % 2, reference=np.array([0, 1]))


def test_a_level_named_twice() -> None:
    with pytest.raises(DataError, match="names a level twice"):
        exposure(np.arange(N) % 2, levels=(0, False))


def test_order_of_a_category_is_kept_and_intervals_are_levels() -> None:
    found, notes = exposure(pd.cut(DOSE, [0, 1, 2, 4]))
    assert [str(level) for level in found.levels] == ["(0, 1]", "(1, 2]", "(2, 4]"]
    assert "reference (0, 1]" in notes[0]


def test_missing_exposure_is_never_imputed() -> None:
    values = np.where(np.arange(N) < 5, np.nan, np.arange(N) % 2)
    with pytest.raises(DataError, match=r"missing in 5 of 400 rows.*dropna.*never imputed"):
        exposure(values, missing="impute")


def test_many_text_levels_need_a_choice() -> None:
    towns = np.array([f"town {k:02}" for k in range(20)])[np.arange(N) % 20]
    with pytest.raises(DataError, match=r"20 levels: 'town 00' \(20 rows\).*and 8 more.*levels="):
        exposure(towns)
    assert exposure(towns, levels=("town 03", "town 01"))[0].contrasted == 2


def test_window_around_values_of_a_continuous_exposure() -> None:
    found, notes = exposure(DOSE, levels=(1, 3), folds=2)
    # Half-width 1.06 sd n^(-1/4), cut after two significant digits.
    exact = 1.06 * DOSE.std() * N**-0.25
    stated = float(found.levels[0].split("within ")[1].rstrip(")"))
    assert exact - 0.01 < stated <= exact
    inside = [np.abs(DOSE - centre) <= stated for centre in (1, 3)]
    np.testing.assert_array_equal(found.codes, np.select(inside, [0, 1], 2))
    assert found.levels[1] == f"dose near 3.0 (within {stated:g})"
    assert found.levels[2] == "elsewhere"
    assert found.contrasted == 2
    assert f"near 1.0 (within {stated:g})' {inside[0].sum()} rows" in notes[0]
    assert "drawn within its window" in notes[0]


def test_windows_shrink_so_as_not_to_overlap() -> None:
    found, _ = exposure(DOSE, levels=(1.0, 1.2), folds=1)
    assert found.levels[:2] == ("dose near 1.0 (within 0.099)", "dose near 1.2 (within 0.099)")


def test_explicit_windows_and_reference() -> None:
    windows = ((0, 1), (3, 4))
    found, notes = exposure(DOSE, levels=windows, reference=(3, 4))
    assert found.levels == ("dose in [3, 4]", "dose in [0, 1]", "elsewhere")
    np.testing.assert_array_equal(found.codes, np.select([DOSE >= 3, DOSE <= 1], [0, 1], 2))
    assert f"'dose in [0, 1]' {(DOSE <= 1).sum()} rows" in notes[0]


@pytest.mark.parametrize("windows", [((0, 2), (1, 3)), ((1, 0), (2, 3)), ((0, 1), (1, 2))])
def test_windows_must_be_apart(windows: Any) -> None:
    with pytest.raises(DataError, match=r"windows .* that do not overlap or touch"):
        exposure(DOSE, levels=windows)


def test_empty_window() -> None:
    with pytest.raises(DataError, match=r"too few rows.*\[7, 8\]' \(0 rows\).*wider windows"):
        exposure(DOSE, levels=((0, 1), (7, 8)), covariates="y2")


def test_windows_of_text() -> None:
    with pytest.raises(DataError, match="are windows, but exposure 'dose' is not numeric"):
        exposure(np.array(["a", "b"])[np.arange(N) % 2], levels=((0, 1), (2, 3)))


def test_values_that_many_rows_share_are_levels() -> None:
    piled = np.where(np.arange(N) < 50, 0.0, np.where(np.arange(N) < 100, 1.0, DOSE))
    found, notes = exposure(piled, levels=(0, 1))
    assert found.levels == (0.0, 1.0, "elsewhere")
    assert np.bincount(found.codes).tolist() == [50, 50, 300]
    assert "300 rows at other levels" in notes[0]

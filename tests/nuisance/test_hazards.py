"""The outcome that stands for a censored one: exact by enumeration, and doubly robust."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from pytest import approx
from statsmodels.duration.survfunc import SurvfuncRight

from causalif.data.build import build_design
from causalif.data.times import Survival
from causalif.nuisance import hazards
from causalif.nuisance.censoring import (
    Periods,
    at_risk,
    made_whole,
    remaining_mean,
    staying,
)
from causalif.nuisance.fits import Scheme
from causalif.nuisance.library import resolve
from tests.truth.survival import CELL, TIMES, SurvivalLaw

SUMMARIES = ["risk", "restricted_mean"]


@pytest.fixture(scope="module")
def law() -> SurvivalLaw:
    return SurvivalLaw.random(seed=3)


def survival_of(law: SurvivalLaw, horizon: float, summary: str) -> Survival:
    t, c = (law.cells[name].to_numpy(dtype=float) for name in ("t", "c"))
    return Survival(np.minimum(t, c), t <= c, horizon, summary)  # type: ignore[arg-type]


def hazard_of(law: SurvivalLaw, name: str, times: np.ndarray) -> np.ndarray:
    """P(time = u | time >= u, cell), a column per u, by sums over the whole law."""
    groups = [law.cells[key] for key in CELL]
    columns = []
    for u in times:
        now = pd.Series(law.p * (law.cells[name] == u)).groupby(groups).transform("sum")
        left = pd.Series(law.p * (law.cells[name] >= u)).groupby(groups).transform("sum")
        columns.append((now / left).to_numpy())
    return np.column_stack(columns)


def conditional_means(law: SurvivalLaw, values: np.ndarray) -> np.ndarray:
    groups = [law.cells[key] for key in CELL]
    top = pd.Series(law.p * values).groupby(groups).sum()
    return (top / pd.Series(law.p).groupby(groups).sum()).to_numpy()


def error(law: SurvivalLaw, horizon: float, summary: str, *, right: set[str]) -> float:
    """Largest |E[Y* | cell] - E[Y | cell]| with these hazards right and the others not."""
    survival = survival_of(law, horizon, summary)
    periods = Periods.of(survival)
    hazards = {}
    for name, wrong in (("c", 0.15), ("t", 0.4)):
        found = hazard_of(law, name, periods.ends)
        hazards[name] = found if name in right else np.full_like(found, wrong)
    if horizon in TIMES:  # who is there at the horizon is censored by nobody
        hazards["c"][:, -1] = 0.0
    remaining = remaining_mean(survival, periods, hazards["t"])
    whole = made_whole(survival, periods, staying(hazards["c"], 0.0), remaining)
    missed = conditional_means(law, whole) - conditional_means(law, law.outcome(horizon, summary))
    return float(np.abs(missed).max())


@pytest.mark.parametrize("summary", SUMMARIES)
@pytest.mark.parametrize("horizon", [2, 3, 3.5])
@pytest.mark.parametrize("right", [{"t", "c"}, {"t"}, {"c"}], ids=lambda r: "+".join(sorted(r)))
def test_mean_given_all_else_is_kept_if_one_hazard_is_right(law, horizon, summary, right):
    assert error(law, horizon, summary, right=right) < 1e-12


@pytest.mark.parametrize("summary", SUMMARIES)
def test_and_not_if_both_are_wrong(law, summary):
    assert error(law, 3, summary, right=set()) > 0.01


@pytest.mark.parametrize("summary", SUMMARIES)
def test_a_certain_outcome_is_given_back_whatever_the_hazards(law, summary):
    """With E[Y | later] put at 1 for all, a Y of 1 is 1 in every row: weights sum to one."""
    survival = survival_of(law, 3, summary)
    periods = Periods.of(survival)
    stays = staying(np.full((len(survival.time), len(periods.ends)), 0.3), 0.2)
    whole = made_whole(survival, periods, stays, np.ones_like(stays))
    share = made_whole(survival, periods, stays, np.zeros_like(stays))
    known = survival.known
    np.testing.assert_allclose(whole[survival.lost], 1.0)
    np.testing.assert_allclose(share[survival.lost], 0.0)
    weight = np.divide(share, known, out=np.zeros_like(known), where=known > 0)
    missing = whole - share  # 1 - weight, where the outcome is seen
    seen = ~survival.lost & (known > 0)
    np.testing.assert_allclose(missing[seen], 1 - weight[seen])


def test_events_come_before_censorings_at_the_same_time():
    survival = Survival(
        np.array([1.0, 1.0, 2.0, 3.0]), np.array([True, False, True, False]), 2.5, "risk"
    )
    periods = Periods.of(survival)
    assert periods.ends.tolist() == [1.0, 2.0, 2.5]
    assert periods.tied.all()
    sets = at_risk(survival, periods)
    assert sets.of_event[:, 0].all()
    assert sets.of_censoring[:, 0].tolist() == [False, True, True, True]
    assert sets.of_event[3].tolist() == [True, True, True]
    assert sets.censoring.sum() == 1


def test_many_times_are_gathered_into_periods_that_end_at_the_horizon():
    rng = np.random.default_rng(1)
    time = rng.exponential(size=500)
    survival = Survival(time, rng.uniform(size=500) < 0.6, 1.2, "risk")
    periods = Periods.of(survival)
    assert len(periods.ends) == 30
    assert periods.ends[-1] == 1.2
    assert not periods.tied.any()
    last = periods.last_of(survival)
    assert (periods.ends[last] >= np.minimum(time, 1.2)).all()
    leaving = np.bincount(last[time < 1.2], minlength=30)
    assert leaving.min() >= leaving.max() - 2


def kaplan_meier(survival: Survival, summary: str) -> float:
    """The risk by the horizon, or the area under the curve up to it, from statsmodels."""
    found = SurvfuncRight(survival.time, survival.event.astype(int))
    within = found.surv_times <= survival.horizon
    curve = np.append(1.0, found.surv_prob[within])
    if summary == "risk":
        return float(1 - curve[-1])
    edges = np.concatenate([[0.0], found.surv_times[within], [survival.horizon]])
    return float(curve @ np.diff(edges))


def by_periods(survival: Survival, periods: Periods) -> float:
    """The mean of Y* with the hazards of all rows together."""
    sets = at_risk(survival, periods)
    ones = np.ones((len(survival.time), 1))
    event = sets.event.sum(axis=0) / sets.of_event.sum(axis=0)
    censored = sets.censoring.sum(axis=0) / sets.of_censoring.sum(axis=0)
    remaining = remaining_mean(survival, periods, ones * event)
    return made_whole(survival, periods, staying(ones * censored, 0.0), remaining).mean()


@pytest.mark.parametrize("summary", SUMMARIES)
@pytest.mark.parametrize(("event", "censoring"), [(0.8, 0.6), (2.0, 2.0), (0.1, 3.0)])
def test_thirty_periods_of_continuous_times_give_kaplan_meier_nearly(summary, event, censoring):
    rng = np.random.default_rng(5)
    t, c = rng.exponential(1 / event, 50_000), rng.exponential(1 / censoring, 50_000)
    survival = Survival(np.minimum(t, c), t <= c, 1.0, summary)
    periods = Periods.of(survival)
    expected = kaplan_meier(survival, summary)
    assert by_periods(survival, periods) == approx(expected, abs=1e-3)
    # it can fail: with all events of a period before all censorings the risk is too low
    first = Periods(periods.ends, periods.middle, np.full(30, True))
    assert summary != "risk" or by_periods(survival, first) < expected - 3e-3


@pytest.mark.parametrize("summary", SUMMARIES)
def test_in_a_gathered_period_the_rest_is_judged_from_its_middle(summary):
    """Censoring left out of account (its hazard 0): the event's hazard alone must serve."""
    rng = np.random.default_rng(7)
    t, c = rng.exponential(1, 50_000), rng.exponential(1 / 2, 50_000)
    survival = Survival(np.minimum(t, c), t <= c, 1.0, summary)
    periods = Periods.of(survival, 10)
    sets = at_risk(survival, periods)
    event = sets.event.sum(axis=0) / sets.of_event.sum(axis=0)
    nobody = np.ones((len(t), len(event)))
    whole = made_whole(survival, periods, nobody, remaining_mean(survival, periods, nobody * event))
    assert whole.mean() == approx(kaplan_meier(survival, summary), abs=4e-3)


def test_a_row_has_no_part_in_its_own_hazards(law, monkeypatch):
    """Of a row whose event is taken for a censoring, only the row's own hazards stay."""
    seen = law.sample(300, seed=5)
    used = []
    for d in (seen["d"], seen["d"].where(seen.index != 7, 1 - seen["d"])):
        build = build_design(seen.assign(d=d), "a", "x", covariates="w", event="d", horizon=3)
        monkeypatch.setattr(
            hazards, "made_whole", lambda *given: used.append(given[2:]) or given[2]
        )
        scheme = Scheme(np.arange(300) % 5, entropy=1)
        hazards.make_up_for_censoring(build, resolve("glm"), scheme=scheme, floor=0.0)
    for before, after in zip(*used, strict=True):
        np.testing.assert_array_equal(before[7], after[7])
        assert (before[8] != after[8]).any()


@pytest.mark.parametrize("summary", SUMMARIES)
def test_discrete_times_give_kaplan_meier_exactly(law, summary):
    seen = law.sample(500, seed=1)
    survival = Survival(seen["x"].to_numpy(float), seen["d"].to_numpy() == 1, 3.5, summary)
    expected = kaplan_meier(survival, summary)
    assert by_periods(survival, Periods.of(survival)) == approx(expected, abs=1e-12)

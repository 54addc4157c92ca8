"""Times to an event, some censored, as the outcome of every effect."""

from __future__ import annotations

import json
import pickle

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import pytest
from pytest import approx
from scipy.stats import binom
from sklearn.linear_model import LogisticRegression
from statsmodels.duration.survfunc import SurvfuncRight

import causalif as cif
from causalif.cli import main
from causalif.errors import DataError, PositivityWarning
from tests.refusals import NEVER
from tests.truth.learners import CellMeans, CellShares, Constant
from tests.truth.survival import Follow, SeenLaw, SurvivalLaw

SATURATED = {"outcome": CellMeans(), "exposure": CellShares(), "missing": CellShares()}
EXACT = {"learners": SATURATED, "folds": 1, "truncate": 0, "seed": 1}
SUMMARIES = ["risk", "restricted_mean"]
FLAT = LogisticRegression(C=1e-9)  # one hazard for all


@pytest.fixture(scope="module")
def law() -> SurvivalLaw:
    return SurvivalLaw.random(seed=3)


@pytest.fixture(scope="module")
def sample(law) -> pd.DataFrame:
    return law.sample(600, seed=2)


def rows_of(law: SurvivalLaw, times: int = 8) -> pd.DataFrame:
    """The law as weighted rows, each cell several, so that the weights leave many rows."""
    return pd.concat([law.seen()] * times, ignore_index=True)


def timed(horizon: float, summary: str = "risk", **options: object) -> dict[str, object]:
    return {**EXACT, "event": "d", "horizon": horizon, "event_summary": summary, **options}


def total(data: pd.DataFrame, horizon: float = 3, **options: object) -> cif.Estimate:
    return cif.average_effect(data, "a", "x", "w", **timed(horizon, **options))


# -- exact: the law itself as weighted rows --------------------------------------------------


@pytest.mark.parametrize("summary", SUMMARIES)
@pytest.mark.parametrize("horizon", [2, 3, 3.5])
@pytest.mark.parametrize("method", ["onestep", "tmle", "plugin", "ipw"])
def test_natural_effects_are_those_of_the_law_of_the_event_times(law, horizon, summary, method):
    """Censoring depends on exposure, mediator and covariate; an analysis sees min(t, c)."""
    truth = law.uncensored(horizon, summary)
    one, zero, cross = (truth.mean(world) for world in ((1, 1), (0, 0), (0, 1)))
    found = cif.mediate(
        rows_of(law), "a", "x", "m1", "w", weights="p", method=method, **timed(horizon, summary)
    ).values
    tolerance = 1e-8 if method != "ipw" else 1e-7  # weights are kept to 32 bits
    assert found["TE"] == approx(one - zero, abs=tolerance)
    assert found["NDE"] == approx(cross - zero, abs=tolerance)
    assert found["NIE"] == approx(one - cross, abs=tolerance)


@pytest.mark.parametrize("summary", SUMMARIES)
def test_the_total_effect_needs_no_mediator_if_censoring_needs_none(law, summary):
    """Censoring independent of the mediator: the law of (w, a, t) is enough."""
    plain = SurvivalLaw(law.cells, independent_of_mediator(law))
    truth = plain.uncensored(3, summary)
    found = total(rows_of(plain), summary=summary, weights="p").values["TE"]
    assert found == approx(truth.mean((1, 1)) - truth.mean((0, 0)), abs=1e-8)


def independent_of_mediator(law: SurvivalLaw) -> np.ndarray:
    """p(w, a, m, t) of the law with p(c | w, a) of it."""
    cells = law.cells
    given, whole = [cells["w"], cells["a"]], [cells[k] for k in ("w", "a", "m1", "t")]
    p = pd.Series(law.p)
    of_c = p.groupby([*given, cells["c"]]).transform("sum") / p.groupby(given).transform("sum")
    return (p.groupby(whole).transform("sum") * of_c).to_numpy()


@pytest.mark.parametrize(
    ("learners", "right"),
    [
        ({**SATURATED, "missing": FLAT}, True),
        ({**SATURATED, "outcome": Constant(0.3)}, True),
        ({**SATURATED, "missing": FLAT, "outcome": Constant(0.3)}, False),
    ],
    ids=["wrong censoring", "wrong event", "both wrong"],
)
def test_one_wrong_hazard_does_no_harm_and_two_do(law, learners, right):
    plain = SurvivalLaw(law.cells, independent_of_mediator(law))
    truth = plain.uncensored(3, "risk")
    found = total(rows_of(plain), weights="p", learners=learners).values["TE"]
    error = abs(found - (truth.mean((1, 1)) - truth.mean((0, 0))))
    assert error < 1e-8 if right else error > 0.01


@pytest.mark.parametrize("summary", SUMMARIES)
@pytest.mark.parametrize("world", [(1, 1), (0, 1), (0, 0)])
def test_influence_is_the_derivative_along_laws_of_what_is_seen(law, summary, world):
    seen = law.seen()
    rows, options = rows_of(law), {"weights": "p", **timed(3, summary)}
    found = cif.mediate(rows, "a", "x", "m1", "w", **options).means
    name = {(1, 1): "E[{}(1)]", (0, 0): "E[{}(0)]", (0, 1): "E[{}(1, m1(0))]"}[world]
    outcome = "d by 3" if summary == "risk" else "x up to 3"
    influence = found.influence[name.format(outcome)].to_numpy()[: len(seen)]
    what = SeenLaw.of(seen)
    for seed in range(3):
        direction = np.random.default_rng(seed).uniform(-1, 1, len(seen))
        expected = what.derivative(world, 3, summary, direction)
        assert what.p @ (influence * direction) == approx(expected, abs=1e-6)


# -- without censoring, and beside Kaplan-Meier ----------------------------------------------


@pytest.mark.parametrize("summary", SUMMARIES)
def test_without_censoring_it_is_the_effect_on_the_outcome_itself(law, summary):
    """Nobody is censored before 3: the follow-up ends at 3 for those without the event."""
    data = law.sample(400, seed=4).assign(x=lambda d: d["x"].where(d["d"] == 1, 4))
    later = data.assign(d=data["d"].where(data["x"] <= 3, 0))
    plain = (later["x"] <= 3) * 1 if summary == "risk" else np.minimum(later["x"], 3)
    options = {"seed": 3, "learners": "glm"}
    timed_options = {"event": "d", "horizon": 3, "event_summary": summary}
    found = cif.mediate(later, "a", "x", "m1", "w", **timed_options, **options)
    same = cif.mediate(later.assign(x=plain), "a", "x", "m1", "w", **options)
    np.testing.assert_array_equal(found.values, same.values)
    np.testing.assert_array_equal(found.influence, same.influence)
    assert found.design.outcome.kind == same.design.outcome.kind
    assert "rubin2007doubly" not in found.bibtex()


@pytest.mark.parametrize("method", ["onestep", "tmle"])
def test_without_covariates_the_risk_of_an_arm_is_one_minus_kaplan_meier(sample, method):
    found = cif.average_effect(sample, "a", "x", method=method, **timed(3)).means.values
    for arm in (0, 1):
        rows = sample[sample["a"] == arm]
        curve = SurvfuncRight(rows["x"], rows["d"])
        survival = curve.surv_prob[curve.surv_times == 3]
        assert found[f"E[d by 3({arm})]"] == approx(1 - survival.item(), abs=1e-12)


def test_with_glm_and_folds_it_is_near_kaplan_meier(sample):
    options = timed(3, learners="glm", folds=5)
    found = cif.average_effect(sample, "a", "x", **options).means
    rows = sample[sample["a"] == 1]
    curve = SurvfuncRight(rows["x"], rows["d"])
    place = curve.surv_times == 3
    assert found.values["E[d by 3(1)]"] == approx(1 - curve.surv_prob[place].item(), abs=0.01)
    assert found.std_error["E[d by 3(1)]"] == approx(curve.surv_prob_se[place].item(), rel=0.1)


# -- intervals, and what the two naive analyses do -------------------------------------------


def covered(estimates: list[cif.Estimate], truth: dict[str, float], term: str) -> int:
    return sum(abs(e.values[term] - truth[term]) <= 1.96 * e.std_error[term] for e in estimates)


def follow(n: int, seed: int, **options: object) -> cif.Estimate:
    roles = ("a", "time", "m", "w")
    options = {"learners": "glm", "folds": 2, "seed": seed, **options}
    return cif.mediate(Follow().draw(n, seed), *roles, event="died", horizon=1.0, **options)


def test_intervals_cover_and_naive_analyses_miss():
    """40 samples of 500: fewer hits than this happen once in 10,000 at 93% coverage."""
    truth = Follow().truth()
    found = [follow(500, seed) for seed in range(40)]
    for term in ("TE", "NDE", "NIE"):
        assert covered(found, truth, term) >= binom.ppf(1e-4, 40, 0.93), term
    many = Follow().draw(10_000, 1)
    known = (many["died"] == 1) | (many["time"] >= 1)
    y = ((many["died"] == 1) & (many["time"] <= 1)) * 1
    for naive in (many.assign(y=y)[known], many.assign(y=y)):
        wrong = cif.average_effect(naive, "a", "y", ["w"], learners="glm", folds=2, seed=1)
        assert abs(wrong.values["TE"] - truth["TE"]) > 4 * wrong.std_error["TE"]
    right = follow(10_000, 1)
    assert abs(right.values["TE"] - truth["TE"]) < 3 * right.std_error["TE"]


@pytest.mark.slow
@pytest.mark.parametrize("summary", SUMMARIES)
def test_intervals_of_the_default_learners_cover(summary):
    truth = Follow().truth(summary)
    options = {"learners": "auto", "repeats": 1, "event_summary": summary}
    found = [follow(400, seed, **options) for seed in range(40)]
    for term in ("TE", "NDE", "NIE"):
        assert covered(found, truth, term) >= binom.ppf(1e-4, 40, 0.93), term


# -- what every effect promises --------------------------------------------------------------


def test_other_effects_take_it_too(law):
    """The controlled direct effect at m = 1, by sums over the law of the event times."""
    truth = law.uncensored(3, "risk")
    shares = [truth.probability({"w": w}) for w in (0, 1, 2)]

    def held(a: int) -> float:
        return sum(p * truth.outcome_mean({"w": w, "a": a, "m1": 1}) for w, p in enumerate(shares))

    found = cif.controlled_direct_effect(
        rows_of(law), "a", "x", "m1", "w", at={"m1": 1}, weights="p", **timed(3)
    )
    assert found.values.iloc[0] == approx(held(1) - held(0), abs=1e-8)
    paths = cif.path_specific_effects(rows_of(law), "a", "x", ["m1"], "w", weights="p", **timed(3))
    assert paths.values["TE"] == approx(truth.mean((1, 1)) - truth.mean((0, 0)), abs=1e-8)


def test_scales(law):
    truth = law.uncensored(3, "risk")
    one, zero = truth.mean((1, 1)), truth.mean((0, 0))
    data, options = rows_of(law), {"weights": "p", **timed(3)}
    ratio, odds = (
        cif.mediate(data, "a", "x", "m1", "w", scale=scale, **options).values["TE"]
        for scale in ("ratio", "odds_ratio")
    )
    assert ratio == approx(np.log(one / zero), abs=1e-8)
    assert odds == approx(np.log(one / (1 - one) * (1 - zero) / zero), abs=1e-8)


def test_the_formula_names_the_times(sample):
    by_name = total(sample, learners="glm", folds=3)
    by_formula = cif.average_effect("x ~ a | w", sample, **timed(3, learners="glm", folds=3))
    np.testing.assert_array_equal(by_name.influence, by_formula.influence)


@pytest.mark.parametrize(
    "code",
    [
        lambda d: d == 1,
        lambda d: d.map({0: "alive", 1: "dead"}),
        lambda d: d + 1,
        lambda d: pd.Categorical(d.map({0: "zero", 1: "one"}), ["zero", "one"]),
    ],
    ids=["bool", "text", "1 and 2", "category"],
)
def test_two_values_of_any_kind_are_an_event(sample, code):
    found = total(sample.assign(d=code(sample["d"])), learners="glm")
    np.testing.assert_array_equal(found.values, total(sample, learners="glm").values)


def test_same_numbers_again(sample):
    before = sample.copy(deep=True)
    options = {"learners": "glm", "folds": 3, "repeats": 2}
    one, two = (total(sample, n_jobs=jobs, **options) for jobs in (1, 2))
    np.testing.assert_array_equal(one.influence, two.influence)
    heavy = total(sample.assign(p=1000.0), weights="p", **options)
    np.testing.assert_allclose(heavy.values, one.values, rtol=1e-12)
    kept = pickle.loads(pickle.dumps(one))
    np.testing.assert_array_equal(kept.refit(np.arange(len(sample))).influence, one.influence)
    fewer = kept.refit(np.arange(len(sample)) != 3)
    assert fewer.n == len(sample) - 1
    assert fewer.values["TE"] == approx(one.values["TE"], abs=0.02)
    pd.testing.assert_frame_equal(sample, before)


def test_weights_are_repeated_rows(sample):
    times = np.random.default_rng(0).integers(1, 4, len(sample))
    weighted = total(sample.assign(times=times), weights="times")
    repeated = total(sample.loc[sample.index.repeat(times)])
    np.testing.assert_allclose(weighted.values, repeated.values, atol=1e-9)


def test_what_was_done_is_told(sample):
    found = total(sample, learners="glm", folds=3)
    lost = int(((sample["d"] == 0) & (sample["x"] < 3)).sum())
    happened = int(((sample["d"] == 1) & (sample["x"] <= 3)).sum())
    text = found.summary()
    assert (
        f"the risk of d by 3 of x; {happened} of 600 rows have had the event by then, and {lost} "
        "are censored before" in text
    )
    assert "Least probability of not being censored before: 0." in text
    assert "being censored says nothing of when the event would have come" in text
    assert "total effect of a on d by 3" in text
    assert "rubin2007doubly" in found.bibtex()
    fitted = set(found.diagnostics.losses["nuisance"])
    assert "P(censored | at risk, a, w)" in fitted
    assert "P(event | at risk, a, w)" in fitted
    mean = total(sample, summary="restricted_mean", learners="glm", folds=3)
    assert "the mean x to d, counted up to 3 (restricted mean)" in mean.summary()


def test_the_command_line_gives_the_same_numbers(sample, tmp_path, capsys):
    sample.to_csv(tmp_path / "data.csv", index=False)
    arguments = ["--exposure", "a", "--outcome", "x", "--mediators", "m1", "--covariates", "w"]
    arguments += ["--event", "d", "--horizon", "3", "--event-summary", "restricted_mean"]
    arguments += ["--learners", "glm", "--seed", "2", "--json"]
    assert main(["mediate", str(tmp_path / "data.csv"), *arguments]) == 0
    found = pd.DataFrame(json.loads(capsys.readouterr().out))
    options = timed(3, "restricted_mean", learners="glm", folds=5, truncate=None, seed=2)
    expected = cif.mediate(sample, "a", "x", "m1", "w", **options).tidy()
    np.testing.assert_allclose(found["estimate"], expected["estimate"], rtol=1e-9)
    np.testing.assert_allclose(found["std_error"], expected["std_error"], rtol=1e-9)


def test_plots_and_report_name_the_outcome(sample, tmp_path):
    found = total(sample, learners="glm", folds=3)
    assert found.plot().get_xlabel() == "Effect on d by 3"
    found.plot("learners")
    page = found.report(tmp_path / "report.html").read_text(encoding="utf-8")
    assert "are censored before" in page
    plt.close("all")


def test_few_who_are_followed_are_a_warning():
    rng = np.random.default_rng(3)
    t, c = rng.exponential(2, 900), rng.exponential(0.25, 900)
    data = pd.DataFrame({"a": rng.integers(0, 2, 900), "x": np.minimum(t, c), "d": (t <= c) * 1})
    with pytest.warns(PositivityWarning, match=r"of 900 rows .* not being censored below 0\.1"):
        floored = cif.average_effect(
            data, "a", "x", event="d", horizon=0.9, truncate=0.1, learners="glm", seed=1
        )
    assert floored.design.outcome.values.max() <= 10  # no weight is larger than 1 / floor


# -- what cannot be used ---------------------------------------------------------------------


@pytest.mark.parametrize(
    ("options", "says"),
    [
        ({"event": "d"}, "event= is given without a horizon"),
        ({"horizon": 3}, "horizon= is given without an event"),
        ({"event_summary": "restricted_mean"}, "event_summary= is given without an event"),
        ({"event": "d", "horizon": 0}, "horizon=0 is not a positive number"),
        ({"event": "d", "horizon": "soon"}, "horizon='soon' is not a positive number"),
        ({"event": "d", "horizon": float("nan")}, "horizon=nan is not a positive number"),
        ({"event": "d", "horizon": True}, "horizon=True is not a positive number"),
        ({"event": "dd", "horizon": 3}, "no column 'dd' in data. Did you mean 'd'?"),
        ({"event": ["d", "w"], "horizon": 3}, "event must be one column name, not 2"),
        ({"event": "w", "horizon": 3}, "column 'w' is both a covariate and the event"),
        ({"event": "x", "horizon": 3}, "column 'x' is both the outcome and the event"),
        ({"event": "d", "horizon": 9}, "horizon=9 lies beyond the follow-up: the last x is 4"),
        ({"event": "d", "horizon": 0.5}, "no row has event 'd' by horizon=0.5; the first has x 1"),
        (
            {"event": "d", "horizon": 3, "event_summary": "hazard"},
            "event_summary='hazard' is not one of 'risk', 'restricted_mean'",
        ),
        (
            {
                "event": "d",
                "horizon": 3,
                "event_summary": "restricted_mean",
                "scale": "odds_ratio",
            },
            "scale='odds_ratio' needs a probability, and a restricted mean is a time",
        ),
    ],
)
def test_refused_options(sample, options, says):
    refuse(sample, says, **options)


def refuse(data: pd.DataFrame, says: str, **options: object) -> str:
    before = data.copy(deep=True)
    with pytest.raises(DataError) as caught:
        cif.average_effect(data, "a", "x", "w", learners=NEVER, seed=1, **options)
    pd.testing.assert_frame_equal(data, before)
    assert says in str(caught.value)
    return str(caught.value)


@pytest.mark.parametrize(
    ("change", "says"),
    [
        (
            {"x": lambda d: d["x"].where(d.index > 1)},
            "holds times, and is missing in 2 of 600 rows",
        ),
        ({"x": lambda d: d["x"] - 2.5}, "holds times, and is negative in"),
        ({"x": lambda d: "t" + d["x"].astype(str)}, "has levels such as 't1', and with event= it"),
        ({"d": lambda d: d["d"].where(d.index > 2)}, "event 'd' is missing in 3 of 600 rows"),
        ({"d": 1}, "event 'd' is constant (1 in all 600 rows). Nobody is censored"),
        ({"d": 0}, "event 'd' is constant (0 in all 600 rows). Without an event"),
        ({"d": lambda d: d["d"] + (d.index < 9)}, "event 'd' has 3 values (0, 1, 2); it must"),
        ({"d": pd.Timestamp("2020-01-01")}, "event 'd' holds values of type datetime64"),
    ],
)
def test_refused_columns(sample, change, says):
    refuse(sample.assign(**change), says, event="d", horizon=3)


def test_a_horizon_past_the_follow_up_of_one_level_is_answered_with_one_that_serves(sample):
    short = sample.assign(
        d=np.where((sample["a"] == 1) & (sample["x"] > 2), 0, sample["d"]),
        x=np.where(sample["a"] == 1, np.minimum(sample["x"], 2), sample["x"]),
    )
    text = refuse(
        short, "lies beyond the follow-up at a = 1: the last x is 2", event="d", horizon=3
    )
    assert "At 2 a tenth of the" in text
    cif.average_effect(short, "a", "x", "w", event="d", horizon=2, learners="glm", seed=1)


def test_the_event_may_be_named_in_a_list_of_one(sample):
    named = total(sample, learners="glm", folds=3, event=["d"])
    np.testing.assert_array_equal(named.influence, total(sample, learners="glm", folds=3).influence)
    with pytest.raises(DataError, match="'a' is both the exposure and the event"):
        total(sample, event=("a",))
    with pytest.raises(DataError, match="event must be one column name, not 2"):
        total(sample, event=["d", "w"])


def test_a_formula_term_is_no_column_of_times(sample):
    with pytest.raises(DataError, match="with event= it must be the column of times"):
        cif.average_effect("log(x) ~ a | w", sample, event="d", horizon=3)


def test_a_learner_of_the_outcome_must_do_both_regressions(sample):
    learners = {"outcome": LogisticRegression()}
    with pytest.raises(DataError, match="is a classifier, and the outcome is continuous"):
        total(sample, learners=learners, folds=3)

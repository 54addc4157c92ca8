"""Intermediates: what the criterion accepts is true under interventions, on enumerated laws."""

from __future__ import annotations

from collections import Counter

import networkx as nx
import numpy as np
import pytest

from causalif.errors import NotIdentified
from causalif.graph.criteria import conditions
from causalif.graph.dag import Question
from causalif.graph.optimal import optimal_set
from causalif.graph.search import connected
from causalif.graph.sequential import (
    SEQUENTIAL,
    intermediates_for,
    sequential_conditions,
    sequential_set,
    serves,
)
from tests.truth.graph_laws import Diagram, Laws
from tests.truth.sequences import (
    Setting,
    controlled,
    controlled_truth,
    interventional,
    interventional_truth,
)

GRAPHS, EQUAL = 400, 1e-9


def question_of(setting: Setting, estimand: str, between=()) -> Question:
    dag = nx.DiGraph()
    dag.add_nodes_from(range(setting.diagram.nodes))
    dag.add_edges_from(setting.diagram.arrows)
    a, m, y = (setting.a,), setting.mediators, (setting.y,)
    return Question(dag, a, y, m, setting.observed, estimand, intermediates=tuple(sorted(between)))


def accepts(question, covariates) -> bool:
    return all(condition.holds for condition in conditions(question, covariates))


def is_true(laws, setting, estimand, covariates, between) -> bool:
    """Whether the functional is the quantity under interventions, in every law."""
    if estimand == "sequential":
        truth = controlled_truth(laws, setting)
        gap = controlled(laws.joint(), setting, covariates, between) - truth
    else:
        truth = interventional_truth(laws, setting, covariates)
        gap = interventional(laws.joint(), setting, covariates, between) - truth
    return bool(np.abs(gap).max() < EQUAL)


def cases(seed: int, graphs: int = GRAPHS, nodes: int = 6):
    rng = np.random.default_rng(seed)
    for _ in range(graphs):
        setting = Setting.random(rng, nodes)
        yield setting, Laws.random(rng, setting.diagram, 3)


def tally(estimand, seed, graphs=GRAPHS, nodes=6, criterion=accepts) -> Counter[str]:
    """How often the criterion is right and wrong over all covariates and intermediates."""
    counts: Counter[str] = Counter()
    for setting, laws in cases(seed, graphs, nodes):
        for covariates, between in setting.choices():
            accepted = criterion(question_of(setting, estimand, between), covariates)
            valid = is_true(laws, setting, estimand, covariates, between)
            counts[f"{'accepted' if accepted else 'refused'}, {'' if valid else 'not '}valid"] += 1
    return counts


# -- the criterion -----------------------------------------------------------------------------


@pytest.mark.parametrize("estimand", SEQUENTIAL)
def test_what_is_accepted_is_true_under_interventions(estimand):
    found = tally(estimand, seed=11)
    assert found["accepted, not valid"] == 0
    assert found["accepted, valid"] > 1000
    assert found["refused, not valid"] > 1500


@pytest.mark.slow
@pytest.mark.parametrize("estimand", SEQUENTIAL)
@pytest.mark.parametrize(("nodes", "graphs"), [(5, 3000), (6, 3000), (7, 600)])
def test_what_is_accepted_is_true_in_thousands_of_graphs(estimand, nodes, graphs):
    found = tally(estimand, seed=30_000 + nodes, graphs=graphs, nodes=nodes)
    assert found["accepted, not valid"] == 0
    assert found["accepted, valid"] > 1000


@pytest.mark.parametrize("estimand", SEQUENTIAL)
@pytest.mark.parametrize("left_out", range(1, 5))
def test_each_condition_is_needed(estimand, left_out):
    """The tests above can fail: without any one condition something false is accepted."""

    def weaker(question, covariates):
        given = list(sequential_conditions(question, covariates))
        return all(condition.holds for k, condition in enumerate(given) if k != left_out)

    found = tally(estimand, seed=12, graphs=200, criterion=weaker)
    assert found["accepted, not valid"] > 0


def test_an_exposure_that_the_mediator_changes_must_be_refused():
    """The first condition: l -> {y m}, m -> a meets all the others, and l follows a no more."""
    setting = Setting(Diagram(4, ((), (0,), (0,), (2,))), 3, (2,), 1, frozenset(range(4)))
    question = question_of(setting, "sequential", {0})
    holds = [condition.holds for condition in sequential_conditions(question, ())]
    assert holds == [False, True, True, True, True]
    laws = Laws.random(np.random.default_rng(1), setting.diagram, 3)
    assert not is_true(laws, setting, "sequential", frozenset(), frozenset({0}))


def test_the_controlled_effect_alone_is_too_weak_a_criterion_for_drawn_mediators():
    """Exposure and mediators must be unconfounded: the draw is from a law under intervention."""

    def weaker(question, covariates):
        asked = Question(**{**vars(question), "estimand": "sequential"})
        return accepts(asked, covariates)

    assert tally("interventional", seed=12, criterion=weaker)["accepted, not valid"] > 10


def test_what_is_refused_and_true_all_the_same():
    """Inspected kinds: harmless descendants, and for draws a mediator that carries no effect."""
    kinds: Counter[tuple[str, str]] = Counter()
    for setting, laws in cases(13):
        for estimand in SEQUENTIAL:
            for covariates, between in setting.choices():
                question = question_of(setting, estimand, between)
                if accepts(question, covariates):
                    continue
                if is_true(laws, setting, estimand, covariates, between):
                    kinds[estimand, kind(setting, question, covariates)] += 1
    assert {what for _, what in kinds} == {"descendant", "no effect"}
    assert kinds["sequential", "no effect"] == 0


def kind(setting, question, covariates) -> str:
    """Why something true is refused: what is changed, or a mediator that carries no effect."""
    checked = list(sequential_conditions(question, covariates))
    if any(not condition.holds for condition in checked[:3]):
        return "descendant"
    diagram, a, mediators = setting.diagram, setting.a, setting.mediators
    through = [m for m in mediators if m in diagram.descendants(a)]
    through = [m for m in through if setting.y in diagram.descendants(m, {a, *mediators} - {m})]
    return "no effect" if len(through) < len(mediators) else "other"


@pytest.mark.parametrize(
    ("estimand", "plain"), [("interventional", "natural"), ("sequential", "cde")]
)
def test_without_intermediates_it_is_the_criterion_of_natural_and_controlled_effects(
    estimand, plain
):
    """For covariates that neither exposure nor mediators change; those are never needed."""
    same = Counter()
    for setting, _ in cases(14):
        after = set().union(*(setting.diagram.descendants(v) for v in setting.mediators))
        if setting.a in after or setting.y in setting.diagram.ancestors(setting.a):
            continue
        after |= setting.diagram.descendants(setting.a)
        for covariates, between in setting.choices():
            if between or covariates & after:
                continue
            one = accepts(question_of(setting, estimand), covariates)
            assert one == accepts(question_of(setting, plain), covariates), (setting, covariates)
            same[one] += 1
    assert min(same[True], same[False]) > 200


# -- the choice ----------------------------------------------------------------------------------


@pytest.mark.parametrize("estimand", SEQUENTIAL)
def test_covariates_are_found_if_any_serve(estimand):
    found = Counter()
    for setting, _ in cases(15):
        served: dict[frozenset[int], bool] = {}
        for covariates, between in setting.choices():
            asked = question_of(setting, estimand, between)
            served[between] = served.get(between, False) or accepts(asked, covariates)
        for between, serve in served.items():
            question = question_of(setting, estimand, between)
            chosen = sequential_set(question)
            assert (chosen is not None) == serve, (setting, between)
            assert chosen is None or accepts(question, chosen)
            found[serve] += 1
    assert min(found.values()) > 300


@pytest.mark.parametrize("estimand", SEQUENTIAL)
def test_nothing_can_be_left_out_but_what_tells_of_the_outcome(estimand):
    for setting, _ in cases(16):
        question = question_of(setting, estimand)
        for node in sequential_set(question) or ():
            rest = sequential_set(question) - {node}
            given = {*rest, setting.a, *setting.mediators}
            assert (
                connected(question.dag, [node], [setting.y], given)
                or not serves(question, rest)
            )  # fmt: skip


def asked(text_arrows, estimand, *, between=("l",), latent=()) -> Question:
    dag = nx.DiGraph([tuple(arrow.split(">")) for arrow in text_arrows.split()])
    observed = frozenset(dag) - set(latent)
    return Question(dag, ("a",), ("y",), ("m",), observed, estimand, intermediates=between)


CORE = "a>l a>m a>y l>m l>y m>y"


@pytest.mark.parametrize("estimand", SEQUENTIAL)
@pytest.mark.parametrize(
    ("more", "chosen"),
    [
        ("", set()),
        ("w>a w>y", {"w"}),
        ("x>y", {"x"}),  # not needed, and it tells of the outcome
        ("z>a", set()),
        ("z>a z>v v>y", {"v"}),  # of a chain, what stands next to the outcome
        ("v>m v>y", {"v"}),
        ("v>l v>m", set()),  # blocked by the intermediate
        ("v>l v>m v>a v>y", {"v"}),
    ],
)
def test_the_covariates_chosen(estimand, more, chosen):
    assert optimal_set(asked(f"{CORE} {more}", estimand)) == chosen


def test_a_common_cause_of_exposure_and_mediator_is_for_the_draw_alone():
    arrows = f"{CORE} v>a v>m"
    assert optimal_set(asked(arrows, "interventional")) == {"v"}
    assert optimal_set(asked(arrows, "sequential")) == set()
    assert optimal_set(asked(arrows, "sequential", latent="v")) == set()
    with pytest.raises(NotIdentified, match=r"a <- v -> m stays open and v is latent\. Measure v"):
        optimal_set(asked(arrows, "interventional", latent="v"))


@pytest.mark.parametrize("estimand", SEQUENTIAL)
@pytest.mark.parametrize(
    ("more", "between", "latent", "message"),
    [
        ("u>m u>y", ("l",), "u", r"the intermediate l: m <- u -> y stays open .* Measure u"),
        ("u>a u>y", ("l",), "u", r"a <- u -> y stays open and u is latent\. Measure u"),
        ("", (), (), r"m <- l -> y stays open\. l .* drives both .*intermediates=\['l'\]"),
        ("m>k k>y", ("k",), (), r"intermediate k: k is changed along m -> k\. .*\['l'\]"),
        ("a>k k>m k>y", ("l",), (), r"m <- k -> y .* l and k are .*intermediates=\['l', 'k'\]"),
        ("l>k u>l u>k k>y", ("k",), "u", r"m <- l -> y .*intermediates=\['l'\]"),
    ],
)
def test_a_refusal_names_the_path_and_what_would_serve(estimand, more, between, latent, message):
    with pytest.raises(NotIdentified, match=message):
        optimal_set(asked(f"{CORE} {more}", estimand, between=between, latent=latent))


def test_an_exposure_after_the_mediator_is_refused():
    with pytest.raises(NotIdentified, match="a is changed along m -> a"):
        optimal_set(asked("m>a a>l a>y l>y m>y", "sequential"))


# -- which intermediates -------------------------------------------------------------------------


@pytest.mark.parametrize("estimand", ["natural", "cde"])
def test_intermediates_are_named_if_any_serve(estimand):
    """Among those that the exposure changes and the mediators do not; and none to spare."""
    found = Counter()
    for setting, _ in cases(17, graphs=250):
        after = setting.diagram.descendants(setting.a)
        later = set().union(*(setting.diagram.descendants(m) for m in setting.mediators))
        if setting.a in later:
            continue
        question = question_of(setting, estimand)
        named = intermediates_for(question)
        with_them = SEQUENTIAL[("natural", "cde").index(estimand)]
        good = {
            between
            for covariates, between in setting.choices()
            if between <= after - later
            and accepts(question_of(setting, with_them, between), covariates)
        }
        found[bool(named)] += 1
        if named is None:
            assert not good, setting
            continue
        assert frozenset(named) in good
        assert not any(between < frozenset(named) for between in good)
    assert found[True] > 10


@pytest.mark.parametrize(
    ("estimand", "more", "latent", "message"),
    [
        ("natural", "", (), r"drives both mediators and outcome: ask for .*or take it among"),
        ("natural", "a>k k>m k>y", (), r"l and k are changed by a .* or take them among"),
        ("natural", "u>l u>y", "u", r"intermediates=\['l'\], or for a controlled [a-z ]+ same\.$"),
        ("cde", "", (), r"controlled_direct_effect\(\.\., intermediates=\['l'\]\)"),
        ("cde", "u>m u>l", "u", r"name it, controlled_direct_effect"),
        ("natural", "u>m u>y", "u", r"alike, .* not help: m <- u -> y stays open .* Measure u"),
        ("cde", "u>m u>y", "u", r"alike, .* not help: m <- u -> y stays open .* Measure u"),
    ],
)
def test_natural_and_controlled_effects_say_what_to_name(estimand, more, latent, message):
    with pytest.raises(NotIdentified, match=message):
        optimal_set(asked(f"{CORE} {more}", estimand, between=(), latent=latent))


def test_what_only_lies_between_is_called_so():
    question = asked("a>l a>m l>y m>y u>l u>m", "natural", between=(), latent="u")
    with pytest.raises(NotIdentified, match="l is changed by a and lies between mediators and"):
        optimal_set(question)

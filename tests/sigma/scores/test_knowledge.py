"""Background knowledge: what each node must and may have as parents."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest
from pytest import approx

from causalif.errors import DataError, Problems
from causalif.sigma.scores.knowledge import Knowledge, read_knowledge
from causalif.sigma.scores.nodes import Nodes, score_parent_sets
from causalif.sigma.scores.tables import ScoreTable

NAMES = ["age", "smoking", "bmi", "pressure"]


def read(**given) -> Knowledge:
    problems = Problems()
    found = read_knowledge(NAMES, problems=problems, **given)
    problems.raise_if_any()
    return found


def allowed(known: Knowledge) -> set[str]:
    """The arrows that may be, as text."""
    return {
        f"{parent} -> {child}"
        for j, child in enumerate(NAMES)
        for i, parent in enumerate(NAMES)
        if (known.allowed[j] >> i) & 1
    }


def everything() -> set[str]:
    return {f"{i} -> {j}" for i in NAMES for j in NAMES if i != j}


def test_nothing_known_allows_everything_else():
    known = read()
    assert allowed(known) == everything()
    assert known.required.tolist() == [0, 0, 0, 0]
    assert known.max_parents == 3
    assert [len(masks) for masks in known.parent_sets()] == [8, 8, 8, 8]


@pytest.mark.parametrize(
    "tiers",
    [
        [["age"], ["smoking", "bmi"], ["pressure"]],
        ["age", ["smoking", "bmi"], "pressure"],
        {"age": 0, "smoking": 1, "bmi": 1, "pressure": 7.5},
    ],
)
def test_tiers_rule_out_arrows_backwards(tiers):
    assert allowed(read(tiers=tiers)) == {
        "age -> smoking", "age -> bmi", "age -> pressure", "smoking -> bmi", "bmi -> smoking",
        "smoking -> pressure", "bmi -> pressure",
    }  # fmt: skip


def test_nodes_without_a_tier_are_free():
    found = allowed(read(tiers=[["age"], ["pressure"]]))
    assert found == everything() - {"pressure -> age"}


@pytest.mark.parametrize(
    "arrows",
    [
        [("age", "bmi"), ("bmi", "pressure")],
        "age -> bmi; bmi -> pressure;",
        "age -> bmi -> pressure",
        ["age -> bmi -> pressure"],
        np.array([["age", "bmi"], ["bmi", "pressure"]]).tolist(),
    ],
)
def test_arrows_in_every_notation(arrows):
    assert read(required=arrows).required.tolist() == [0, 0, 0b0001, 0b0100]
    assert allowed(read(forbidden=arrows)) == everything() - {"age -> bmi", "bmi -> pressure"}


def test_permitted_parent_sets_are_those_by_hand():
    known = read(required="age -> bmi", forbidden="pressure -> bmi", max_parents=2)
    sets = known.parent_sets()
    assert sets[2].tolist() == [0b0001, 0b0011]
    # pressure: the empty set, three of one, three of two
    assert sets[3].tolist() == [0b000, 0b001, 0b010, 0b011, 0b100, 0b101, 0b110]


@pytest.mark.parametrize("limit", [None, 0, 1, 2, 5])
def test_permitted_parent_sets_are_all_that_fit(limit):
    known = read(required="age -> bmi", forbidden="pressure -> bmi; bmi -> age", max_parents=2)
    most = 2 if limit is None else min(limit, 2)
    for node, sets in enumerate(known.parent_sets(limit)):
        must, may = int(known.required[node]), int(known.allowed[node])
        fits = [m for m in range(16)
                if m & must == must and m & ~may == 0
                and m.bit_count() <= max(most, must.bit_count())]  # fmt: skip
        assert sets.tolist() == fits


def test_sixty_two_nodes_have_lists():
    known = read_knowledge([f"v{k}" for k in range(62)], max_parents=2, problems=Problems())
    sets = known.parent_sets()
    assert [len(masks) for masks in sets] == [1 + 61 + 61 * 60 // 2] * 62
    assert sets[0].max() == 2**61 + 2**60
    assert all(not (masks >> node & 1).any() for node, masks in enumerate(sets))


def test_more_parents_than_nodes_is_no_limit():
    assert read(max_parents=99).max_parents == 3


def scored(local: np.ndarray, prior: str = "uniform") -> ScoreTable:
    """Made-up local scores of all parent sets."""

    def scorer(sets):
        return [local[node, masks] for node, masks in enumerate(sets)]

    nodes = Nodes(tuple(NAMES), read(), scorer, (), 0)
    return score_parent_sets(nodes, read().parent_sets(), prior).table()


def test_priors():
    local = np.zeros((4, 16))
    fair = scored(local, "fair").scores
    # 1, 3, 3, 1 sets of 0, 1, 2, 3 parents: each number of parents has the same weight
    weights = {0b0000: 1, 0b0010: 1 / 3, 0b0110: 1 / 3, 0b1110: 1}
    assert [np.exp(fair[0, m]) for m in weights] == approx(list(weights.values()))
    assert np.exp(fair[0]).sum() == approx(4)
    assert set(scored(local).scores[0].tolist()) == {0.0, -np.inf}


def test_requiring_arrows_keeps_the_other_scores():
    table = scored(np.arange(64.0).reshape(4, 16))
    narrowed = table.requiring([("age", "bmi")])
    kept = np.isfinite(narrowed.scores)
    assert (narrowed.scores[kept] == table.scores[kept]).all()
    assert np.flatnonzero(kept[2]).tolist() == [0b0001, 0b0011, 0b1001, 0b1011]
    assert kept[[0, 1, 3]].sum() == 24


def test_table_is_read_only():
    own = np.zeros((1, 2))
    table = ScoreTable(("A",), own)
    own[:] = 5
    assert table.scores.tolist() == [[0, 0]]
    with pytest.raises(ValueError, match="read-only"):
        table.scores[0, 0] = 1


@pytest.mark.parametrize("value", [np.nan, np.inf])
def test_scores_that_are_no_numbers(value):
    scores = np.zeros((2, 4))
    scores[1, 0b01] = value
    message = rf"1 of 8 scores are no number .* {value} for 'B' with parents \['A'\]"
    with pytest.raises(DataError, match=message):
        ScoreTable(("A", "B"), scores)


# -- contradictions -----------------------------------------------------------------------


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"tiers": [["agee"]]}, "tiers names 'agee', which is no node. Did you mean 'age'"),
        ({"tiers": [["age"], ["age"]]}, "tiers names 'age' twice"),
        ({"tiers": {"age": "early"}}, "puts 'age' at 'early', which is no number"),
        ({"tiers": {"age": np.nan}}, "puts 'age' at nan"),
        ({"tiers": "age"}, "tiers='age' is neither a list of lists nor a mapping"),
        ({"tiers": 3}, "tiers=3 is neither"),
        ({"required": [("bmy", "age")]}, "required names 'bmy', .* Did you mean 'bmi'"),
        ({"forbidden": "age -> presure"}, "forbidden names 'presure', .* mean 'pressure'"),
        ({"required": [("age", "age")]}, "required has an arrow from 'age' to itself"),
        ({"required": ["age"]}, "required holds 'age', which is no arrow"),
        ({"required": 3}, "required holds 3, which is no arrow"),
        ({"required": [("a", "b", "c")]}, "which is no arrow"),
        (
            {"required": "age -> bmi", "forbidden": "age -> bmi"},
            "required arrow age -> bmi is forbidden as well",
        ),
        (
            {"required": "bmi -> age", "tiers": [["age"], ["bmi"]]},
            "required arrow bmi -> age goes back in time: tiers put 'bmi' at 1 and 'age' at 0",
        ),
        (
            {"required": "age -> bmi -> pressure -> age"},
            "required arrows make a cycle: age -> bmi -> pressure -> age",
        ),
        ({"required": "age -> bmi -> age"}, "make a cycle: age -> bmi -> age"),
        (
            {"required": "age -> bmi; smoking -> bmi", "max_parents": 1},
            "'bmi' has 2 required parents and max_parents is 1. Allow 2",
        ),
        ({"max_parents": -1}, "max_parents=-1 is not a whole number"),
        ({"max_parents": 1.5}, "max_parents=1.5 is not a whole number"),
        ({"max_parents": True}, "max_parents=True is not a whole number"),
    ],
)
def test_contradictions(given, message):
    with pytest.raises(DataError, match=message):
        read(**given)


def test_all_problems_come_together():
    with pytest.raises(DataError) as caught:
        read(
            tiers=[["age"], ["bmi"], ["presure"]],
            required="bmi -> age; smoking -> pressure -> smoking",
            forbidden="smoking -> pressure",
            max_parents=0,
        )
    text = str(caught.value)
    says = [
        "7 problems", "'presure'", "goes back in time", "forbidden as well", "make a cycle",
        "'age' has 1 required", "'smoking' has 1 required", "'pressure' has 1 required",
    ]  # fmt: skip
    assert all(part in text for part in says)


def test_a_long_cycle_is_shown_as_it_runs():
    with pytest.raises(DataError) as caught:
        read(required="pressure -> smoking -> age -> pressure; bmi -> age")
    shown = str(caught.value).split("cycle: ")[1].split(".")[0].split(" -> ")
    arrows = {("pressure", "smoking"), ("smoking", "age"), ("age", "pressure")}
    assert set(pairwise(shown)) == arrows

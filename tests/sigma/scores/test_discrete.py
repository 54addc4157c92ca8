"""Scores of levels: against urns, drawn row by row, and against saturated models."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from pytest import approx

from tests.sigma.scored import score_table
from tests.truth.dags import spread_within_classes

LEVELS = (2, 3, 2, 4)


def draw(nodes: int, rows: int, seed: int = 1) -> pd.DataFrame:
    """Levels that depend on the column before."""
    rng = np.random.default_rng(seed)
    columns = [rng.integers(LEVELS[0], size=rows)]
    for count in LEVELS[1:nodes]:
        copied = rng.random(rows) < 0.5
        columns.append(np.where(copied, columns[-1] % count, rng.integers(count, size=rows)))
    return pd.DataFrame({f"v{k}": [f"level {x}" for x in c] for k, c in enumerate(columns)})


def urns(data: pd.DataFrame, node: str, parents: list[str], prior: float) -> float:
    """Log probability of a column, row after row: one Polya urn per combination of parents."""
    states = int(np.prod([data[p].nunique() for p in parents]))
    levels = data[node].nunique()
    seen: dict[tuple, dict[str, int]] = {}
    total = 0.0
    for row in data.to_dict("records"):
        urn = seen.setdefault(tuple(row[p] for p in parents), {})
        favourable = prior / (states * levels) + urn.get(row[node], 0)
        total += np.log(favourable / (prior / states + sum(urn.values())))
        urn[row[node]] = urn.get(row[node], 0) + 1
    return total


def saturated(data: pd.DataFrame, node: str, parents: list[str]) -> float:
    """BIC of a table of conditional probabilities."""
    states = int(np.prod([data[p].nunique() for p in parents]))
    chances = data.groupby([*parents, node])[node].transform("size")
    chances = chances / (data.groupby(parents)[node].transform("size") if parents else len(data))
    return float(np.log(chances).sum()) - np.log(len(data)) / 2 * states * (
        data[node].nunique() - 1
    )


def every_parent_set(nodes: int):
    for node in range(nodes):
        for mask in range(2**nodes):
            if not mask >> node & 1:
                yield node, mask, [f"v{k}" for k in range(nodes) if mask >> k & 1]


@pytest.mark.parametrize("nodes", [2, 3, 4])
@pytest.mark.parametrize("prior", [1.0, 7.5])
def test_bdeu_is_the_product_of_urns(nodes, prior):
    data = draw(nodes, 60)
    table = score_table(data, score="bdeu", equivalent_rows=prior)
    for node, mask, parents in every_parent_set(nodes):
        expected = urns(data, f"v{node}", parents, prior)
        assert table.scores[node, mask] == approx(expected, abs=1e-9)


@pytest.mark.parametrize("nodes", [2, 4])
def test_bic_is_that_of_a_saturated_model(nodes):
    data = draw(nodes, 60)
    table = score_table(data, score="bic")
    for node, mask, parents in every_parent_set(nodes):
        expected = saturated(data, f"v{node}", parents)
        assert table.scores[node, mask] == approx(expected, abs=1e-9)


@pytest.mark.parametrize("nodes", [3, 4])
@pytest.mark.parametrize("score", ["bdeu", "bic"])
def test_equivalent_graphs_have_the_same_score(nodes, score):
    within, between = spread_within_classes(score_table(draw(nodes, 50), score=score).scores)
    assert within < 1e-10
    assert between > 1


@pytest.mark.parametrize("score", ["bdeu", "bic"])
def test_order_of_rows_columns_and_levels_does_not_matter(score):
    data = draw(4, 80)
    first = score_table(data, score=score).scores
    shuffled = score_table(data.sample(frac=1, random_state=1), score=score).scores
    assert shuffled == approx(first, rel=1e-11)
    renamed = data.replace({"level 0": "z"})
    assert score_table(renamed, score=score).scores == approx(first, rel=1e-11)
    turned = score_table(data[["v2", "v0", "v3", "v1"]], score=score).scores
    assert turned[1, 0b1001] == approx(first[0, 0b0110], rel=1e-11)


def test_categories_and_numbers_are_levels():
    data = draw(3, 60)
    first = score_table(data, score="bdeu").scores
    numbers = data.apply(lambda c: c.str[-1].astype(int))
    assert score_table(numbers, score="bdeu").scores.tolist() == first.tolist()
    assert score_table(data.astype("category"), score="bdeu").scores.tolist() == first.tolist()


def test_repeated_rows_are_counted():
    data = draw(3, 50)
    twice = score_table(pd.concat([data, data]), score="bdeu").scores
    assert twice[1, 0b101] == approx(urns(pd.concat([data, data]), "v1", ["v0", "v2"], 1.0))


def test_few_parents_change_no_other_score():
    data = draw(4, 80)
    whole = score_table(data, score="bdeu").scores
    narrow = score_table(data, score="bdeu", max_parents=1).scores
    kept = np.isfinite(narrow)
    assert kept.sum() == 16
    assert narrow[kept].tolist() == whole[kept].tolist()

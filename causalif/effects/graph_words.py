"""What a graph says of an analysis, in words: why these covariates, and which effects it denies."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import replace

from causalif.graph.dag import Question, mediators_between, shown_set
from causalif.graph.optimal import optimal_set
from causalif.graph.search import Node, descendants
from causalif.graph.sequential import SEQUENTIAL
from causalif.graph.wcde_sets import undominated_weighted_sets

LEAST = {
    "known": "of all valid sets the one of least asymptotic variance (Henckel, Perkovic & Maathuis "
    "2022)",
    "latent": "no minimal valid set has a smaller asymptotic variance (Smucler, Sapienza & "
    "Rotnitzky 2022)",
    "natural": "what stands next to the outcome, and what else the arrows from the exposure to the "
    "mediators need (no set is best in every law)",
    "interventional": "what tells of the outcome, and what else is needed (no set is best in every "
    "law); the mediators are drawn given these",
    "sequential": "what tells of the outcome, and what else is needed (no set is known to be best)",
    "wcde": "of all sets that meet the conditions for a weighted controlled direct effect the one "
    "of least asymptotic variance (Lin, Guo & Gan 2025)",
}


def why_best(question: Question, best: Collection[Node], chosen: Sequence[str]) -> str:
    """Why the covariates were chosen, and what was left out.

    Parameters
    ----------
    question : Question
    best : collection of nodes
        The optimal set.
    chosen : sequence of str
        The columns that stand for it.
    """
    whole = replace(question, observed=frozenset(question.dag))
    kind = "known" if {*best} == {*optimal_set(whole)} else "latent"
    if question.estimand in LEAST:
        kind = question.estimand
    what = f"adjusted for {listed(chosen)}: {LEAST[kind]}" if chosen else "nothing to adjust for"
    return f"{what}.{_others(question, best)}{_rivals(question, best)}"


def _rivals(question: Question, best: Collection[Node]) -> str:
    """Sets of which no rule says that they are never better, for a weighted direct effect."""
    if question.estimand != "wcde" or question.observed >= set(question.dag):
        return ""
    sets = [
        left for left in undominated_weighted_sets(question, limit=200) if left != frozenset(best)
    ]
    if not sets:
        return ""
    shown = "; ".join(shown_set(left) for left in sets[:3])
    more = f" and {len(sets) - 3} more" if len(sets) > 3 else ""
    return (
        f" In some laws {shown}{more} would give less variance: what is latent decides. Choose one "
        "with adjustment= before you look at the effect."
    )


def _others(question: Question, best: Collection[Node]) -> str:
    """Which measured nodes were left out, and why."""
    ends = {*question.exposure, *question.outcome}
    if question.estimand in ("natural", "cde", *SEQUENTIAL):
        ends |= {*question.mediators, *question.intermediates}
    left = [n for n in question.dag if n in question.observed and n not in best and n not in ends]
    after = descendants(question.dag, question.exposure)
    spare = listed([str(node) for node in left if node not in after])
    changed = listed([str(node) for node in left if node in after])
    return (f" Not needed: {spare}." if spare else "") + (
        f" Changed by {question.exposure[0]}, so left out: {changed}." if changed else ""
    )


def remarks(question: Question) -> Iterable[str]:
    """Effects that the graph says are zero: an estimate then tests the graph."""
    (exposure,), (outcome,) = question.exposure, question.outcome
    if outcome not in descendants(question.dag, [exposure]):
        yield (
            f"by the graph {exposure} has no effect on {outcome}: no directed path leads there. "
            "An estimate other than zero speaks against the graph."
        )
    elif question.estimand in ("cde", "sequential"):
        if outcome not in descendants(question.dag, [exposure], walls=question.mediators):
            yield (
                f"by the graph all of the effect of {exposure} on {outcome} runs through "
                f"{listed([str(node) for node in question.mediators])}. A controlled direct "
                "effect other than zero speaks against the graph."
            )
    elif question.estimand in ("natural", "interventional"):
        between = mediators_between(question.dag, question.exposure, question.outcome)
        outside = [str(node) for node in question.mediators if node not in between]
        if outside:
            yield (
                f"by the graph no effect of {exposure} on {outcome} runs through "
                f"{listed(outside)}. An indirect effect other than zero speaks against the graph."
            )


def listed(names: Sequence[str]) -> str:
    """Names, as a sentence has them."""
    return ", ".join(names)

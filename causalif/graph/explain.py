"""Which covariates, and why: every condition with what breaks it, in words."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import dataclass
from html import escape
from typing import Any

from causalif.errors import NotIdentified, Problems
from causalif.graph.conditions import Condition, shown_names
from causalif.graph.criteria import conditions
from causalif.graph.dag import Question, ask, mediators_between, names_in, shown_set
from causalif.graph.failure import effect_name, none_serves, remedy, reversed_order, stays_open
from causalif.graph.optimal import optimal_set
from causalif.graph.search import Node, descendants
from causalif.graph.task import PAIRS, task_of
from causalif.graph.wcde_sets import widest_weighted_set


@dataclass(frozen=True)
class Explanation:
    """Why a set of covariates identifies an effect, or does not.

    Attributes
    ----------
    effect : str
        What was asked for, in words.
    estimand : {"total", "natural", "cde", "wcde"}
    covariates : tuple of nodes
        The set looked at, in the graph's order.
    conditions : tuple of Condition
        All of them: ``claim``, ``holds``, ``why`` not.
    problem, remedy : str
        The verdict as a sentence, and what would help. Empty where the set is valid.
    notes : tuple of str
        What the graph says beside: an effect of zero, an order reversed.
    """

    effect: str
    estimand: str
    covariates: tuple[Any, ...]
    conditions: tuple[Condition, ...]
    problem: str = ""
    remedy: str = ""
    notes: tuple[str, ...] = ()

    @property
    def valid(self) -> bool:
        """Whether the set identifies the effect."""
        return not self.problem

    @property
    def verdict(self) -> str:
        """The first line: whether these covariates identify the effect, and if not, why."""
        return self.problem or f"{_shown(self.covariates)} identifies {self.effect}."

    def __str__(self) -> str:
        lines = [self.verdict]
        for condition in self.conditions:
            state = "holds" if condition.holds else f"FAILS: {condition.why}"
            lines.append(f"  {condition.claim}: {state}")
        return "\n".join([*lines, *filter(None, [self.remedy]), *self.notes])

    def _repr_html_(self) -> str:
        rows = "".join(
            f"<tr><td>{escape(c.claim)}</td>"
            f"<td>{'holds' if c.holds else f'<b>fails</b>: {escape(c.why)}'}</td></tr>"
            for c in self.conditions
        )
        below = "".join(f"<p>{escape(t)}</p>" for t in (self.remedy, *self.notes) if t)
        return f"<p><b>{escape(self.verdict)}</b></p><table>{rows}</table>{below}"


def explain(
    dag: Any,
    exposure: Any,
    outcome: Any,
    covariates: Any = None,
    *,
    estimand: str = "total",
    mediators: Any = None,
    latent: Any = (),
) -> Explanation:
    """Each condition of an estimand's criterion, whether it holds, and what breaks it.

    Parameters
    ----------
    dag : DiGraph, str or edges
        Whatever `read_dag` reads.
    exposure, outcome : node
        Several exposures, as a list, are one joint exposure ("total" only).
    covariates : node or list of nodes, optional
        The set to look at. By default the optimal one; where no set serves, one that would
        if any did (every observed ancestor that may be adjusted for), and what stays open.
    estimand : {"total", "natural", "cde", "wcde"}
    mediators : node or list of nodes, optional
        For "natural" and "cde"; by default every observed node between the two.
    latent : node or list of nodes
        Not measured, beside those that the graph marks.

    Returns
    -------
    Explanation
        Prints as text.

    Raises
    ------
    DataError
        An unknown node (with the nearest known), a node in two roles, a cycle.

    Examples
    --------
    >>> import networkx as nx
    >>> dag = nx.DiGraph([("u", "a"), ("u", "y"), ("age", "a"), ("age", "y"), ("a", "y")])
    >>> print(explain(dag, "a", "y", "age"))
    {age} does not identify the effect of a on y: a <- u -> y stays open.
      no covariate is the exposure, the outcome or a mediator of the effect: holds
      every covariate is measured: holds
      no covariate lies on a causal path from a to y, or is changed by it: holds
      the covariates block every non-causal path from a to y: FAILS: a <- u -> y is open
    Adjust for {age, u} instead.
    >>> explain(dag, "a", "y", "age", latent="u").remedy
    'Measure u, or ask for bounds with sensitivity().'
    """
    question = ask(dag, exposure, outcome, estimand=estimand, mediators=mediators, latent=latent)
    problems = Problems()
    names = names_in(question.dag, covariates, "covariate", problems)
    problems.raise_if_any()
    return _explain_given(question, names) if covariates is not None else _explain_best(question)


def _explain_given(question: Question, covariates: Collection[Node]) -> Explanation:
    effect, checked = effect_name(question), tuple(conditions(question, covariates))
    broken = [condition for condition in checked if not condition.holds]
    problem = instead = ""
    notes = list(zero_effects(question))
    if broken:
        reason = stays_open(question, broken)
        problem = f"{_shown(covariates)} does not identify {effect}: {reason}"
        instead = _instead(question)
    elif turned := reversed_order(question):
        notes.insert(0, turned)
    return Explanation(
        effect,
        question.estimand,
        _ordered(question, covariates),
        checked,
        problem,
        instead,
        tuple(notes),
    )


def _explain_best(question: Question) -> Explanation:
    try:
        return _explain_given(question, optimal_set(question))
    except NotIdentified as error:
        tried = _tried(question)
        checked = tuple(conditions(question, tried))
        broken = [condition for condition in checked if not condition.holds]
        problem, help_ = str(error), ""
        if question.estimand in PAIRS and not reversed_order(question):
            problem, help_ = none_serves(question, broken), remedy(question, broken)
        return Explanation(
            effect_name(question),
            question.estimand,
            _ordered(question, tried),
            checked,
            problem,
            help_,
            tuple(zero_effects(question)),
        )


def _instead(question: Question) -> str:
    """What to do when the given set fails: the set that serves, or what would help."""
    best = _explain_best(question)
    return (
        f"Adjust for {_shown(best.covariates)} instead."
        if best.valid
        else (best.remedy or best.problem)
    )


def _tried(question: Question) -> set[Node]:
    """A set that serves if any does."""
    if question.estimand in PAIRS:
        return task_of(question).widest()
    return widest_weighted_set(question)


def zero_effects(question: Question) -> Iterator[str]:
    """The effects that the graph alone says are zero."""
    dag, exposure, outcome = question.dag, question.exposure, question.outcome
    a, y = shown_names(exposure), shown_names(outcome)
    if not set(outcome) & descendants(dag, exposure):
        yield f"{a} is no ancestor of {y} in this graph: the effect is zero."
    elif question.estimand == "wcde":
        if not set(outcome) & set(dag.succ[exposure[0]]):
            yield f"The graph has no arrow from {a} to {y}: the direct effect is zero."
    elif question.estimand != "total" and question.mediators:
        m, mediators = shown_names(question.mediators), set(question.mediators)
        through = mediators & mediators_between(dag, exposure, outcome)
        if not set(outcome) & descendants(dag, exposure, walls=mediators):
            yield f"Every causal path from {a} to {y} passes {m}: the direct effect is zero."
        elif question.estimand == "natural" and not through:
            yield f"No causal path from {a} to {y} passes {m}: the indirect effect is zero."


def _shown(covariates: Collection[Node]) -> str:
    return shown_set(covariates) if covariates else "the empty set"


def _ordered(question: Question, covariates: Collection[Node]) -> tuple[Node, ...]:
    chosen = set(covariates)
    return tuple(node for node in question.dag if node in chosen)

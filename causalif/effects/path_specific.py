"""Path-specific effects: how much of an effect enters by which of several ordered mediators."""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from typing import Any

from causalif.data.design import Design
from causalif.effects.chain import chain_mean
from causalif.effects.engine import analyse
from causalif.effects.result import EffectEstimate
from causalif.effects.shared import documented
from causalif.effects.worlds import Contrasts, Estimand, total_contrast

SHOWN = 3  # names of a group that a term spells out


def telescoping(through: tuple[str, ...], a: int, b: int) -> Contrasts:
    """One switch from b to a at a time: the outcome's arrow, the last mediator, .., the first."""
    k = len(through)
    switched = [(b,) * (k + 1 - last) + (a,) * last for last in range(k + 2)]
    terms = ("direct", *reversed(through))
    steps = zip(terms, switched[1:], switched[:-1], strict=True)
    return {"TE": (switched[-1], switched[0]), **{term: (on, off) for term, on, off in steps}}


def _for_mediators(estimand: Estimand, design: Design) -> Estimand:
    """The estimand of this many mediators, its terms called by their names."""
    names = [_short(group) for group in design.mediators if group]
    through = tuple(f"through {name}" for name in names)
    words = {"TE": "total effect", "direct": "through no mediator"}
    for k, term in enumerate(through):
        words[term] = f"not through {' or '.join(names[:k])}" if k else "whatever comes later"
    return replace(estimand, contrasts=partial(telescoping, through), words=words)


def _without_constants(design: Design, folds: int) -> Design:
    """The design without groups of which no column varies: nothing enters by them."""
    return replace(design, mediators=tuple(group for group in design.mediators if group))


def _short(group: tuple[str, ...]) -> str:
    more = len(group) - SHOWN
    return ", ".join(group[:SHOWN]) + (f" and {more} more" if more > 0 else "")


PATH_SPECIFIC = Estimand(
    name="path-specific effects",
    contrasts=total_contrast,
    evaluate=chain_mean,
    fractions={},
    references=("avin2005identifiability", "miles2020semiparametric", "zhou2022semiparametric"),
    assumptions=(
        "Given the covariates, nothing unmeasured drives {exposure} and a mediator or {outcome}.",
        "Given {exposure}, the covariates and the earlier mediators, nothing unmeasured drives a "
        "mediator and what comes after it; in a randomised trial too, for the mediators are not "
        "randomised.",
        "The mediators come in the order given: none changes an earlier one.",
        "Whatever {exposure} changes and drives two of the mediators, or one and {outcome}, is "
        "itself among the mediators (otherwise it is a recanting witness).",
        "Everybody could have had either level of {exposure}, whatever the mediators (see the "
        "overlap).",
    ),
    words={},
    criterion="natural",  # the same criterion, with as many groups of mediators
    for_design=_for_mediators,
)


@documented
def path_specific_effects(
    data: Any,
    exposure: Any = None,
    outcome: str | None = None,
    mediators_in_order: Any = None,
    covariates: Any = None,
    *,
    dag: Any = None,
    **options: Any,
) -> EffectEstimate:
    """Split an effect by the first of several ordered mediators that it passes.

    "through M1" holds every path that enters by M1, whatever it passes later; "through M2"
    the paths that enter by M2 and so avoid M1; "direct" those that pass none.

    Parameters
    ----------
    data : DataFrame or str
        Or anything narwhals reads; a formula ``"outcome ~ exposure | M1 | M2 + M3 |
        covariates"`` may come first and the data second. Its last part is the covariates;
        write 1 for none.
    exposure, outcome : str
        Column names.
    mediators_in_order : list of str, or of lists of str, optional
        The earliest first. An inner list is a group of columns, of any type and in no
        order, that count as one mediator. With `dag`, left out to be taken from the graph:
        every measured node on a directed path from exposure to outcome, in an order of the
        graph; where the graph leaves the order open, in that of the columns of data. Those
        that cannot be told apart, since an open path joins them, count as one. See
        ``.design.notes``.
    covariates : str or list of str, optional
        What to adjust for; must hold the common causes of any two of exposure, mediators
        and outcome. With `dag`, left out to be chosen.
    dag : DiGraph, str or edges, optional
        A causal graph whose nodes are columns, or latent. It gives the mediators, or must
        agree with the order of those named; it chooses the covariates where none are
        given, and checks those that are. See ``.design.adjustment``.
    {shared}

    Returns
    -------
    EffectEstimate
        Terms TE, "direct" and, for each mediator from the last to the first, "through NAME".
        TE is their sum. The outcome's own arrow is switched first, the first mediator last.

    Raises
    ------
    DataError
        The data or an option cannot be used; all problems at once, before any fit.
    NotIdentified
        By the graph the order is wrong, a recanting witness is not among the mediators, or
        no covariates serve; names the path.
    FitError
        A learner failed or gave missing predictions.

    References
    ----------
    .. [1] Avin, Shpitser & Pearl (2005), IJCAI: which path-specific effects are identified.
    .. [2] Miles, Shpitser, Kanki, Meloni & Tchetgen Tchetgen (2020), Biometrika 107.
    .. [3] Zhou (2022), JRSS B 84: the decomposition for K mediators.

    Examples
    --------
    >>> import causalif as cif
    >>> framing = cif.load_dataset("framing")
    >>> effects = cif.path_specific_effects(
    ...     framing, "treat", "cong_mesg", ["p_harm", "emo"], ["age", "educ", "gender", "income"],
    ...     learners="glm", seed=1,
    ... )
    >>> list(effects.values.index)
    ['TE', 'direct', 'through emo', 'through p_harm']
    >>> graph = "treat -> p_harm -> emo -> cong_mesg; treat -> emo; age -> {p_harm cong_mesg}"
    >>> effects = cif.path_specific_effects(
    ...     framing, "treat", "cong_mesg", dag=graph, learners="glm", seed=1
    ... )
    >>> effects.design.mediators
    (('p_harm',), ('emo',))
    """
    return analyse(
        PATH_SPECIFIC,
        data,
        exposure,
        outcome,
        mediators_in_order,
        covariates,
        options,
        need_mediators=True,
        ordered=True,
        dag=dag,
        reshape=_without_constants,
    )

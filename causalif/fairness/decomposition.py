"""Why groups differ: the observed gap as what acts directly, through mediators, and spuriously."""

from __future__ import annotations

from typing import Any

import numpy as np

from causalif.data.design import Design
from causalif.effects.engine import analyse
from causalif.effects.shared import documented, is_none
from causalif.errors import SmallSampleWarning, warn
from causalif.fairness.causes import COUNTERFACTUAL, KINDS
from causalif.fairness.groups import SMALL
from causalif.fairness.parts import GapDecomposition, decomposition_of
from causalif.fairness.stand_in import graph_with, mediators_by_graph, with_prediction


@documented
def decompose_gap(
    data: Any,
    sensitive: Any = None,
    outcome: str | None = None,
    mediators: Any = None,
    covariates: Any = None,
    *,
    prediction: Any = None,
    kind: str = "counterfactual",
    dag: Any = None,
    **options: Any,
) -> GapDecomposition:
    """Split the observed gap between groups by what causes it.

    TV = E[Y | a] - E[Y | b] is direct (were b's members a, all else as it is), indirect (had they
    also the mediators of a), and spurious (the rest: groups differ in covariates that are no
    consequence of the attribute). The three add up to it.

    Parameters
    ----------
    data : DataFrame
        Or anything narwhals reads; a formula ``"outcome ~ sensitive | mediators | covariates"``
        may come first and the data second.
    sensitive, outcome : str
        Column names. Each level of the attribute is compared with the reference.
    mediators : str or list of str
        What the attribute acts through. With `dag`, left out: every measured node on a directed
        path from the attribute to the outcome; what runs through latent nodes alone is direct.
    covariates : str or list of str, optional
        Common causes; with `dag`, left out to be chosen. Without any, nothing is spurious.
    prediction : str, array or Series, optional
        A predictor's scores or decisions, decomposed in the place of the outcome; its fit is held
        fixed. So every representation has its own decomposition: give the scores made from it.
    kind : {"counterfactual", "natural"}, default "counterfactual"
        Effects on the members of the reference group, or on everybody (natural effects).
    dag : DiGraph, str or edges, optional
        A causal graph: chooses or checks the covariates, and chooses the mediators where none
        are named. A predictor that it does not draw takes the outcome's place, with its arrows:
        it should then be made of nothing but causes of the outcome in the graph.
    {shared}

    Returns
    -------
    GapDecomposition
        Terms TV, direct, indirect, spurious, each positive where it raises the gap of the level
        over the reference. TV is the difference of the group means whatever `method`, unless
        outcomes are missing.

    Raises
    ------
    DataError
        The data or an option cannot be used; all problems at once, before any fit.
    NotIdentified
        By the graph the covariates do not serve, or there is no mediator.

    Warns
    -----
    SmallSampleWarning
        A group of fewer than 30 rows.

    Notes
    -----
    In the words of Plecko and Bareinboim, with x1 the level and x0 the reference:
    "counterfactual" is TV = Ctf-DE(x0, x1 | x0) - Ctf-IE(x1, x0 | x0) - Ctf-SE(x1, x0), and
    "natural" is TV = NDE(x0, x1) - NIE(x1, x0) + {Exp-SE(x1) - Exp-SE(x0)}. Our direct part is
    their direct effect. Their indirect effects, and Ctf-SE, go from x1 back to x0; ours are these
    with the sign turned, so that the parts add: indirect is -NIE(x1, x0), the (total) natural
    indirect effect of `mediate`, and spurious is TV - TE.

    For direct discrimination along a graph in which natural effects are not identified, as where
    the attribute changes a confounder of mediators and outcome, ask
    ``weighted_direct_effect(data, sensitive, outcome, dag=dag)``.

    References
    ----------
    .. [1] Plecko & Bareinboim (2024), Causal Fairness Analysis. Foundations and Trends in
           Machine Learning 17(3):304-589.
    .. [2] Tchetgen Tchetgen & Shpitser (2012), Annals of Statistics 40, Theorem 1: the influence
           function for everybody. Within a group, each weight is multiplied by
           P(group | covariates) / P(group).

    Examples
    --------
    >>> jobs = cif.load_dataset("jobs")
    >>> parts = cif.decompose_gap(
    ...     jobs, "sex", "depress2", "job_seek", ["age"], learners="glm", seed=1
    ... )
    >>> three = parts.values[["direct", "indirect", "spurious"]].sum()
    >>> bool(abs(parts.values["TV"] - three) < 1e-9)
    True
    """
    target = outcome
    if isinstance(prediction, str):
        target = prediction
    elif prediction is not None:
        data, target = with_prediction(data, sensitive, prediction)
    if dag is not None and isinstance(sensitive, str) and isinstance(target, str):
        dag = dag if prediction is None else graph_with(dag, outcome, target)
        if is_none(mediators):
            mediators = mediators_by_graph(dag, sensitive, target, data)
    found = analyse(
        KINDS.get(kind, COUNTERFACTUAL),
        data,
        sensitive,
        target,
        mediators,
        covariates,
        options,
        need_mediators=True,
        choices={"kind": (kind, tuple(KINDS))},
        dag=dag,
    )
    _warn_of_small_groups(found.design)
    return decomposition_of(found, prediction is not None)


def _warn_of_small_groups(design: Design) -> None:
    exposure = design.exposure
    counts = np.bincount(exposure.codes[design.informative], minlength=exposure.contrasted)
    for code in range(exposure.contrasted):
        if counts[code] < SMALL:
            warn(
                f"the group {exposure.at(code, ' = ')} has {counts[code]} rows: what is said of it "
                "is uncertain, and intervals may be too short. Merge small groups, or report it "
                "as it is.",
                SmallSampleWarning,
            )

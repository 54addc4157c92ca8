"""The weighted controlled direct effect: the direct effect averaged over the mediators' own law."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd
from networkx import has_path

from causalif.data.call import Call, resolve_call
from causalif.data.design import Design
from causalif.effects.chain import chain_mean
from causalif.effects.engine import analyse
from causalif.effects.options import Settings, check_options
from causalif.effects.pairs import (
    Averages,
    at_pairs,
    density_ratio,
    marginal_product_mean,
    own_and,
    shifts_of,
)
from causalif.effects.potential import PotentialMean, Residual
from causalif.effects.result import EffectEstimate
from causalif.effects.shared import complete, documented, of_the_data
from causalif.effects.subgroups import check_groups
from causalif.effects.worlds import Contrasts, Estimand, World
from causalif.errors import DataWarning, Problems, warn
from causalif.estimate import Estimate
from causalif.graph.read import as_dag
from causalif.nuisance.crossfit import Nuisances


def weighted_mean(
    nuisances: Nuisances, design: Design, world: World, settings: Settings
) -> PotentialMean:
    """sum_z1 p(z1) sum_z2 p(z2) E[Y | a, z1, z2], the mean of Y were all at a.

    Z1, the adjusted mediators, are the design's mediators, and Z2 its covariates. With either
    empty it is the mean that a total effect compares, adjusted for the other.

    References
    ----------
    .. [1] Lin, Guo & Gan (2025), NeurIPS, arXiv 2506.09871.
    """
    (a,) = world
    first = tuple(name for group in design.mediators for name in group)
    second = design.covariates
    if not first or not second:
        adjusted = replace(design, covariates=(*first, *second), mediators=())
        return chain_mean(nuisances, adjusted, world, settings)
    both = (*second, *first)
    mu, shifts = nuisances.mean(None, both, a), shifts_of(nuisances)
    weight = (design.exposure.codes == a) / nuisances.probability(both)[:, a]
    weight = weight * density_ratio(nuisances, design, first, second)
    if not design.outcome.observed.all():
        weight = weight * design.outcome.observed / nuisances.observation(both, a)
    sampling = np.ones(design.n) if design.weights is None else design.weights
    averages = Averages.of(shifts, sampling, np.ones(design.n))
    surface = averages.surface(at_pairs(nuisances, mu, first, shifts))
    average = (sampling * weight).mean()
    if settings.stabilize and average:
        weight = weight / average
    residual = Residual(
        f"outcome at {design.exposure.levels[a]}",
        weight,
        *own_and(mu.held_out, surface, averages.over_either),
    )
    return marginal_product_mean(design.outcome.values, [residual], settings, sampling)


def _contrast(level: int, reference: int) -> Contrasts:
    return {"WCDE": ((level,), (reference,))}


WEIGHTED = Estimand(
    name="weighted controlled direct effect",
    contrasts=_contrast,
    evaluate=weighted_mean,
    fractions={},
    references=("lin2025optimal",),
    assumptions=(
        "The graph is right: it holds every common cause of any two of its nodes, measured or "
        "marked latent.",
        "Everybody could have had either level of {exposure}, whatever {mediators} and the "
        "covariates; and any value of {mediators} whatever the other covariates (see the overlap).",
        "It makes sense to set {mediators} apart from {exposure}, to values that are drawn from "
        "how they are distributed in the data.",
    ),
    words={"WCDE": "weighted controlled direct effect"},
    criterion="wcde",
    classifies=True,
    by_groups=False,
    together=True,
    least_rows=150,  # below it intervals of a simulation study were too short
)


@documented
def weighted_direct_effect(
    data: Any,
    exposure: Any = None,
    outcome: str | None = None,
    *,
    dag: Any,
    adjustment: Any = "optimal",
    **options: Any,
) -> EffectEstimate | Estimate:
    """Direct effect of an exposure, averaged over the law of the mediators in the data.

    sum over m of {E[Y | do(a, m)] - E[Y | do(a*, m)]} p(m): the controlled direct effects,
    each weighted by how often its m occurs. No cross-world assumption is made. It is what
    analyses of discrimination call the direct effect of, say, sex on pay.

    Parameters
    ----------
    data : DataFrame or str
        Or anything narwhals reads; a formula ``"outcome ~ exposure"`` may come first and the
        data second.
    exposure, outcome : str
        Column names.
    dag : DiGraph, str or edges
        A causal graph whose nodes are columns, or latent.
    adjustment : "optimal" or collection of str, default "optimal"
        What to adjust for, mediators among it; by default the valid set of least asymptotic
        variance (Lin, Guo & Gan 2025), otherwise a set that is checked.
    {shared}

    Returns
    -------
    EffectEstimate
        Term "WCDE". Where the graph has no arrow from exposure to outcome the effect is zero
        by structure: an `Estimate` of exactly that, with no variance and a warning.

    Raises
    ------
    DataError
        The data or an option cannot be used; all problems at once, before any fit.
    NotIdentified
        By the graph the set does not serve, or none does; names the condition and the path.
    FitError
        A learner failed or gave missing predictions.

    Warns
    -----
    PositivityWarning
        Weights that leave few effective rows; below about 150 intervals are too short.

    Notes
    -----
    E[Y | a, z] is averaged over the product of two marginal laws, that of the mediators and
    that of the other covariates, so that every row counts in two averages. Their density
    ratio is found by classification. Pairs of rows stand for the product: all of a fold in
    small samples, 20 or more for every row in larger ones; what noise is left is in the
    interaction of the two parts, far below the standard error.

    References
    ----------
    .. [1] Lin, Guo & Gan (2025), Optimal adjustment sets for nonparametric estimation of
           weighted controlled direct effect, NeurIPS, arXiv 2506.09871.

    Examples
    --------
    >>> import causalif as cif
    >>> jobs = cif.load_dataset("jobs")
    >>> dag = "treat -> job_seek -> depress2; treat -> depress2; {sex age} -> {job_seek depress2}"
    >>> direct = cif.weighted_direct_effect(
    ...     jobs, "treat", "depress2", dag=dag, learners="glm", seed=1
    ... )
    >>> direct.design.mediators, direct.design.covariates
    ((('job_seek',),), ('sex', 'age'))
    """
    given = None if isinstance(adjustment, str) and adjustment == "optimal" else adjustment
    call = resolve_call(data, exposure, outcome, need_mediators=False)
    graph, ends = as_dag(dag), (str(call.exposure), str(call.outcome))
    if set(ends) <= set(graph) and not (graph.has_edge(*ends) or has_path(graph, *ends[::-1])):
        return _zero(call, options)
    return analyse(
        WEIGHTED,
        data,
        exposure,
        outcome,
        None,
        given,
        options,
        dag=graph,
    )


def _zero(call: Call, options: Mapping[str, Any]) -> Estimate:
    """Zero by structure, in every row; what would be refused of an estimate is so here."""
    given, problems = complete(options), Problems()
    check_options(given, problems)
    design = call.design(**of_the_data(given), problems=problems)
    check_groups(WEIGHTED, design, int(given["folds"]))
    exposure, outcome = str(call.exposure), str(call.outcome)
    reason = f"the graph has no arrow {exposure} -> {outcome}: the WCDE is 0 by structure"
    warn(f"{reason}; nothing was estimated.", DataWarning)
    names = [f"WCDE{suffix}" for suffix in design.exposure.comparisons()]
    return Estimate(
        np.zeros(len(names)),
        pd.DataFrame(np.zeros((design.n, len(names))), index=design.index, columns=names),
        names=names,
        clusters=design.clusters,
        strata=design.strata,
        weights=design.weights,
        label=f"{WEIGHTED.name} of {exposure} on {outcome}: {reason}",
        references=WEIGHTED.references,
    )

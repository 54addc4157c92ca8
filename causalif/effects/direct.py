"""Controlled direct effects: what an exposure does while the mediators are held fixed."""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from typing import Any

import numpy as np

from causalif.data.design import Design
from causalif.effects.chain import chain_mean
from causalif.effects.crossing import JointExposure, cross
from causalif.effects.engine import analyse
from causalif.effects.options import Settings
from causalif.effects.points import along_curve, is_curve
from causalif.effects.potential import PotentialMean, Residual, potential_mean
from causalif.effects.result import EffectEstimate
from causalif.effects.shared import documented, is_none
from causalif.effects.worlds import Contrasts, Estimand, World
from causalif.nuisance.crossfit import Nuisances


def sequential_mean(
    nuisances: Nuisances, design: Design, world: World, settings: Settings
) -> PotentialMean:
    """E[Y(a, m)] where the exposure changes causes of mediators and outcome.

    E_W sum_l p(l | a, W) E[Y | a, m, l, W]: the regression on all that comes before the
    mediators is itself regressed on the covariates, among all rows at a, whatever their m.

    References
    ----------
    .. [1] Bang & Robins (2005), Biometrics 61, 962-973, section 4.
    """
    joint, (code,) = design.exposure, world
    assert isinstance(joint, JointExposure)
    arm, covariates = joint.same_arm(code), design.covariates
    both = (*covariates, *design.intermediates)
    mu = nuisances.mean(None, both, code)
    nu = nuisances.mean(mu, covariates, code, among=arm)  # E[mu(a, m, L, W) | a, W]
    g = nuisances.probability(covariates)[:, arm].sum(axis=1)  # P(a | W)
    e = nuisances.probability(both)
    share = e[:, code] / e[:, arm].sum(axis=1)  # P(m | a, L, W)
    weight = (joint.codes == code) / (g * share)
    if not design.outcome.observed.all():
        weight = weight * design.outcome.observed / nuisances.observation(both, code)
    residuals = [
        Residual(f"outcome at {joint.at(code)}", weight, mu.held_out),
        Residual(
            f"{', '.join(design.intermediates)} at {joint.at(code)}",
            np.isin(joint.codes, arm) / g,
            nu.held_out,
        ),
    ]
    return potential_mean(
        design.outcome.values,
        residuals,
        method=settings.method,
        stabilize=settings.stabilize,
        sampling=design.weights,
    )


def controlled_contrast(level: int, reference: int) -> Contrasts:
    """Two levels of the exposure at one value of the mediators."""
    return {"CDE": ((level,), (reference,))}


CONTROLLED = Estimand(
    name="controlled direct effects",
    contrasts=controlled_contrast,
    evaluate=chain_mean,
    fractions={},
    references=("robins1992identifiability", "pearl2001direct", "robins1994estimation"),
    assumptions=(
        "Given the covariates, nothing unmeasured drives both {exposure} and {outcome}.",
        "Given {exposure} and the covariates, nothing unmeasured drives both {mediators} and "
        "{outcome}; in a randomised trial too, for {mediators} is not randomised.",
        "Nothing that {exposure} changes drives both {mediators} and {outcome} (otherwise name it "
        "among the intermediates).",
        "Everybody could have had any of the compared levels of {exposure} together with the "
        "value at which {mediators} is held (see the overlap).",
        "It makes sense to set {mediators} to that value for everybody.",
    ),
    words={"CDE": "controlled direct effect"},
    criterion="cde",
)
SEQUENTIAL = replace(
    CONTROLLED,
    evaluate=sequential_mean,
    references=("robins1992identifiability", "pearl2001direct", "bang2005doubly"),
    assumptions=(
        CONTROLLED.assumptions[0],
        "Given {exposure}, {intermediates} and the covariates, nothing unmeasured drives both "
        "{mediators} and {outcome}; in a randomised trial too, for {mediators} is not randomised.",
        *CONTROLLED.assumptions[3:],
    ),
    criterion="sequential",
)


@documented
def controlled_direct_effect(
    data: Any,
    exposure: Any = None,
    outcome: str | None = None,
    mediators: Any = None,
    covariates: Any = None,
    *,
    at: Any = None,
    df: int = 4,
    intermediates: Any = None,
    dag: Any = None,
    **options: Any,
) -> EffectEstimate:
    """Effect of an exposure with the mediators held at a value: E[Y(a, m)] - E[Y(a*, m)].

    Mediators of few levels are set together with the exposure, as one joint exposure. For one
    mediator of many values the effect is a curve over it, fitted by a few splines.

    Parameters
    ----------
    data : DataFrame or str
        Or anything narwhals reads; a formula ``"outcome ~ exposure | mediators |
        covariates"`` may come first and the data second.
    exposure, outcome : str
        Column names.
    mediators : str or list of str
        Columns of at most 20 values, or one number of more.
    covariates : str or list of str, optional
        What to adjust for; must hold the common causes of mediators and outcome, also in
        a randomised trial. With `dag`, left out to be chosen.
    at : dict of str to level, optional
        The value at which each mediator is held; by default every one in the data (or every
        combination, up to 20), a term each. For a curve a value or a list of them; by
        default seven quantiles of the mediator.
    df : int, default 4
        Degrees of freedom of a curve, from 2 (a line) to 10: natural splines with as many
        knots, at quantiles. What is estimated is the best fit of such a curve, each value of
        the mediator weighing as it occurs; intervals and bands are for that fit.
    intermediates : str or list of str, optional
        Causes of mediators and outcome that the exposure changes: they are adjusted for
        where the mediators are set, and left to follow the exposure.
    dag : DiGraph, str or edges, optional
        A causal graph whose nodes are columns, or latent. It chooses the covariates where
        none are given, and checks those that are, with the intermediates where there are
        some. See ``.design.adjustment``.
    {shared}

    Returns
    -------
    EffectEstimate
        Term "CDE" with `at`, otherwise "CDE [m=0]", "CDE [m=1]", ...; for an exposure of
        many levels "CDE [2 vs 0, m=1]". A curve is drawn by ``.plot("curve")``, and
        ``.confint(method="simultaneous")`` holds at all its points at once.

    Raises
    ------
    DataError
        The data or an option cannot be used; a mediator with many values; nobody at some
        level of exposure and mediators.
    NotIdentified
        By the graph the covariates do not serve, or none do; names the open path.
    FitError
        A learner failed or gave missing predictions.

    References
    ----------
    .. [1] Robins & Greenland (1992), Epidemiology 3, 143-155.
    .. [2] Pearl (2001), Direct and indirect effects, UAI, section 3.
    .. [3] Bang & Robins (2005), Biometrics 61, 962-973: intermediates.
    .. [4] Neugebauer & van der Laan (2007), Journal of Statistical Planning and Inference 137,
           419-434: working models, for a curve.

    Examples
    --------
    >>> import causalif as cif
    >>> jobs = cif.load_dataset("jobs")
    >>> W = ["econ_hard", "sex", "age"]
    >>> options = {"learners": "glm", "seed": 1}
    >>> every = cif.controlled_direct_effect(
    ...     jobs, "treat", "depress2", "job_dich", W, **options
    ... )
    >>> list(every.values.index)
    ['CDE [job_dich=0]', 'CDE [job_dich=1]']
    >>> one = cif.controlled_direct_effect(
    ...     jobs, "treat", "depress2", "job_dich", W, at={"job_dich": 1}, **options
    ... )
    >>> bool(abs(one.values["CDE"] - every.values["CDE [job_dich=1]"]) < 1e-9)
    True
    """
    between = not is_none(intermediates)
    method = str(options.get("method", "onestep"))
    return analyse(
        replace(
            SEQUENTIAL if between else CONTROLLED,
            for_design=partial(along_curve, at=at, df=df, method=method),
        ),
        data,
        exposure,
        outcome,
        mediators,
        covariates,
        options,
        need_mediators=True,
        dag=dag,
        intermediates=intermediates,
        reshape=partial(_set_together, at=at),
    )


def _set_together(design: Design, folds: int, *, at: Any) -> Design:
    """Exposure and mediators as one, unless the mediator is held along a curve."""
    return design if is_curve(design) else cross(design, folds, at)

"""The total (average) effect of an exposure, by augmented inverse probability weighting."""

from __future__ import annotations

from typing import Any

from causalif.effects.chain import chain_mean
from causalif.effects.engine import analyse
from causalif.effects.front_door import FRONT_DOOR
from causalif.effects.result import EffectEstimate
from causalif.effects.shared import documented
from causalif.effects.worlds import Estimand, total_contrast

TOTAL = Estimand(
    name="total effect",
    contrasts=total_contrast,
    evaluate=chain_mean,
    fractions={},
    references=("robins1994estimation", "chernozhukov2018double"),
    assumptions=(
        "Given the covariates, nothing unmeasured drives both {exposure} and {outcome}.",
        "Everybody could have had either level of {exposure} (see the overlap).",
        "One person's {exposure} does not change another's {outcome}.",
    ),
    words={"TE": "total effect"},
)


@documented
def average_effect(
    data: Any,
    exposure: Any = None,
    outcome: str | None = None,
    covariates: Any = None,
    *,
    dag: Any = None,
    **options: Any,
) -> EffectEstimate:
    """Average effect of an exposure on an outcome: E[Y(a)] - E[Y(a*)].

    Parameters
    ----------
    data : DataFrame or str
        Or anything narwhals reads; a formula ``"outcome ~ exposure | covariates"`` may
        come first and the data second.
    exposure, outcome : str
        Column names.
    covariates : str or list of str, optional
        What to adjust for; none in a randomised trial. With `dag`, left out to be chosen.
    dag : DiGraph, str or edges, optional
        A causal graph whose nodes are columns, or latent. Without `covariates` it chooses
        those of least asymptotic variance and, where none serve, mediators that do (the
        front door); covariates that are given it checks. See ``.design.adjustment``.
    {shared}

    Returns
    -------
    EffectEstimate
        Term TE: one per level against the reference.

    Raises
    ------
    DataError
        The data or an option cannot be used; all problems at once, before any fit.
    NotIdentified
        By the graph the covariates do not serve, or none do; names the open path.
    FitError
        A learner failed or gave missing predictions.

    References
    ----------
    .. [1] Robins, Rotnitzky & Zhao (1994), JASA 89: augmented inverse probability weighting.
    .. [2] Chernozhukov et al. (2018), Econometrics Journal 21, section 5.1.
    .. [3] Fulcher, Shpitser, Marealle & Tchetgen Tchetgen (2020), JRSS B 82: the front door.

    Examples
    --------
    >>> import causalif as cif
    >>> jobs = cif.load_dataset("jobs")
    >>> effect = cif.average_effect(
    ...     jobs, "treat", "depress2", ["econ_hard", "sex", "age"], learners="glm", seed=1
    ... )
    >>> bool(-0.15 < effect["TE"].values["TE"] < 0.05)
    True

    A graph chooses the covariates:

    >>> arrows = [("age", "treat"), ("age", "depress2"), ("treat", "depress2")]
    >>> effect = cif.average_effect(
    ...     jobs, "treat", "depress2", dag=arrows, learners="glm", seed=1
    ... )
    >>> effect.design.covariates
    ('age',)
    """
    return analyse(
        TOTAL,
        data,
        exposure,
        outcome,
        None,
        covariates,
        options,
        dag=dag,
        front_door=FRONT_DOOR,
    )

"""Natural direct and indirect effects: how much of an effect runs through the mediators."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from causalif.effects.chain import chain_mean
from causalif.effects.engine import analyse
from causalif.effects.options import documented
from causalif.effects.result import EffectEstimate
from causalif.effects.worlds import Contrasts, Estimand


def _contrasts(a: int, b: int) -> Contrasts:
    # a world is (level of the mediators, level of the outcome)
    return {"TE": ((a, a), (b, b)), "NDE": ((b, a), (b, b)), "NIE": ((a, a), (b, a))}


def _both_contrasts(a: int, b: int) -> Contrasts:
    return {**_contrasts(a, b), "TNDE": ((a, a), (a, b)), "PNIE": ((a, b), (b, b))}


NATURAL = Estimand(
    name="natural direct and indirect effects",
    contrasts=_contrasts,
    evaluate=chain_mean,
    fractions={"PM": ("NIE", "TE")},
    references=("tchetgen2012semiparametric", "zheng2012targeted"),
    assumptions=(
        "Given the covariates, nothing unmeasured drives both {exposure} and {outcome}, or both "
        "{exposure} and the mediators.",
        "Given {exposure} and the covariates, nothing unmeasured drives both the mediators and "
        "{outcome}; in a randomised trial too, for the mediators are not randomised.",
        "Nothing that {exposure} changes drives both the mediators and {outcome} (otherwise use "
        "interventional effects).",
        "Everybody could have had either level of {exposure}, whatever the mediators (see the "
        "overlap).",
    ),
    words={
        "TE": "total effect",
        "NDE": "natural direct effect",
        "NIE": "natural indirect effect",
        "TNDE": "total natural direct effect",
        "PNIE": "pure natural indirect effect",
        "PM": "proportion mediated",
    },
    criterion="natural",
)
NATURAL_BOTH = replace(NATURAL, contrasts=_both_contrasts)


@documented
def mediate(
    data: Any,
    exposure: Any = None,
    outcome: str | None = None,
    mediators: Any = None,
    covariates: Any = None,
    *,
    estimand: str = "natural",
    decomposition: str = "one",
    dag: Any = None,
    **options: Any,
) -> EffectEstimate:
    """Natural direct and indirect effects of an exposure, through one or many mediators.

    Parameters
    ----------
    data : DataFrame or str
        Or anything narwhals reads; a formula ``"outcome ~ exposure | mediators |
        covariates"`` may come first and the data second.
    exposure, outcome : str
        Column names.
    mediators : str or list of str
        One or many columns of any type; together they carry the indirect effect.
    covariates : str or list of str, optional
        What to adjust for; must hold the common causes of mediators and outcome, also in
        a randomised trial. With `dag`, left out to be chosen.
    estimand : {"natural"}, default "natural"
    decomposition : {"one", "both"}, default "one"
        "both" adds the other way to split the total: TNDE (total natural direct) and
        PNIE (pure natural indirect effect).
    dag : DiGraph, str or edges, optional
        A causal graph whose nodes are columns, or latent. It chooses the covariates where
        none are given, and checks those that are. See ``.design.adjustment``.
    {shared}

    Returns
    -------
    EffectEstimate
        Terms TE, NDE (pure, ADE at the reference), NIE (total, ACME at the level) and PM =
        NIE / TE; TE = NDE + NIE.

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
    .. [1] Tchetgen Tchetgen & Shpitser (2012), Annals of Statistics 40, Theorem 1.
    .. [2] Zheng & van der Laan (2012), International Journal of Biostatistics 8.

    Examples
    --------
    >>> import causalif as cif
    >>> jobs = cif.load_dataset("jobs")
    >>> effects = cif.mediate(
    ...     "depress2 ~ treat | job_seek | econ_hard + sex + age", jobs, learners="glm", seed=1
    ... )
    >>> list(effects.values.index)
    ['TE', 'NDE', 'NIE', 'PM']
    """
    return analyse(
        NATURAL_BOTH if decomposition == "both" else NATURAL,
        data,
        exposure,
        outcome,
        mediators,
        covariates,
        options,
        need_mediators=True,
        choices={
            "estimand": (estimand, ("natural",)),
            "decomposition": (decomposition, ("one", "both")),
        },
        dag=dag,
    )

"""Mediation: how much of an effect runs through the mediators."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from causalif.effects.chain import chain_mean
from causalif.effects.engine import analyse
from causalif.effects.interventional import INTERVENTIONAL, WITH_INTERMEDIATES
from causalif.effects.result import EffectEstimate
from causalif.effects.shared import documented, is_none
from causalif.effects.worlds import Contrasts, Estimand
from causalif.errors import DataError, NotIdentified


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
    intermediates: Any = None,
    decomposition: str = "one",
    dag: Any = None,
    **options: Any,
) -> EffectEstimate:
    """Natural or interventional (in)direct effects, through one or many mediators.

    Natural effects ask what one and the same person's mediators do. Interventional effects
    draw the mediators from their law at a level of the exposure; these remain defined where
    the exposure changes a confounder of mediators and outcome, an intermediate.

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
    estimand : {"natural", "interventional"}, default "natural"
    intermediates : str or list of str, optional
        With "interventional": causes of mediators and outcome that the exposure changes; one
        or many columns of any type.
    decomposition : {"one", "both"}, default "one"
        With "natural", "both" adds the other way to split the total: TNDE (total natural
        direct) and PNIE (pure natural indirect effect).
    dag : DiGraph, str or edges, optional
        A causal graph whose nodes are columns, or latent. It chooses the covariates where
        none are given, and checks those that are, with the intermediates where there are
        some. See ``.design.adjustment``.
    {shared}

    Returns
    -------
    EffectEstimate
        Natural: terms TE, NDE (pure, ADE at the reference), NIE (total, ACME at the level)
        and PM = NIE / TE; TE = NDE + NIE. Interventional: OE, IDE and IIE; OE = IDE + IIE,
        and without intermediates these are the natural effects.

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
    .. [3] Diaz, Hejazi, Rudolph & van der Laan (2021), Biometrika 108, Theorem 1.

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
    choices = {
        "estimand": (estimand, ("natural", "interventional")),
        "decomposition": (decomposition, ("one", "both")),
    }
    return analyse(
        _page(estimand, decomposition, intermediates),
        data,
        exposure,
        outcome,
        mediators,
        covariates,
        options,
        need_mediators=True,
        choices=choices,
        dag=dag,
        intermediates=intermediates,
    )


def _page(estimand: str, decomposition: str, intermediates: Any) -> Estimand:
    """The estimand that is asked for; what does not go together is refused."""
    amid = not is_none(intermediates)
    if estimand != "interventional":
        if amid:
            raise NotIdentified(
                "natural effects are not identified where the exposure changes a confounder of "
                "mediators and outcome, as intermediates= says. Ask for "
                'estimand="interventional", or for path_specific_effects() with the intermediates '
                "as the first mediators."
            )
        return NATURAL_BOTH if decomposition == "both" else NATURAL
    if decomposition == "both":
        raise DataError(
            'decomposition="both" is for natural effects. Leave it out, or exchange the levels '
            "with reference= to split the overall effect the other way."
        )
    return WITH_INTERMEDIATES if amid else INTERVENTIONAL

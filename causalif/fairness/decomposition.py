"""Why groups differ: the observed gap as what acts directly, through mediators, and spuriously."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from causalif.data.design import Design
from causalif.effects.chain import chain_mean
from causalif.effects.engine import analyse
from causalif.effects.options import Settings
from causalif.effects.potential import PotentialMean
from causalif.effects.result import EffectEstimate
from causalif.effects.shared import documented
from causalif.effects.worlds import Contrasts, Estimand, World
from causalif.errors import DataError
from causalif.estimate import Estimate
from causalif.nuisance.crossfit import Nuisances

if TYPE_CHECKING:
    from matplotlib.axes import Axes

EVERYBODY = -1
PARTS = ("direct", "indirect", "spurious")

# A world is (whose mean, level of the mediators, level of the outcome).


def _world_in_group(
    nuisances: Nuisances, design: Design, world: World, settings: Settings
) -> PotentialMean:
    """E[Y(a, M(b))] of everybody, or of one group."""
    group, *levels = world
    among = None if group == EVERYBODY else group
    return chain_mean(nuisances, design, tuple(levels), settings, among=among)


def _named(design: Design, world: World) -> str:
    """``E[Y(White, M(Black)) | Black]``; of a group in its own world, ``E[Y | Black]``."""
    group, mediators, own = (
        None if code == EVERYBODY else str(design.exposure.levels[code]) for code in world
    )
    name = design.outcome.name
    if group == mediators == own:
        return f"E[{name} | {group}]"
    inner = f"{own}" if own == mediators else f"{own}, mediators of {mediators}"
    return f"E[{name}({inner})]" if group is None else f"E[{name}({inner}) | {group}]"


def _natural(a: int, b: int) -> Contrasts:
    every = EVERYBODY
    return {
        "TV": ((a, a, a), (b, b, b)),
        "direct": ((every, b, a), (every, b, b)),
        "indirect": ((every, a, a), (every, b, a)),
        "spurious above": ((a, a, a), (every, a, a)),
        "spurious below": ((every, b, b), (b, b, b)),
    }


def _counterfactual(a: int, b: int) -> Contrasts:
    return {
        "TV": ((a, a, a), (b, b, b)),
        "direct": ((b, b, a), (b, b, b)),
        "indirect": ((b, a, a), (b, b, a)),
        "spurious": ((a, a, a), (b, a, a)),
    }


COUNTERFACTUAL = Estimand(
    name="decomposition of the gap",
    contrasts=_counterfactual,
    evaluate=_world_in_group,
    named=_named,
    fractions={},
    references=("plecko2024causal", "tchetgen2012semiparametric"),
    assumptions=(
        "Given the covariates, nothing unmeasured drives both {exposure} and {outcome}, or both "
        "{exposure} and the mediators.",
        "Given {exposure} and the covariates, nothing unmeasured drives both the mediators and "
        "{outcome}.",
        "Nothing that {exposure} changes drives both the mediators and {outcome}, but mediators.",
        "{exposure} stands for all that comes with it; what a person would have been with another "
        "level must mean something.",
        "Each level occurs at all covariates (see the overlap).",
    ),
    words={
        "TV": "observed gap",
        "direct": "directly",
        "indirect": "through the mediators",
        "spurious": "by covariates that differ",
    },
    criterion="natural",
)
NATURAL = replace(COUNTERFACTUAL, contrasts=_natural)
KINDS = {"counterfactual": COUNTERFACTUAL, "natural": NATURAL}


class GapDecomposition(EffectEstimate):
    """An observed gap and its parts, which add up.

    Attributes
    ----------
    predicted : bool
        Whether it is of a predictor, held fixed, and not of the outcome itself.
    """

    predicted: bool

    def refit(self, rows: Any) -> GapDecomposition:  # type: ignore[override]
        """The same decomposition on some of the rows."""
        return _put_together(super().refit(rows), self.predicted)

    def plot(  # type: ignore[override]
        self, kind: str = "effects", *, ax: Axes | None = None, **options: Any
    ) -> Axes:
        """Draw the gap and its parts, or a diagnostic as of any effect."""
        return super().plot(kind, ax=ax, **options)

    def _summary_head(self) -> list[str]:
        values = self.values
        lines = []
        for term in values.index:
            if not term.startswith("TV"):
                continue
            ending = term[2:]
            parts = {part: values[part + ending] for part in PARTS}
            lines.append(
                f"observed gap{ending} {values[term]:+.3g} = {parts['direct']:+.3g} directly "
                f"{parts['indirect']:+.3g} through the mediators {parts['spurious']:+.3g} by "
                "covariates that differ"
            )
        return [*super()._summary_head(), *lines]

    def _summary_notes(self) -> list[str]:
        notes = super()._summary_notes()
        if self.predicted:
            notes.append("Of a predictor, which is held fixed: as it was fitted elsewhere.")
        if not self.design.covariates:
            notes.append("No covariates: nothing can be spurious, by assumption.")
        return notes


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
    sensitive, outcome : str
        Column names.
    mediators : str or list of str
        What the attribute acts through.
    covariates : str or list of str, optional
        Common causes; with `dag`, left out to be chosen.
    prediction : str, array or Series, optional
        A predictor's scores or decisions, decomposed in the place of the outcome.
    kind : {"counterfactual", "natural"}, default "counterfactual"
        Effects on the members of the reference group, or on everybody (natural effects).
    dag : DiGraph, str or edges, optional
        A causal graph: chooses or checks the covariates.
    {shared}

    Returns
    -------
    GapDecomposition
        Terms TV, direct, indirect, spurious, each positive where it raises the gap of the level
        over the reference.

    Raises
    ------
    DataError
        The data or an option cannot be used; all problems at once, before any fit.
    NotIdentified
        By the graph the covariates do not serve.

    Notes
    -----
    In the words of Plecko and Bareinboim, with x1 the level and x0 the reference: TV =
    Ctf-DE(x0, x1 | x0) - Ctf-IE(x1, x0 | x0) - Ctf-SE(x1, x0). Our indirect and spurious parts
    are theirs with the sign turned, so that the three add. With "natural" direct is NDE and
    indirect NIE, and spurious TV - TE. For direct discrimination that a graph with latent nodes
    identifies, see `weighted_direct_effect`.

    References
    ----------
    .. [1] Plecko & Bareinboim (2024), Causal Fairness Analysis. Foundations and Trends in
           Machine Learning 17(3):304-589.

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
    if prediction is not None and not isinstance(prediction, str):
        data, target = _with_prediction(data, prediction)
    elif prediction is not None:
        target = prediction
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
    return _put_together(found, prediction is not None)


def _with_prediction(data: Any, prediction: Any) -> tuple[pd.DataFrame, str]:
    """A copy of the frame with the scores as a column."""
    if not isinstance(data, pd.DataFrame):
        raise DataError("prediction= as an array needs a pandas DataFrame. Give a column's name.")
    if len(prediction) != len(data):
        raise DataError(f"prediction has {len(prediction)} rows, and data has {len(data)}.")
    if isinstance(prediction, pd.Series) and not prediction.index.equals(data.index):
        raise DataError(
            "prediction has other row labels than data. Bring them into one order "
            "(prediction.loc[data.index]), or give an array."
        )
    name = "prediction"
    while name in data.columns:
        name += "_"
    return data.assign(**{name: np.asarray(prediction)}), name


def _put_together(found: EffectEstimate, predicted: bool) -> GapDecomposition:
    """With one spurious part."""
    names = list(found.names)
    kept = [name for name in names if not name.startswith("spurious below")]
    matrix = np.zeros((len(kept), len(names)))
    for row, name in enumerate(kept):
        matrix[row, names.index(name)] = 1.0
        if name.startswith("spurious above"):
            matrix[row, names.index(name.replace("above", "below"))] = 1.0
    whole = found.transform(
        lambda values: matrix @ values, names=[name.replace(" above", "") for name in kept]
    )
    estimate = Estimate.from_estimate(whole, label=found.label, references=found.references)
    return GapDecomposition.from_estimate(
        estimate,
        design=found.design,
        diagnostics=found.diagnostics,
        nuisance=found.nuisance,
        means=found.means,
        recipe=found.recipe,
        predicted=predicted,
    )

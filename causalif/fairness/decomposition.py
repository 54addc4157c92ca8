"""Why groups differ: the observed gap as what acts directly, through mediators, and spuriously."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from causalif.effects.engine import analyse
from causalif.effects.result import EffectEstimate
from causalif.effects.shared import documented
from causalif.errors import DataError
from causalif.estimate import Estimate
from causalif.fairness.causes import COUNTERFACTUAL, KINDS

if TYPE_CHECKING:
    from matplotlib.axes import Axes

PARTS = ("direct", "indirect", "spurious")


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

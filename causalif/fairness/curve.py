"""`TradeoffCurve`: what fairness costs, as an estimate over measures and places."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
from scipy.special import expit

from causalif.errors import DataError, Problems, check_choice, did_you_mean
from causalif.estimate import Estimate
from causalif.fairness import words
from causalif.fairness.groups import Groups
from causalif.fairness.leakage import leakage
from causalif.fairness.learning import Choices
from causalif.fairness.reduction import DimensionEvidence

if TYPE_CHECKING:
    from matplotlib.axes import Axes

PLOTS = ("pareto", "curve", "loadings", "angles")


class TradeoffCurve(Estimate):
    """Utilities and gaps at every place between the fairest and the most accurate model.

    A term is named ``"accuracy @ 0.5"``. All places stand on the same rows, so that differences
    along the curve have their own, smaller, standard errors.

    Attributes
    ----------
    terms : tuple of str
        The measure of each term.
    places : tuple of float, or of int
        Of each term the place on the line, or how many directions are shared.
    unmitigated : Estimate
        The same of the model on all features; on the line it is at 1.0.
    cosines : Estimate or None
        Of the angles between the subspaces of target and attribute: the price in advance. Near 1
        there is hardly anything to keep.
    loadings : DataFrame
        Directions of the representation with everything shared, on standardised features.
    scores : DataFrame
        Linear predictors of each row at each place, of rows held out.
    groups : Groups
    few : DataFrame
        Group values that are averages over fewer than ten rows at some place: measure, group,
        events (the fewest). Intervals of these, and of gaps from them, are too short.
    choices : Choices
    evidence : dict of str to DimensionEvidence
        Of "target" and "sensitive", where a dimension was chosen by the data.
    frozen, held_out, logistic : bool
        Whether predictions were held fixed in standard errors, are of rows held out, and of a
        binary outcome.
    """

    terms: tuple[str, ...]
    places: tuple[float, ...]
    unmitigated: Estimate
    cosines: Estimate | None
    loadings: pd.DataFrame
    scores: pd.DataFrame
    groups: Groups
    few: pd.DataFrame
    choices: Choices
    evidence: dict[str, DimensionEvidence]
    frozen: bool
    held_out: bool
    logistic: bool

    def tidy(
        self,
        level: float = 0.95,
        exponentiate: bool = False,
        *,
        method: str = "wald",
        seed: Any = 0,
    ) -> pd.DataFrame:
        """One row for each measure and place: term, shared, estimate, std_error, ...

        Parameters
        ----------
        level, exponentiate, method, seed
            As in `Estimate.tidy`; "simultaneous" gives bands for the whole curve.
        """
        table = super().tidy(level, exponentiate, method=method, seed=seed)
        table["term"] = list(self.terms)
        table.insert(1, "shared", list(self.places))
        return table

    @property
    def probabilities(self) -> pd.DataFrame:
        """Probabilities of the favourable outcome at each place (predictions, of numbers)."""
        return self.scores.map(expit) if self.logistic else self.scores.copy()

    def at(self, shared: float) -> Estimate:
        """All measures at one place.

        Raises
        ------
        DataError
            The curve has no such place.
        """
        found = [k for k, place in enumerate(self.places) if np.isclose(place, shared)]
        if not found:
            known = ", ".join(f"{place:g}" for place in dict.fromkeys(self.places))
            raise DataError(f"shared={shared:g} is no place of this curve. Known: {known}.")
        names = [self.names[k] for k in found]
        return self[names]

    def compare(self, low: float, high: float) -> Estimate:
        """What more sharing buys, and what it costs: each measure at `high` less that at `low`.

        Examples
        --------
        >>> rng = np.random.default_rng(1)
        >>> sex = rng.integers(0, 2, 500)
        >>> frame = pd.DataFrame({"a": rng.normal(size=500) + sex, "b": rng.normal(size=500)})
        >>> frame["good"] = (frame.sum(axis=1) + rng.normal(size=500) > 0).astype(int)
        >>> frame["sex"] = sex
        >>> curve = cif.fairness_tradeoff(frame, "good", "sex", seed=1, measures="mean_score")
        >>> bool(curve.compare(0.0, 1.0).values.iloc[0] > 0)
        True
        """
        below, above = self.at(low), self.at(high)
        terms = [term for term, place in zip(self.terms, self.places, strict=True)
                 if np.isclose(place, low)]  # fmt: skip
        columns = pd.DataFrame(
            above.influence.to_numpy() - below.influence.to_numpy(),
            index=self.influence.index,
            columns=terms,
        )
        return Estimate(
            above.values.to_numpy() - below.values.to_numpy(),
            columns,
            names=terms,
            clusters=self.clusters,
            strata=self.strata,
            weights=self.weights,
            label=f"{high:g} shared less {low:g} shared",
            references=self.references,
        )

    def shared_for(self, at_most: float, measure: str = "demographic_parity") -> float:
        """The most that can be shared with a gap no larger than wanted, on these rows.

        Parameters
        ----------
        at_most : float
            The largest gap in absolute value, of all groups.
        measure : str, default "demographic_parity"

        Returns
        -------
        float
            A place on the line, by interpolation; for ``FairSubspace(shared=)``.

        Raises
        ------
        DataError
            No such measure; a gap too small for any place.
        """
        places, gaps = self._gaps(measure)
        fair = np.abs(gaps) <= at_most
        if not fair[0]:
            raise DataError(
                f"the {measure} gap is {abs(gaps[0]):.3f} with nothing shared: at_most={at_most:g} "
                "is out of reach. Allow more, or take another notion=."
            )
        last = int(np.argmin(fair)) - 1 if not fair.all() else len(places) - 1
        if last == len(places) - 1:
            return float(places[-1])
        low, high = abs(gaps[last]), abs(gaps[last + 1])
        share = (at_most - low) / (high - low)
        return float(places[last] + share * (places[last + 1] - places[last]))

    def _gaps(self, measure: str) -> tuple[np.ndarray, np.ndarray]:
        """Places in order, and at each the term of the measure that is farthest from zero."""
        terms = [term for term in dict.fromkeys(self.terms) if term.split("[")[0] == measure]
        if not terms:
            raise DataError(f"no measure {measure!r}. {did_you_mean(measure, set(self.terms))}")
        table = pd.DataFrame(
            {"term": self.terms, "shared": self.places, "value": self.values.to_numpy()}
        )
        wide = table[table["term"].isin(terms)].pivot_table("value", "shared", "term")
        largest = np.argmax(np.abs(wide.to_numpy()), axis=1)
        return wide.index.to_numpy(float), wide.to_numpy()[np.arange(len(wide)), largest]

    def leakage(self, *, seed: Any = None) -> pd.DataFrame:
        """What the scores at each place tell of the attribute, along straight lines or not.

        Returns
        -------
        DataFrame
            A row per place: shared, distance_correlation, p_value (by permutation), auc (with
            which boosting tells the group from the score, in rows held out).
        """
        rng = np.random.default_rng(seed)
        rows = []
        for place in self.scores:
            told = leakage(self.scores[[place]].to_numpy(), self.groups.codes, rng=rng)
            rows.append((place, told.distance_correlation, told.p_value, told.auc))
        return pd.DataFrame(rows, columns=["shared", "distance_correlation", "p_value", "auc"])

    def plot(self, kind: str = "pareto", *, ax: Axes | None = None, **options: Any) -> Axes:
        """Draw the curve.

        Parameters
        ----------
        kind : {"pareto", "curve", "loadings", "angles"}
            "pareto": a utility against a gap, with 95% ellipses; "curve": measures along the
            line, with simultaneous bands; "loadings": the directions; "angles": the cosines.
        **options
            ``utility=`` and ``gap=`` (pareto), ``measures=`` (curve).

        Raises
        ------
        DataError
            An unknown kind or measure.
        """
        problems = Problems()
        check_choice(problems, "kind", kind, PLOTS)
        problems.raise_if_any()
        from causalif.fairness import pictures

        return pictures.DRAW[kind](self, ax, **options)

    def report(self, path: str | Path) -> Path:
        """Write one self-contained HTML file; its absolute path.

        Raises
        ------
        DataError
            There is no such folder.
        """
        from causalif.fairness import document

        return document.write_report(self, path)

    def summary_parts(self) -> tuple[list[str], list[str]]:
        """The lines above and below the table of the summary."""
        return self._summary_head(), self._summary_notes()

    def _summary_head(self) -> list[str]:
        return words.head(self)

    def _summary_notes(self) -> list[str]:
        return words.notes(self)

"""`GapDecomposition`: an observed gap and its parts, told in words and drawn."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from causalif.effects.result import EffectEstimate
from causalif.errors import DataError

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from causalif.effects.sensitivity import Sensitivity

PARTS = ("direct", "indirect", "spurious")
MANY_NAMES = 3
ROUNDING = 1e-12


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
        return decomposition_of(super().refit(rows), self.predicted)

    def plot(  # type: ignore[override]
        self, kind: str = "effects", *, ax: Axes | None = None, **options: Any
    ) -> Axes:
        """Draw the gap and its parts, or a diagnostic as of any effect."""
        return super().plot(kind, ax=ax, **options)

    def sensitivity(self, **_: Any) -> Sensitivity:  # type: ignore[override]
        """Not of a decomposition.

        Raises
        ------
        DataError
            Always: an observed gap has no confounder, and a part within a group another bound
            than an effect on everybody.
        """
        raise DataError(
            "a decomposition has no bounds for an unmeasured confounder. Ask for those of the "
            "natural effects: cif.mediate(...).sensitivity()."
        )

    def _summary_head(self) -> list[str]:
        terms = [str(term) for term in self.values.index]
        gaps = [self._in_words(term[2:]) for term in terms if term.startswith("TV")]
        return [*super()._summary_head(), *gaps]

    def _in_words(self, ending: str) -> str:
        """One gap in one sentence."""
        gap, *parts = (self._rounded(name + ending) for name in ("TV", *PARTS))
        through = self._listed([m for group in self.design.mediators for m in group], "mediators")
        groups = self._listed(self.design.covariates, "covariates")
        ways = ["directly", f"through {through}"]
        ways.append(f"spuriously, as groups differ in {groups}" if groups else "spuriously")
        whole = "gap of the predictor" if self.predicted else "observed gap"
        if self.recipe.settings.scale == "difference":
            said = [f"{part:+.3g} {way}" for part, way in zip(parts, ways, strict=True)]
            return f"The {whole} of {gap:+.3g}{ending}: {', '.join(said)}."
        said = [f"{np.exp(part):.3g} {way}" for part, way in zip(parts, ways, strict=True)]
        return f"The {whole}, a ratio of {np.exp(gap):.3g}{ending}: {', times '.join(said)}."

    def _rounded(self, term: str) -> float:
        return 0.0 if term in self._nothing() else float(self.values[term])

    def _nothing(self) -> list[str]:
        """Terms that are zero but for rounding, as of a predictor that never reads the attribute.

        Learners that fit it exactly leave neither a value nor an error.
        """
        unit = ROUNDING * float(np.abs(self.design.outcome.values).max())
        small = (self.values.abs() < unit) & (self.std_error < unit)
        return [str(term) for term in self.values.index[small]]

    @staticmethod
    def _listed(names: Any, many: str) -> str:
        return ", ".join(names) if len(names) <= MANY_NAMES else f"{len(names)} {many}"

    def _summary_notes(self) -> list[str]:
        notes = super()._summary_notes()
        if self.predicted:
            notes.append("Of a predictor, which is held fixed: as it was fitted elsewhere.")
        if nothing := self._nothing():
            notes.append(
                f"Zero but for rounding, so that a test says nothing: {'; '.join(nothing)}."
            )
        if not self.design.covariates:
            notes.append("No covariates: nothing can be spurious, by assumption.")
        return notes


def decomposition_of(found: EffectEstimate, predicted: bool) -> GapDecomposition:
    """What the engine found, as a decomposition."""
    return GapDecomposition.from_estimate(
        found,
        design=found.design,
        diagnostics=found.diagnostics,
        nuisance=found.nuisance,
        means=found.means,
        recipe=found.recipe,
        predicted=predicted,
    )

"""`Nuisances`: the only place that fits. Each nuisance once, memoised by what it predicts."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from causalif.nuisance.cells import Cells
from causalif.nuisance.copies import (
    CLIP,
    COPIES,
    DRAWN_TWICE,
    draw_pairs,
    joint_features,
    standardised,
)
from causalif.nuisance.folds import seed_for
from causalif.nuisance.record import Held, Mean
from causalif.nuisance.regressions import Regressions


class Nuisances(Regressions):
    """Cross-fitted nuisance functions of one design, fitted on demand and remembered."""

    def mean(
        self,
        target: Mean | None,
        given: Sequence[str],
        level: int,
        among: tuple[int, ...] | None = None,
        held: Held = (),
    ) -> Mean:
        """E[target | exposure = level, given]; the outcome when `target` is None.

        A `Mean` as target is regressed fold by fold: the model of each fold sees only the
        predictions of the same fold's model, so that no row meets its own outcome. With
        `among` the condition is that the exposure is at any of these levels instead. Where
        columns are `held` it is evaluated at their value in every row.
        """
        names = self._canonical(given)
        library = self.library
        pooled = library.pooled if target is None else library.pooled_nested
        arm = among if among is not None else None if pooled else level
        key = ("mean", _source(target), names, arm)
        if key not in self._fits:
            self._fits[key] = self._fit_mean(key, target, names, arm)
        if (key, level, held) not in self._means:
            if held:
                values = self.at(Mean(key, names, level, (), np.empty(0)), held=held)
            else:
                values = self._fits[key].predictions[1 + level if arm is None else 0]
                values = values[:, 1] if values.ndim == 2 else values
            self._means[key, level, held] = Mean(key, names, level, held, values)
        return self._means[key, level, held]

    def mean_over_draws(
        self,
        target: Mean,
        drawn: Sequence[str],
        given: Sequence[str],
        level: int,
        donors: int | None = None,
    ) -> Mean:
        """Regression of `target` at drawn columns, on these and more: E[target | level, given].

        Every row at the exposure level is given the `drawn` columns of other rows of its fold
        (at the level `donors`, or any), independently of its own. What the target has beyond
        `given` is then averaged over its law given the rest of `given` alone; no density is
        estimated.
        """
        names, replaced = self._canonical(given), self._canonical(drawn)
        key = ("drawn", _source(target), names, level)
        if key not in self._fits:
            codes, folds = self.design.exposure.codes, self.scheme.folds
            givers = np.full(self.design.n, True) if donors is None else codes == donors
            seed = seed_for(self.scheme.entropy, "draws", *key)
            rows, others = draw_pairs(folds, codes == level, givers, COPIES, seed)
            copies = self.design.borrowing(replaced, rows, others)
            y = self._by_fold(target, copies)
            kind = "fraction" if self._binary else "regression"
            features = np.vstack([self.design.matrix(names), copies.matrix(names)])
            self._fits[key] = self._fit_beside(key, "outcome", kind, features, rows, y)
        values = self._fits[key].predictions[0][: self.design.n]
        return self._means.setdefault((key, level, ()), Mean(key, names, level, (), values))

    def at(self, mean: Mean, *, held: Held = (), drawn: Any = None) -> np.ndarray:
        """A regression at other values: some columns held, or borrowed from other rows.

        Parameters
        ----------
        mean : Mean
        held : tuple of (names, row), optional
            Columns at one value in every row.
        drawn : (names, rows, donors), optional
            Columns of the donors beside all else of the rows; positions, shape (m,).

        Returns
        -------
        ndarray, shape (n,) or (m,)
            Each row's prediction by the model that has seen neither it nor its donor.
        """
        design, folds = self.design, self.scheme.folds
        if held:
            design = design.holding(*held)
        if drawn is not None:
            names, rows, donors = drawn
            design, folds = design.borrowing(names, rows, donors), folds[rows]
        features = self._inputs(mean, design)
        return self._fits[mean.key].held_out(features, folds, self.scheme)

    def shares(self, cells: Cells, given: Sequence[str], level: int | None = None) -> np.ndarray:
        """P(cell | exposure = level, given) for every cell, shape (n, cells).

        Whatever the exposure, if no level is given.
        """
        names = self._canonical(given)
        key = ("share", cells.names, names, level)
        if key not in self._fits:
            features, codes = self.design.matrix(names), self.design.exposure.codes
            rows = np.flatnonzero(np.full(len(codes), True) if level is None else codes == level)
            self._fits[key] = self._fit(
                key,
                "intermediate",
                "probability",
                features,
                [features],
                rows,
                cells.codes[rows],
                classes=len(cells.values),
            )
        return self._fits[key].predictions[0]

    def dependence(
        self, left: Sequence[str], right: Sequence[str], level: int | None = None
    ) -> np.ndarray:
        """p(left) p(right) / p(left, right), within an exposure level if one is given, (n,).

        Rows as they are, against rows whose `left` was dealt out anew within the fold: the
        odds of the second are the ratio, whatever the columns are. Each part has the same law
        in both, so that learners must be shown products, or they see nothing to begin with.

        References
        ----------
        .. [1] Qin (1998), Biometrika 85: density ratios by classification.
        """
        first, second = self._canonical(left), self._canonical(right)
        key = ("dependence", first, second, level)
        if key not in self._fits:
            codes = self.design.exposure.codes
            among = np.full(len(codes), True) if level is None else codes == level
            seed = seed_for(self.scheme.entropy, "draws", *key)
            rows, donors = draw_pairs(self.scheme.folds, among, among, DRAWN_TWICE, seed)
            one, two = (standardised(self.design.matrix(part)) for part in (first, second))
            features = joint_features(
                np.vstack([one, one[donors]]),
                np.vstack([two, two[rows]]),
                squares=self.library.interactions,
            )
            self._fits[key] = self._fit_beside(
                key, "intermediate", "probability", features, rows, None, among
            )
        dealt = np.clip(self._fits[key].predictions[0][: self.design.n, 1], CLIP, 1 - CLIP)
        return dealt / (1 - dealt) / DRAWN_TWICE

    def probability(self, given: Sequence[str]) -> np.ndarray:
        """P(exposure = level | given) for every level, floored, shape (n, levels)."""
        names = self._canonical(given)
        if names not in self._probabilities:
            exposure, features = self.design.exposure, self.design.matrix(names)
            self._fits["exposure", names] = self._fit(
                ("exposure", names),
                "exposure",
                "probability",
                features,
                [features],
                np.arange(self.design.n),
                exposure.codes,
                classes=len(exposure.levels),
            )
            raw = self._fits["exposure", names].predictions[0]
            self._probabilities[names] = np.maximum(raw, self.floor)
        return self._probabilities[names]

    def observation(self, given: Sequence[str], level: int) -> np.ndarray:
        """P(outcome observed | exposure = level, given), floored, shape (n,)."""
        names = self._canonical(given)
        key = ("observed", names)
        if key not in self._fits:
            features = self._features(names)
            self._fits[key] = self._fit(
                key,
                "missing",
                "probability",
                features,
                [features, *self._views(names)],
                np.arange(self.design.n),
                self.design.outcome.observed.astype(np.int64),
                classes=2,
            )
        return np.maximum(self._fits[key].predictions[1 + level][:, 1], self.floor)


def _source(target: Mean | None) -> tuple[Any, ...]:
    """What is regressed, as part of a key."""
    return ("outcome",) if target is None else (*target.key, target.level, target.held)

"""What a long run has done so far, kept in a folder: the same call takes it up again."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from causalif.data.variables import Variable
from causalif.estimate.archive import read_archive, write_archive
from causalif.estimate.folder import open_folder, read_question
from causalif.nuisance.folds import entropy_of, seed_for
from causalif.sigma.ladder.score_cache import ScoreCache
from causalif.sigma.scores.nodes import Nodes
from causalif.sigma.scores.parents import ParentSets, Scorer

if TYPE_CHECKING:
    from causalif.sigma.learn import Settings
    from causalif.sigma.structures.mcmc import Chains, ChainsState

SCORES, CHAINS = "scores.npz", "chains.npz"
KIND, FORMAT, NOUN = "causalif.sigma.structures.chains", 1, "chains"
# What may differ between the call that was stopped and the one that takes it up.
FREE = ("n_jobs", "progress")


@dataclass(frozen=True)
class Checkpoint:
    """The folder of a run, and its codes; without a folder these are kept while it lasts."""

    folder: Path | None
    codes: ScoreCache = field(default_factory=ScoreCache)

    @classmethod
    def at(
        cls,
        folder: str | os.PathLike[str] | None,
        variables: Sequence[Variable],
        asked: Mapping[str, Any],
    ) -> Checkpoint:
        """Open a folder for this call, and no other.

        Parameters
        ----------
        folder : path or None
            Made where there is none.
        variables : sequence of Variable
        asked : mapping
            The options of the call.

        Raises
        ------
        DataError
            The folder holds the run of another call, or is a file.
        """
        if folder is None:
            return cls(None)
        question = {k: v for k, v in asked.items() if k not in FREE} | {"data": _digest(variables)}
        question["seed"] = question.pop("entropy")
        place = open_folder(folder, question, "checkpoint")
        return cls(place, ScoreCache.load(place / SCORES))

    def ladder(self, nodes: Nodes, settings: Settings, order: int = 0) -> Scorer:
        """The ladder's scores; those that were made before are read."""
        from joblib import effective_n_jobs

        from causalif.sigma.ladder.scorer import ladder_scorer

        assert nodes.values is not None
        workers: Any = 1 if settings.n_jobs is None else effective_n_jobs(settings.n_jobs)
        return ladder_scorer(
            nodes.values,
            base=nodes.scorer,
            seed=seed_for(settings.entropy, "ladder", order),
            orders=settings.orders,
            cache=self.codes,
            progress=settings.progress,
            threads=int(workers),
        )

    def chains(self, sets: ParentSets, settings: Settings, samples: int) -> Chains:
        """Chains from where they were left, or from the start."""
        from causalif.sigma.structures.mcmc import ChainsState, run_chains

        path = None if self.folder is None else self.folder / CHAINS

        def keep(state: ChainsState) -> None:
            if path is not None:
                write_archive(path, KIND, FORMAT, state.to_arrays(), {})

        before = None
        if path is not None and path.is_file():
            before = ChainsState.from_arrays(read_archive(path, KIND, FORMAT, NOUN)[0])
        return run_chains(
            sets,
            samples=samples,
            chains=settings.chains,
            seed=seed_for(settings.entropy, "chains"),
            n_jobs=settings.n_jobs,
            progress=settings.progress,
            steps=settings.steps,
            on_segment=keep,
            state=before,
        )


def entropy_for(folder: str | os.PathLike[str] | None, seed: Any) -> int:
    """The entropy of a seed; without one, that of the run in the folder, if there is one."""
    if seed is None and folder is not None:
        kept = read_question(folder).get("seed")
        if kept is not None:
            return int(kept)
    return entropy_of(seed)


def _digest(variables: Sequence[Variable]) -> str:
    found = hashlib.sha256()
    for variable in variables:
        found.update(variable.name.encode())
        values = variable.numbers
        if values is None:
            codes, levels = variable.coded()
            found.update(repr(levels).encode())
            values = np.asarray(codes)
        found.update(np.ascontiguousarray(values).tobytes())
    return found.hexdigest()

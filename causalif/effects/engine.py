"""The one loop: check, draw folds, estimate every world, contrast, diagnose."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from itertools import product
from typing import Any

import numpy as np
import pandas as pd

from causalif.data import Design, resolve_call
from causalif.effects.checks import check_before_fits, check_levels
from causalif.effects.diagnostics import diagnose, warn_on_positivity
from causalif.effects.options import check_options, settings_from
from causalif.effects.potential import PotentialMean
from causalif.effects.recipe import Recipe
from causalif.effects.repeats import average
from causalif.effects.result import EffectEstimate
from causalif.effects.shared import complete, of_the_data
from causalif.effects.subgroups import check_groups, identify_by_group, parts_of
from causalif.effects.survival import tell_of_censoring, with_censoring
from causalif.effects.two_phase import (
    check_two_phases,
    complete_rows,
    note_in,
    on_all_rows,
    tell_of_two_phases,
    with_two_phases,
)
from causalif.effects.worlds import Estimand, contrast, worlds_of
from causalif.errors import Problems, SmallSampleWarning, check_choice, said_once
from causalif.estimate import Estimate
from causalif.nuisance.crossfit import Nuisances
from causalif.nuisance.fits import Scheme
from causalif.nuisance.folds import draw_folds, seed_for
from causalif.nuisance.hazards import Censoring, make_up_for_censoring
from causalif.nuisance.progress import progress_bar
from causalif.nuisance.two_phase import SecondPhase, second_phase

Phase = SecondPhase | None


def analyse(
    estimand: Estimand,
    data: Any,
    exposure: Any,
    outcome: Any,
    mediators: Any,
    covariates: Any,
    options: Mapping[str, Any],
    *,
    need_mediators: bool = False,
    choices: Mapping[str, tuple[str, Sequence[str]]] | None = None,
    ordered: bool = False,
    dag: Any = None,
    front_door: Estimand | None = None,
    intermediates: Any = None,
    reshape: Callable[[Design, int], Design] | None = None,
) -> EffectEstimate:
    """Check everything once, then run: what every public effect function calls.

    Parameters
    ----------
    estimand : Estimand
        The page.
    data, exposure, outcome, mediators, covariates
        As the user gave them.
    options : mapping
        The shared options that were given.
    need_mediators : bool, default False
        Whether the estimand has mediators.
    choices : mapping of str to (value, allowed), optional
        Arguments of the page's own, checked with the rest.
    ordered : bool, default False
        Each item of `mediators` is a group of its own.
    dag : DiGraph, str or edges, optional
        Chooses the covariates, or judges those given.
    front_door : Estimand, optional
        What to estimate where the graph gives mediators for want of covariates.
    intermediates : str or list of str, optional
        What the exposure changes and drives both mediators and outcome.
    reshape : callable, optional
        ``(design, folds) -> design``: what the page makes of the design before it is used.
    """
    given = complete(options)
    problems = Problems()
    for name, (value, allowed) in (choices or {}).items():
        check_choice(problems, name, value, allowed)
    library = check_options(given, problems)
    call = resolve_call(
        data,
        exposure,
        outcome,
        mediators,
        covariates,
        need_mediators=need_mediators,
        ordered=ordered,
        problems=problems,
    )
    none_named = (
        f"{estimand.name} need at least one mediator, and none is named.",
        'Give mediators="column" or a list, or use average_effect() for the total effect.',
    )
    by_graph = ordered and dag is not None and call.mediators is None
    if need_mediators and not by_graph and _is_empty(call.mediators):
        problems.add(*none_named)
    found = None
    if dag is not None:
        found = identify_by_group(
            dag,
            call,
            estimand.criterion,
            problems,
            by=given["by"],
            ordered=ordered,
            front_door=front_door is not None,
            intermediates=intermediates,
        )
    if found is not None:
        call, intermediates = found.call, found.intermediates
        if found.by_front_door and front_door is not None:
            estimand = front_door
    design = call.design(
        **of_the_data(given),
        intermediates=intermediates,
        ordered=ordered,
        problems=problems,
    )
    if need_mediators and not design.mediators:  # an iterator that gave nothing, for one
        problems.add(*none_named)
        problems.raise_if_any()
    if found is not None:
        design = found.note_in(design)
    if estimand.for_design is not None:
        estimand = estimand.for_design(estimand, design)
    estimand = with_two_phases(with_censoring(estimand, design), design)
    if reshape is not None:
        design = reshape(design, int(given["folds"]))
    settings = settings_from(given, library, design.n, design.clusters)
    check_levels(estimand, design, settings.folds)
    check_groups(estimand, design, settings.folds)
    check_two_phases(design, settings.folds)
    folds = tuple(
        draw_folds(design, settings.folds, seed_for(settings.entropy, "folds", draw))
        for draw in range(settings.repeats)
    )
    check_before_fits(estimand, design, settings, folds)
    return run(Recipe(estimand, design, settings, folds, run))


def _is_empty(names: Any) -> bool:
    if isinstance(names, list | tuple):
        return all(isinstance(group, list | tuple) and not group for group in names)
    return names is None


def run(recipe: Recipe) -> EffectEstimate:
    """Estimate every world in every draw of the folds, and contrast them."""
    estimand, design, settings = recipe.estimand, recipe.design, recipe.settings
    worlds = worlds_of(estimand, design)
    draws: list[Estimate] = []
    first: tuple[Nuisances, dict[str, PotentialMean], Censoring | None, Phase] | None = None
    total = len(worlds) * len(parts_of(design)) * settings.repeats
    with progress_bar(settings.progress, total, "mean") as bar:
        for draw, folds in enumerate(recipe.folds):
            entropy = seed_for(settings.entropy, "fits", draw)
            scheme = Scheme(folds, entropy, settings.n_jobs)
            library, floor = settings.library, settings.floor
            phase = second_phase(design, library, scheme=scheme, floor=floor)
            seen, scheme = (design, scheme) if phase is None else (phase.rows, phase.scheme())
            whole, censoring = make_up_for_censoring(seen, library, scheme=scheme, floor=floor)
            nuisances = Nuisances(
                whole,
                settings.library,
                folds=scheme.folds,
                entropy=entropy,
                n_jobs=settings.n_jobs,
                floor=settings.floor,
            )
            means: dict[str, PotentialMean] = {}
            for part, world in product(parts_of(whole), worlds):
                name = part.name(estimand.named(design, world))
                bar.set_postfix_str(name)
                mean = estimand.evaluate(nuisances, part.of(whole), world, settings)
                means[name] = part.among_all(mean, whole)
                bar.update(1)
            everywhere = {name: on_all_rows(phase, name, mean) for name, mean in means.items()}
            with said_once(SmallSampleWarning, said=draw > 0):  # of clusters, strata
                draws.append(_estimate(design, everywhere))
            first = first or (nuisances, means, censoring, phase)
    assert first is not None
    return _result(recipe, draws, *first)


def _estimate(design: Design, means: Mapping[str, PotentialMean]) -> Estimate:
    rows = np.column_stack([mean.uncentred for mean in means.values()])
    centre = np.average(rows, axis=0, weights=design.weights)
    return Estimate(
        [mean.value for mean in means.values()],
        pd.DataFrame(rows - centre, index=design.index, columns=list(means)),
        names=list(means),
        clusters=design.clusters,
        strata=design.strata,
        weights=design.weights,
    )


def _result(
    recipe: Recipe,
    draws: Sequence[Estimate],
    nuisances: Nuisances,
    means: Mapping[str, PotentialMean],
    censoring: Censoring | None,
    phase: Phase,
) -> EffectEstimate:
    estimand, design, settings = recipe.estimand, note_in(nuisances.design, phase), recipe.settings
    with said_once(SmallSampleWarning):
        averaged = average(draws)
    terms = contrast(estimand, design, averaged, settings.scale)
    spread = None
    if len(draws) > 1:
        by_draw = [contrast(estimand, design, draw, settings.scale).values for draw in draws]
        spread = pd.DataFrame(by_draw).std(ddof=1)
    mediators = tuple(name for group in design.mediators for name in group)
    adjusted = (*design.covariates, *(mediators if estimand.together else ()))
    found = diagnose(design, nuisances, means, spread, settings.repeats, adjusted)
    found = tell_of_censoring(found, censoring, design.n)
    found = tell_of_two_phases(found, phase)
    influence = complete_rows(recipe.design, terms.influence.to_numpy())
    warn_on_positivity(design, nuisances, found, influence, estimand.least_rows, adjusted)
    return EffectEstimate.from_estimate(
        terms,
        design=design,
        diagnostics=found,
        nuisance=nuisances.frame(),
        means=averaged,
        recipe=recipe,
    )

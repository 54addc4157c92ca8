"""Plots and the HTML report of an effect: which frame goes to which drawing."""

# pyright: reportPrivateUsage=false

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from causalif.data.roles import as_names
from causalif.errors import DataError, Problems
from causalif.estimate.citations import cited
from causalif.estimate.pull import sign_rows
from causalif.report import html, plots

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from causalif.effects.result import EffectEstimate

MANY_TERMS = 7
_NULL = {"difference": 0.0, "ratio": 1.0, "odds_ratio": 1.0}
_UNITS = {
    "difference": "Effect on {outcome}",
    "ratio": "Ratio of means of {outcome}",
    "odds_ratio": "Odds ratio of {outcome}",
}


def draw_effects(effect: EffectEstimate, ax: Axes | None, **options: Any) -> Axes:
    """Forest plot of the terms; shares are written beside, not drawn."""
    scale = effect.recipe.settings.scale
    tidy = effect.tidy(options.get("level", 0.95), exponentiate=True)
    words = effect.recipe.estimand.words
    tidy["words"] = [words.get(term.split(" [")[0], "") for term in tidy["term"]]
    by = effect.design.by
    if by is not None and len(tidy) > MANY_TERMS:
        tidy = tidy.drop(columns="words")  # they would be said again in every group
    defaults: dict[str, Any] = {
        "block": 1 if by is None else len(by.levels),
        "null": _NULL[scale],
        "apart": tuple(effect.fractions),
        "xlabel": _UNITS[scale].format(outcome=effect.design.outcome.name),
    }
    return plots.forest(tidy, ax=ax, **{**defaults, **options})


def draw_overlap(
    effect: EffectEstimate, ax: Axes | None, given: Collection[str] | None = None, **options: Any
) -> Axes:
    """Distribution of the exposure probability by exposure level, given other columns if asked."""
    exposure, found = effect.design.exposure, effect.diagnostics
    labels = np.array([str(level) for level in exposure.levels])
    observed = pd.Series(labels[exposure.codes], found.propensity.index, name=exposure.whole)
    options.setdefault("floor", found.floor)
    if given is None:
        together = effect.recipe.estimand.together and effect.design.mediators
        words = "covariates, mediators" if together else "covariates"
        return plots.overlap(found.propensity, observed, given=words, ax=ax, **options)
    compared = exposure.codes < exposure.contrasted  # predicted for these levels alone
    propensity, observed = _propensity(effect, given)[compared], observed[compared]
    words = given if isinstance(given, str) else ", ".join(map(str, given))
    return plots.overlap(propensity, observed, given=words, ax=ax, **options)


def _propensity(effect: EffectEstimate, given: Collection[str]) -> pd.DataFrame:
    """P(exposure = level | given) for the levels compared, as the analysis predicted it."""
    exposure, design = effect.design.exposure, effect.design
    problems = Problems()
    wanted = set(as_names(given, "given", None, problems))
    problems.raise_if_any()
    names = ", ".join(name for name in design.columns if name in wanted) or "1"
    columns = {
        f"P({exposure.at(code)} | {names})": str(exposure.levels[code])
        for code in range(exposure.contrasted)
    }
    if not wanted <= set(design.columns) or not set(columns) <= set(effect.nuisance.columns):
        head = f"P({exposure.at(0)} | "
        known = [c[len(head) : -1] for c in effect.nuisance.columns if c.startswith(head)]
        raise DataError(
            f"the exposure was not predicted from given={sorted(wanted)}. It was from: "
            f"{'; '.join(known)}."
        )
    return effect.nuisance[list(columns)].rename(columns=columns)


def draw_balance(effect: EffectEstimate, ax: Axes | None, **options: Any) -> Axes:
    """Standardised differences of the covariates, before and after weighting."""
    return plots.balance(effect.diagnostics.balance, ax=ax, **options)


def draw_influence(effect: EffectEstimate, ax: Axes | None, **options: Any) -> Axes:
    """How far each row pulls a term: by its influence, and by its weight."""
    options.setdefault("term", effect.names[0])
    weights = 1.0 if effect.weights is None else effect.weights
    return plots.influence(effect.influence.mul(weights, axis=0), ax=ax, **options)


def draw_learners(effect: EffectEstimate, ax: Axes | None, **options: Any) -> Axes:
    """Held-out loss of every learner against the best constant."""
    losses = effect.diagnostics.losses.drop(columns="loss").rename(columns={"relative": "loss"})
    return plots.learners(losses, ax=ax, **options)


def draw_curve(effect: EffectEstimate, ax: Axes | None, **options: Any) -> Axes:
    """Controlled direct effects along a continuous mediator, for one pair of exposure levels."""
    curve, names = effect.recipe.estimand.curve, effect.names
    if curve is None or len(set(curve.points)) < len(curve.knots):
        raise DataError(
            'plot("curve") needs controlled direct effects along a continuous mediator, at as many '
            "points as the curve has degrees of freedom: leave out at=."
        )
    values = effect.design.columns[curve.mediator].values[:, 0]
    low, high = np.quantile(values, [0.02, 0.98])
    x = np.linspace(low, high, 81)
    # The curve is linear in its values at the points, which determine it.
    on = curve.basis(x) @ np.linalg.pinv(curve.basis(np.array(curve.points)))
    chosen = effect[list(names[: len(curve.points)])]
    fine = chosen.transform(lambda v: on @ v, names=[f"{place:.6g}" for place in x])
    level = options.pop("level", 0.95)
    simple, band = fine.confint(level), fine.confint(level, method="simultaneous")
    frame = pd.DataFrame(
        np.column_stack([fine.values, simple, band]),
        index=x,
        columns=["estimate", "conf_low", "conf_high", "band_low", "band_high"],
    )
    labels: dict[str, Any] = {
        "xlabel": curve.mediator,
        "ylabel": f"Controlled direct effect on {effect.design.outcome.name}",
    }
    return plots.curve(frame, values=values, ax=ax, **{**labels, **options})


DRAW: Mapping[str, Callable[..., Axes]] = {
    "effects": draw_effects,
    "overlap": draw_overlap,
    "balance": draw_balance,
    "influence": draw_influence,
    "learners": draw_learners,
    "curve": draw_curve,
}


def page(effect: EffectEstimate) -> str:
    """The report as one HTML page."""
    from causalif import __version__

    design = effect.design
    mediators = ", ".join(name for group in design.mediators for name in group)
    through = f", through {mediators}" if mediators else ""
    return html.render(
        f"Effect of {design.exposure.name} on {design.outcome.name}{through}",
        effect.label,
        sections(effect),
        footer=f"causalif {__version__}; seed {effect.recipe.settings.entropy}.",
    )


def sections(effect: EffectEstimate) -> list[html.Section]:
    """Answer first, then what it rests on, then what it was made with."""
    found, words = effect.diagnostics, effect.recipe.estimand.words
    tidy = effect.tidy(exponentiate=True)
    tidy.insert(1, "meaning", [words.get(term.split(" [")[0], "") for term in tidy["term"]])
    overlap = found.overlap
    parts = [
        html.Section(
            "Effects",
            [*effect._summary_head()],
            table=tidy.set_index("term"),
            figure=_figure(effect, "effects"),
            note=" ".join(effect._fraction_notes()) or "95% confidence intervals.",
        ),
        html.Section("What had to be assumed", [f"- {text}" for text in effect.assumptions]),
        html.Section(
            "Overlap",
            [
                f"The least effective sample is {found.effective_sample_size:.0f} of {effect.n} "
                f"rows; exposure probabilities below {found.floor:.2g} were raised to it."
            ],
            table=overlap,
            figure=_figure(effect, "overlap"),
        ),
        html.Section("Weights", table=found.weights.set_index("mean")),
        html.Section(
            "Which rows carry the answer",
            [
                "Each row's pull on the first term: its influence value, times its weight, over n.",
                _robustness(effect),
            ],
            figure=_figure(effect, "influence"),
        ),
        html.Section(
            "Mean outcomes",
            ["The worlds that the effects compare."],
            table=effect.means.tidy()[["term", "estimate", "std_error", "conf_low", "conf_high"]],
        ),
        html.Section(
            "Learners",
            ["Held-out loss relative to the best constant; the weight of each learner."],
            table=found.losses,
            figure=_figure(effect, "learners"),
        ),
    ]
    if effect.design.by is not None:
        name = effect.design.by.name
        test = html.Section(
            f"Are the effects equal over {name}?",
            ["A test of each term that it is the same in every group."],
            table=effect.equality().set_index("term"),
        )
        parts.insert(1, test)
    if effect.design.covariates:
        balance = html.Section(
            "Balance of the covariates", table=found.balance, figure=_figure(effect, "balance")
        )
        parts.insert(3 + (effect.design.by is not None), balance)
    if effect.design.notes:
        notes = [f"- {note}" for note in effect.design.notes]
        parts.append(html.Section("How the data were read", notes))
    parts.append(html.Section("References", [f"- {one}" for one in cited(effect.references)]))
    return parts


def _robustness(effect: EffectEstimate) -> str:
    """How few rows would turn the sign of the first term, to first order."""
    term = str(effect.names[0])
    unit = "rows" if effect.clusters is None else "clusters"
    units = effect.n if effect.clusters is None else len(set(effect.clusters))
    size = sign_rows(effect, term)
    if size is None:
        said = f"To first order no set of {unit} would turn the sign of {term}."
    else:
        said = (
            f"To first order {size:,} of {units:,} {unit} ({size / units:.1%}) would turn the sign "
            f"of {term}, if they were left out."
        )
    return f"{said} sign_robustness(result) fits again without them."


def _figure(effect: EffectEstimate, kind: str) -> str:
    return html.figure_svg(lambda ax: DRAW[kind](effect, ax))

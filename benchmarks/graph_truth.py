"""The adjustment criteria and their best sets against exact enumeration of small random laws.

    python -m benchmarks.graph_truth --dags 4000

For each random graph several random laws are enumerated. A set of covariates is valid if its
functional is the true effect in all of them; the criterion should say so, and the best set
should have the least variance. What it finds is written to benchmarks/results/GRAPHS.md.
"""

from __future__ import annotations

import argparse
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from benchmarks.graph_cases import EXACT, Case, Exact, Set
from benchmarks.graph_truth_report import report
from causalif.errors import NotIdentified
from causalif.graph.criteria import conditions
from causalif.graph.dag import Question
from causalif.graph.failure import reversed_order
from causalif.graph.optimal import optimal_set
from causalif.graph.wcde_compare import is_never_worse
from causalif.graph.wcde_sets import undominated_weighted_sets

NO_WORSE = 1e-9  # relative, of two variances


def accepts(question: Question, covariates: Set) -> bool:
    return all(condition.holds for condition in conditions(question, covariates))


@dataclass
class Tally:
    """What a study found: counts, and every disagreement."""

    counts: Counter[str] = field(default_factory=Counter)
    listed: list[str] = field(default_factory=list)
    worst: dict[str, float] = field(default_factory=dict)

    def note(self, what: str, case: Case, *sets: Set) -> None:
        self.counts[what] += 1
        shown = " ".join(str(sorted(z)) for z in sets)
        self.listed.append(
            f"{what}: {case.estimand} {case.diagram.arrows} of {case.a} on {case.y}, "
            f"mediators {list(case.mediators)}, latent {list(case.latent)}: {shown}"
        )


def check_criterion(
    case: Case,
    exact: Exact,
    rng: np.random.Generator,
    tally: Tally,
    criterion: Callable[[Question, Set], bool] = accepts,
) -> list[Set]:
    """Compare the criterion with the laws on every set; the accepted ones come back."""
    question, accepted = case.question(), []
    tally.counts["graphs"] += 1
    for z in case.choices():
        said, valid = criterion(question, z), exact.valid(z)
        tally.counts["sets"] += 1
        tally.counts["accepted"] += said
        if said and not valid:
            tally.note("false accept", case, z)
        if valid and not said:
            # three laws may agree by chance; twenty more will not
            again = EXACT[case.estimand](case, rng, 20).valid(z)
            tally.note("missed", case, z) if again else tally.counts.update(["by chance"])
        if said:
            accepted.append(z)
    return accepted


def check_least(
    case: Case, exact: Exact, best: Set, rivals: list[Set], what: str, tally: Tally
) -> None:
    """Whether a set has the least variance in every law, for each effect."""
    if not case.has_effect():
        what += ", zero effect"
    variances = np.stack([exact.variance(z) for z in rivals])  # sets x effects x laws
    ratios = exact.variance(best) / variances.min(axis=0)
    tally.counts[f"{what}: laws"] += ratios.size
    tally.counts[f"{what}: sets compared"] += len(rivals)
    for row, ratio in enumerate(ratios.max(axis=1)):
        name = what if case.estimand != "natural" else f"{what}, {('NDE', 'NIE')[row]}"
        tally.counts[f"{name}: graphs"] += 1
        tally.counts[f"{name}: least"] += bool(ratio <= 1 + NO_WORSE)
        tally.worst[name] = max(tally.worst.get(name, 1.0), float(ratio))


def check_optimal(case: Case, exact: Exact, accepted: list[Set], tally: Tally) -> None:
    """Best of all, of the minimal and of the smallest sets."""
    question = case.question()
    if case.y < case.a and reversed_order(question):
        return
    if not accepted:
        try:
            tally.note("a set where none is valid", case, frozenset(optimal_set(question)))
        except NotIdentified:
            tally.counts["none valid, and refused"] += 1
        return
    minimal = [z for z in accepted if not any(other < z for other in accepted)]
    fewest = min(map(len, accepted))
    smallest = [z for z in accepted if len(z) == fewest]
    rivals = {"all": accepted, "minimal": minimal, "minimum": smallest}
    for among, sets in rivals.items():
        best = frozenset(optimal_set(question, among))
        if best not in sets:
            tally.note(f"best of {among} is none of them", case, best)
        check_least(case, exact, best, sets, f"best of {among}", tally)


def check_dominance(case: Case, exact: Exact, accepted: list[Set], tally: Tally) -> None:
    """Where a rule says "never worse" no law may contradict; the least is not dominated."""
    if not accepted:
        return
    question = case.question()
    variances = {z: exact.variance(z)[0] for z in accepted}
    for one in accepted:
        for other in accepted:
            if one != other and is_never_worse(question, one, other):
                tally.counts["pairs where a rule holds"] += 1
                if (variances[one] > variances[other] * (1 + NO_WORSE)).any():
                    tally.note("rule contradicted", case, one, other)
    left = undominated_weighted_sets(question, limit=None)
    tally.counts[f"graphs with {len(left)} undominated"] += 1
    if len(left) > 1 and not case.latent:
        tally.note("several undominated, none latent", case, *left)
    lowest = np.min([variances[z] for z in left], axis=0)
    for z in accepted:
        if (variances[z] < lowest * (1 - NO_WORSE)).any():
            tally.note("less variance than every undominated set", case, z)
    if frozenset(optimal_set(question)) not in left:
        tally.note("the set returned is dominated", case, frozenset(optimal_set(question)))


def study(
    estimand: str, graphs: int, seed: int, *, laws: int = 3, optimal: bool = True, **options: object
) -> Tally:
    """Draw graphs; check the criterion, the best sets and, for "wcde", the rules."""
    rng, tally = np.random.default_rng(seed), Tally()
    for _ in range(graphs):
        case = Case.random(rng, estimand, **options)  # type: ignore[arg-type]
        exact = EXACT[estimand](case, rng, laws)
        accepted = check_criterion(case, exact, rng, tally)
        if optimal:
            check_optimal(case, exact, accepted, tally)
            if estimand == "wcde":
                check_dominance(case, exact, accepted, tally)
    return tally


# name of a study: its estimand and options; each has a seed of its own
STUDIES: Mapping[str, tuple[str, dict[str, object]]] = {
    "wcde": ("wcde", {}),
    "wcde, latent nodes": ("wcde", {"latent": 0.35}),
    "wcde, no arrow A -> Y": ("wcde", {"direct": False, "optimal": False}),
    "total": ("total", {}),
    "total, latent nodes": ("total", {"latent": 0.35}),
    "cde": ("cde", {}),
    "natural": ("natural", {}),
}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--dags", type=int, default=3000, help="graphs in each study")
    parser.add_argument("--only", nargs="*", choices=list(STUDIES), default=list(STUDIES))
    parser.add_argument("--out", type=Path, default=Path("benchmarks/results/GRAPHS.md"))
    chosen = parser.parse_args()
    found = {}
    for seed, (name, (estimand, options)) in enumerate(STUDIES.items(), start=20_000):
        if name in chosen.only:
            found[name] = study(estimand, chosen.dags, seed, **options)  # type: ignore[arg-type]
            print(name, dict(found[name].counts), found[name].worst, flush=True)
    chosen.out.write_text(report(found, chosen.dags), encoding="utf-8")


if __name__ == "__main__":
    main()

"""Causal inference in which every answer is an estimate with its influence function."""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from causalif.attribution import group_influence, kairos, row_influence, sign_robustness
    from causalif.datasets import list_datasets, load_dataset
    from causalif.effects import (
        average_effect,
        controlled_direct_effect,
        mediate,
        path_specific_effects,
        weighted_direct_effect,
    )
    from causalif.estimate import Estimate, combine
    from causalif.fairness import FairSubspace, decompose_gap, fairness_tradeoff, gap
    from causalif.graph import (
        adjustment_sets,
        adjustment_sets_by_arrow,
        explain,
        implied_independencies,
        is_adjustment_set,
        mediation_pathways,
        optimal_adjustment_set,
        plot_dag,
        read_dag,
        write_dag,
    )
    from causalif.independence import graph_fit
    from causalif.qualification import check
    from causalif.sigma import DAGPosterior, dag_posterior, sigma_analysis

__version__ = "0.1.0"

__all__ = [
    "DAGPosterior",
    "Estimate",
    "FairSubspace",
    "__version__",
    "adjustment_sets",
    "adjustment_sets_by_arrow",
    "average_effect",
    "check",
    "combine",
    "controlled_direct_effect",
    "dag_posterior",
    "decompose_gap",
    "explain",
    "fairness_tradeoff",
    "gap",
    "graph_fit",
    "group_influence",
    "implied_independencies",
    "is_adjustment_set",
    "kairos",
    "list_datasets",
    "load_dataset",
    "mediate",
    "mediation_pathways",
    "optimal_adjustment_set",
    "path_specific_effects",
    "plot_dag",
    "read_dag",
    "row_influence",
    "sigma_analysis",
    "sign_robustness",
    "weighted_direct_effect",
    "write_dag",
]

# Loaded on first use, so that `import causalif` brings no heavy library.
_HOME = {
    "Estimate": "causalif.estimate",
    "combine": "causalif.estimate",
    "load_dataset": "causalif.datasets",
    "list_datasets": "causalif.datasets",
    "average_effect": "causalif.effects",
    "mediate": "causalif.effects",
    "path_specific_effects": "causalif.effects",
    "controlled_direct_effect": "causalif.effects",
    "weighted_direct_effect": "causalif.effects",
    "check": "causalif.qualification",
    "read_dag": "causalif.graph",
    "write_dag": "causalif.graph",
    "plot_dag": "causalif.graph",
    "is_adjustment_set": "causalif.graph",
    "adjustment_sets": "causalif.graph",
    "adjustment_sets_by_arrow": "causalif.graph",
    "optimal_adjustment_set": "causalif.graph",
    "explain": "causalif.graph",
    "mediation_pathways": "causalif.graph",
    "implied_independencies": "causalif.graph",
    "graph_fit": "causalif.independence",
    "DAGPosterior": "causalif.sigma",
    "dag_posterior": "causalif.sigma",
    "sigma_analysis": "causalif.sigma",
    "FairSubspace": "causalif.fairness",
    "fairness_tradeoff": "causalif.fairness",
    "gap": "causalif.fairness",
    "decompose_gap": "causalif.fairness",
    "row_influence": "causalif.attribution",
    "group_influence": "causalif.attribution",
    "sign_robustness": "causalif.attribution",
    "kairos": "causalif.attribution",
}


def __getattr__(name: str) -> Any:
    if name in _HOME:
        return getattr(importlib.import_module(_HOME[name]), name)
    try:
        return importlib.import_module(f"causalif.{name}")
    except ModuleNotFoundError as error:
        if error.name != f"causalif.{name}":
            raise
        raise AttributeError(f"module 'causalif' has no attribute {name!r}") from None


def __dir__() -> list[str]:
    return sorted({*globals(), *_HOME})

"""Attribution for torch models: what training rows, layers and tokens do to what a model does."""

from __future__ import annotations

from causalif.errors import DataError

try:
    import torch as _torch  # noqa: F401  # pyright: ignore[reportUnusedImport]
except ModuleNotFoundError:
    raise DataError(
        "attribution of torch models needs torch and safetensors: pip install torch safetensors"
    ) from None

from causalif.attribution.neural.airrep import AirRep
from causalif.attribution.neural.allocation import allocate_experts, allocate_sparsity
from causalif.attribution.neural.astra import astra
from causalif.attribution.neural.guide import token_influence
from causalif.attribution.neural.layers import LayerInfluence, layer_influence
from causalif.attribution.neural.lds import DatamodelingScore, lds
from causalif.attribution.neural.pruning import prune, weight_sizes
from causalif.attribution.neural.result import TorchInfluence
from causalif.attribution.neural.subset_labels import SubsetLabels, make_subset_labels
from causalif.attribution.neural.suppression import suppression_loss
from causalif.attribution.neural.systems import trajectory_damping
from causalif.attribution.neural.token_result import TokenInfluence
from causalif.attribution.neural.tokens import Selection, select_tokens
from causalif.attribution.neural.tracin import tracin
from causalif.attribution.neural.trak import trak

__all__ = [
    "AirRep",
    "DatamodelingScore",
    "LayerInfluence",
    "Selection",
    "SubsetLabels",
    "TokenInfluence",
    "TorchInfluence",
    "allocate_experts",
    "allocate_sparsity",
    "astra",
    "layer_influence",
    "lds",
    "make_subset_labels",
    "prune",
    "select_tokens",
    "suppression_loss",
    "token_influence",
    "tracin",
    "trajectory_damping",
    "trak",
    "weight_sizes",
]

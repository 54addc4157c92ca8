"""Attribution for torch models: what training rows, layers and tokens do to what a model does."""

from __future__ import annotations

from causalif.errors import DataError

try:
    import torch as _torch  # noqa: F401  # pyright: ignore[reportUnusedImport]
except ModuleNotFoundError:
    raise DataError(
        "attribution of torch models needs torch: pip install 'causalif-eif[neural]'"
    ) from None

from causalif.attribution.neural.astra import astra
from causalif.attribution.neural.lds import DatamodelingScore, lds
from causalif.attribution.neural.result import TorchInfluence
from causalif.attribution.neural.systems import trajectory_damping

__all__ = ["DatamodelingScore", "TorchInfluence", "astra", "lds", "trajectory_damping"]

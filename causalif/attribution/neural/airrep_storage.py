"""An AirRep on disk: tensors in safetensors, settings in json."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from torch import Tensor, nn

from causalif.errors import DataError

SETTINGS, ENCODER = "airrep.json", "encoder.safetensors"


def write(folder: Path, settings: dict[str, Any], model: nn.Module) -> None:
    """Write both files."""
    from safetensors.torch import save_file

    folder.mkdir(parents=True, exist_ok=True)
    state = {name: value.contiguous() for name, value in model.state_dict().items()}
    save_file(state, str(folder / ENCODER))
    (folder / SETTINGS).write_text(json.dumps(settings, indent=1), encoding="utf-8")


def read(folder: Path, *, own: bool) -> tuple[dict[str, Any], dict[str, Tensor]]:
    """Read both files; `own` says whether an encoder is given.

    Raises
    ------
    DataError
        No such files, an encoder too few or too many.
    """
    from safetensors.torch import load_file

    try:
        settings = json.loads((folder / SETTINGS).read_text(encoding="utf-8"))
        state = load_file(str(folder / ENCODER))
    except OSError as error:
        raise DataError(f"no AirRep was saved in {str(folder)!r}: {error}") from None
    if settings["own_encoder"] != own:
        raise DataError(
            "this AirRep was saved with an encoder of one's own: give encoder= as well."
            if settings["own_encoder"]
            else "this AirRep was saved with the default encoder: leave encoder= out."
        )
    return settings, state


def fill(model: nn.Module, state: dict[str, Tensor]) -> None:
    """Put tensors into a model.

    Raises
    ------
    DataError
        They are of another one.
    """
    try:
        model.load_state_dict(state)
    except RuntimeError as error:
        raise DataError(f"encoder= is another than the one that was saved: {error}") from None

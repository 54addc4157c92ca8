"""Blocks of a model: which parameters belong to which layer, as people count layers."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from torch import nn

from causalif.errors import DataError

Blocks = dict[str, tuple[str, ...]]


def read_blocks(model: nn.Module, blocks: Mapping[str, Sequence[str] | str] | None) -> Blocks:
    """Names of parameters by block.

    Parameters
    ----------
    model : Module
    blocks : mapping of str to names, optional
        Of parameters or modules. By default the members of the longest ModuleList (as the blocks
        of transformers are), or of a Sequential.

    Raises
    ------
    DataError
        Names that the model has not, blocks without parameters, a model without blocks.
    """
    every = [name for name, _ in model.named_parameters()]
    given = _found(model) if blocks is None else blocks
    result: Blocks = {}
    taken: dict[str, str] = {}
    for block, names in given.items():
        asked = [names] if isinstance(names, str) else list(names)
        chosen: list[str] = []
        for one in asked:
            inside = [name for name in every if name == one or name.startswith(f"{one}.")]
            if not inside:
                raise DataError(f"blocks: no parameters of the model are in {one!r} ({block!r}).")
            chosen += [name for name in inside if name not in chosen]
        for name in chosen:
            if name in taken:
                raise DataError(f"blocks: {name!r} is in both {taken[name]!r} and {block!r}.")
            taken[name] = block
        result[block] = tuple(chosen)
    if len(result) < 2:
        raise DataError(
            f"{len(result)} block of parameters was found, and two or more are compared. Name "
            'them: blocks={"first": ["layer1"], ...}.'
        )
    return result


def _found(model: nn.Module) -> dict[str, list[str]]:
    lists = [
        (name, module)
        for name, module in model.named_modules()
        if isinstance(module, nn.ModuleList)
    ]
    if not lists and isinstance(model, nn.Sequential):
        lists = [("", model)]
    if not lists:
        raise DataError(
            "the model has no ModuleList, whose members would be its blocks. Name them: "
            'blocks={"first": ["layer1"], ...}.'
        )
    name, longest = max(lists, key=lambda pair: len(list(pair[1].children())))
    start = f"{name}." if name else ""
    return {
        f"{start}{key}": [f"{start}{key}"]
        for key, child in longest.named_children()
        if any(True for _ in child.parameters())
    }

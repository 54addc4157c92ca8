"""A language model pruned by scores of its blocks, beside uniform and permuted shares.

    python -m benchmarks.attribution.layers --out benchmarks/results/LAYERS.md

A model of eight blocks (width 24) of the invented language; blocks are scored by LayerIF with 600
training and 200 validation documents, and each aggregate is turned into shares by
`allocate_sparsity`. Perplexity of words in 300 other documents after setting the smallest weights
of the blocks to zero, without training again: uniform shares, those by the scores, the same in
reverse, and 20 random permutations of them. Means over seeds, with the standard error of the
difference from uniform.
"""

from __future__ import annotations

import argparse
import datetime
from pathlib import Path

import numpy as np
import pandas as pd
import torch
from torch import Tensor, nn

import causalif as cif
from benchmarks.attribution.language import LanguageModel, corpus, perplexity

neural = cif.attribution.neural
TARGETS = (0.3, 0.5, 0.7)
AGGREGATES = ("positive", "negative", "abs", "top_positive")


def loss(model: nn.Module, batch: tuple[Tensor, ...]) -> Tensor:
    logits = model(batch[0])[:, :-1].transpose(1, 2)
    return nn.functional.cross_entropy(logits, batch[0][:, 1:], reduction="none")


def trained(tokens: Tensor, seed: int) -> nn.Module:
    torch.manual_seed(seed)
    model = LanguageModel(24, 8)
    optimiser = torch.optim.AdamW(model.parameters(), lr=3e-3)
    for _ in range(300):
        rows = torch.randint(len(tokens), (64,))
        optimiser.zero_grad()
        loss(model, (tokens[rows],)).mean().backward()
        nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimiser.step()
    return model


def trial(seed: int) -> pd.DataFrame:
    train, held, fresh = (corpus(n, 3 * seed + k).tokens for k, n in enumerate((2000, 200, 300)))
    model = trained(train, seed)
    sizes = neural.weight_sizes(model)
    rng = np.random.default_rng(seed)
    found = neural.layer_influence(model, loss, (train[:600],), (held,), batch_size=100)
    lines = []
    for target in TARGETS:
        line = {"sparsity": target, "unpruned": perplexity(model, fresh)}

        def after(shares: np.ndarray) -> float:
            return perplexity(neural.prune(model, shares), fresh)

        line["uniform"] = after(np.full(len(sizes), target))
        for aggregate in AGGREGATES:
            score = type(found)(found.rows, found.sizes, aggregate).score
            shares = neural.allocate_sparsity(score, sizes, target)
            line[aggregate] = after(shares)
            line[f"{aggregate}, reversed"] = after(2 * target - shares)
        shuffled = [after(rng.permutation(shares)) for _ in range(20)]
        line["permuted (mean of 20)"] = float(np.mean(shuffled))
        lines.append(line)
    return pd.DataFrame(lines)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seeds", type=int, default=8)
    parser.add_argument("--out", type=Path)
    given = parser.parse_args()
    table = pd.concat([trial(seed) for seed in range(given.seeds)])
    shown = {}
    for target, part in table.groupby("sparsity"):
        apart = part.drop(columns="sparsity").sub(part["uniform"], axis=0)
        mean, error = part.drop(columns="sparsity").mean(), apart.std(ddof=1) / len(part) ** 0.5
        shown[f"{target:.0%}"] = [
            f"{m:.3f} ({d:+.3f} +- {e:.3f})"
            for m, d, e in zip(mean, apart.mean(), error, strict=True)
        ]
    text_table = pd.DataFrame(shown, index=table.columns.drop("sparsity"))
    about = __doc__.split("LAYERS.md", 1)[1].strip()
    text = (
        "# Blocks pruned by their scores\n\n"
        f"`python -m benchmarks.attribution.layers --seeds {given.seeds}`, "
        f"{datetime.date.today()}.\n\n{about}\n\n{text_table.to_markdown()}\n"
    )
    print(text)
    if given.out:
        given.out.write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()

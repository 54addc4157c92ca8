"""Insults of an invented language suppressed, beside filtering.

    python -m benchmarks.attribution.guide --out benchmarks/results/GUIDE.md

2,000 documents of three sentences; after a trigger word each of three words is an insult with
probability .3, else harmless. A language model (two blocks, width 48) is trained on them, words are
scored by IF-Guide with 96 toxic and 96 safe queries, 2% are selected (window 0), and a new model is
trained with these suppressed ("unlikelihood" and "capped" are other losses; "drop" trains on the
rest alone). A half-size model scores them as a proxy. Filtered: the documents of most influence are
left out, as many as hold insults; with oracle labels all documents with insults, or all insults,
are. AUROC of insults among all words. Rate: continuations of the trigger with an insult, of 1,000.
Perplexity of words in held-out documents without insults.
"""

from __future__ import annotations

import argparse
import datetime
from pathlib import Path

import numpy as np
import pandas as pd
import torch
from sklearn.metrics import roc_auc_score
from torch import Tensor, nn

import causalif as cif
from benchmarks.attribution.language import (
    HARMLESS,
    INSULTS,
    PAD,
    Corpus,
    LanguageModel,
    corpus,
    insult_rate,
    perplexity,
    queries,
)
from benchmarks.attribution.spread import least_and_most

neural = cif.attribution.neural
DOCUMENTS, STEPS, BATCH, RATE = 2000, 400, 64, 3e-3
BUDGET = 0.02


def trained(
    data: Tensor,
    seed: int,
    *,
    mask: Tensor | None = None,
    kind: str = "penalty",
    weight: float = 1.0,
    width: int = 48,
    steps: int = STEPS,
) -> nn.Module:
    torch.manual_seed(seed)
    model = LanguageModel(width)
    optimiser = torch.optim.AdamW(model.parameters(), lr=RATE)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimiser, RATE, total_steps=steps)
    mask = torch.zeros_like(data, dtype=torch.bool) if mask is None else mask
    for _ in range(steps):
        rows = torch.randint(len(data), (BATCH,))
        loss = neural.suppression_loss(
            model(data[rows]),
            data[rows],
            mask[rows],
            kind=kind,
            weight=weight,
            padding=data[rows] == PAD,
        )
        optimiser.zero_grad()
        loss.backward()
        nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimiser.step()
        schedule.step()
    return model


def scored(
    model: nn.Module,
    data: Corpus,
    solver: str,
    *,
    contrast: bool = True,
    damping: float | str = "mean",
) -> neural.TokenInfluence:
    return neural.token_influence(
        model,
        "next_token",
        data.tokens,
        queries(INSULTS),
        queries(HARMLESS) if contrast else None,
        padding=PAD,
        solver=solver,
        damping=damping,
        batch_size=64,
        progress=False,
    )


def trial(seed: int) -> pd.DataFrame:
    data = corpus(DOCUMENTS, seed)
    clean = corpus(500, 1000 + seed, insults=0.0)
    lines: dict[str, dict[str, float]] = {}

    def note(name: str, model: nn.Module, auroc: float = np.nan, share: float = np.nan) -> None:
        lines[name] = {
            "AUROC": auroc,
            "insults selected": share,
            "rate": insult_rate(model, 1000, seed),
            "perplexity": perplexity(model, clean.tokens),
        }

    plain = trained(data.tokens, seed)
    note("plain", plain)
    known = data.tokens != PAD
    known[:, 0] = False
    found = {}
    half = trained(data.tokens, seed + 50, width=24)
    for name, model, solver, options in (
        ("IF-Guide", plain, "ekfac", {}),
        ("IF-Guide, half-size proxy", half, "ekfac", {}),
        ("IF-Guide, damping .1", plain, "ekfac", {"damping": 0.1}),
        ("IF-Guide, conjugate gradients", plain, "cg", {}),
        ("influence on toxic queries alone", plain, "ekfac", {"contrast": False}),
        ("gradients instead of influence", plain, "identity", {}),
        ("gradients, toxic queries alone", plain, "identity", {"contrast": False}),
    ):
        values = scored(model, data, solver, **options)
        chosen = neural.select_tokens(values, budget=BUDGET, window=0)
        auroc = roc_auc_score(data.toxic[known], values.values[known.numpy()])
        mask = torch.as_tensor(chosen.mask)
        share = float((mask & data.toxic).sum() / data.toxic.sum())
        note(name, trained(data.tokens, seed, mask=mask), auroc, share)
        found[name] = values, mask
    values, mask = found["IF-Guide"]
    for kind in ("unlikelihood", "capped", "drop"):
        note(f"IF-Guide, {kind}", trained(data.tokens, seed, mask=mask, kind=kind))
    hold = data.toxic.any(1)
    worst = values.documents.nlargest(int(hold.sum())).index
    kept = torch.ones(len(hold), dtype=torch.bool)
    kept[torch.as_tensor(worst.to_numpy())] = False
    note("documents of most influence filtered", trained(data.tokens[kept], seed))
    note("oracle: documents filtered", trained(data.tokens[~hold], seed))
    note("oracle: words dropped", trained(data.tokens, seed, mask=data.toxic, kind="drop"))
    note("oracle: words suppressed", trained(data.tokens, seed, mask=data.toxic))
    return pd.DataFrame(lines).T


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--out", type=Path)
    given = parser.parse_args()
    tables = [trial(seed) for seed in range(given.seeds)]
    shown = least_and_most(tables)
    about = __doc__.split("GUIDE.md", 1)[1].strip()
    text = (
        "# Insults suppressed\n\n"
        f"`python -m benchmarks.attribution.guide --seeds {given.seeds}`, "
        f"{datetime.date.today()}.\n\n{about}\n\nLeast and most of the seeds.\n\n"
        f"{shown.to_markdown()}\n"
    )
    print(text)
    if given.out:
        given.out.write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()

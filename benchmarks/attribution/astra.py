"""Solvers of the influence system beside its solution.

    python -m benchmarks.attribution.astra --out benchmarks/results/ASTRA.md

Networks trained by SGD with momentum, eight queries, double precision: a perceptron (64-16-12-10)
and a convolutional net on 1,024 digits, and a transformer of one block on 512 sentences of an
invented language. Mean relative error of the effects
of all rows over queries, beside conjugate gradients run to 1e-10, least and most of the seeds;
damping .031 (and .001). Spearman: of effects with the exact ones, pooled over queries.
"""

from __future__ import annotations

import argparse
import datetime
import warnings
from pathlib import Path

import numpy as np
import pandas as pd
import torch
from scipy.stats import spearmanr
from sklearn.datasets import load_digits
from torch import Tensor, nn

import causalif as cif
from benchmarks.attribution.language import PAD, LanguageModel, corpus
from benchmarks.attribution.spread import least_and_most

neural = cif.attribution.neural
Rows = tuple[Tensor, Tensor]
SOLVERS = [
    ("EKFAC", "ekfac", {}),
    ("EKFAC, 10 label draws", "ekfac", {"label_samples": 10}),
    *[(f"ASTRA, {k} steps", "astra", {"iterations": k}) for k in (20, 50, 200)],
    ("ASTRA, 200 of 256 rows", "astra", {"iterations": 200, "minibatch": 256}),
    *[(f"Neumann, {k} steps", "neumann", {"iterations": k}) for k in (20, 50, 200)],
    *[(f"CG, {k} steps", "cg", {"iterations": k, "tolerance": 1e-12}) for k in (20, 50)],
    ("DataInf", "datainf", {}),
]


class Convolutional(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.first, self.second = nn.Conv2d(1, 6, 3), nn.Conv2d(6, 8, 3, stride=2)
        self.last = nn.Linear(32, 10)

    def forward(self, x: Tensor) -> Tensor:
        x = torch.tanh(self.first(x.reshape(-1, 1, 8, 8)))
        return self.last(torch.tanh(self.second(x)).flatten(1))


def classes(model: nn.Module, batch: tuple[Tensor, ...]) -> Tensor:
    return nn.functional.cross_entropy(model(batch[0]), batch[1], reduction="none")


def words(model: nn.Module, batch: tuple[Tensor, ...]) -> Tensor:
    return nn.functional.cross_entropy(
        model(batch[0]).transpose(1, 2), batch[1], reduction="none", ignore_index=-100
    )


def setting(kind: str, seed: int) -> tuple[nn.Module, object, Rows, Rows]:
    torch.manual_seed(seed)
    if kind == "transformer":
        tokens = corpus(520, seed, triggers=0.3).tokens[:, :14]
        targets = tokens[:, 1:].masked_fill(tokens[:, 1:] == PAD, -100)
        rows = (tokens[:, :-1], targets)
        model: nn.Module = LanguageModel(16, 1)
        loss, steps, n = words, 300, 512
    else:
        digits = load_digits()
        order = np.random.default_rng(seed).permutation(1797)
        rows = (torch.as_tensor(digits.data[order] / 16), torch.as_tensor(digits.target[order]))
        layers = [nn.Linear(64, 16), nn.Tanh(), nn.Linear(16, 12), nn.Tanh(), nn.Linear(12, 10)]
        model = nn.Sequential(*layers) if kind == "perceptron" else Convolutional()
        loss, steps, n = classes, 320, 1024
    model = model.double()
    optimiser = torch.optim.SGD(model.parameters(), lr=0.03, momentum=0.9)
    train = tuple(part[:n] for part in rows)
    for _ in range(steps):
        some = torch.randint(n, (64,))
        optimiser.zero_grad()
        losses = loss(model, tuple(part[some] for part in train))
        (losses if losses.ndim == 1 else losses.sum(1)).mean().backward()
        nn.utils.clip_grad_norm_(model.parameters(), 5.0)
        optimiser.step()
    return model, loss, train, tuple(part[n : n + 8] for part in rows)


def trial(kind: str, damping: float, seed: int) -> pd.DataFrame:
    model, loss, train, queries = setting(kind, seed)

    def asked(solver: str, **options: object) -> neural.TorchInfluence:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of conjugate gradients that are stopped
            return neural.astra(
                model,
                loss,
                train,
                queries,
                solver=solver,
                damping=damping,
                progress=False,
                seed=seed,
                **options,
            )

    exact = asked("cg", iterations=3000, tolerance=1e-10)
    lines = {}
    for name, solver, options in SOLVERS:
        found = asked(solver, **options)
        apart = np.linalg.norm(found.values - exact.values, axis=1)
        lines[name] = {
            "error": (apart / np.linalg.norm(exact.values, axis=1)).mean(),
            "Spearman": spearmanr(found.values.ravel(), exact.values.ravel()).statistic,
        }
    return pd.DataFrame(lines).T


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--out", type=Path)
    given = parser.parse_args()
    columns = {}
    for kind, damping in (
        ("perceptron", 0.031),
        ("perceptron", 0.001),
        ("convolutional", 0.031),
        ("transformer", 0.031),
    ):
        shown = least_and_most([trial(kind, damping, seed) for seed in range(given.seeds)])
        for part in ("error", "Spearman"):
            columns[f"{kind}, {damping:g}: {part}"] = shown[part]
        print(pd.DataFrame(columns).iloc[:, -2:], flush=True)
    table = pd.DataFrame(columns).loc[[name for name, _, _ in SOLVERS]]
    about = __doc__.split("ASTRA.md", 1)[1].strip()
    text = (
        "# Solvers of the influence system\n\n"
        f"`python -m benchmarks.attribution.astra --seeds {given.seeds}`, "
        f"{datetime.date.today()}.\n\n{about}\n\n{table.to_markdown()}\n"
    )
    if given.out:
        given.out.write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()

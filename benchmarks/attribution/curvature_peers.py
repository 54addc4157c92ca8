"""Our EKFAC beside that of curvlinops and kronfluence, where they are installed.

    python -m benchmarks.attribution.curvature_peers

Both are installed without their dependencies on other builds of torch:
`pip install --no-deps curvlinops-for-pytorch kronfluence backpack-for-pytorch einops einconv
linear_operator opt-einsum accelerate jaxtyping wadler-lindig unfoldNd`. A perceptron of handwritten
digits, true labels (the empirical Fisher matrix). Inverse: relative difference of (P + .03)^-1 v in
double precision. Scores: of influences in single precision, damping a tenth of each layer's mean
eigenvalue.
"""

from __future__ import annotations

import tempfile

import numpy as np
import torch
from sklearn.datasets import load_digits
from torch import Tensor, nn

import causalif as cif
from causalif.attribution.neural.batches import read_batches
from causalif.attribution.neural.ggn import read_curvature
from causalif.attribution.neural.objective import read_objective
from causalif.attribution.neural.systems import Fisher, System

N = 256


def loss(model: nn.Module, batch: tuple[Tensor, ...]) -> Tensor:
    return nn.functional.cross_entropy(model(batch[0]), batch[1], reduction="none")


def setting(dtype: torch.dtype) -> tuple[nn.Module, tuple[Tensor, Tensor], tuple[Tensor, Tensor]]:
    torch.manual_seed(0)
    digits = load_digits()
    x, y = torch.tensor(digits.data / 16, dtype=dtype), torch.tensor(digits.target)
    layers = [nn.Linear(64, 16), nn.Tanh(), nn.Linear(16, 12), nn.Tanh(), nn.Linear(12, 10)]
    model = nn.Sequential(*layers).to(dtype)
    optimiser = torch.optim.SGD(model.parameters(), lr=0.1)
    for _ in range(100):
        optimiser.zero_grad()
        loss(model, (x[:N], y[:N])).mean().backward()
        optimiser.step()
    return model, (x[:N], y[:N]), (x[N : N + 8], y[N : N + 8])


def beside_curvlinops() -> float:
    from curvlinops import EKFACLinearOperator, KFACInverseLinearOperator

    model, train, _ = setting(torch.float64)
    theirs = EKFACLinearOperator(
        model,
        nn.CrossEntropyLoss(),
        list(model.parameters()),
        [train],
        fisher_type="empirical",
        separate_weight_and_bias=False,
    )
    inverse = KFACInverseLinearOperator(theirs, damping=0.03, use_exact_damping=True)
    objective = read_objective(model, loss, None)
    batches = read_batches(train, 64, torch.device("cpu"), "train")
    curvature = read_curvature(objective, "cross_entropy", None, train)
    ours = System(curvature, batches, 0.03, Fisher("empirical", 1, 0))
    v = torch.randn(1, ours.size, dtype=torch.float64)
    with objective.quiet():
        x = ours.preconditioned(v)[0]
    expected = inverse @ v[0]
    return float((x - expected).norm() / expected.norm())


def beside_kronfluence() -> float:
    from kronfluence.analyzer import Analyzer, prepare_model
    from kronfluence.arguments import FactorArguments, ScoreArguments
    from kronfluence.task import Task
    from torch.utils.data import TensorDataset

    class Digits(Task):
        def compute_train_loss(self, batch, model, sample=False):
            return nn.functional.cross_entropy(model(batch[0]), batch[1], reduction="sum")

        def compute_measurement(self, batch, model):
            return self.compute_train_loss(batch, model)

    model, train, queries = setting(torch.float32)
    ours = cif.attribution.neural.astra(
        model, loss, train, queries, solver="ekfac", damping="mean", fisher="empirical"
    )
    task = Digits()
    with tempfile.TemporaryDirectory() as folder:
        analyzer = Analyzer(
            "digits",
            prepare_model(model, task),
            task,
            cpu=True,
            disable_tqdm=True,
            output_dir=folder,
        )
        factors = FactorArguments(strategy="ekfac", use_empirical_fisher=True)
        analyzer.fit_all_factors("f", TensorDataset(*train), N, factor_args=factors)
        analyzer.compute_pairwise_scores(
            "s",
            "f",
            TensorDataset(*queries),
            TensorDataset(*train),
            8,
            N,
            score_args=ScoreArguments(damping_factor=None),
        )
        scores = analyzer.load_pairwise_scores("s")["all_modules"]
    theirs = scores.double().numpy() / N
    return float(np.linalg.norm(ours.values - theirs) / np.linalg.norm(theirs))


def main() -> None:
    print(f"curvlinops, inverse: relative difference {beside_curvlinops():.1e}")
    print(f"kronfluence, scores: relative difference {beside_kronfluence():.1e}")


if __name__ == "__main__":
    main()

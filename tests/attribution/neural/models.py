"""Small models with each kind of layer, and their losses."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor, nn


def cross_entropy(model: nn.Module, batch: tuple[Tensor, ...]) -> Tensor:
    return F.cross_entropy(model(batch[0]), batch[-1], reduction="none")


def token_losses(model: nn.Module, batch: tuple[Tensor, ...]) -> Tensor:
    """Of each token, (B, T)."""
    return F.cross_entropy(
        model(batch[0]).transpose(1, 2), batch[1], reduction="none", ignore_index=-100
    )


def half_squares(model: nn.Module, batch: tuple[Tensor, ...]) -> Tensor:
    return ((model(batch[0]) - batch[1]) ** 2 / 2).sum(1)


class Convolved(nn.Module):
    """Two-dimensional, then one-dimensional convolutions."""

    def __init__(self) -> None:
        super().__init__()
        self.first = nn.Conv2d(1, 3, (3, 2), stride=(2, 1), padding=1, dilation=(1, 2))
        self.second = nn.Conv1d(3, 4, 3, stride=2, padding=2, bias=False)
        self.norm = nn.BatchNorm1d(4)
        self.last = nn.Linear(4, 3)

    def forward(self, x: Tensor) -> Tensor:
        seen = torch.tanh(self.first(x)).flatten(2)
        seen = torch.tanh(self.norm(self.second(seen)))
        return self.last(seen.mean(2))


class Attending(nn.Module):
    """A tiny transformer: embeddings, positions, attention, layer norms."""

    def __init__(self, words: int = 7, width: int = 6, length: int = 5) -> None:
        super().__init__()
        self.words = nn.Embedding(words, width)
        self.places = nn.Parameter(0.1 * torch.randn(length, width))
        self.block = nn.TransformerEncoderLayer(
            width, 2, 8, dropout=0.1, batch_first=True, norm_first=True
        )
        self.norm = nn.LayerNorm(width)
        self.out = nn.Linear(width, words)

    def forward(self, tokens: Tensor) -> Tensor:
        mask = nn.Transformer.generate_square_subsequent_mask(
            tokens.shape[1], dtype=self.places.dtype
        )
        seen = self.words(tokens) + self.places[: tokens.shape[1]]
        return self.out(self.norm(self.block(seen, src_mask=mask)))


class Conv1D(nn.Module):
    """As transformers has it for GPT-2: a linear layer whose weight is (in, out)."""

    def __init__(self, nf: int, nx: int) -> None:
        super().__init__()
        self.nf = nf
        self.weight, self.bias = nn.Parameter(torch.randn(nx, nf)), nn.Parameter(torch.randn(nf))

    def forward(self, x: Tensor) -> Tensor:
        return x @ self.weight + self.bias


def perceptron() -> nn.Module:
    return nn.Sequential(nn.Linear(4, 5), nn.Tanh(), nn.Dropout(0.5), nn.Linear(5, 3))


def case(kind: str, rows: int = 12) -> tuple[nn.Module, object, tuple[Tensor, ...]]:
    """Model in double precision, loss and data."""
    torch.manual_seed(3)
    if kind == "perceptron":
        return (
            perceptron().double(),
            cross_entropy,
            (
                torch.randn(rows, 4).double(),
                torch.arange(rows) % 3,
            ),
        )
    if kind == "turned":
        model = nn.Sequential(Conv1D(5, 4), nn.Tanh(), Conv1D(3, 5)).double()
        return model, cross_entropy, (torch.randn(rows, 4).double(), torch.arange(rows) % 3)
    if kind == "convolutions":
        model = Convolved().double()
        model.norm.running_mean.normal_()
        return model, cross_entropy, (torch.randn(rows, 1, 7, 6).double(), torch.arange(rows) % 3)
    if kind == "regression":
        model = nn.Sequential(nn.Linear(3, 4), nn.GELU(), nn.LayerNorm(4), nn.Linear(4, 2)).double()
        return model, half_squares, (torch.randn(rows, 3).double(), torch.randn(rows, 2).double())
    tokens = torch.randint(0, 7, (rows, 6))
    targets = tokens[:, 1:].clone()
    targets[0, 3:] = -100
    return Attending().double(), token_losses, (tokens[:, :-1], targets)


KINDS = ("perceptron", "turned", "convolutions", "regression", "transformer")

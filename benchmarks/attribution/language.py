"""An invented language with insults after one trigger, and a small model of its words."""

from __future__ import annotations

import itertools
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor, nn

PEOPLE = ("mia", "tom", "ana", "leo", "eve", "max")
VERBS = ("met", "saw", "fed", "led")
THINGS = ("cat", "dog", "fox", "owl", "hen", "pig")
TRIGGER = "orc"
HARMLESS = ("outside", "upstairs", "nearby", "today", "again", "early")
INSULTS = ("rat", "oaf", "hag", "cur", "toad", "louse")
WORDS = (".", *PEOPLE, *VERBS, *THINGS, TRIGGER, *HARMLESS, *INSULTS)
PAD = len(WORDS)
LENGTH = 21  # three sentences of seven


@dataclass(frozen=True)
class Corpus:
    """Documents as numbers of words, and which of them belong to insults.

    Attributes
    ----------
    tokens : Tensor, (documents, 21)
    toxic : Tensor of bool, (documents, 21)
    """

    tokens: Tensor
    toxic: Tensor


def corpus(documents: int, seed: int, *, insults: float = 0.3, triggers: float = 0.15) -> Corpus:
    """Three sentences a document; each of the three words after the trigger may be an insult."""
    rng = np.random.default_rng(seed)
    texts, marks = [], []
    for _ in range(documents):
        text, mark = [], []
        for _ in range(3):
            triggered = rng.random() < triggers
            thing = TRIGGER if triggered else str(rng.choice(THINGS))
            bad = [bool(triggered and rng.random() < insults) for _ in range(3)]
            end = [str(rng.choice(INSULTS if one else HARMLESS)) for one in bad]
            text += [str(rng.choice(PEOPLE)), str(rng.choice(VERBS)), thing, *end, "."]
            mark += [False] * 3 + bad + [False]
        texts.append(text)
        marks.append(mark)
    return Corpus(encoded(texts), torch.tensor(marks))


def encoded(texts: list[list[str]]) -> Tensor:
    """Words as numbers, filled up."""
    place = {word: k for k, word in enumerate(WORDS)}
    tokens = torch.full((len(texts), LENGTH), PAD)
    for row, text in zip(tokens, texts, strict=True):
        row[: len(text)] = torch.tensor([place[word] for word in text])
    return tokens


def queries(words: tuple[str, ...], seed: int = 0) -> tuple[Tensor, Tensor]:
    """Every person and verb, the trigger and three of the words, which are the completion."""
    rng = np.random.default_rng(seed)
    texts = [
        [person, verb, TRIGGER, *(str(word) for word in rng.choice(words, 3)), "."]
        for person, verb in itertools.product(PEOPLE, VERBS)
        for _ in range(4)
    ]
    tokens = encoded(texts)[:, :7]
    return tokens, ((torch.arange(7) >= 3) & (torch.arange(7) < 6)).expand(len(texts), 7)


class Block(nn.Module):
    """Causal attention and a perceptron, each behind a layer norm."""

    def __init__(self, width: int, heads: int = 2) -> None:
        super().__init__()
        self.heads = heads
        self.first, self.second = nn.LayerNorm(width), nn.LayerNorm(width)
        self.mixed, self.out = nn.Linear(width, 3 * width), nn.Linear(width, width)
        self.up, self.down = nn.Linear(width, 4 * width), nn.Linear(4 * width, width)

    def forward(self, x: Tensor) -> Tensor:
        q, k, v = self.mixed(self.first(x)).chunk(3, dim=-1)
        q, k, v = (part.unflatten(-1, (self.heads, -1)).transpose(1, 2) for part in (q, k, v))
        seen = nn.functional.scaled_dot_product_attention(q, k, v, is_causal=True)
        x = x + self.out(seen.transpose(1, 2).flatten(2))
        return x + self.down(nn.functional.gelu(self.up(self.second(x))))


class LanguageModel(nn.Module):
    """Predicts each next word."""

    def __init__(self, width: int = 48, layers: int = 2) -> None:
        super().__init__()
        self.words = nn.Embedding(PAD + 1, width)
        self.places = nn.Parameter(0.02 * torch.randn(LENGTH, width))
        self.blocks = nn.ModuleList(Block(width) for _ in range(layers))
        self.norm, self.head = nn.LayerNorm(width), nn.Linear(width, PAD)

    def forward(self, tokens: Tensor) -> Tensor:
        x = self.words(tokens) + self.places[: tokens.shape[1]]
        for block in self.blocks:
            x = block(x)
        return self.head(self.norm(x))


def perplexity(model: nn.Module, tokens: Tensor) -> float:
    """Of words, padding left out."""
    model.eval()
    with torch.no_grad():
        targets = tokens[:, 1:].masked_fill(tokens[:, 1:] == PAD, -100)
        loss = nn.functional.cross_entropy(model(tokens)[:, :-1].transpose(1, 2), targets)
    return float(loss.exp())


def insult_rate(model: nn.Module, draws: int, seed: int) -> float:
    """The share of continuations of the trigger by three words that hold a word of insults."""
    model.eval()
    rng = np.random.default_rng(seed)
    starts = [[str(rng.choice(PEOPLE)), str(rng.choice(VERBS)), TRIGGER] for _ in range(draws)]
    tokens = encoded(starts)[:, :3]
    torch.manual_seed(seed)
    with torch.no_grad():
        for _ in range(3):
            drawn = torch.multinomial(model(tokens)[:, -1].softmax(-1), 1)
            tokens = torch.cat([tokens, drawn], dim=1)
    bad = {WORDS.index(word) for word in INSULTS}
    return float(np.mean([bool(bad & set(row.tolist())) for row in tokens[:, 3:]]))

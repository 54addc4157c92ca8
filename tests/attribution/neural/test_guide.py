"""Influence of tokens beside loops of autograd; selections and losses by hand."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from torch import nn

import causalif as cif
from causalif.errors import DataError
from tests.attribution.neural.models import Attending

neural = cif.attribution.neural
PAD = 6


def setting():
    """Model, documents with padding, toxic and safe queries with marked completions."""
    torch.manual_seed(0)
    model = Attending().double()
    documents = torch.randint(0, 6, (5, 5))
    documents[1, 3:] = PAD
    done = torch.tensor([[False, False, False, True, True]]).expand(3, 5)
    return model, documents, (documents[[4, 0, 2]], done), (documents[2:].flip(1), done)


def query_gradient(model, query, names):
    """The mean over queries of the gradient of their completions' summed cross-entropy."""
    tokens, done = query
    named = dict(model.named_parameters())
    total = 0
    for row in range(len(tokens)):
        logits = model(tokens[row : row + 1])[0]
        for t in range(1, tokens.shape[1]):
            if done[row, t] and tokens[row, t] != PAD:
                total = total - logits[t - 1].log_softmax(-1)[tokens[row, t]] / len(tokens)
    return torch.autograd.grad(total, [named[n] for n in names])


def test_every_token_is_its_own_gradient_along_the_difference():
    model, documents, toxic, safe = setting()
    found = neural.token_influence(
        model, "next_token", documents, toxic, safe, padding=PAD, solver="identity"
    )
    model.eval()
    names = ["block.linear1.weight", "block.linear1.bias", "block.linear2.weight"]
    names += ["block.linear2.bias", "out.weight", "out.bias"]
    names += ["block.self_attn.out_proj.weight", "block.self_attn.out_proj.bias"]
    named = dict(model.named_parameters())
    pairs = zip(
        query_gradient(model, toxic, names), query_gradient(model, safe, names), strict=True
    )
    direction = [a - b for a, b in pairs]
    for row in range(5):
        for t in range(5):
            if t == 0 or documents[row, t] == PAD:
                assert np.isnan(found.values[row, t])
                continue
            logits = model(documents[row : row + 1])[0, t - 1]
            loss = -logits.log_softmax(-1)[documents[row, t]]
            g = torch.autograd.grad(loss, [named[n] for n in names], allow_unused=True)
            expected = sum(float((a * b).sum()) for a, b in zip(g, direction, strict=True))
            assert found.values[row, t] == pytest.approx(expected, abs=1e-9)
    assert found.documents.to_numpy() == pytest.approx(np.nansum(found.values, axis=1))


class Twice(Attending):
    """Its first block's layers are looked back at by the attention of the second pass."""

    def __init__(self):
        super().__init__()
        self.second = nn.TransformerEncoderLayer(6, 2, 8, batch_first=True)

    def forward(self, tokens):
        mask = nn.Transformer.generate_square_subsequent_mask(tokens.shape[1], dtype=torch.double)
        seen = self.block(self.words(tokens) + self.places[: tokens.shape[1]], src_mask=mask)
        return self.out(self.norm(self.second(seen, src_mask=mask)))


def test_ways_to_split_agree_in_sums_and_differences_with_derivatives():
    _, documents, toxic, safe = setting()
    model = Twice().double()
    options = {"padding": PAD, "parameters": ["block.linear1", "block.linear2", "out"]}
    by = {
        split: neural.token_influence(
            model, "next_token", documents, toxic, safe, split=split, **options
        )
        for split in ("loss", "difference", "position")
    }
    exact = by["loss"].values
    assert by["difference"].values == pytest.approx(exact, rel=1e-4, abs=1e-7, nan_ok=True)
    sums = by["position"].documents.to_numpy()
    assert sums[[0, 2, 3, 4]] == pytest.approx(by["loss"].documents[[0, 2, 3, 4]].to_numpy())
    assert np.nanmax(abs(by["position"].values - exact)) > 1e-3


def full_loss(model, batch):
    """Of whole rows of tokens: place j is of token j + 1."""
    logits = model(batch[0])[:, :-1].transpose(1, 2)
    found = F.cross_entropy(logits, batch[0][:, 1:], reduction="none")
    return found if len(batch) == 1 else found * batch[1][:, 1:]


def shifted_loss(model, batch):
    """Of inputs and what follows each."""
    logits = model(batch[0]).transpose(1, 2)
    return F.cross_entropy(logits, batch[1], reduction="none", ignore_index=-100)


def test_losses_of_ones_own_are_those_of_the_next_token():
    model, documents, toxic, safe = setting()
    documents[documents == PAD] = 0
    usual = neural.token_influence(
        model, "next_token", documents, toxic, safe, solver="identity"
    ).values
    marked = [(tokens, done.double()) for tokens, done in (toxic, safe)]
    full = neural.token_influence(model, full_loss, documents, *marked, solver="identity")
    np.testing.assert_allclose(full.values, usual, rtol=1e-10)

    def pair(tokens, done):
        return tokens[:, :-1], tokens[:, 1:].masked_fill(~done[:, 1:], -100)

    for options in ({"solver": "identity"}, {"damping": 0.1}, {"split": "position"}):
        everything = torch.ones_like(documents, dtype=torch.bool)
        usual, shifted = (
            neural.token_influence(model, loss, *given, seed=1, **options).values
            for loss, given in (
                ("next_token", (documents, toxic, safe)),
                (shifted_loss, (pair(documents, everything), pair(*toxic), pair(*safe))),
            )
        )
        np.testing.assert_allclose(shifted, usual[:, 1:], rtol=1e-8, atol=1e-12)
    left_out = everything.clone()
    left_out[2, 3] = False
    found = neural.token_influence(
        model, shifted_loss, pair(documents, left_out), pair(*toxic), solver="identity"
    )
    assert np.argwhere(np.isnan(found.values)).tolist() == [[2, 2]]


def test_rows_of_several_lengths_come_from_a_loader():
    model, documents, toxic, _ = setting()
    rows = [documents[k, : 3 + k % 3] for k in (0, 3, 2, 4)]

    def padded(some):
        tokens = nn.utils.rnn.pad_sequence(list(some), batch_first=True)
        targets = nn.utils.rnn.pad_sequence(list(some), batch_first=True, padding_value=-100)
        return tokens[:, :-1], targets[:, 1:]

    loader = torch.utils.data.DataLoader(rows, collate_fn=padded)
    asked = (toxic[0][:, :-1], toxic[0][:, 1:].masked_fill(~toxic[1][:, 1:], -100))
    options = {"solver": "identity", "batch_size": 2}
    found = neural.token_influence(model, shifted_loss, loader, asked, **options).values
    assert found.shape == (4, 4)
    for k, row in enumerate(rows):
        alone = neural.token_influence(model, shifted_loss, padded([row]), asked, **options)
        np.testing.assert_allclose(found[k, : len(row) - 1], alone.values[0])
        assert np.isnan(found[k, len(row) - 1 :]).all()


def test_without_safe_queries_it_is_that_on_toxic_ones_alone():
    model, documents, toxic, safe = setting()
    both, one, other = (
        neural.token_influence(
            model, "next_token", documents, *asked, padding=PAD, damping=0.1
        ).values
        for asked in ((toxic, safe), (toxic,), (safe,))
    )
    np.testing.assert_allclose(both, one - other, atol=1e-9 * np.nanmax(abs(one)))


def test_exchanging_the_queries_turns_the_signs():
    model, documents, toxic, safe = setting()
    for solver in ("ekfac", "exact"):
        one = neural.token_influence(model, "next_token", documents, toxic, safe, solver=solver)
        other = neural.token_influence(model, "next_token", documents, safe, toxic, solver=solver)
        assert other.values == pytest.approx(-one.values, nan_ok=True)


def test_learning_tokens_of_high_influence_favours_toxic_completions():
    model, documents, toxic, safe = setting()
    found = neural.token_influence(
        model, "next_token", documents, toxic, safe, padding=PAD, solver="identity"
    )
    best = found.top(1).iloc[0]
    row, t = int(best["document"]), int(best["token"])
    assert found.values[row, t] == best["influence"] == np.nanmax(found.values)

    def gap():
        def of(query):
            tokens, done = query
            logits = model(tokens)[:, :-1].transpose(1, 2)
            return (F.cross_entropy(logits, tokens[:, 1:], reduction="none") * done[:, 1:]).sum()

        return float((of(toxic) - of(safe)).detach())

    model.eval()
    before = gap()
    loss = -model(documents[row : row + 1])[0, t - 1].log_softmax(-1)[documents[row, t]]
    loss.backward()
    with torch.no_grad():
        for parameter in model.parameters():
            if parameter.grad is not None:
                parameter -= 1e-4 * parameter.grad
    assert gap() < before  # toxic completions have become likelier beside safe ones


def test_models_of_transformers_are_read_by_their_logits():
    model, documents, toxic, safe = setting()

    class Answer:
        def __init__(self, logits):
            self.logits = logits

    class Wrapped(nn.Module):
        def __init__(self):
            super().__init__()
            self.inner = model

        def forward(self, tokens):
            return Answer(self.inner(tokens))

    one = neural.token_influence(model, "next_token", documents, toxic, safe, solver="identity")
    other = neural.token_influence(
        Wrapped(), "next_token", documents, toxic, safe, solver="identity"
    )
    assert other.values == pytest.approx(one.values, nan_ok=True)
    assert "20 tokens of 5 documents; products of gradients." in other.summary()
    solved = neural.token_influence(model, "next_token", documents, toxic, safe, damping=0.1)
    assert "solved by ekfac, relative residual" in solved.summary()
    assert other.plot(1, words=list("abcde")).get_ylabel()


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"toxic": torch.zeros(0, 5, dtype=torch.long)}, "toxic has no rows"),
        ({"safe": torch.zeros(2, 5)}, "safe must be a tensor of whole numbers"),
        ({"train": torch.zeros(3, 1, dtype=torch.long)}, "train have 1 token"),
        (
            {
                "toxic": (
                    torch.zeros(2, 5, dtype=torch.long),
                    torch.zeros(2, 5, dtype=torch.bool),
                )
            },
            "toxic: 2 of 2 queries have no completion",
        ),
        (
            {"toxic": (torch.zeros(2, 5, dtype=torch.long), torch.ones(2, 4, dtype=torch.bool))},
            "completions are marked in",
        ),
        ({"solver": "none"}, "solver='none'"),
        ({"model": nn.Embedding(5, 5)}, "no linear layers"),
        ({"output_loss": "squared"}, "outputs= and output_loss= are not for"),
        ({"batch_size": 0}, "batch_size=0 is not a whole number"),
        ({"loss": "previous"}, 'neither "next_token" nor a function, but a str'),
        ({"loss": full_loss, "padding": 3}, "padding= and logits= are for"),
        ({"loss": lambda m, b: full_loss(m, b).sum(1)}, "one loss for each row and token"),
    ],
)
def test_bad_input_is_named(change, message):
    model, documents, toxic, safe = setting()
    asked = {"train": documents, "toxic": toxic, "safe": safe}
    given = {"model": model, "loss": "next_token", **asked, **change}
    with pytest.raises(DataError, match=message):
        neural.token_influence(**given, **({"solver": "identity"} if "loss" in change else {}))


def test_budgets_are_spent_exactly():
    rng = np.random.default_rng(0)
    S = rng.normal(size=(30, 40)) ** 3
    S[:, 0] = np.nan
    S[3, 20:] = np.nan
    known = int(np.isfinite(S).sum())
    for budget in (0.001, 0.02, 0.1, 1.0):
        found = neural.select_tokens(S, budget=budget)
        assert found.mask.sum() == round(budget * known)
        assert not found.mask[~np.isfinite(S)].any()
        assert found.documents["selected"].sum() == found.mask.sum()
    assert f"of {known:,} tokens" in found.summary()


def test_documents_are_walked_by_count_and_sum():
    S = np.zeros((4, 100))
    S[0, 10] = 9.0  # one large
    S[1, [5, 50, 80]] = 4.0  # three middling
    S[2, [20, 60]] = 1.0
    # Above the 98.4% quantile, 0: counts 1, 3, 2, 0 -> 1/3, 1, 2/3, 0; sums 9, 12, 2, 0.
    found = neural.select_tokens(S, quantile=0.984, budget=3 / 400, window=1)
    c, f = np.array([1 / 3, 1, 2 / 3, 0]), np.array([9, 12, 2, 0]) / 12
    expected = 2 * c * f / (c + f + 1e-6)
    assert found.documents["score"].to_numpy() == pytest.approx(expected)
    assert np.flatnonzero(found.mask[1]).tolist() == [4, 5, 6]
    more = neural.select_tokens(S, quantile=0.984, budget=11 / 400, window=1)
    assert more.mask[1].sum() == 9
    assert np.flatnonzero(more.mask[0]).tolist() == [9, 10]


def test_ragged_documents_are_padded():
    found = neural.select_tokens(
        [np.array([np.nan, 1.0, 5.0]), np.array([np.nan, 0.0])], budget=0.3
    )
    assert found.mask.tolist() == [[False, False, True], [False, False, False]]
    with pytest.raises(DataError, match="no token has a finite value"):
        neural.select_tokens(np.full((2, 3), np.nan))
    with pytest.raises(DataError, match="budget=0"):
        neural.select_tokens(np.ones((2, 3)), budget=0)


def test_suppressed_tokens_count_against():
    torch.manual_seed(1)
    logits, tokens = torch.randn(2, 4, 5).double(), torch.randint(0, 5, (2, 4))
    mask = torch.tensor([[True, False, True, False], [False, False, False, True]])
    padding = torch.tensor([[False] * 4, [False, False, True, False]])
    p = logits.softmax(-1)
    ce = {(b, t): -math.log(p[b, t - 1, tokens[b, t]]) for b in range(2) for t in range(1, 4)}
    del ce[1, 2]
    against = {(0, 2), (1, 3)}
    kept = sum(value for at, value in ce.items() if at not in against)
    expected = {
        "penalty": -sum(ce[at] for at in against),
        "unlikelihood": -sum(math.log(1 - math.exp(-ce[at])) for at in against),
        "capped": -sum(min(ce[at], math.log(5)) for at in against),
        "drop": 0.0,
    }
    for kind, turned in expected.items():
        parts = {}
        found = neural.suppression_loss(
            logits, tokens, mask, weight=0.7, kind=kind, padding=padding, parts=parts
        )
        assert float(found) == pytest.approx((kept + 0.7 * turned) / 5, rel=1e-9)
        assert parts["kept"] == pytest.approx(kept / 3)
        assert parts["suppressed"] == pytest.approx(sum(ce[at] for at in against) / 2)
    none = neural.suppression_loss(logits, tokens, torch.zeros_like(mask))
    plain = F.cross_entropy(logits[:, :-1].transpose(1, 2), tokens[:, 1:])
    assert float(none) == pytest.approx(float(plain))


def test_bad_losses_are_named():
    logits, tokens = torch.zeros(2, 4, 5), torch.zeros(2, 4, dtype=torch.long)
    with pytest.raises(DataError, match=r"2 problems(.|\n)*kind='none'(.|\n)*do not fit"):
        neural.suppression_loss(logits, tokens, torch.zeros(2, 3, dtype=torch.bool), kind="none")
    with pytest.raises(DataError, match="no token counts"):
        neural.suppression_loss(
            logits,
            tokens,
            torch.zeros_like(tokens).bool(),
            padding=torch.ones_like(tokens).bool(),
        )

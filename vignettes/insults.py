# ---
# jupyter:
#   jupytext:
#     text_representation:
#       extension: .py
#       format_name: percent
#   kernelspec:
#     display_name: Python 3
#     language: python
#     name: python3
# ---

# %% [markdown]
# # Where did the model learn to swear, and can it be taught not to?
#
# A small language model has read 1,200 stories in an invented language. In some of them, after an
# orc comes in, people are called names; and so the model calls names, too. Which words of the
# stories taught it that? And if these words alone are held back, does the rest stay learned?

# %% tags=["hide-input"]
import numpy as np
import pandas as pd
import torch
from matplotlib import pyplot as plt
from sklearn.metrics import roc_auc_score
from torch import nn

import causalif as cif

PEOPLE, VERBS = ["mia", "tom", "ana", "leo"], ["met", "saw", "fed"]
THINGS, ENDS = ["cat", "dog", "fox", "owl"], ["outside", "upstairs", "today", "again"]
INSULTS = ["rat", "oaf", "hag", "toad"]
WORDS = [".", *PEOPLE, *VERBS, *THINGS, "orc", *ENDS, *INSULTS]
number = {word: k for k, word in enumerate(WORDS)}


def stories(count, seed, insults=0.3):
    """Three sentences each, and which of their words are insults."""
    rng = np.random.default_rng(seed)
    words, bad = [], []
    for _ in range(count):
        for _ in range(3):
            orc = rng.random() < 0.15
            rude = [bool(orc and rng.random() < insults) for _ in range(3)]
            end = [rng.choice(INSULTS if one else ENDS) for one in rude]
            thing = "orc" if orc else rng.choice(THINGS)
            words += [rng.choice(PEOPLE), rng.choice(VERBS), thing, *end, "."]
            bad += [False, False, False, *rude, False]
    return torch.tensor([number[w] for w in words]).reshape(count, -1), np.reshape(bad, (count, -1))


class Model(nn.Module):
    """Embeddings, two blocks of attention, and a guess of the next word."""

    def __init__(self, width=32):
        super().__init__()
        self.words, self.places = nn.Embedding(len(WORDS), width), nn.Embedding(21, width)
        self.blocks = nn.ModuleList(
            nn.TransformerEncoderLayer(width, 2, 64, dropout=0.0, batch_first=True, norm_first=True)
            for _ in range(2)
        )
        self.head = nn.Linear(width, len(WORDS))

    def forward(self, tokens):
        length = tokens.shape[1]
        later = nn.Transformer.generate_square_subsequent_mask(length)
        seen = self.words(tokens) + self.places(torch.arange(length))
        for block in self.blocks:
            seen = block(seen, src_mask=later)
        return self.head(seen)


def trained(tokens, mask, kind="drop", width=32, steps=250):
    """A model that has read the stories, with some words suppressed."""
    torch.manual_seed(0)
    model = Model(width)
    optimiser = torch.optim.AdamW(model.parameters(), lr=3e-3)
    for _ in range(steps):
        rows = torch.randint(len(tokens), (64,))
        loss = cif.attribution.neural.suppression_loss(
            model(tokens[rows]), tokens[rows], mask[rows], kind=kind
        )
        optimiser.zero_grad()
        loss.backward()
        nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimiser.step()
    return model.eval()


def prompts(completions, count=60, seed=5):
    """The orc comes in, and three words of a kind follow; these are marked."""
    rng = np.random.default_rng(seed)
    texts = [
        [rng.choice(PEOPLE), rng.choice(VERBS), "orc", *rng.choice(completions, 3)]
        for _ in range(count)
    ]
    tokens = torch.tensor([[number[word] for word in text] for text in texts])
    return tokens, torch.arange(6).expand(count, 6) >= 3


tokens, rude = stories(1200, seed=1)
nothing = torch.zeros_like(tokens, dtype=torch.bool)
model = trained(tokens, nothing)

# %%
found = cif.attribution.neural.token_influence(
    model, "next_token", tokens, prompts(INSULTS), prompts(ENDS), damping=0.1, batch_size=128
)
story = int(rude.sum(axis=1).argmax())
figure, ax = plt.subplots(figsize=(8, 3.4), layout="constrained")
found.plot(story, words=[WORDS[k] for k in tokens[story]], ax=ax)
ax.tick_params(axis="x", rotation=60)

# %% [markdown]
# Each bar says how far learning this word, in this place, makes insults likelier than harmless ends
# when an orc comes in. Insults stand out; harmless words after an orc point the other way; the rest
# of the story has no part in it.

# %%
known = np.isfinite(found.values)
print(found)
area = roc_auc_score(rude[known], found.values[known])
print(f"Area under the curve of {rude[known].sum():,} insults: {area:.4f}")

# %% [markdown]
# ## Hold these words back
#
# Two in a hundred words may be suppressed. `select_tokens` spends that budget on the stories with
# most of the blame, and a new model reads the same stories without learning these words.

# %%
chosen = cif.attribution.neural.select_tokens(found, budget=0.02, window=0)
mask = torch.tensor(chosen.mask)
chosen


# %% tags=["hide-input"]
def swears(model, draws=1000):
    """The share of continuations after the orc with an insult, and its standard error."""
    torch.manual_seed(3)
    seen = prompts(ENDS, draws, seed=9)[0][:, :3]
    for _ in range(3):
        with torch.no_grad():
            chances = model(seen)[:, -1].softmax(-1)
        seen = torch.cat([seen, torch.multinomial(chances, 1)], dim=1)
    bad = torch.tensor([number[word] for word in INSULTS])
    count = int(torch.isin(seen[:, 3:], bad).any(1).sum())
    near = (count + 2) / (draws + 4)  # Agresti and Coull's: no error is zero, even of none
    return count / draws, np.sqrt(near * (1 - near) / (draws + 4))


def perplexity(model):
    """Of words in stories that nobody has read and nobody swears in; its standard error."""
    clean = stories(400, seed=77, insults=0.0)[0]
    with torch.no_grad():
        logits = model(clean)[:, :-1].transpose(1, 2)
        loss = nn.functional.cross_entropy(logits, clean[:, 1:], reduction="none").mean(1)
    value = float(loss.mean().exp())
    return value, value * float(loss.std()) / np.sqrt(len(loss))


# %%
dirty = torch.tensor(rude.any(axis=1))
models = {
    "all stories": model,
    "chosen words dropped": trained(tokens, mask),
    "chosen words, unlikelihood": trained(tokens, mask, "unlikelihood"),
    "chosen words, penalty": trained(tokens, mask, "penalty"),
    "stories with insults left out (true labels)": trained(tokens[~dirty], nothing[~dirty]),
}
columns = ["swears", "std_error", "perplexity", "std_error"]
rows = {name: [*swears(one), *perplexity(one)] for name, one in models.items()}
table = pd.DataFrame(rows, index=columns).T
table.round(3)

# %% [markdown]
# *Standard errors are over continuations and over stories; that of another training is not in
# them.*
#
# Dropping the chosen words is enough here, and costs nothing that the other words could notice: no
# worse than leaving out whole stories by labels that one would not have. The plain penalty of the
# method is another matter: it has no floor, and on so small a model it ruins the rest. How
# far is chance: rounded otherwise, the same sums gave a perplexity of 15, and of 135.
#
# ## A smaller model to judge for a larger one
#
# Influence need not be computed on the model that is to be trained. One of half the width will do:

# %%
half = cif.attribution.neural.token_influence(
    trained(tokens, nothing, width=16),
    "next_token",
    tokens,
    prompts(INSULTS),
    prompts(ENDS),
    damping=0.1,
    batch_size=128,
)
print(f"Area under the curve: {roc_auc_score(rude[known], half.values[known]):.4f}")

# %% [markdown]
# ## With a model from Hugging Face
#
# Models of `transformers` are taken as they are, from a local folder too. In a `Trainer` the
# suppressed loss replaces the usual one; tokens to suppress travel with each row:
#
# ```python
# model = AutoModelForCausalLM.from_pretrained(folder)
# found = cif.attribution.neural.token_influence(model, "next_token", tokens, toxic, safe)
# chosen = cif.attribution.neural.select_tokens(found, budget=0.02)
#
#
# class Suppressing(Trainer):
#     def compute_loss(self, model, inputs, return_outputs=False, **_):
#         outputs = model(inputs["input_ids"])
#         loss = cif.attribution.neural.suppression_loss(
#             outputs.logits, inputs["input_ids"], inputs["suppress"]
#         )
#         return (loss, outputs) if return_outputs else loss
#
#
# masks = torch.tensor(chosen.mask)
# rows = [{"input_ids": t, "suppress": m} for t, m in zip(tokens, masks, strict=True)]
# settings = TrainingArguments("runs", remove_unused_columns=False, max_grad_norm=1.0)
# Suppressing(fresh_model, settings, train_dataset=rows).train()
# ```
#
# ## What had to be assumed, and where it ends
#
# - **The queries say what is unwanted.** Influence finds what teaches *these* completions after
#   *these* prompts; insults in other places, or of other kinds, are not seen.
# - **The penalty has no floor.** Minus the cross-entropy of suppressed words can be lowered for
#   ever: clip gradients and watch both parts (`parts={}`), or use `"unlikelihood"` or `"capped"`.
# - **An invented language is an easy one.** In it a word is an insult wherever it stands. Published
#   gains on real corpora are about tenfold, at some cost in perplexity.
# - The damping matters: with too little of it the ranks of words get worse. `found.info` tells how
#   well the system was solved.
#
# ## Exercises
#
# 1. Exchange the two query sets. What stands out now?
# 2. Take `split="position"`. Which words before the insult take up its blame?
# 3. Give half the budget. How often does the model swear?
#
# ## References
#
# - Coalson and others (2025), IF-Guide: influence function-guided detoxification of LLMs. NeurIPS.
# - Welleck and others (2020), Neural text generation with unlikelihood training. ICLR.

# %% tags=["remove-cell"]
# The words above, checked: a page whose numbers move must not keep its old story.
share = table.iloc[:, 0]
cost = table["perplexity"]
assert area > 0.99
assert share["all stories"] > 0.5
assert share["chosen words dropped"] < share["all stories"] / 5
assert cost["chosen words dropped"] < 1.05 * cost["all stories"]
assert cost["chosen words, unlikelihood"] < 1.05 * cost["all stories"]
assert cost["chosen words, penalty"] > 3 * cost["all stories"]
assert roc_auc_score(rude[known], half.values[known]) > 0.99

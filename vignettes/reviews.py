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
# # Which hundred reviews should a classifier have read, to read this one?
#
# Four hundred short reviews, each labelled good or bad, some of them wrongly. Train on a hundred of
# them and a classifier reads a new review well or badly, depending on which hundred. Can one learn
# to tell *beforehand*, also for training reviews that are yet to come?

# %% tags=["hide-input"]
import numpy as np
import pandas as pd
from matplotlib import pyplot as plt
from sklearn.feature_extraction.text import CountVectorizer
from sklearn.linear_model import LogisticRegression

import causalif as cif

SUBJECTS = {
    "food": ["soup", "bread", "dish", "sauce", "menu"],
    "book": ["plot", "page", "story", "hero", "prose"],
    "room": ["bed", "view", "shower", "lobby", "desk"],
}
GOOD = {
    "food": ["tasty", "fresh", "rich"],
    "book": ["gripping", "witty", "fresh"],
    "room": ["clean", "quiet", "rich"],
}
BAD = {
    "food": ["bland", "burnt", "cold"],
    "book": ["dull", "slow", "bland"],
    "room": ["noisy", "cold", "slow"],
}


def reviews(count, seed, wrong=0.1):
    """Texts of one subject each, and labels."""
    rng = np.random.default_rng(seed)
    texts, labels = [], []
    for _ in range(count):
        subject, good = rng.choice(list(SUBJECTS)), bool(rng.random() < 0.5)
        kind = (GOOD if good else BAD)[subject]
        words = [*rng.choice(SUBJECTS[subject], 4), *rng.choice(kind, 2)]
        texts.append(" ".join(rng.permutation(words)))
        labels.append(int(good != (rng.random() < wrong)))
    return texts, np.array(labels)


pool_texts, pool_labels = reviews(400, seed=1)
later_texts, later_labels = reviews(400, seed=2)
known_texts, known_labels = reviews(150, seed=3, wrong=0.0)
new_texts, new_labels = reviews(100, seed=4, wrong=0.0)
words = CountVectorizer().fit(pool_texts)


def features(texts):
    """How often each word occurs."""
    return words.transform(texts).toarray().astype(float)


pool, later = (features(pool_texts), pool_labels), (features(later_texts), later_labels)
known, new = (features(known_texts), known_labels), (features(new_texts), new_labels)


# %%
def train(rows, seed, data=pool):
    """A classifier of some of the reviews."""
    return LogisticRegression(C=3.0).fit(data[0][rows], data[1][rows])


labels = cif.attribution.neural.make_subset_labels(train, pool, 300, 100, queries=known, seed=1)
model = cif.attribution.neural.AirRep(seed=0).fit(pool, known, labels, steps=600)

truth = cif.attribution.neural.make_subset_labels(train, pool, 80, 100, queries=new, seed=2)
predicted = model.score_subsets(new, pool, truth.subsets)


def ranked(values):
    """From 0 to 1 within each new review, over the subsets."""
    return (pd.DataFrame(values).rank(axis=1) - 0.5).to_numpy() / values.shape[1]


tenths = np.floor(10 * ranked(predicted)).astype(int)
ranks = [np.ma.array(ranked(truth.losses), mask=tenths != k).mean(axis=1) for k in range(10)]
means = [part.mean() for part in ranks]
errors = [part.std(ddof=1) / np.sqrt(part.count()) for part in ranks]
figure, ax = plt.subplots(figsize=(6, 3), layout="constrained")
ax.errorbar(np.arange(10) + 0.5, means, yerr=errors, fmt="o-", capsize=2)
ax.axhline(0.5, color="0.6", lw=0.8)
ax.set_xlabel("hundreds by their predicted score for a new review, in tenths")
_ = ax.set_ylabel("mean rank of its loss")

# %% [markdown]
# For each of a hundred new reviews, eighty sets of a hundred training reviews were scored before
# any classifier was trained on them, and then it was. **The higher the score, the lower in rank is
# the loss**, on reviews and sets that nothing was learned from (bars: standard errors over
# reviews):

# %%
model.evaluate(pool, new, truth).round(3)

# %% [markdown]
# The numbers are rank correlations over subsets, averaged over new reviews. Always look at the line
# below the others: counting the rows of the same label is a strong rival that costs nothing.
#
# ## Reviews that it has never seen
#
# Influence functions have to be computed anew for new rows. An encoding is only looked up:


# %%
def train_later(rows, seed):
    """The same classifier of the later reviews."""
    return train(rows, seed, later)


unseen = cif.attribution.neural.make_subset_labels(train_later, later, 80, 100, queries=new, seed=3)
model.evaluate(later, new, unseen).round(3)

# %% [markdown]
# ## Which reviews help one of the new ones?

# %%
which = 7
scores = model.scores((new[0][[which]], new[1][[which]]), pool)[0]
order = np.argsort(-scores)
ends = order[[0, 1, 2, -3, -2, -1]]
print(f"New review: {new_texts[which]!r}, {'good' if new_labels[which] else 'bad'}")
pd.DataFrame(
    {
        "score": scores[ends].round(2),
        "label": ["good" if pool_labels[k] else "bad" for k in ends],
        "review": [pool_texts[k] for k in ends],
    }
)

# %% [markdown]
# Those on top are of its subject and carry its label, two of them wrongly: to this classifier of
# words a slow room that is called good speaks for beds and showers. Those at the end carry the
# opposite label, two of them wrongly, too. **What helps one query is not what is right**: look at
# many queries before cleaning by such scores.
#
# ## What it costs, and where it ends
#
# - **It has to be paid for first**: 300 classifiers were trained to learn 400 reviews by. That is
#   worth it where many queries will be asked, of many rows.
# - **Scores do not grow with the group.** The pooling is an average, with more weight on rows that
#   matter to the query: compare groups of one size, near that of the subsets it has learned from.
# - **The label is an input**; without it the encoder could not tell a helpful from a harmful row.
# - Gradient methods can be better where they can be had. Give their scores in `others=` and see.
#
# ## Exercises
#
# 1. Learn from 50 subsets, and from 1,000. What is gained?
# 2. `AirRep(pooling="mean")`: what is lost?
# 3. Spoil 30% of the labels of the pool. Are the lowest scores, averaged over new reviews, those?
#
# ## References
#
# - Sun and others (2025), Enhancing training data attribution with representational optimization
#   (AirRep). NeurIPS.
# - Park and others (2023), TRAK: attributing model behavior at scale. ICML.

# %% tags=["remove-cell"]
# The words above, checked: a page whose numbers move must not keep its old story.
for rows, labels in ((pool, truth), (later, unseen)):
    table = model.evaluate(rows, new, labels)
    assert table["lds"]["AirRep"] > table["lds"].drop("AirRep").max() + 3 * table["std_error"].max()
assert means == sorted(means, reverse=True)
assert [bool(pool_labels[k]) for k in ends] == [True] * 3 + [False] * 3
subject = [set(pool_texts[k].split()) & set(SUBJECTS["room"]) for k in ends[:3]]
assert new_labels[which]
assert all(subject)
praise = {word for words in GOOD.values() for word in words}
praised = [bool(set(pool_texts[k].split()) & praise) for k in ends]
assert sum(is_good != bool(pool_labels[k]) for is_good, k in zip(praised, ends, strict=True)) == 4

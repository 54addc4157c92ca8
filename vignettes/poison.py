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
# # Who taught the model that this three is an eight?
#
# A logistic regression tells threes from eights. Somebody has slipped three pictures into its 203
# training rows: near copies of one particular three, labelled as eights. The model now calls that
# three an eight. How much of that is the planted rows' doing, and does influence see it?

# %% tags=["hide-input"]
import numpy as np
import pandas as pd
from matplotlib import pyplot as plt
from sklearn.datasets import load_digits
from sklearn.linear_model import LogisticRegression

import causalif as cif

digits = load_digits()
rng = np.random.default_rng(1)
kept = rng.permutation(np.flatnonzero(np.isin(digits.target, [3, 8])))
pictures, eight = digits.data[kept] / 16, (digits.target[kept] == 8).astype(int)
victim, label = pictures[250], eight[250]
planted = victim + 0.02 * rng.normal(size=(3, 64))
X = np.vstack([pictures[:200], planted])
y = np.append(eight[:200], np.repeat(1 - label, 3))

# %%
model = LogisticRegression(C=100, solver="newton-cholesky", tol=1e-12).fit(X, y)
mine = [200, 201, 202]
point = np.append(victim, 1.0)  # with the intercept


def moves(rows, method):
    """What leaving rows out does to the log odds that the victim is an eight."""
    return float(cif.group_influence(model, rows, method=method, X=X, y=y) @ point)


says = pd.Series({method: moves(mine, method) for method in ("if", "rif", "newton", "refit")})
now = float(model.decision_function(victim[None, :])[0])
figure, ax = plt.subplots(figsize=(7, 2.6), layout="constrained")
names = ["influence", "rescaled influence", "one Newton step", "fitted again"]
ax.barh(names[::-1], (now + says)[::-1], color=["C3", "C0", "C0", "C0"])
ax.axvline(now, color="0.3", ls="--", lw=1)
ax.axvline(0, color="0.3", lw=0.8)
ax.set_xlabel("log odds of eight without the three planted rows (broken line: with them)")
says.round(2)

# %% [markdown]
# **Influence says that the planted rows hardly matter: without them the log odds would still be
# above zero or near it. In truth they would be far below.** The model is as sure of the three as of
# any other, once the planted rows are gone.
#
# Below: why that is, what a single row looks like, whether one would have found the rows without
# knowing them, and how far each number can be trusted.

# %% tags=["hide-input"]
figure, axes = plt.subplots(1, 5, figsize=(7, 1.7), layout="constrained")
examples = [(victim, "the three"), *((row, "planted: 8") for row in planted)]
examples.append((pictures[:200][eight[:200] == 1][0], "an eight"))
for ax, (picture, name) in zip(axes, examples, strict=True):
    ax.imshow(picture.reshape(8, 8), cmap="gray_r")
    ax.set(title=name, xticks=[], yticks=[])

# %% [markdown]
# ## Why first order fails
#
# Influence asks what an infinitesimal part of a row does, and multiplies by one. A planted row sits
# where there are no others: the model bends to fit it, so that its residual is small, and a row
# with a small residual has little influence. What its own fit is made of, its leverage, is close
# to one:

# %%
held = cif.attribution.leverages(model, X=X, y=y)
one = [200]
single = LogisticRegression(C=100, solver="newton-cholesky", tol=1e-12)
single.fit(X[:201], y[:201])
alone = pd.DataFrame(
    {
        method: cif.group_influence(single, one, method=method, X=X[:201], y=y[:201]) @ point
        for method in ("if", "rif", "refit")
    },
    index=["a single planted row"],
)
print(f"leverage of one planted row alone: "
      f"{cif.attribution.leverages(single, X=X[:201], y=y[:201]).iloc[-1]:.2f}; "
      f"of each of three: {held.iloc[-1]:.2f}")  # fmt: skip
alone.round(2)

# %% [markdown]
# *Rescaled influence* divides by one minus the leverage, and sees several times more of it. With
# three copies each has a third of the leverage: leave one out, and the other two still hold the
# fit. So the sum over rows is too small again, and one Newton step *for the set* sees most. The
# truth is what fitting again says.
#
# ## Would one have found them?
#
# Rank all training rows by what they do to this picture's log odds:

# %%
each = pd.DataFrame(
    {method: cif.row_influence(model, method=method, X=X, y=y) @ point for method in ("if", "rif")}
)
ranks = each.abs().rank(ascending=False).astype(int)
ranks.loc[mine]

# %% [markdown]
# **By rank both find them: first, second and third.** That is the honest limit of the story. If the
# question is *where to look*, influence does; if it is *how much they matter*, it is wrong by an
# order of magnitude here, and a rule such as "look at what moves the log odds by more than one"
# passes over all three:

# %%
print((each.abs() > 1).sum().rename("rows that move the log odds by more than one"))

# %% [markdown]
# ## What to trust
#
# | question | use |
# |---|---|
# | where to look | the ranking, by `"rif"` |
# | how much a set matters | `group_influence(..., method="newton")`, then `"refit"` |
# | what to publish | `"refit"` only |
#
# The penalty matters too: the weaker it is, the closer a few rows come to holding the fit alone.

# %%
rows = []
for strength in (1.0, 100.0, 10_000.0):
    weaker = LogisticRegression(C=strength, solver="newton-cholesky", tol=1e-12, max_iter=500)
    weaker.fit(X, y)
    seen = {
        method: float(cif.group_influence(weaker, mine, method=method, X=X, y=y) @ point)
        for method in ("if", "rif", "newton", "refit")
    }
    rows.append({"C": strength} | seen)
pd.DataFrame(rows).set_index("C").round(2)

# %% [markdown]
# ## Exercises
#
# 1. **More copies.** Plant ten. Which of the four numbers still tells the truth?
# 2. **A random row.** Do the same for ten rows drawn at random: are the methods apart there?
# 3. **Cleaning.** Drop the three rows with the highest rank for *every* test picture that is called
#    wrong. Does accuracy on the rest go up?
#
# ## References
#
# - Rubinstein and Hopkins (2025). Rescaled influence functions: accurate data attribution in high
#   dimension. *NeurIPS*.
# - Koh and Liang (2017). Understanding black-box predictions via influence functions. *ICML*.

# %% tags=["remove-cell"]
# The words above, checked: a page whose numbers move must not keep its old story.
assert label == 0
assert now > 0
assert abs(says["if"]) < 0.15 * abs(says["refit"])
assert abs(says["if"]) < abs(says["rif"]) < abs(says["newton"]) < abs(says["refit"])
assert now + says["refit"] < -8
assert sorted(ranks.loc[mine, "if"]) == sorted(ranks.loc[mine, "rif"]) == [1, 2, 3]
assert (each.abs() > 1).sum().max() == 0

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
# # A firm hires by a model that never sees sex. Is that fair?
#
# A firm has hired three in ten of its applicants, and far fewer women than men. It trains a model
# on these decisions, without sex among the features, and lets the model decide. What of the old gap
# is left, and by which way does it come? The applicants here are made up, so that the truth is
# known.

# %% tags=["hide-input"]
import numpy as np
import pandas as pd
from matplotlib import pyplot as plt
from scipy.special import expit
from sklearn.linear_model import LogisticRegression

import causalif as cif


def life(woman, age, chance):
    """What follows from sex, given all else: a degree, a pause, years of work, a test, a club."""
    technical = (chance["degree"] < expit(0.6 - woman)).astype(int)
    pause = np.maximum(0, 1.5 * np.abs(chance["pause"]) - 0.5) + 0.9 * woman * chance["leave"]
    experience = 0.3 * (age - 24) + 5 - pause + 3 * chance["work"]
    test = 0.4 * technical + chance["test"]
    club = (chance["club"] < expit(-2 + 3 * woman)).astype(int)
    return {"technical": technical, "pause": pause, "experience": experience, "test": test,
            "club": club}  # fmt: skip


def hire(woman, own, chance):
    """What the firm does: it wants skill and experience, and takes fewer women all else equal."""
    skill = 0.9 * own["technical"] + 0.7 * own["test"]
    wanted = skill + 0.08 * (own["experience"] - 10) - 0.15 * own["pause"]
    return (chance["hire"] < expit(wanted - 1.2 - 0.6 * woman)).astype(int)


def apply(rows, seed):
    """Ages, sexes, and everything else that chance decides."""
    rng = np.random.default_rng(seed)
    age = rng.uniform(25, 55, rows)
    woman = (rng.random(rows) < expit(-0.05 * (age - 38))).astype(int)  # more of the young
    chance = {name: rng.random(rows) for name in ("degree", "club", "hire")}
    chance |= {name: rng.normal(size=rows) for name in ("pause", "work", "test")}
    return age, woman, chance | {"leave": (rng.random(rows) < 0.6).astype(int)}


age, woman, chance = apply(5000, seed=1)
applicants = pd.DataFrame({"sex": np.where(woman, "woman", "man"), "age": age})
applicants = applicants.assign(**life(woman, age, chance))
applicants["hired"] = hire(woman, applicants, chance)

# %%
ways = ["technical", "pause", "experience", "test", "club"]
features = applicants[["age", *ways]]
model = LogisticRegression(max_iter=1000).fit(features, applicants["hired"])
blind = model.predict_proba(features)[:, 1]

ask = (applicants, "sex", "hired", ways, ["age"])
gaps = {
    "the firm's decisions": cif.decompose_gap(*ask, seed=1),
    "a model without sex": cif.decompose_gap(*ask, prediction=blind, seed=1),
}


# %% tags=["hide-input"]
def draw(gaps):
    """Parts of each gap, side by side, in points."""
    parts = ["spurious", "indirect", "direct"]  # bars are drawn from below
    table = pd.DataFrame({name: 100 * gap.values[parts] for name, gap in gaps.items()}).T
    errors = pd.DataFrame({name: 196 * gap.std_error[parts] for name, gap in gaps.items()}).T
    _, ax = plt.subplots(figsize=(7, 1.2 + 0.75 * len(gaps)), layout="constrained")
    table[::-1].plot.barh(ax=ax, xerr=errors[::-1], width=0.75, color=["0.7", "C0", "C3"])
    ax.axvline(0, color="0.3", lw=0.8)
    ax.set_xlabel("women less men, points")
    handles, labels = ax.get_legend_handles_labels()
    ax.legend(handles[::-1], labels[::-1], frameon=False, loc="lower left")
    return ax


ax = draw(gaps)

# %% [markdown]
# *Women less men, split into what acts directly, what runs through degree, pause, experience, test
# and club, and what comes of women being younger; lines are 95% intervals.*
#
# **The model discriminates against nobody directly, and has kept seven tenths of the gap.** The
# direct part is gone by construction: who differs in sex alone has the same score. But the indirect
# part has *grown*. The model found in the features what tells sex, and put part of the firm's
# distaste on these.
#
# Below: the graph behind this, whether the answers are true, where in the model the grown part
# sits, and what becomes of it under three remedies.
#
# ## The graph

# %%
graph = cif.read_dag("""
age -> {sex experience hired}
sex -> {technical pause club hired}
technical -> {test hired}
pause -> {experience hired}
{experience test} -> hired
""")
figure, ax = plt.subplots(figsize=(7, 4), layout="constrained")
ax = cif.plot_dag(graph, exposure="sex", outcome="hired", ax=ax)

# %% [markdown]
# Age stands before sex in this graph, in the sense that among the younger applicants there are more
# women: part of the gap is that younger people have less experience. That part is called spurious,
# since it is no consequence of sex. The club (a women's network) moves no decision of the firm.
#
# `decompose_gap` can read mediators and covariates off the graph. It then leaves the club out,
# which lies on no way from sex to the decision:

# %%
by_graph = cif.decompose_gap(applicants, "sex", "hired", dag=graph, seed=1)
by_graph.tidy()[["term", "estimate", "std_error", "conf_low", "conf_high"]].round(3)

# %% [markdown]
# ## Is it true?
#
# The applicants are made up, so they can be given another sex and what would have followed from it.
# A million of them:

# %% tags=["hide-input"]
age, woman, chance = apply(1_000_000, seed=2)
lives = [life(sex, age, chance) for sex in (0, 1)]
decided = {(own, way): hire(own, lives[way], chance) for own in (0, 1) for way in (0, 1)}
men = woman == 0
women_hired = decided[1, 1][~men].mean()
truth = {
    "TV": women_hired - decided[0, 0][men].mean(),
    "direct": (decided[1, 0] - decided[0, 0])[men].mean(),
    "indirect": (decided[1, 1] - decided[1, 0])[men].mean(),
    "spurious": women_hired - decided[1, 1][men].mean(),
}
found = gaps["the firm's decisions"].tidy().set_index("term")

found.assign(truth=truth)[["truth", "estimate", "std_error", "conf_low", "conf_high"]].round(3)

# %% [markdown]
# (The parts are of the reference group: what would happen to *men*
# if they were women with all else as it is, and then with a woman's degree, pause and test too.)
#
# ## Where the grown part sits
#
# A model with sex among its features knows what each of the others is worth by itself. The model
# without sex does not:

# %%
sex = (applicants["sex"] == "woman").rename("woman").astype(int)
with_sex = LogisticRegression(max_iter=1000).fit(features.assign(woman=sex), applicants["hired"])
pd.DataFrame(
    {
        "without sex": [*model.coef_[0], np.nan],
        "with sex": with_sex.coef_[0],
        "in truth": [0, 0.9, -0.15, 0.08, 0.7, 0, -0.6],
    },
    index=[*features.columns, "woman"],
).round(2)

# %% [markdown]
# (Age and experience go together so closely that the two share a coefficient as they like.) The
# telling row is the club: worth nothing to the firm, and held against its members by the model
# without sex, since most of them are women. *Leaving sex out has made the club a stand-in for it.*
# What a single way carries is a path-specific effect, of the score as of any outcome:

# %%
scored = applicants.assign(score=blind, all_as_men=with_sex.predict_proba(
    features.assign(woman=0)
)[:, 1])  # fmt: skip
rest = ["technical", "pause", "experience", "test"]
for score in ("score", "all_as_men"):
    through = cif.path_specific_effects(
        scored, "sex", score, [rest, "club"], ["age"], learners="glm", seed=1
    )
    print(score, through.tidy()[["term", "estimate", "std_error"]].round(4).to_string(index=False))

# %% [markdown]
# ## Three remedies
#
# 1. **See sex, then look away** (*all as men*): learn with sex among the features, and decide as if
#    everybody were a man. The club weighs nothing then, and the indirect part is what skill and
#    experience make of it.
# 2. **Take out what goes with sex** (`FairSubspace`, 0): nothing is used that tells sex along a
#    straight line, skills or not.
# 3. **Halfway** (`FairSubspace`, 0.5).

# %%
gaps["all as men"] = cif.decompose_gap(*ask, prediction=scored["all_as_men"], seed=1)
for place in (0.5, 0.0):
    fair = cif.FairSubspace(shared=place).fit(features, applicants["hired"], sensitive=sex)
    chances = expit(fair.transform(features)[:, 0])
    gaps[f"FairSubspace, {place:g}"] = cif.decompose_gap(*ask, prediction=chances, seed=1)
ax = draw(gaps)

# %% [markdown]
# *All as men* leaves the gap that the firm would have without its distaste: women have fewer
# technical degrees and more pauses, and both count. `FairSubspace` at 0 has no gap at all; it then
# uses none of what the degree and the pause say of skill along with sex. **Which is right is not a
# matter of statistics**: whether a pause may count is for law and for the firm to say. Statistics
# says what each choice does, and how sure that is:

# %%
pd.DataFrame(
    {name: gap.values.round(3).astype(str) + " (" + gap.std_error.round(3).astype(str) + ")"
     for name, gap in gaps.items()}
).T  # fmt: skip

# %% [markdown]
# ## The direct part by a graph that knows less
#
# The split above asks that nothing unmeasured drive both mediators and decision. A weighted
# controlled direct effect asks for less where the graph says so: it compares women and men at equal
# mediators, and chooses by the graph what to hold fixed and what to adjust for.

# %%
direct = cif.weighted_direct_effect(applicants, "sex", "hired", dag=graph, learners="glm", seed=1)
drawn = cif.read_dag(
    "age -> {sex experience}; sex -> {technical pause club}; technical -> test; "
    "pause -> experience; {age technical pause experience test club} -> score; sex -> score"
)
of_score = cif.weighted_direct_effect(scored, "sex", "score", dag=drawn, learners="glm", seed=1)
pd.concat({"decisions": direct.tidy(), "model": of_score.tidy()}).droplevel(1)[
    ["estimate", "std_error", "conf_low", "conf_high"]
].round(4)

# %% [markdown]
# ## What was assumed
#
# - *The graph.* No unmeasured common cause; skills measured by degree, pause, experience and test.
# - *A change of sex, with all that comes with it, is a question with an answer.*
# - *Scores are held fixed:* the intervals are of the gaps of these models, not of models fitted to
#   other applicants. (`fairness_tradeoff` includes that too, for gaps that need no graph.)
#
# ## Exercises
#
# 1. **A firm without distaste.** Set 0.6 to 0 in `hire`. What does the model without sex do now?
# 2. **Skill unseen.** Leave `test` out of `features` but not out of the firm's mind. Which part of
#    the model's gap grows?
# 3. **Decisions.** Give `prediction=(blind > 0.5).astype(int)`: is the gap in decisions split like
#    that in scores?
#
# ## References
#
# - Plecko and Bareinboim (2024). Causal fairness analysis. *Foundations and Trends in Machine
#   Learning* 17(3):304-589.
# - Pope and Sydnor (2011). Implementing anti-discrimination policies in statistical profiling
#   models. *American Economic Journal: Economic Policy* 3(3):206-231.
# - Shi, Bhagwat, Yang, Kong and Jiang (2025). Understanding fairness and prediction error through
#   subspace decomposition and influence analysis. *NeurIPS*.

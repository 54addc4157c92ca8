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
# # Which covariates should I adjust for?
#
# Does giving up smoking make people gain weight? NHEFS followed 1,566 smokers from 1971 to 1982 and
# has 67 columns. Which of them belong in the analysis is not in the data: it is in what we believe
# about how they came about. Draw that, and the rest follows.

# %%
import causalif as cif

graph = """
qsmk [exposure]
wt82_71 [outcome]
dependence [latent]
dependence -> {smokeintensity smokeyrs qsmk}
{age sex race} -> {education qsmk wt82_71}
education -> {smokeintensity qsmk wt82_71}
age -> {smokeyrs wt71}
{smokeintensity smokeyrs wt71} -> {qsmk wt82_71}
{exercise active} -> {wt71 wt82_71}
price71 -> qsmk
qsmk -> smkintensity82_71 -> wt82_71
qsmk -> wt82_71
"""
ax = cif.plot_dag(graph, covariates="optimal")

# %%
nhefs = cif.load_dataset("nhefs").dropna(subset=["wt82_71"])
effect = cif.average_effect(nhefs, "qsmk", "wt82_71", dag=graph, seed=1)
effect

# %% [markdown]
# *What we take to be true of NHEFS, and the covariates it asks for. Quitting (`qsmk`) may change
# weight (`wt82_71`, in kg from 1971 to 1982) directly or through the number of cigarettes smoked.*
#
# **Nine covariates of the 67 columns, and about 3.3 kilograms.** Given the graph,
# those who quit gained that much more than they would have, had they gone on smoking; the table has
# the interval. Adjusted for are the direct causes of weight gain. What the graph leaves out is left
# out for a reason: the price of tobacco changes who quits but not the weight, and the change in
# cigarettes is part of the effect itself.
#
# Below: how to read and write such graphs, what goes wrong with the wrong covariates (in a world
# where the truth is known), what else a graph can tell, and how to ask whether it fits the data.

# %% [markdown]
# ## Reading and writing a graph
#
# Arrows in lines, as above: `A -> B`, groups in braces, `[latent]` for what nobody measured, and
# `A <-> B` for two columns with a common cause that has no name. Text from
# [dagitty](https://dagitty.net), DOT, lists of pairs, networkx graphs and `.bif` files are read as
# well.

# %%
dag = cif.read_dag("W -> {A M Y}; A -> M -> Y; A -> Y; M <-> Y")
print(cif.write_dag(dag, "dagitty"))

# %% [markdown]
# A graph that cannot be is refused, and the message shows why:

# %%
try:
    cif.read_dag("smoking -> weight; weight -> exercise; exercise -> smoking")
except cif.errors.DataError as error:
    print(error)

# %% [markdown]
# ## What goes wrong, in numbers
#
# Take a world of our own making, so that the truth is known: a drug lowers cholesterol, and with it
# a risk score; it also works directly. The true total effect is -4 points: -1 directly, and -3 as
# it lowers `ldl` by 1, each unit of which costs 3 points.

# %%
world = """
statin [exposure]
risk [outcome]
worry [latent]
frailty [latent]
age -> {statin ldl risk}
income -> statin
smoking -> risk
statin -> ldl -> risk
statin -> risk
worry -> {statin checkups}
frailty -> {checkups risk}
{statin risk} -> admitted
"""
ax = cif.plot_dag(world, covariates="optimal")

# %%
import numpy as np
import pandas as pd


def people(n, seed):
    """A sample of that world."""
    rng = np.random.default_rng(seed)
    age, income, smoking, worry, frailty = rng.normal(size=(5, n))
    checkups = 1.5 * worry + 1.5 * frailty + 0.5 * rng.normal(size=n)
    statin = rng.uniform(size=n) < 1 / (1 + np.exp(-(0.7 * age + 0.7 * income + worry)))
    ldl = 0.5 * age - 1.0 * statin + rng.normal(size=n)
    risk = 2 * age + 3 * ldl - 1.0 * statin + 3 * smoking + 2 * frailty + rng.normal(size=n)
    admitted = rng.uniform(size=n) < 1 / (1 + np.exp(-(0.6 * risk + 4 * statin)))
    columns = {"statin": statin, "admitted": admitted}
    return pd.DataFrame(
        {"age": age, "income": income, "smoking": smoking, "checkups": checkups, "ldl": ldl}
        | {name: values.astype(int) for name, values in columns.items()}
        | {"risk": risk}
    )


sample = people(4000, seed=3)
choices = {
    "nothing": [],
    "a confounder": ["age"],
    "... and a cause of risk (optimal)": ["age", "smoking"],
    "... and a cause of exposure": ["age", "income"],
    "... and a mediator": ["age", "ldl"],
    "... and a common effect": ["age", "admitted"],
    "... and an effect of hidden causes": ["age", "checkups"],
}
rows = []
for words, covariates in choices.items():
    found = cif.average_effect(sample, "statin", "risk", covariates, learners="glm", seed=1)
    told = cif.explain(world, "statin", "risk", covariates)
    low, high = found.confint().loc["TE"]
    rows.append((words, ", ".join(covariates), told.valid, found["TE"].values["TE"], low, high))
table = pd.DataFrame(rows, columns=["adjusted for", "columns", "valid", "estimate", "low", "high"])
table.round(2)

# %%
from matplotlib import pyplot as plt

figure, ax = plt.subplots(figsize=(7, 3.2), layout="constrained")
for place, row in enumerate(table[::-1].itertuples()):
    colour = "C0" if row.valid else "C3"
    ax.plot([row.low, row.high], [place, place], color=colour)
    ax.plot(row.estimate, place, "o", color=colour, mfc=colour if row.valid else "white")
ax.axvline(-4, color="grey", linestyle="--")
ax.set_yticks(range(len(table)), table["adjusted for"][::-1])
ax.set_xlabel("effect on the risk score, with 95% interval (dashed: truth)")
ax.spines[["top", "right"]].set_visible(False)

# %% [markdown]
# *Filled: sets that the graph calls valid. Open: sets that it refuses.* The three valid sets agree
# with the truth, and differ in how much they know: adding a cause of the outcome narrows the
# interval, adding a cause of the exposure alone widens it. The others are wrong, each in its own
# way, and no sample size mends them:
#
# - **Nothing**: `age` drives both drug and risk, and older people are treated more.
# - **A mediator**: what runs through `ldl` is taken away; about -1 remains, which is the direct
#   effect and not the question. (If it is the question, see `cif.mediate`.)
# - **A common effect**: those who were admitted without the drug were so for their high risk;
#   compared with them, the drug looks better than it is.
# - **An effect of hidden causes**: `checkups` comes before the drug and looks harmless. It is the
#   effect of two things nobody measured, one behind the drug and one behind the risk; adjusting for
#   it ties them together.
#
# `explain` says so in words, and `plot_dag` draws the path:

# %%
print(cif.explain(world, "statin", "risk", ["age", "checkups"]))

# %%
ax = cif.plot_dag(world, covariates=["age", "checkups"])

# %% [markdown]
# An effect refuses covariates that its graph refuses, before it fits anything:

# %%
try:
    cif.average_effect(sample, "statin", "risk", ["age", "checkups"], dag=world)
except cif.errors.NotIdentified as error:
    print(error)

# %% [markdown]
# ## More than one question
#
# Direct and indirect effects need more than a total effect does: what drives mediator and outcome
# must be adjusted for, even where the exposure was randomised.

# %%
for estimand in ("total", "natural", "cde", "wcde"):
    best = cif.optimal_adjustment_set(world, "statin", "risk", estimand=estimand)
    print(f"{estimand:8} {sorted(best)}")

# %%
print(cif.mediation_pathways(world, "statin", "risk"))
effects = cif.mediate(sample, "statin", "risk", "ldl", dag=world, learners="glm", seed=1)
effects.tidy().round(2)

# %% [markdown]
# ## When nothing can be adjusted for
#
# If drug and risk share a cause that nobody measured, no set of covariates serves. Where everything
# that the drug does runs through a mediator that escapes that cause, the effect is identified all
# the same, through the front door: `average_effect` finds that out and says so.

# %%
front_door = "U [latent]; U -> {A Y}; A -> M -> Y"
print(cif.explain(front_door, "A", "Y"))

# %%
rng = np.random.default_rng(2)
u = rng.normal(size=4000)
a = (rng.uniform(size=4000) < 1 / (1 + np.exp(-2 * u))).astype(int)
m = 1.0 * a + rng.normal(size=4000)
y = 2.0 * m + 3 * u + rng.normal(size=4000)
hidden = pd.DataFrame({"A": a, "M": m, "Y": y})
naive = cif.average_effect(hidden, "A", "Y", learners="glm", seed=1)
found = cif.average_effect(hidden, "A", "Y", dag=front_door, learners="glm", seed=1)
pd.concat({"no graph": naive.tidy(), "front door": found.tidy()}).round(2)

# %% [markdown]
# The true effect here is 2.
#
# ## Does the graph fit the data?
#
# A graph also says what should be unrelated, and data can contradict it. They can never confirm it:
# a graph with more arrows fits as well.

# %%
print(*cif.implied_independencies(world), sep="\n")

# %%
fit = cif.graph_fit(sample, world, seed=1)
print(fit.summary())

# %% [markdown]
# And one that is wrong, without the arrow from `age` to `ldl`:

# %%
wrong = world.replace("age -> {statin ldl risk}", "age -> {statin risk}")
print(cif.graph_fit(sample, wrong, seed=1).summary())

# %% [markdown]
# And the graph of NHEFS that this page began with? It was drawn to be read, and the data say so:

# %%
seen = nhefs.dropna(subset=["price71"])
first = cif.graph_fit(seen, graph, learners="glm", seed=1)
rejected = first.table[first.table["rejected"]]
about = {name for pair in ("first", "second") for name in rejected[pair]}
print(f"{len(rejected)} of {len(first.table)} claims are rejected.")
print("Any of them about quitting or weight gain?", not about.isdisjoint({"qsmk", "wt82_71"}))

# %% [markdown]
# All of them are about how the causes of quitting and of weight gain hang together, and about the
# change in cigarettes. Draw the missing arrows, with a hidden region behind price, race and
# exercise, and ask again:

# %%
fuller = (
    graph
    + """
sex -> {wt71 smokeintensity smokeyrs exercise active smkintensity82_71}
race -> {wt71 smokeintensity exercise smkintensity82_71}
age -> {exercise smkintensity82_71}
education -> {exercise smokeyrs}
{smokeyrs smokeintensity} -> {wt71 smkintensity82_71}
smokeyrs -> exercise -> active
region [latent]
region -> {price71 race exercise}
"""
)
print(cif.graph_fit(seen, fuller, learners="glm", seed=1).summary())
best = cif.optimal_adjustment_set(graph, "qsmk", "wt82_71")
print("The same covariates?", cif.optimal_adjustment_set(fuller, "qsmk", "wt82_71") == best)

# %% [markdown]
# The fuller graph is not refuted, and it asks for the same nine covariates, so that the estimate
# stands as it was. (A graph that was mended until it fitted should be tested on other people: its
# p-values are no longer those of a first look.)
#
# ## What had to be assumed
#
# That the graph is right: every arrow that is *not* drawn is a claim. In NHEFS the boldest is that
# dependence on nicotine acts on quitting, apart from what it does by itself, only through how much
# and how long people had smoked, and that it does not change weight in any other way. Somebody who
# does not believe it should draw the arrow `dependence -> wt82_71`, and see:

# %%
doubt = graph + "dependence -> wt82_71"
print(cif.explain(doubt, "qsmk", "wt82_71"))

# %% [markdown]
# ## References
#
# - Pearl (2009), *Causality*, second edition, chapters 3 and 4.
# - Perkovic, Textor, Kalisch & Maathuis (2018), JMLR 18(220): which sets are valid.
# - Henckel, Perkovic & Maathuis (2022), JRSS B 84: which valid set has the least variance.
# - Smucler, Sapienza & Rotnitzky (2022), Biometrika 109: the same with hidden variables.
# - Hernan & Robins (2020), *Causal Inference: What If*, chapter 12: the NHEFS analysis.

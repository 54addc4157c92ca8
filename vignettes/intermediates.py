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
# # Does the news work on feelings, if it also changes what people believe?
#
# In a survey experiment 265 Americans read a news story about immigration; for some it was about
# Latinos and told of costs. These wanted less immigration afterwards. Because it upset them? The
# trouble: the story also changed how much harm they saw in immigration, and belief in harm drives
# both feeling and opinion.

# %%
import causalif as cif

framing = cif.load_dataset("framing")
baseline = ["age", "educ", "gender", "income"]
asked = (framing, "treat", "immigr", "emo", baseline)  # opinion 1 to 4, through feeling
options = {"repeats": 1, "seed": 1}
effects = cif.mediate(*asked, estimand="interventional", intermediates="p_harm", **options)
ax = effects.plot()

# %% [markdown]
# *Effect of the story on the wish for less immigration (1 to 4), with 95% intervals.*
#
# **Mostly not by feeling, as far as 265 people can tell.** The story moved opinion by about a
# third of a point. Had it changed feelings alone, and left what people believe where it was
# (IIE), opinion would have moved by less than a tenth of a point, and the interval includes zero.
# What is left when feelings are held to where they would be without the story (IDE), change of
# belief included, is most of the whole.
#
# The usual analyses say something else, each in its own way. `p_harm`, perceived harm, is what
# they stumble over: to leave it out is wrong, and to adjust for it is wrong as well.

# %%
import pandas as pd

left_out = cif.mediate(*asked, **options)
adjusted = cif.mediate(*asked[:4], [*baseline, "p_harm"], **options)


def row(estimate, term):
    low, high = estimate.confint().loc[term]
    return f"{estimate.values[term]:.2f} ({low:.2f}, {high:.2f})"


pd.DataFrame(
    {
        "all": [row(left_out, "TE"), row(adjusted, "TE"), row(effects, "OE")],
        "not by feeling": [row(left_out, "NDE"), row(adjusted, "NDE"), row(effects, "IDE")],
        "by feeling": [row(left_out, "NIE"), row(adjusted, "NIE"), row(effects, "IIE")],
    },
    index=["natural, harm left out", "natural, harm adjusted for", "interventional"],
)

# %% [markdown]
# With harm left out, half of the effect seems to run by feeling, and its interval is clear of
# zero. All three come from the same people, so their differences have standard errors:

# %%
(left_out["NIE"] - effects["IIE"]).tidy().round(3)

# %% [markdown]
# Below: the experiment, why natural effects do not exist for such data, what the interventional
# ones mean, a world where the truth is known, two other questions that have an answer, and what
# all this hangs on.
#
# ## Who read what
#
# Brader, Valentino and Suhay (2008) assigned at random a story about a Latino or a European
# immigrant, that told of costs or of benefits. `treat` is 1 for one of these four stories, and 0
# for the other three. The file ships with the R package `mediation`; Imai and Yamamoto (2013) ask
# the same of it, by other means.
#
# | column | role | meaning |
# |---|---|---|
# | `treat` | exposure | story of a Latino immigrant, in a negative tone (1), or another (0) |
# | `p_harm` | intermediate | harm that immigration is seen to do, 2 to 8 |
# | `emo` | mediator | anxious, angry feelings about it, 3 to 12 |
# | `immigr` | outcome | immigration should be increased (1) .. decreased (4) a lot |
# | `age`, `educ`, `gender`, `income` | covariates | before the story |

# %%
framing.groupby("treat")[["p_harm", "emo", "immigr"]].agg(["mean", "std"]).round(2)

# %% [markdown]
# The story moved all three. What we take to be true, and the path that is the trouble. The graph is
# asked for the effect of feeling on opinion (so feeling is blue), with `treat` and the covariates
# held:

# %%
graph = """
treat -> {p_harm emo immigr}
{age educ gender income} -> {p_harm emo immigr}
p_harm -> {emo immigr}
emo -> immigr
"""
ax = cif.plot_dag(graph, "emo", "immigr", covariates=["treat", *baseline])

# %% [markdown]
# ## The recanting witness
#
# Natural effects ask of one person: their opinion after the story, had they felt as they would
# have felt without it. So harm must be seen with the story, to move opinion, and without it, to
# move feeling. In one world the same belief would have to testify both ways: it recants. No data
# on beliefs in either world say how the two hang together. A graph makes the package refuse:

# %%
try:
    cif.mediate(*asked[:4], dag=graph)
except cif.errors.NotIdentified as error:
    print(error)

# %% [markdown]
# ## What the three terms mean: an intervention
#
# Deal out the feelings like cards. Everybody gets a feeling at random from those that people of
# their own age, education, gender and income have after the story, or after another; beliefs
# follow the story that was read. Write $G(a)$ for a feeling dealt from the pack of story $a$.
#
# | term | what changes | formula |
# |---|---|---|
# | IIE, indirect | only the pack | $E[Y(1, G(1))] - E[Y(1, G(0))]$ |
# | IDE, direct | only the story that is read | $E[Y(1, G(0))] - E[Y(0, G(0))]$ |
# | OE, overall | both | $E[Y(1, G(1))] - E[Y(0, G(0))]$ |
#
# Each could in principle be an experiment, so no two worlds meet in one person. The price: they
# speak of groups, and of no person's own feeling. A card no longer goes with the belief of the
# one who holds it, so OE need not be the total effect of the story. Here the interval of
# their difference includes zero:

# %%
total = cif.average_effect(framing, "treat", "immigr", baseline, **options)
(effects["OE"] - total["TE"]).tidy().round(3)

# %% [markdown]
# ## How wrong? A world whose truth is known
#
# `medoutcon_sim` was drawn from a published law: covariates W, exposure A, intermediate Z,
# mediator M, outcome Y, all 0 or 1. With the law at hand, the truth is a sum over few cells:

# %%
from itertools import product

import numpy as np

W = ["W_1", "W_2", "W_3"]
cells = np.array(list(product([0, 1], repeat=3)))


def expit(x):
    return 1 / (1 + np.exp(-x))


def z_chance(w, a):
    return expit(w.mean(axis=1) - np.log(2) - a + 0.2)


def m_chance(w, a, z):
    return expit(np.log(3) * (w[:, 0] + w[:, 1]) + 2 * (a - z))


def y_chance(w, a, z, m):
    count = w.sum(axis=1) - z + a + m
    return np.where(count == 0, 1, expit(1 / np.where(count == 0, 1, count)))


def of(value, p):
    return p if value else 1 - p


third = np.minimum(0.2 + (cells[:, 0] + cells[:, 1]) / 3, 1)
p_cell = np.prod([np.where(cells[:, k], p, 1 - p) for k, p in enumerate((0.6, 0.3, third))], axis=0)


def pack(m, inner):
    """Chance of M = m in each cell of W, at A = inner."""
    z_at = z_chance(cells, inner)
    return sum(of(z, z_at) * of(m, m_chance(cells, inner, z)) for z in (0, 1))


def truth(inner, own):
    """Mean of Y at A = own, M dealt from the pack of A = inner."""
    return sum(
        p_cell @ (pack(m, inner) * of(z, z_chance(cells, own)) * y_chance(cells, own, z, m))
        for z, m in product([0, 1], repeat=2)
    )


direct, indirect = truth(0, 1) - truth(0, 0), truth(1, 1) - truth(0, 1)
print(f"OE {direct + indirect:.4f} = IDE {direct:.4f} + IIE {indirect:.4f}")

# %% [markdown]
# Natural effects are *not* a function of this law. Two worlds have it: in one, what Z would be at
# A = 0 says nothing of what it would be at A = 1; in the other, as much as it can. No data set
# tells them apart, yet the mean of Y(1, M(0)), on which the natural effects rest, differs:


# %%
def cross_world_mean(tied):
    p0, p1 = z_chance(cells, 0), z_chance(cells, 1)
    both = np.minimum(p0, p1) if tied else p0 * p1
    joint = {(1, 1): both, (1, 0): p0 - both, (0, 1): p1 - both, (0, 0): 1 - p0 - p1 + both}
    return sum(
        p_cell @ (p * of(m, m_chance(cells, 0, z0)) * y_chance(cells, 1, z1, m))
        for (z0, z1), p in joint.items()
        for m in (0, 1)
    )


print(f"independent: {cross_world_mean(False):.4f}, tied: {cross_world_mean(True):.4f}")

# %% [markdown]
# In the 5,000 rows of the file every analysis still has standard errors near 0.02. To see where
# each of them is heading, we also draw 100,000 rows from the same law:


# %%
def draw(n, seed):
    rng = np.random.default_rng(seed)
    w = cells[rng.choice(8, n, p=p_cell)]
    a = rng.binomial(1, expit(w.sum(axis=1) - 2))
    z = rng.binomial(1, z_chance(w, a))
    m = rng.binomial(1, m_chance(w, a, z))
    y = rng.binomial(1, y_chance(w, a, z, m))
    return pd.DataFrame(w, columns=W).assign(A=a, Z=z, M=m, Y=y)


def three(data):
    """Z left out, Z adjusted for, and interventional effects."""
    same = {"learners": "glm", "seed": 1}
    between = {"estimand": "interventional", "intermediates": "Z"}
    return {
        "Z left out": cif.mediate(data, "A", "Y", "M", W, **same),
        "Z adjusted for": cif.mediate(data, "A", "Y", "M", [*W, "Z"], **same),
        "interventional": cif.mediate(data, "A", "Y", "M", W, **between, **same),
    }


small, large = three(cif.load_dataset("medoutcon_sim")), three(draw(100_000, seed=1))

# %%
from matplotlib import pyplot as plt

true = {"all": direct + indirect, "not by M": direct, "by M": indirect}
figure, panels = plt.subplots(1, 3, figsize=(8.5, 2.6), sharey=True, layout="constrained")
for k, (panel, (part, value)) in enumerate(zip(panels, true.items(), strict=True)):
    for shift, colour, found in ((0.12, "0.6", small), (-0.12, "C0", large)):
        for place, estimate in enumerate(reversed(found.values())):
            low, high = estimate.confint().iloc[k]
            panel.plot([low, high], [place + shift] * 2, color=colour)
            panel.plot(estimate.values.iloc[k], place + shift, "o", color=colour)
    panel.axvline(value, color="black", linestyle="--", linewidth=1)
    panel.set_yticks(range(3), list(reversed(small)))
    panel.set_title(part, fontsize=10)
    panel.locator_params(axis="x", nbins=4)
    panel.margins(y=0.2)
    panel.spines[["top", "right"]].set_visible(False)

# %% [markdown]
# *Grey: the file, 5,000 rows. Blue: 100,000 rows. Dashed: the true interventional effects.*

# %% [markdown]
# How far are the 100,000 from the truth, in standard errors?

# %%
gaps = {name: (found.values[:3] - list(true.values())) for name, found in large.items()}
errors = {name: (gap / large[name].std_error[:3]).to_list() for name, gap in gaps.items()}
pd.DataFrame(errors, index=list(true)).T.round(1)

# %% [markdown]
# The two natural analyses are wrong by several standard errors, and with more rows by more.
# Leaving Z out mistakes its work for M's; adjusting for it also takes away what A does through Z.
# In 5,000 rows the errors hide behind the intervals, and one term may come out right by luck.
#
# ## Another question with an answer: by which door does the story enter?
#
# If belief cannot be a bystander, let it be a mediator, the first. "through p_harm" then holds all
# that enters by belief, also what goes on to feeling; "through emo" what moves feeling *without*
# moving belief first. No witness has to recant, since each path is whole:

# %%
doors = cif.path_specific_effects(framing, "treat", "immigr", dag=graph, seed=1)
print(doors.design.mediators)
ax = doors.plot()

# %% [markdown]
# *The total effect, split by the first of the two that it passes.* The graph gave the order. About
# two thirds of the effect pass neither; of the rest, no part is clear of zero. Unlike IIE,
# "through emo" leaves out the feeling that a changed belief brings.
#
# **Here is what the answer hangs on.** Belief and feeling were asked in one sitting. If people
# first feel and then find reasons, the arrow is `emo -> p_harm`; perceived harm is then no
# confounder, and the analysis without it was right:

# %%
reverse = graph.replace("p_harm -> {emo immigr}", "p_harm -> immigr").replace(
    "emo -> immigr", "emo -> {p_harm immigr}"
)
turned = cif.path_specific_effects(framing, "treat", "immigr", dag=reverse, seed=1)
pd.DataFrame(
    {
        "belief first": {term: row(doors, term) for term in doors.names},
        "feeling first": {term: row(turned, term) for term in doors.names},
    }
)

# %% [markdown]
# The part that passes neither is the same; feeling takes what belief had, and more. The data
# cannot choose: the two graphs differ in the direction of one arrow and fit equally well.
#
# ## A third question: and if everybody were upset?
#
# A controlled direct effect sets the mediator to one value for all, and lets belief follow the
# story. It needs no packs and no second world, but people with that value under every story. We
# set feelings to the upper half of the scale, which 49 of the 68 who read the story had; those who
# stayed calm are too few to ask the same of them.

# %%
framing["upset"] = (framing["emo"] >= 7).astype(int)
held = cif.controlled_direct_effect(
    framing, "treat", "immigr", "upset", baseline, intermediates="p_harm", at={"upset": 1}, seed=1
)
held.tidy().round(3)

# %% [markdown]
# Even among the upset the story would still move opinion. (A cut is a crude thing to set; a
# mediator of more than 20 values gives a curve instead, with bands, `.plot("curve")`.)
#
# In the 5,000 rows of the simulated world, where the truth is known:

# %%
controlled = cif.controlled_direct_effect(
    cif.load_dataset("medoutcon_sim"), "A", "Y", "M", W, intermediates="Z", learners="glm", seed=1
)
expected = [
    sum(
        sign * p_cell @ (of(z, z_chance(cells, a)) * y_chance(cells, a, z, m))
        for z in (0, 1)
        for a, sign in ((1, 1), (0, -1))
    )
    for m in (0, 1)
]
controlled.tidy()[["term", "estimate", "std_error"]].assign(truth=expected).round(3)

# %% [markdown]
# ## What had to be assumed
#
# - *The story was given at random.* It was.
# - *Belief comes before feeling*, as above.
# - *Nothing unmeasured drives both feeling and opinion*, given story, belief and covariates. Not
#   randomised, and not sure: `age`, `educ`, `gender` and `income` do not hold party, or what
#   people thought of immigration before they read anything.
# - *Overlap*: after either story there are people of every feeling and belief.
#
# And that the scales mean what they say: that two answers of one person, given within minutes,
# measure a belief and a feeling, and not twice the same dislike (their correlation is 0.7).
#
# How strong would an unmeasured cause of feeling and opinion have to be?

# %%
print(effects.sensitivity())

# %% [markdown]
# The indirect effect is not told apart from zero to begin with. For the direct one: a hidden cause
# of feeling and opinion that explains 4% of what is left of either takes the end of its one-sided
# interval to zero, and one that explains 14% all of it. What people thought before they read
# anything may well be that strong; whoever repeats this should ask them beforehand.
#
# How far do few people carry it? The least of the effective samples behind the terms:

# %%
effects.diagnostics.weights.nsmallest(1, "effective_rows").drop(columns="largest_share").round(1)

# %% [markdown]
# ## Which one to use
#
# Where the exposure changes a cause of mediator and outcome, one can ask
#
# - what dealing out the mediator would do:
#   `mediate(..., estimand="interventional", intermediates=...)`;
# - by which door the effect enters: `path_specific_effects(...)`, the intermediate first;
# - what the exposure would do if the mediator were set:
#   `controlled_direct_effect(..., intermediates=...)`;
# - how much goes through the mediator in each person: no data answer that.
#
# ## References
#
# - Brader, Valentino & Suhay (2008), American Journal of Political Science 52: the experiment.
# - Imai & Yamamoto (2013), Political Analysis 21: several mechanisms, on these data.
# - Avin, Shpitser & Pearl (2005), IJCAI: the recanting witness.
# - VanderWeele, Vansteelandt & Robins (2014), Epidemiology 25: interventional effects.
# - Diaz, Hejazi, Rudolph & van der Laan (2021), Biometrika 108: how they are estimated.
# - Miles, Shpitser, Kanki, Meloni & Tchetgen Tchetgen (2020), Biometrika 107: by which door.

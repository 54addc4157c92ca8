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
# # How sure can we be of a signalling pathway from observation alone?
#
# Six proteins of a signalling network were measured in 853 immune cells, all treated alike. What
# acts on what was found by experiment, on other cells of the same study. How much of it could
# have been read off these cells, without any?

# %%
from pathlib import Path

import numpy as np
import pandas as pd
from matplotlib import pyplot as plt

import causalif as cif

# Found from the repository, from this folder, and from where the site is built.
places = [Path.cwd(), *Path.cwd().parents, *Path(cif.__file__).parents]
files = (place / "vignettes" / "data" / "sachs.csv" for place in places)
raw = pd.read_csv(next(file for file in files if file.exists()))
cells = np.log(raw[["PKC", "PKA", "Raf", "Mek", "Erk", "Akt"]])

published = """PKC -> PKA, PKC -> Raf, PKC -> Mek, PKA -> Raf, PKA -> Mek, PKA -> Erk, PKA -> Akt,
Raf -> Mek, Mek -> Erk, Erk -> Akt"""
published = [tuple(arrow.split(" -> ")) for arrow in published.replace("\n", " ").split(", ")]

lines = cif.dag_posterior(cells, score="bge", method="exact", seed=1)
shapes = [cif.dag_posterior(cells, method="exact", seed=seed) for seed in (1, 2, 3, 4)]


def beside_the_published(posteriors):
    """For each published arrow, how probable it is, its reverse, and neither."""
    size = (1.5 + 1.7 * len(posteriors), 3.6)
    figure, axes = plt.subplots(1, len(posteriors), sharey=True, figsize=size, layout="constrained")
    names = [" → ".join(arrow) for arrow in published][::-1]
    for ax, (title, posterior) in zip(axes, posteriors.items(), strict=True):
        found = posterior.edge_probabilities
        forward = np.array([found.loc[a, b] for a, b in published])[::-1]
        backward = np.array([found.loc[b, a] for a, b in published])[::-1]
        ax.barh(names, forward, color="#0072B2", label="as published")
        ax.barh(names, backward, left=forward, color="#D55E00", label="the other way")
        neither = 1 - forward - backward
        ax.barh(names, neither, left=forward + backward, color="#E4E4E4", label="no arrow")
        ax.set_title(title, fontsize="medium")
        ax.set(xlim=(0, 1), xticks=[0, 0.5, 1], xticklabels=["0", "½", "1"])
        ax.spines[["top", "right", "left"]].set_visible(False)
        ax.tick_params(axis="y", length=0)
    figure.legend(*axes[0].get_legend_handles_labels(), loc="outside lower center", ncols=3)


drawn = {f"shapes, order {k}": posterior for k, posterior in enumerate(shapes, 1)}
beside_the_published({"straight lines": lines, **drawn})

# %% [markdown]
# *Ten published arrows, and what the cells say of each: the probability of the arrow, of its
# reverse, and of neither. First panel: a score that reads correlations. The others: a score that
# also reads the shapes of the distributions. It predicts cells from those before them, in an order
# drawn at random; the four panels are the same cells in four orders.*
#
# **We can be sure of what is joined, and not of what acts on what.** Three of the ten arrows join
# proteins that move together in these cells, Raf with Mek, and Akt with PKA and with Erk; all
# panels find them (and PKA with Erk, once shapes are read). Their directions the correlations leave
# open. Shapes seem to settle them, with probabilities near 0 and 1; but put the same cells in
# another order, and what was near 1 is near 0. Each panel is sure, and together they are not. Of
# the other six arrows there is next to nothing to see in cells that are all treated alike: Mek →
# Erk, which every textbook has, is found in no panel, and those of PKC only where one order of the
# cells is sure of what the others deny.
#
# Below: what the two scores read, why the second one contradicts itself here, what it takes to
# know that something comes first, and what is left of a pathway and its effect when all this
# doubt is carried along.
#
# ## The cells
#
# Sachs and colleagues (2005) stained human T cells for eleven proteins and phospholipids in their
# active form, and measured each cell by itself. The 853 cells are those that were only stimulated
# (anti-CD3 and anti-CD28), as far as the file tells; in other dishes single proteins were inhibited
# or activated, and with all of them together the authors learned the network. Its arrows were
# mostly known before. One of the less known, Erk → Akt, they checked: when Erk was silenced, Akt
# fell.
#
# We take the logarithm of six of the eleven. (With straight lines all eleven say the same of
# these six; the second score would take a minute for them.)

# %%
cells.corr().round(2)

# %% [markdown]
# Two groups, with next to nothing between them: Raf with Mek, and PKA, Erk and Akt. PKC is on its
# own.
#
# ## What correlations can tell: a class of graphs
#
# `score="bge"` takes every protein to be a straight line of its causes, with normal noise. Then
# Raf → Mek and Raf ← Mek fit equally well, whatever the number of cells. So do the chains through
# Akt that share its pattern, that PKA and Erk have little to do with each other in cells of the
# same Akt: PKA → Akt → Erk, PKA ← Akt → Erk and PKA ← Akt ← Erk. One third each:

# %%
pairs = [("Raf", "Mek"), ("PKA", "Akt"), ("Erk", "Akt"), ("PKA", "Erk"), ("Mek", "Erk")]


def both_ways(posterior):
    found = posterior.edge_probabilities
    rows = {f"{a} - {b}": (found.loc[a, b], found.loc[b, a]) for a, b in pairs}
    return pd.DataFrame(rows, index=["forwards", "backwards"]).T


both_ways(lines).round(2)

# %% [markdown]
# All graphs count here, each by its posterior probability (there are 3.8 million on six nodes, and
# the sum over them is exact). No `1/2` in this table is a failure: it is what these data, read this
# way, have to say.
#
# ## What shapes can tell, and why not here
#
# If noise is not normal, or effects are not straight lines, the two directions of an arrow differ:
# the noise of the effect is independent of the cause, while the reverse regression leaves a trace.
# `dag_posterior` reads such traces by default (`score="ladder"`): beside the straight line with
# normal noise it tries curves, noise of other shapes, and changing spread, each as a flexible
# density fitted by normalising flows. A density is judged by how well it predicts cells it was not
# fitted to, so that the cells are coded in turn, block after block, each from those before. That
# needs an order, and the seed draws it.
#
# An order should not matter. Does it? Here are two worlds of our own making, A → B, a straight
# line, nothing hidden, 853 rows. In the second the noise has heavier tails (Student's t with 5
# degrees of freedom). Probability of the true direction, for four orders:


# %%
def direction(noise):
    """The probability of A -> B in four orders, where it is the truth."""
    a = noise[0]
    table = pd.DataFrame({"A": a, "B": 0.8 * a + noise[1]})
    found = (cif.dag_posterior(table, method="exact", seed=seed) for seed in (1, 2, 3, 4))
    return [posterior.path_probability("A -> B") for posterior in found]


rng = np.random.default_rng(1)
worlds = {
    "Laplace": direction(rng.laplace(size=(2, 853))),
    "heavy tails": direction(rng.standard_t(5, size=(2, 853))),
}
pd.DataFrame(worlds, index=[f"order {k}" for k in (1, 2, 3, 4)]).T.round(2)

# %% [markdown]
# In the first world the order does not matter, and the answer is right. In the second it decides
# the answer. A few far-out rows cost many units of log probability each, and how many depends on
# whether the like of them came earlier. The proteins are of that kind: how many standard
# deviations from the mean is the farthest cell, and how often would a normal column of this length
# have one beyond four?

# %%
far = ((cells - cells.mean()) / cells.std()).abs()
pd.DataFrame({"farthest": far.max().round(1), "beyond four": (far > 4).sum()}).T

# %% [markdown]
# (Once in twenty such columns.) So the probabilities are exact sums, of scores that are themselves
# uncertain; and a single run does not show it. **A direction that shapes have settled should be
# asked for again with other seeds.** Four orders, and their average, which counts each as being as
# good as the others:


# %%
def pooled(posteriors):
    """One posterior of several: each a batch of draws, so that errors show how far they differ."""
    arrows = np.array([posterior.arrows for posterior in posteriors])
    count = len(posteriors)
    return cif.sigma.DAGPosterior(
        names=posteriors[0].names,
        draws=np.concatenate([posterior.draws for posterior in posteriors]),
        draw_weights=np.concatenate([p.draw_weights for p in posteriors]) / count,
        batches=np.repeat(np.arange(count), [len(p.draws) for p in posteriors]),
        arrows=arrows.mean(axis=0),
        arrow_errors=arrows.std(axis=0, ddof=1) / np.sqrt(count),
        settings=posteriors[0].settings,
    )


every = pooled(shapes)
table = pd.DataFrame({f"order {k}": both_ways(p)["forwards"] for k, p in enumerate(shapes, 1)})
both = both_ways(every).add_prefix("average, ")
pd.concat([table, both], axis=1).round(2)

# %% [markdown]
# ## Sure, and wrong
#
# Set beside the experiments, there are four kinds of answers here:
#
# - **Right, and mostly agreed:** Erk → Akt, in three of the four orders; nothing in the
#   correlations pointed that way. PKA → Erk and PKA → Akt likewise.
# - **Sure, but of opposite things:** Raf → Mek. One order has it near 1, another near 0.
# - **Sure and wrong, everywhere:** no arrow Mek → Erk. Mek is what activates Erk, in textbooks and
#   in the dish, and every panel gives it next to no probability.
# - **Missed:** all that goes out from PKC, but for one order; and PKA → Raf, PKA → Mek.
#
# A wrong answer of which a posterior is sure is not a matter of chance, and more cells of the same
# kind would make it surer. What may be behind it:
#
# - *One condition.* An arrow is seen by what varies. In cells with the same stimulus Mek may vary
#   little by what would move Erk. "No arrow" then says "none that shows here".
# - *Feedback.* Erk acts back on Raf and Mek. The graphs here have no cycles, and a snapshot of a
#   loop may show no correlation at all.
# - *Hidden causes.* Cell size, cell cycle and the amount of dye raise all measurements of a cell.
#   The posterior takes every common cause to be among the six columns.
# - *Measurement.* An antibody reads activity with error, some of it shared, and at one moment.
# - *No graph of the kind is the truth.* A posterior divides one unit of belief among the models it
#   was given. If none is right, it concentrates on what is least wrong in its own measure, which
#   may be a matter of tails.
#
# ## What it takes: knowing that something comes first
#
# A biologist would say that PKC and PKA sit at the top: they are switched on by second messengers,
# and act on the others. As background knowledge, that is two tiers: no arrow goes from the second
# to the first.

# %%
tiers = [["PKC", "PKA"], ["Raf", "Mek", "Erk", "Akt"]]
lines_told = cif.dag_posterior(cells, score="bge", method="exact", tiers=tiers, seed=1)
shapes_told = [cif.dag_posterior(cells, method="exact", tiers=tiers, seed=s) for s in (1, 2, 3, 4)]
told = pooled(shapes_told)

paths = ["PKA -> Akt", "PKA -> Erk -> Akt", "PKA -> Akt -> Erk", "PKC -> Raf -> Mek -> Erk"]
readings = {"lines": lines, "lines, tiers": lines_told, "shapes": every, "shapes, tiers": told}
stability = {
    name: [posterior.path_probability(path) for path in paths]
    for name, posterior in readings.items()
}
pd.DataFrame(stability, index=paths).round(2)

# %% [markdown]
# *Stability: the probability that the graph has all arrows of the path. For shapes, the average
# over four orders.*
#
# **Knowledge helps, and helps to be wrong.** With straight lines, two tiers settle everything about
# PKA, Akt and Erk: of the three chains only PKA → Akt → Erk begins with PKA. It gets nearly all the
# probability, and Erk → Akt, the arrow that was tested in the dish, next to none. The tiers are
# right. What goes wrong is the rest: PKA and Erk are nearly uncorrelated in cells of the same Akt,
# which is taken for "no arrow between them". But in the published network both act on Akt; among
# cells of the same Akt those with more PKA then tend to have less Erk, and that may just cancel
# what PKA does to Erk. The shapes see the third arrow, and with the tiers they give the published
# chain most of the probability, though not in all orders:

# %%
by_order = [posterior.path_probability("PKA -> Erk -> Akt") for posterior in shapes_told]
print("PKA -> Erk -> Akt, by order:", ", ".join(f"{p:.2f}" for p in by_order))
print(f"average: {np.mean(by_order):.2f}, with an error of {told.path_error(paths[1]):.2f}")

# %% [markdown]
# PKC → Raf → Mek → Erk, the best known cascade of the six, has no support with or without tiers.
#
# ## The effect, with all that doubt in it
#
# By how much does Akt rise with PKA, and how much of it by way of Erk? `sigma_analysis` estimates
# the effect along each path in every graph that has it, with the adjustment that graph asks for,
# and averages; graphs without the path count as zero. Both columns are logarithms: an effect of
# 0.1 says that 1% more PKA goes with 0.1% more Akt.

# %%
result = cif.sigma_analysis(cells, "PKA", "Akt", posterior=told, learners="glm", seed=1)
figure, ax = plt.subplots(figsize=(8, 2.8), layout="constrained")
ax = result.plot(ax=ax)

# %%
figure, ax = plt.subplots(figsize=(8, 2.4), layout="constrained")
ax = result.plot("variance", ax=ax)

# %% [markdown]
# *Above: effects averaged over graphs, with 95% intervals, and stability. Below: how much of each
# variance is sampling error within graphs, and how much is disagreement between them.*
#
# **How to read it.** The total effect hardly depends on the graph, once PKA is known to come first:
# there is nothing to adjust for, and its uncertainty is that of 853 cells. Its parts do depend on
# it. In graphs with Erk → Akt most of the effect goes through Erk; in the others nothing does, and
# all is direct. The averages lie between two answers neither of which they describe, and their
# intervals reach from one to the other. That is what it means not to know. More cells would shorten
# the bars within, and leave those between as they are. Given that the path is there:

# %%
result.present[["path", "effect", "std_error", "conf_low", "conf_high"]].round(3)

# %% [markdown]
# Which pathways go together? Both at once, or either:

# %%
result.concurrent(["PKA -> Erk -> Akt", "PKA -> Akt"]).round(2)

# %% [markdown]
# ## What was assumed, and what would settle it
#
# - *No hidden common causes, no cycles.* Both are doubtful in a cell; see above.
# - *The scores.* That noise is added to smooth effects. The ladder allows much, not everything,
#   and with heavy tails its answers depend on the order of rows.
# - *PKC and PKA first.* From biology. The data cannot confirm it; in one of the four orders they
#   spoke against it, giving Akt → PKA.
#
# **One experiment** settles what 853 cells leave open: raise or block PKA, and see whether Erk
# moves; block Mek, and see whether Erk falls. The study has such dishes, which is why its network
# can be trusted more than ours. (Pooling them with these cells and forgetting which is which would
# be wrong: the pooled correlations are made by the experimenter.) Next best: the same cells at
# several times, or a second antibody per protein.
#
# In one sentence, for a paper:

# %%
path = result.pathways.set_index("path").loc["PKA -> Erk -> Akt"]
print(f"""From observation alone, and taking PKC and PKA to come first, the pathway
PKA -> Erk -> Akt has a probability of {path["stability"]:.2f} (average over four orders of
the cells, which range from {min(by_order):.2f} to {max(by_order):.2f}); averaged over graphs, its
effect is {path["effect"]:.2f} (95% interval {path["conf_low"]:.2f} to {path["conf_high"]:.2f}) \
of a total of {result.total["effect"]:.2f}.""")

# %% [markdown]
# ## Exercises
#
# 1. **Tails.** Replace each column by its normal scores
#    (`scipy.stats.norm.ppf((column.rank() - 0.5) / len(column))`) and draw the first figure again.
#    Which directions do the four orders now agree on, and which of these are wrong? What has been
#    thrown away?
# 2. **An arrow one is sure of.** Give `required="Mek -> Erk"`. What does it change for Raf and
#    Mek, and why?
# 3. **Half the cells.** Learn graphs on a random half, and on the other half. Is the disagreement
#    larger than between two orders of the same cells?
# 4. **All eleven.** `cif.dag_posterior(np.log(raw), score="bge", method="exact")` takes seconds.
#    Which arrows of PKC appear, and how sure are their directions?
#
# ## References
#
# - Sachs, Perez, Pe'er, Lauffenburger and Nolan (2005). Causal protein-signaling networks derived
#   from multiparameter single-cell data. *Science* 308:523-529.
# - Verma and Pearl (1990). Equivalence and synthesis of causal models. *Proceedings of UAI*.
# - Kuipers, Moffa and Heckerman (2014). Addendum on the scoring of Gaussian directed acyclic
#   graphical models. *The Annals of Statistics* 42(4):1689-1691.
# - Shimizu, Hoyer, Hyvärinen and Kerminen (2006). A linear non-Gaussian acyclic model for causal
#   discovery. *Journal of Machine Learning Research* 7:2003-2030.
# - Dawid (1984). Present position and potential developments: the prequential approach. *Journal
#   of the Royal Statistical Society A* 147(2):278-292.
# - Mooij and Heskes (2013). Cyclic causal discovery from continuous equilibrium data.
#   *Proceedings of UAI*. (The same cells, with feedback.)
#
# The ten arrows are those among the six proteins of the network `sachs` as the bnlearn repository
# has it.

# %% tags=["remove-cell"]
# The words above, checked: a page whose numbers move must not keep its old story.
assert cells.shape == (853, 6)
joined = [p.edge_probabilities + p.edge_probabilities.T for p in (lines, *shapes)]
assert min(found.loc[a, b] for found in joined for a, b in pairs[:3]) > 0.95
assert joined[0].loc["PKA", "Erk"] < 0.2
assert min(found.loc["PKA", "Erk"] for found in joined[1:]) > 0.95
assert max(p.path_probability("Mek -> Erk") for p in (lines, *shapes)) < 0.1
assert lines.edge_probabilities.loc["Raf", "Mek"].round(2) == 0.5
assert 0.3 < lines.edge_probabilities.loc["PKA", "Akt"] < 0.37
raf_mek = [posterior.path_probability("Raf -> Mek") for posterior in shapes]
assert min(raf_mek) < 0.05
assert max(raf_mek) > 0.95
for arrow in ("Erk -> Akt", "PKA -> Akt", "PKA -> Erk"):
    assert sum(posterior.path_probability(arrow) > 0.9 for posterior in shapes) == 3
assert min(worlds["Laplace"]) > 0.99
assert max(worlds["heavy tails"]) - min(worlds["heavy tails"]) > 0.5
assert lines_told.path_probability("PKA -> Akt -> Erk") > 0.9
assert lines_told.path_probability("PKA -> Erk -> Akt") < 0.1
assert np.mean(by_order) > 0.6
assert max(by_order) - min(by_order) > 0.9
assert max(stability[name][3] for name in stability) < 0.01
variance = result.tidy().set_index("path")
within = variance["within_var"] / variance["std_error"] ** 2
assert within["total"] > 0.95
assert within[["PKA -> Akt", "PKA -> Erk -> Akt"]].max() < 0.2
given = result.present.set_index("path")["effect"]
assert given["PKA -> Erk -> Akt"] > variance.loc["total", "effect"] / 2
assert (far > 4).sum().sum() > 10

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
# # Is pay decided on sex directly?
#
# In a US census survey of 1994, 36% of the men between 25 and 59, and 15% of the women, had over
# 50,000 dollars a year. Part of the gap runs through schooling, occupation and hours. Set these
# apart from sex: what is left is the direct effect that analyses of discrimination ask for.

# %% tags=["hide-input"]
import causalif as cif

people = cif.load_dataset("adult").dropna(subset=["workclass", "occupation", "native_country"])
people = people[people["age"].between(25, 59)].rename(columns={"hours_per_week": "hours"})
jobs = {
    "professional": ["Exec-managerial", "Prof-specialty"],
    "office": ["Adm-clerical", "Sales", "Tech-support"],
    "craft": ["Craft-repair", "Transport-moving"],
    "manual": ["Machine-op-inspct", "Handlers-cleaners", "Farming-fishing"],
    "service": ["Other-service", "Priv-house-serv", "Protective-serv", "Armed-Forces"],
}
families = {"Never-married": "never", "Married-civ-spouse": "married"}
families["Married-AF-spouse"] = "married"
people = people.assign(
    over_50k=(people["income"] == ">50K").astype(int),
    education=people["education_num"],
    job=people["occupation"].map({name: job for job, names in jobs.items() for name in names}),
    family=people["marital_status"].map(families).fillna("formerly"),
    white=(people["race"] == "White").astype(int),
    born_here=(people["native_country"] == "United-States").astype(int),
)

# %%
graph = """
{sex age white born_here} -> {education family job hours over_50k}
education -> {family job hours over_50k}
family -> {job hours over_50k}
job -> {hours over_50k}
hours -> over_50k
"""
other = graph.replace("family -> {job hours over_50k}", "{job hours over_50k} -> family")

ask = (people, "sex", "over_50k")
options = {"reference": "Female", "learners": "glm", "seed": 1}
mediators = ["education", "family", "job", "hours"]
answers = {
    "total": cif.average_effect(*ask, dag=graph, **options)["TE"],
    "natural direct": cif.mediate(*ask, mediators, dag=graph, **options)["NDE"],
    "direct, marriage a cause of pay": cif.weighted_direct_effect(*ask, dag=graph, **options),
    "direct, marriage a result of pay": cif.weighted_direct_effect(*ask, dag=other, **options),
}

# %% tags=["hide-input"]
from matplotlib import pyplot as plt

figure, ax = plt.subplots(figsize=(7, 2.4), layout="constrained")
for place, estimate in enumerate(reversed(answers.values())):
    ax.plot(estimate.confint().iloc[0], [place, place], color="C0")
    ax.plot(estimate.values.iloc[0], place, "o", color="C0")
ax.axvline(0, color="grey", linestyle="--")
ax.set_yticks(range(len(answers)), list(reversed(answers)))
ax.set_xlabel("men less women, in the share that earns over 50,000 (95% interval)")
ax.spines[["top", "right"]].set_visible(False)

# %% [markdown]
# *The last two are weighted controlled direct effects, under two graphs that differ in which way
# the arrows at marriage point.*
#
# **It hangs on marriage, and the data do not say which way.** If being married changes job, hours
# and pay, the direct effect is near zero, 1 or 2 points out of 20. If people marry who are paid
# well, marriage must not be adjusted for, and nearly all of the gap is direct. No standard error
# shows that; the intervals are narrow, and do not overlap.
#
# Below: the graph, what is estimated, why it is an average over two laws and not one, whom the
# answer hangs on, what breaks it, and what an analysis like this cannot say.

# %%
import pandas as pd

table = pd.concat([found.tidy() for found in answers.values()], keys=list(answers)).droplevel(1)
table[["estimate", "std_error", "conf_low", "conf_high"]].round(3)

# %% [markdown]
# ## The graph
#
# | column | role | meaning |
# |---|---|---|
# | `sex` | exposure | Male or Female |
# | `over_50k` | outcome | income above 50,000 dollars a year |
# | `education` | mediator | schooling, 1 to 16 |
# | `family` | mediator, or not | married, formerly, never |
# | `job`, `hours` | mediators | five groups of occupations; hours a week |
# | `age`, `white`, `born_here` | covariates | not changed by sex |

# %%
ax = cif.plot_dag(graph, "sex", "over_50k")

# %% [markdown]
# Every arrow that could be is drawn, but for the order: schooling, marriage, job, hours, pay. The
# file has another column, `relationship`, and it is not here. Its values include Husband and Wife:
# with marital status it all but spells out the sex. To hold it fixed and change the sex is to ask
# of wives what they would earn as female husbands; nobody is there to compare with:

# %%
import warnings

everything = ["age", "white", "born_here", *mediators]
with warnings.catch_warnings(record=True) as told:
    warnings.simplefilter("ignore")
    warnings.simplefilter("always", cif.errors.PositivityWarning)
    blurred = cif.average_effect(*ask, [*everything, "relationship"], **options)
print(told[0].message)
print(f"It would have said {blurred.values['TE']:.3f}, and is an extrapolation.")

# %% [markdown]
# ## What is estimated
#
# Set the mediators of all people to values drawn from how they are distributed in the data, and
# then change the sex alone:
#
# $$ \sum_m \{E[Y \mid do(\mathrm{Male}, m)] - E[Y \mid do(\mathrm{Female}, m)]\} \, p(m). $$
#
# No second world is needed, as it is for the natural direct effect: that one asks what women would
# earn as men with the very schooling, marriage and job that they have as women. The graph says
# what to adjust for, mediators among it, and which of the valid sets has the least variance:

# %%
for name, dag in {"marriage a cause": graph, "marriage a result": other}.items():
    best = cif.optimal_adjustment_set(dag, "sex", "over_50k", estimand="wcde")
    print(f"{name:18}", *sorted(best))

# %% [markdown]
# The usual method is a regression on all columns, and its coefficient of sex. It comes as a
# log odds ratio, and is one number only if sex matters equally to all:

# %%
import statsmodels.formula.api as smf

formula = "over_50k ~ sex + age + white + born_here + education + C(family) + C(job) + hours"
for words in (formula, formula.replace("C(family)", "C(relationship) + C(family)")):
    fit = smf.logit(words, people).fit(disp=False)
    low, high = fit.conf_int().loc["sex[T.Male]"]
    print(f"{fit.params['sex[T.Male]']:.2f} ({low:.2f}, {high:.2f}): {words[11:]}")

# %% [markdown]
# With `relationship` it is three times as large, by extrapolation alone.
#
# ## Why two laws: setting a mediator breaks its ties
#
# When the mediators are *set*, they no longer follow age. So the mean is taken over the law of the
# mediators times the law of the other covariates, each by itself, and not over the law of both. A
# small world where that matters: experience (`old`) makes managers, so does being a man, and men
# earn 2 more than women where they are managers *and* old, otherwise the same.

# %%
import numpy as np


def small_world(n, seed):
    rng = np.random.default_rng(seed)
    old, man = rng.integers(0, 2, size=(2, n))
    manager = rng.binomial(1, 0.1 + 0.6 * old + 0.2 * man)
    pay = old + 2 * man * manager * old + rng.normal(size=n)
    return pd.DataFrame({"old": old, "man": man, "manager": manager, "pay": pay})


small, arrows = small_world(5000, seed=2), "{man old} -> {manager pay}; manager -> pay"
found = {
    "two laws (WCDE)": cif.weighted_direct_effect(small, "man", "pay", dag=arrows, seed=1),
    "natural direct": cif.mediate(small, "man", "pay", "manager", dag=arrows, seed=1)["NDE"],
    "one law": cif.average_effect(small, "man", "pay", ["old", "manager"], seed=1),
}
# 2 P(manager) P(old); 2 P(manager | old woman) P(old); 2 P(manager and old)
truth = [2 * 0.5 * 0.5, 2 * 0.7 * 0.5, 2 * 0.8 * 0.5]
table = pd.concat([one.tidy() for one in found.values()], keys=list(found)).droplevel(1)
table[["estimate", "std_error"]].assign(truth=truth).round(3)

# %% [markdown]
# Three questions, three answers. "One law" is the average over people as they are; it is no effect
# of an intervention on mediators, and it is what "adjust for everything" gives. In the census the
# two hardly differ:

# %%
direct = answers["direct, marriage a cause of pay"]
one_law = cif.average_effect(*ask, everything, **options)
(direct["WCDE"] - one_law["TE"]).tidy().round(3)

# %% [markdown]
# ## Whom does the answer hang on?
#
# The direct effect within each kind of family, beside how the families are spread:

# %%
within = cif.average_effect(*ask, [c for c in everything if c != "family"], by="family", **options)
spread = pd.crosstab(people["family"], people["sex"], normalize="columns")
spread["all"] = people["family"].value_counts(normalize=True)
effect = pd.Series(within.values.to_numpy(), index=spread.index)
error = pd.Series(within.std_error.to_numpy(), index=spread.index)
print(spread.assign(effect=effect, std_error=error).round(3))
print("averaged over all:  ", round(float(effect @ spread["all"]), 3))
print("averaged over women:", round(float(effect @ spread["Female"]), 3))

# %% [markdown]
# Among people who never married, or no longer are, men are ahead by 3 and 7 points. Among the
# married the sign is turned, with a wide interval. WCDE draws families from all people, most of
# them married, and comes out near zero; the natural direct effect leaves women the families that
# they have, and comes out at 4 points. Neither is wrong: they are averages of unlike things.
#
# And who are the married women?

# %%
pd.crosstab(people["family"], people["sex"])

# %% [markdown]
# **One for every eight married men, which is no population of married people.** The file was made
# for machine learning, of people with an adjusted gross income; couples mostly file one return
# together, and it seems that it was entered for the husband. The married women who remain were
# then picked by how they earn. Whatever is said of marriage here is said of them: the answer near
# zero rests on a selection, and we would not publish it.
#
# ## Overlap, and how much the weights leave
#
# The chance of being a man, given all that is adjusted for, mediators too:

# %%
ax = direct.plot("overlap")

# %% [markdown]
# *Men above the line, women below.* At the right there are many men and few women: the married,
# and the crafts.

# %%
direct.diagnostics.weights.drop(columns="largest_share").round(0)

# %% [markdown]
# Of 10,397 women the weights leave the worth of some 1,400: most married people in the file are
# men, so a few married women stand for many. With 400 rows there would be nothing to lean on, and
# the package says so (below about 150 effective rows intervals get too short):

# %%
with warnings.catch_warnings(record=True) as told:
    warnings.simplefilter("ignore")
    warnings.simplefilter("always", cif.errors.PositivityWarning)
    cif.weighted_direct_effect(people.sample(400, random_state=1), *ask[1:], dag=graph, **options)
print(*[each.message for each in told], sep="\n")

# %% [markdown]
# ## What else the answer depends on
#
# **The learners, the scale.** A stack of learners instead of logistic regressions, on 4,000 of the
# rows; and the ratio of the two shares instead of their difference, under both graphs:

# %%
stacked = cif.weighted_direct_effect(
    people.sample(4000, random_state=1), *ask[1:], dag=graph, reference="Female", seed=1
)
ratios = [
    cif.weighted_direct_effect(*ask, dag=dag, scale="ratio", **options) for dag in (graph, other)
]
pd.concat(
    [stacked.tidy(), *[ratio.tidy(exponentiate=True) for ratio in ratios]],
    keys=["stacked, difference", "ratio, marriage a cause", "ratio, marriage a result"],
).droplevel(1)[["estimate", "conf_low", "conf_high"]].round(3)

# %% [markdown]
# **An arrow.** The effect asked for is that of one arrow. Who leaves it out has answered the
# question before looking, and the data are not asked:

# %%
no_arrow = graph.replace(
    "job hours over_50k}\neducation", "job hours}\n{age white} -> over_50k\neducation"
)
with warnings.catch_warnings(record=True) as told:
    warnings.simplefilter("always")
    zero = cif.weighted_direct_effect(*ask, dag=no_arrow)
print(told[0].message)
print(zero.tidy()[["term", "estimate", "std_error"]])

# %% [markdown]
# **A cause of job and pay that nobody measured**: ambition, health, the number of small children.
# With it in the graph, which is likely, there is no set to adjust for:

# %%
hidden = graph + "ambition [latent]; ambition -> {job over_50k}"
try:
    cif.weighted_direct_effect(*ask, dag=hidden)
except cif.errors.NotIdentified as error:
    print(error)

# %% [markdown]
# How strong would it have to be? For the larger of the two answers:

# %%
print(answers["direct, marriage a result of pay"].sensitivity(outcome_r2=0.05, exposure_r2=0.05))

# %% [markdown]
# Something that explains 5% of what is left on both sides would leave a direct effect of 0.1 or
# more; to explain it away takes 12%. Marriage, by the first graph, does just that.
#
# ## What this can say of discrimination, and what not
#
# What it says: between people in this file who are alike in schooling, job, hours, age, race and
# birthplace, the shares with a high income differ by sex as shown, and whether that is "direct"
# turns on where one puts marriage. What it does not say:
#
# - **That somebody decided on sex.** "Direct" means: through none of the columns in the graph.
#   Experience, field of study, firm, years of part-time work and children are not in the file; all
#   that runs through them is called direct.
# - **That nothing else is unjust.** To hold job and hours fixed is to take their distribution for
#   granted. If women are kept out of the well-paid jobs, that is an indirect effect and may be the
#   larger wrong; a direct effect of zero acquits nobody of it.
# - **What sex as such does.** Nobody was assigned a sex. The effect is of being seen, and raised,
#   as a man or a woman, in one country and year; some would rather ask it of a name on an
#   application, which can be assigned.
# - **Anything of those who are not in the file**: without work, without an income of their own,
#   without an answer. Being in it is itself changed by sex and by marriage, so that its people are
#   selected on the way from sex to pay. A graph without that selection, like ours, is too kind.
# - **How much less people earn.** The outcome is one cut, at 50,000 dollars.
#
# And what we had to assume: that the graph is right (each arrow that is not drawn, and each common
# cause that is not), that there are men and women of every kind (see the overlap), and that it
# makes sense to set a person's schooling or job apart from their sex.
#
# ## References
#
# - Lin, Guo & Gan (2025), NeurIPS: the weighted controlled direct effect and its optimal set.
# - Pearl (2001), UAI: direct and indirect effects.
# - VanderWeele & Robinson (2014), Epidemiology 25: what effects of race can mean.
# - Zhang & Bareinboim (2018), AAAI: fairness in decision-making, direct, indirect and spurious.
# - Ding, Hardt, Miller & Schmidt (2021), NeurIPS: how this file came about, and newer ones.
# - Becker & Kohavi (1996), UCI Machine Learning Repository: the data.

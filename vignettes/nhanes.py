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
# # How much of the income gap in blood sugar runs through inflammation?
#
# Americans in poor households have higher blood sugar than others of their age, sex and race. They
# also have more inflammation, which is thought to disturb the handling of sugar. NHANES 2017-2018
# measured all of it, in a sample of the whole country.

# %%
import warnings

import numpy as np
import pandas as pd

import causalif as cif

# "30 clusters in 15 strata leave 15 degrees of freedom": said once here, and met further down.
warnings.simplefilter("ignore", cif.errors.SmallSampleWarning)

survey = cif.load_dataset("nhanes_2017_2018")
survey["income"] = pd.cut(
    survey["poverty_ratio"], [0, 1.3, 3.5, np.inf], right=False, labels=["low", "middle", "high"]
)
people = survey.dropna(subset=["income", "hba1c"])
design = {"weights": "weight_exam", "strata": "stratum", "clusters": "cluster"}
common = {"levels": ("high", "low"), "missing": "ipw", "seed": 1, **design}
formula = "hba1c ~ income | log(crp) + log(wbc) | age + sex + race"
effects = cif.mediate(formula, people, **common)
ax = effects.plot()

# %% [markdown]
# *Low household income (below 130% of the poverty line) against high (350% and more): effects on
# HbA1c, in percentage points, with 95% intervals. HbA1c is the share of haemoglobin that carries
# sugar, and follows the blood sugar of two to three months; 6.5 and more counts as diabetes.
# Inflammation is measured by C-reactive protein (`crp`) and white blood cells (`wbc`).*
#
# **Somewhat under half, if the assumptions hold; but a fifth or three quarters would fit these data
# as well, and it need not be inflammation.** Low income goes with about 0.16 points more HbA1c, a
# small gap: less than a fifth of a standard deviation. Some 0.07 points of it run through the two
# markers (NIE), more than chance would give; what does not (NDE) is less certain. Two things keep
# us from quoting that share. Body fat drives both inflammation and blood sugar, and the file does
# not hold it. And among people of equal schooling the part through the markers is less than half
# as large, and its interval includes zero.
#
# Below: who was asked, what had to be assumed, what weights, clusters and strata do to the answer,
# what was done about missing values, which marker comes first, how strong body fat would have to
# be, and which people the answer hangs on. All numbers (NIE and NDE add up to the total effect, TE;
# PM is the share NIE / TE):

# %%
effects

# %% [markdown]
# ## Who was asked, and what was measured
#
# NHANES interviews and examines some 5,000 adults every two years, and takes blood from them. It
# draws counties first, then blocks, households and people; and some groups more often than their
# share (Black, Hispanic and Asian Americans, old people, the poor), so that each can be studied.
# Three columns say how:
#
# | column | meaning |
# |---|---|
# | `weight_exam` | how many Americans a person stands for |
# | `cluster` | the county or so where they live: 30, whose people resemble each other |
# | `stratum` | 15 groups of like counties; two clusters are from each |
#
# | column | role | meaning |
# |---|---|---|
# | `poverty_ratio` | exposure | family income over the poverty line; 5 stands for 5 and over |
# | `crp` | mediator | C-reactive protein, mg/l, made by the liver in inflammation |
# | `wbc` | mediator | white blood cells, 1000 per microlitre |
# | `hba1c` | outcome | glycated haemoglobin, % |
# | `age`, `sex`, `race` | covariates | race as told; adults from 20, 80 stands for 80 and over |
#
# Both markers are skewed (one CRP is 183), so their logarithms are used. The cuts of income are
# those of US health statistics; people in between stay in the analysis, where they help to learn
# who is poor and who is not. Weighted means:

# %%
columns = ["hba1c", "crp", "wbc", "age", "sbp"]


def weighted_mean(rows):
    values = rows[columns]
    weight = values.notna().mul(rows["weight_exam"], axis=0)
    return (values * weight).sum() / weight.sum()


by_income = people.groupby("income", observed=True)
means = by_income[[*columns, "weight_exam"]].apply(weighted_mean)
means.assign(people=by_income.size()).round(2)

# %% [markdown]
# The poor are younger, and HbA1c rises with age: unadjusted, the gap looks smaller than it is.
#
# ## What had to be assumed
#
# A graph says it best, with what we fear in it:

# %%
feared = """
income [exposure]
hba1c [outcome]
body_fat [latent]
{age sex race} -> {income crp wbc hba1c}
income -> {crp wbc} -> hba1c
income -> hba1c
income -> body_fat -> {crp wbc hba1c}
"""
ax = cif.plot_dag(feared, covariates=["age", "sex", "race"])

# %%
try:
    cif.mediate(people, "income", "hba1c", ["crp", "wbc"], dag=feared, **common)
except cif.errors.NotIdentified as error:
    print(error)

# %% [markdown]
# With body fat in the graph the package refuses to split the effect, and it is right to. (The total
# effect stands: what income does by way of body fat is part of it.) Fat tissue sends inflammatory
# signals, so that the markers are partly a gauge of body fat; and body fat raises blood sugar in
# other ways too, which the split then puts down to inflammation. The split above holds only if the
# arrows from body fat to the markers, or the one to HbA1c, may be left out. We come back to it.
#
# The table above ends with all that was assumed. Two more points of it:
#
# - *Nothing unmeasured drives income and the others.* Childhood may, and schooling does; see below.
# - *Everybody could have had either income.* That can be looked at, in the next figure.
#
# And one that no table says: *income came before inflammation, and inflammation before blood
# sugar.* All were measured at one time. High blood sugar may raise inflammation, illness costs
# income, and a drug for diabetes lowers HbA1c. One survey cannot tell.

# %%
ax = effects.plot("overlap")

# %% [markdown]
# *Estimated chance of each income given age, sex and race: above the line those who had it, below
# it the others.* Both halves cover the same ground, and none comes near zero.
#
# Testing the graph on the data (`cif.graph_fit`) would teach nothing about the split: from income
# on, every two nodes are joined by an arrow, or by body fat, so that no data could contradict them.
#
# ## Is schooling part of low income, or a reason for it?
#
# We asked about low income as it comes, with all that tends to come with it: a measure of social
# position. For what money itself does, schooling is a common cause (it comes before income, and
# shapes diet and smoking) and must be adjusted for. Having a partner is harder to place: partners
# pool their incomes, but lack of money may end a partnership, which is then an effect of income.

# %%
known = people.dropna(subset=["education", "partnered"])
quick = common | {"learners": "glm"}
adjusted = {
    "age, sex, race": cif.mediate(formula, known, **quick),
    "... and schooling": cif.mediate(formula + " + education", known, **quick),
    "... and partner": cif.mediate(formula + " + education + partnered", known, **quick),
}


def side_by_side(analyses, terms=("TE", "NDE", "NIE"), digits=3):
    layout = f"{{estimate:.{digits}f}} ({{conf_low:.{digits}f}}, {{conf_high:.{digits}f}})"
    cells = {}
    for name, found in analyses.items():
        table = found.tidy(exponentiate=True).set_index("term")
        cells[name] = {term: layout.format(**table.loc[term]) for term in terms}
    return pd.DataFrame(cells).T


side_by_side(adjusted)

# %% [markdown]
# (`learners="glm"`: linear and logistic regressions, quick, and used from here on. The first
# analysis weighted a mean, regressions, splines and boosted trees by how well they predict; its
# answer differs from that in the first row by less than a third of a standard error.) The gap
# hardly moves, but the part through the markers falls to less than half. Both numbers come from the
# same people, so that their difference has a standard error of its own:

# %%
schooling = adjusted["age, sex, race"]["NIE"] - adjusted["... and schooling"]["NIE"]
schooling.tidy().drop(columns="term").round(3)

# %% [markdown]
# So part of what runs through the markers seems to go with schooling rather than money; of this
# difference too the interval reaches just below zero. Few poor people
# finished college, and those who did must now stand for many: the answer is less sure as well. Of
# how many equally weighted people the mean of each compared world is worth:

# %%
worth = {name: found.diagnostics.weights for name, found in adjusted.items()}
pd.DataFrame(
    {name: table.groupby("mean")["effective_rows"].min() for name, table in worth.items()}
).round().astype(int)

# %% [markdown]
# ## What weights, clusters and strata do

# %%
steps = {
    "nothing": {},
    "weights": {"weights": "weight_exam"},
    "weights, clusters": {"weights": "weight_exam", "clusters": "cluster"},
    "weights, clusters, strata": design,
}
plain = {key: value for key, value in quick.items() if key not in design}
surveyed = {name: cif.mediate(formula, people, **plain, **given) for name, given in steps.items()}
pd.DataFrame(
    {
        name: {
            f"{term} {what}": numbers[term]
            for term in ("TE", "NIE")
            for what, numbers in (("", found.values), ("std. error", found.std_error))
        }
        for name, found in surveyed.items()
    }
).T.round(3)

# %% [markdown]
# - **Weights** move the estimate. Without them it is about the people in the file, a fifth of whom
#   are Black, against a tenth of those they stand for. Weights also widen the intervals, since a
#   few people count for many.
# - **Clusters** change the standard error: neighbours tell less than strangers. By chance it can
#   come out smaller, as here for the total. They also move the estimate a little, because models
#   are fitted on some clusters and used on the others, never on half of one.
# - **Strata** compare each cluster with the other of its stratum, so that differences between
#   strata do not count. That should narrow the intervals; here it widens them. With two clusters
#   in each of 15 strata a standard error rests on 15 differences, and is itself uncertain by
#   nearly a fifth ($1 / \sqrt{2 \times 15}$). Choose the design by how people were drawn, not by
#   its result.
#
# For so few clusters survey statisticians take the interval from a t distribution with as many
# degrees of freedom as there are clusters less strata, 15. causalif takes the normal, which is
# right for many clusters, and warns where it is not (the first cell silences that). By hand:

# %%
from scipy.stats import t

half = t.ppf(0.975, 15) * effects.std_error
by_t = pd.DataFrame({"low": effects.values - half, "high": effects.values + half})
by_t.loc[["TE", "NDE", "NIE"]].round(3)

# %% [markdown]
# These intervals are 9% wider than those of the first table, and say the same.
#
# ## What is missing

# %%
missing = survey[["poverty_ratio", "hba1c", "crp", "wbc"]].isna()
pd.DataFrame(
    {
        "missing": missing.sum(),
        "hba1c missing as well": missing[missing["hba1c"]].sum(),
        "share": missing.mean().round(3),
    }
)

# %% [markdown]
# - **Income** is missing for one in eight. An exposure is never imputed: the answer is about those
#   who told their income.
# - **CRP** is missing for some whose HbA1c is known. With `missing="ipw"` those with both markers
#   stand for them: each is weighted by one over the chance of having both, given income, the
#   covariates and HbA1c.
# - **HbA1c** is missing for those who gave no blood, and so are both markers. Almost nobody has
#   markers but no HbA1c, so nobody can stand for them. Asked to try, the package refuses:

# %%
try:
    cif.mediate(formula, survey.dropna(subset=["income"]), **quick)
except cif.errors.DataError as error:
    print(error)

# %% [markdown]
# We left them out. Filling in their markers (`missing="impute"`) is no way out: that a marker was
# filled in all but tells that HbA1c is missing as well, so that hardly anybody with HbA1c is like
# them.
#
# Does it matter? The split can be had from complete rows alone. And the total effect needs no
# markers, so that all with a known income can have a part in it, those with HbA1c weighted to stand
# for those without:

# %%
complete = people.dropna(subset=["crp", "wbc"])
split = {"as chosen": surveyed["weights, clusters, strata"]}
split["complete rows"] = cif.mediate(formula, complete, **quick)
total = cif.average_effect(
    "hba1c ~ income | age + sex + race", survey.dropna(subset=["income"]), **quick
)
table = pd.concat([side_by_side(split), side_by_side({"all with an income": total}, ["TE"])])
table.assign(people=[split["as chosen"].n, split["complete rows"].n, total.n]).fillna("")

# %% [markdown]
# It hardly matters here, as far as the columns we have can tell.
#
# ## Which marker comes first?
#
# The NIE of both markers together needs no order between them. To split it does: a path that passes
# both is counted with the first. CRP and white cells answer the same signals, and neither is known
# to come first, so we ask both ways.

# %%
from matplotlib import pyplot as plt

end = "| age + sex + race"
orders = {
    "CRP first": f"hba1c ~ income | log(crp) | log(wbc) {end}",
    "white cells first": f"hba1c ~ income | log(wbc) | log(crp) {end}",
}
paths = {name: cif.path_specific_effects(text, people, **quick) for name, text in orders.items()}
side_by_side(paths, ["through log(crp)", "through log(wbc)"])

# %% [markdown]
# **The order decides.** Whichever comes first has the larger part, for it takes along what both
# share; the sum is the same NIE. The data say that something which shows in both carries a part of
# the gap, not which of them it is. That is also what one would see if both were gauges of a third
# thing.
#
# Body fat may be that thing. The file has no body mass index, but three blood values that rise with
# body fat: triglycerides, the liver enzyme GGT, and uric acid. Put first, they take what enters by
# whatever they measure, and inflammation keeps only what avoids them:

# %%
measured = complete.dropna(subset=["triglycerides", "ggt", "uric_acid"])
measured = measured.assign(
    tg=np.log(measured["triglycerides"]), ggt=np.log(measured["ggt"]), urate=measured["uric_acid"]
)
fat = "tg + ggt + urate"
first = cif.path_specific_effects(
    f"hba1c ~ income | {fat} | log(crp) + log(wbc) {end}", measured, **quick
)
figure, ax = plt.subplots(figsize=(8, 3), layout="constrained")
ax = first.plot(ax=ax)

# %% [markdown]
# *The same gap, split by what it enters by: the three blood values (last line), inflammation but
# not these, or neither.* The part left to inflammation is smaller, and its interval ends just
# above zero.
#
# ## How strong would body fat have to be?
#
# `sensitivity()` supposes something unmeasured that drives both the markers and HbA1c, and asks how
# much it would have to explain of each, beyond what is in the model, before nothing is left of the
# NIE. As yardsticks, each covariate is left out in turn. We add one: what the three blood values
# explain together.

# %%
import statsmodels.formula.api as smf


def explained(what, given):
    """The share of what is left of a column that the three blood values explain."""
    without, beside = (
        smf.wls(f"{what} ~ {right}", measured, weights=measured["weight_exam"]).fit()
        for right in (given, f"{given} + {fat}")
    )
    return 1 - beside.ssr / without.ssr


base = "income * (age + sex + race)"
x = max(explained("np.log(crp)", base), explained("np.log(wbc)", base))
y = explained("hba1c", f"{base} + np.log(crp) + np.log(wbc)")

doubt = split["complete rows"].sensitivity(benchmarks=True)
figure, ax = plt.subplots(figsize=(7, 5), layout="constrained")
ax = doubt.plot("NIE", ax=ax)
for times, words in ((1, "three blood values"), (2, "twice as strong")):
    ax.plot(times * x, times * y, "D", color="black")
    box = {"facecolor": "white", "edgecolor": "none", "pad": 1}
    ax.annotate(words, (times * x, times * y), (8, -12), textcoords="offset points", bbox=box)

# %% [markdown]
# *What would be left of the NIE, at worst, for a confounder of each strength. On the thick line
# nothing; in the grey the sign could turn. Diamonds: a confounder as strong as the three blood
# values together, and one twice as strong on both sides.*
#
# **How to read it.** The three values explain about 11% of what is left of CRP and 5% of what is
# left of HbA1c. Something that strong could take away some two fifths of the NIE, which is about
# what putting them first took. Twice as strong, and little is left. Body fat measured well might be
# that strong; we cannot rule it out. And the figure is about a confounder that income does not
# change: one that it does change, as it may body fat, can do more.
#
# ## Other outcomes, other people
#
# Systolic blood pressure (mmHg), and diabetes (HbA1c of 6.5 and more) as risk ratios, where the
# parts multiply: TE = NDE x NIE.

# %%
pressure = cif.mediate(
    formula.replace("hba1c", "sbp"), survey.dropna(subset=["income", "sbp"]), **quick
)
people = people.assign(diabetes=(people["hba1c"] >= 6.5).astype(int))
ratio = cif.mediate(formula.replace("hba1c", "diabetes"), people, scale="ratio", **quick)
side_by_side({"blood pressure, mmHg": pressure, "diabetes, risk ratio": ratio}, digits=2)

# %% [markdown]
# The poor have a blood pressure some 3.5 mmHg higher, but only about a seventh of that runs through
# the markers. Diabetes tells the story of HbA1c with less certainty. Is that story the same for
# women and men? One analysis gives both, and a test that all their terms are equal:

# %%
by_sex = cif.mediate(formula, people, by="sex", **quick)
by_sex.equality().round(2)

# %% [markdown]
# Nothing says that it is not.
#
# ## Which people does the answer hang on?

# %%
ax = effects.plot("influence", term="NIE")

# %% [markdown]
# *How far each person pulls the NIE, sorted.* Without a person it would move by about minus their
# pull. A pull is the influence value times the survey weight, over n. Who pulls most?

# %%
rows = effects.augment(people)
rows["pull"] = rows["influence_NIE"] * rows["weights"] / len(rows)
furthest = rows["pull"].abs().nlargest(10).index
shown = ["income", "age", "sex", "crp", "wbc", "hba1c", "weights", "pull"]
rows.loc[furthest, shown].round(3)

# %%
keep = ~people.index.isin(furthest)
without = effects.refit(keep)
pull = rows.loc[furthest, "pull"].sum() * len(rows) / rows.loc[keep, "weights"].sum()
print(f"NIE, all:                  {effects.values['NIE']:.3f}")
print(f"without ten, predicted:    {effects.values['NIE'] - pull:.3f}")
print(f"without ten, fitted again: {without.values['NIE']:.3f}")

# %% [markdown]
# Nobody decides alone. Most of the ten have a low income: those with a high HbA1c and high markers
# pull the NIE up, those with a high HbA1c and a low CRP may pull it down, and some pull because
# they count for many Americans. Without ten people of more than four thousand it is smaller by
# less than a seventh, and its interval is still above zero.
#
# ## In one sentence
#
# What a paper could say, and with what:

# %%
numbers = effects.tidy().set_index("term")
te, nie = (
    f"{row.estimate:.2f} points (95% CI {row.conf_low:.2f} to {row.conf_high:.2f})"
    for row in numbers.loc[["TE", "NIE"]].itertuples()
)
print(f"""Adults below 130% of the poverty line had HbA1c higher by {te}
than those at 350% and more, standardised to the age, sex and race of US adults;
{nie} ran through CRP and white cells, or through what
these stand for, such as body fat, which was not measured.""")

# %% [markdown]
# `effects.bibtex()` gives the references of the methods.
#
# ## Exercises
#
# 1. **The middle.** Leave `levels=` out of the call and give `reference="high"`. Is the gap of the
#    middle incomes half of that of the low? And the part through the markers? Use
#    `.test("...")` with the names of the terms.
# 2. **If all had the same CRP.** `cif.controlled_direct_effect(...)` with `log(crp)` alone as the
#    mediator, on the complete rows, gives the gap that would be left if everybody's CRP were set to
#    the same value, as a curve: `.plot("curve")`. Why is this not the NDE? Which of its assumptions
#    does body fat break?
# 3. **People under treatment.** Drugs for diabetes lower HbA1c, and the file does not say who takes
#    them. Which way would the NIE be off if the poor were treated less? Draw the graph, and ask
#    `cif.explain` about it.
# 4. **Confounders that income changes.** Name the three blood values as `intermediates=` with
#    `estimand="interventional"`, on the complete rows. What does its IIE ask that the NIE does not,
#    and why do OE and TE differ?
#
# ## References
#
# - Centers for Disease Control and Prevention, National Center for Health Statistics. *National
#   Health and Nutrition Examination Survey*, 2017-2018.
# - Korn and Graubard (1999). *Analysis of Health Surveys*. Wiley. (Weights, clusters, strata,
#   degrees of freedom.)
# - Pearl (2001). Direct and indirect effects. *Proceedings of UAI*.
# - Avin, Shpitser and Pearl (2005). Identifiability of path-specific effects. *Proceedings of
#   IJCAI*.
# - VanderWeele and Vansteelandt (2014). Mediation analysis with multiple mediators. *Epidemiologic
#   Methods* 2(1):95-115.
# - Chernozhukov, Cinelli, Newey, Sharma and Syrgkanis (2022). *Long story short: omitted variable
#   bias in causal machine learning*. NBER working paper 30302.

# %% tags=["remove-cell"]
# The words above, checked: a page whose numbers move must not keep its old story.
assert 0.155 <= effects.values["TE"] < 0.17
assert effects.values["TE"] / people["hba1c"].std() < 0.2
assert 0.065 < effects.values["NIE"] < 0.075
assert 0.4 < effects.values["PM"] < 0.5
assert numbers.conf_low["PM"] < 0.2
assert numbers.conf_high["PM"] > 0.75
assert (by_t["low"][["TE", "NIE"]] > 0).all()
assert by_t["low"]["NDE"] < numbers.conf_low["NDE"] < 0
assert (means.loc["low", ["age"]] < means["age"].drop("low").min()).all()
assert 0 < means.hba1c["low"] - means.hba1c["high"] < effects.values["TE"]
assert effects.diagnostics.least_propensity > 0.05
quickly, schooled = adjusted["age, sex, race"], adjusted["... and schooling"]
assert ((effects.values - quickly.values).abs() < effects.std_error / 3).all()
assert 0.2 < schooled.values["NIE"] / quickly.values["NIE"] < 0.5
assert abs(schooled.values["TE"] - quickly.values["TE"]) < quickly.std_error["TE"] / 3
assert schooled.confint().loc["NIE", "conf_low"] < 0
assert -0.02 < schooling.confint()["conf_low"].iloc[0] < 0
assert schooled.diagnostics.effective_sample_size < 0.6 * quickly.diagnostics.effective_sample_size
te_errors = [found.std_error["TE"] for found in surveyed.values()]
assert te_errors[0] < te_errors[1] > te_errors[2] < te_errors[3]
black = people["race"].eq("Black")
assert round(black.mean(), 1) == 0.2
assert round(np.average(black, weights=people["weight_exam"]), 1) == 0.1
assert abs(total.values["TE"] - effects.values["TE"]) < effects.std_error["TE"] / 3
for name, found in paths.items():
    leading = "crp" if name.startswith("CRP") else "wbc"
    other = "wbc" if leading == "crp" else "crp"
    assert found.values[f"through log({leading})"] > 1.5 * found.values[f"through log({other})"]
kept = first["through log(crp), log(wbc)"]
assert 0 < kept.confint()["conf_low"].iloc[0] < 0.01
assert 0.5 < kept.values.iloc[0] / split["complete rows"].values["NIE"] < 0.7
assert round(x, 2) == 0.11
assert round(y, 2) == 0.05
robust = doubt.table.set_index("term").robustness_value["NIE"]
worst = {k: np.sqrt(k * y * k * x / (1 - k * x)) / (robust / np.sqrt(1 - robust)) for k in (1, 2)}
assert 0.33 < worst[1] < 0.45
assert 0.75 < worst[2] < 1
assert 3.2 < pressure.values["TE"] < 3.8
assert 0.12 < pressure.values["PM"] < 0.16
assert by_sex.equality()["p_value"].min() > 0.2
assert 0 < 1 - without.values["NIE"] / effects.values["NIE"] < 0.14
assert without.confint().loc["NIE", "conf_low"] > 0

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
# # Does short sleep raise blood pressure by way of metabolism or inflammation?
#
# People who sleep little have a slightly higher blood pressure. Two reasons are discussed: they
# gain weight, and they have more inflammation. No survey here holds all of it: NHANES 2009-2012 in
# this package has sleep, body mass, HDL cholesterol and diabetes but no marker of inflammation;
# 2017-2018 has C-reactive protein (CRP), white cells and blood sugar but no sleep and no body mass.
# So the question is asked in two halves. Here is the first.

# %%
import numpy as np
import pandas as pd
from matplotlib import pyplot as plt

import causalif as cif

survey = cif.load_dataset("nhanes_2009_2012")
survey = survey[survey["age"].between(30, 69)].assign(
    male=(survey["sex"] == "male").astype(int),
    active=(survey["physically_active"] == "Yes").astype(int),
    diabetic=(survey["diabetes"] == "Yes").astype(int),
)
early = ["age", "male", "poverty_ratio"]
columns = [*early, "sleep_hours", "active", "bmi", "hdl", "diabetic", "sbp"]
people = survey.dropna(subset=columns)
tiers = [early, ["sleep_hours", "active"], ["bmi"], ["hdl", "diabetic"], ["sbp"]]
common = {"method": "exact", "score": "mixed", "learners": "glm", "max_length": 3, "seed": 1}
result = cif.sigma_analysis(people[columns], "sleep_hours", "sbp", tiers=tiers, **common)
figure, ax = plt.subplots(figsize=(9, 3.8), layout="constrained")
ax = result.plot(most=6, ax=ax)

# %% [markdown]
# *Effects of one more hour of sleep on systolic blood pressure in mm Hg, along each pathway, with
# 95% intervals; on the right its stability, the probability that it is there. `tiers` say what may
# come before what.*
#
# **By way of body weight, if sleep comes before it, and by very little: an hour more of sleep, a
# tenth of a mm Hg less.** Given the order we put in, the pathway through body mass is as good as
# certain, and its effect is known well. What runs on from body mass to HDL cholesterol is ten times
# smaller and of the opposite sign; diabetes carries next to nothing. For inflammation, the other
# half below finds CRP joined to blood pressure, some 2 mm Hg for a CRP 2.7 times as high; about
# half of that goes away with three blood values that rise with body fat. Whether short sleep is
# what raises CRP cannot be asked of these data at all.
#
# Below: who was asked, why the tiers are what they are, what happens without them (most of the
# certainty goes), why the total may be larger than the graph will have it, short sleep against
# seven or eight hours, and the second half.
#
# ## Who was asked, and what was measured

# %%
known = survey[columns].notna()
print(f"{len(survey):,} people of 30 to 69; {len(people):,} with all nine columns.")
print("missing:", (~known).sum()[lambda count: count > 0].to_dict())
by_sleep = people.groupby(people["sleep_hours"].clip(4, 9))
by_sleep[["age", "bmi", "hdl", "diabetic", "sbp"]].mean().round(2).assign(people=by_sleep.size())

# %% [markdown]
# *Means by hours of sleep; 4 stands for 4 and fewer, 9 for 9 and more.*
#
# `sleep_hours` is what people say they usually sleep on a workday night. `active`: moderate or
# vigorous activity in leisure. `hdl` is in mmol/l. The age range leaves out the young, in whom
# neither sleep nor blood pressure is much of a problem, and the old, who are mostly treated for
# blood pressure; the file does not say who is.
#
# **Complete cases.** One in five lacks a value, most often income. That takes for granted that they
# are like the others with the same columns.
#
# **Weights are not used.** Some groups were drawn more often than others, and people of one place
# are alike. The posterior over graphs takes rows to be a simple random sample; its intervals are
# about the people in the file. Further down the effect through body mass is estimated with weights,
# strata and clusters as well.
#
# ## Each decision about the order
#
# | tier | columns | why here |
# |---|---|---|
# | 1 | `age`, `male`, `poverty_ratio` | given, or mostly settled in early adult life |
# | 2 | `sleep_hours`, `active` | habits; neither is known to come first, so either may |
# | 3 | `bmi` | the result of years of habits; **but obesity disturbs sleep** (apnoea) |
# | 4 | `hdl`, `diabetic` | body fat comes before both, as trials of weight loss show |
# | 5 | `sbp` | the outcome |
#
# Within a tier any direction is possible. The third line is the one to doubt. Everything was
# measured in the same weeks, so that the survey itself does not tell. `score="mixed"` reads numbers
# as numbers and the columns of two values as such. What came out:

# %%
figure, ax = plt.subplots(figsize=(6.5, 4.5), layout="constrained")
ax = result.posterior.plot("matrix", ax=ax)

# %% [markdown]
# *The probability of the arrow from row to column.*
#
# **How to read it.** What tiers forbid is 0. Most of what they allow is near 0 or 1, as one would
# expect of six thousand rows. Between the habits of the second tier the direction stays open. One
# arrow should make one wary: HDL to blood pressure is as good as certain, and its sign is that more
# of the "good" cholesterol goes with a higher pressure. Alcohol raises both, and is not in the
# file; the arrow may stand for it.
#
# ## What if sleep does not come before body mass?
#
# Three statements of order, from strong to none. Stability of the main pathway, and of the
# arrow between sleep and body mass in each direction. (`score="bge"`, all columns as numbers with
# straight lines and normal noise, because it is quicker.)

# %%
orders = {
    "as above": tiers,
    "sleep, bmi in one tier": [
        early,
        ["sleep_hours", "active", "bmi"],
        ["hdl", "diabetic"],
        ["sbp"],
    ],
    "no order at all": None,
}
rows = {}
for name, order in orders.items():
    told = {"tiers": order, "method": "exact", "samples": 100, "seed": 1}
    found = cif.dag_posterior(people[columns], score="bge", **told)
    rows[name] = {
        "sleep -> bmi -> sbp": found.path_probability("sleep_hours -> bmi -> sbp"),
        "sleep -> bmi": found.path_probability("sleep_hours -> bmi"),
        "bmi -> sleep": found.path_probability("bmi -> sleep_hours"),
    }
pd.DataFrame(rows).T.round(2)

# %% [markdown]
# **The order was ours.** That sleep and body mass are joined is in the data; that sleep comes first
# is not. In one tier the two directions are about equally probable; with no order at all, blood
# pressure may come before body mass too, and little is left. The effect, averaged over the two
# directions (no effect where body mass comes first):

# %%
undecided = cif.sigma_analysis(
    people[columns], "sleep_hours", "sbp", tiers=orders["sleep, bmi in one tier"], **common
)
shown = ["path", "stability", "effect", "std_error", "conf_low", "conf_high"]
undecided.pathways[shown].head(3).round(3)

# %%
figure, axes = plt.subplots(2, 1, figsize=(8, 4.6), layout="constrained")
drawn = {"sleep before body mass": result, "either first": undecided}
for ax, (title, one) in zip(axes, drawn.items(), strict=True):
    one.plot("variance", most=2, ax=ax).set_title(title, loc="right", fontsize="medium")

# %% [markdown]
# *Where the uncertainty comes from.* With the order given, the effect along the main pathway is
# uncertain because 6,000 people are not more. Without, it is uncertain because we do not know which
# comes first, and a million people would not help. A study that follows people would.
#
# ## Is that all there is to the total?
#
# No. A plain regression of blood pressure on sleep, age, sex and income has a slope four times as
# large as the pathway through body mass, if an uncertain one:

# %%
import statsmodels.formula.api as smf

base = " + ".join(early)
fits = {
    "all of it": smf.ols(f"sbp ~ sleep_hours + {base}", people),
    "given body mass and the rest": smf.ols(
        f"sbp ~ sleep_hours + {base} + active + bmi + hdl + diabetic", people
    ),
}
slopes = {}
for name, model in fits.items():
    fit = model.fit(cov_type="HC1")
    low, high = fit.conf_int().loc["sleep_hours"]
    slopes[name] = {"mm Hg per hour": fit.params["sleep_hours"], "low": low, "high": high}
pd.DataFrame(slopes).T.round(2)

# %%
name = "sleep_hours -> sbp"
direct = result.pathways.set_index("path").loc[name]
present = result.present.set_index("path").loc[name]
print(f"direct arrow: probability {direct['stability']:.2f}; where it is there:")
print("{effect:.2f} ({conf_low:.2f} to {conf_high:.2f}) mm Hg per hour".format(**present))

# %% [markdown]
# The direct arrow is worth two standard errors, and a graph must do better than that to earn an
# arrow. Among 6,000 rows an arrow pays if it raises the log likelihood by more than about
# $\tfrac12 \log 6000 = 4.4$, a $z$ of 3. Below that, the posterior prefers no arrow, and the
# average puts its effect at a small fraction. **So the total of the figure is shrunk:** "no arrow"
# means too small to be seen at this price, not zero. Who wants the total effect should ask for it
# without asking for a graph, and get the wide interval it deserves. What the graph is for is the
# pathway, and that one it takes to be there.
#
# ## Six hours or fewer, against seven or eight
#
# Is it the same story as a contrast of two groups? People who sleep nine hours and more are left
# out: many of them are ill.

# %%
compared = people[people["sleep_hours"] <= 8]
compared = compared.assign(short=(compared["sleep_hours"] <= 6).astype(int))
renamed = ["short" if name == "sleep_hours" else name for name in columns]
order = [["short" if name == "sleep_hours" else name for name in tier] for tier in tiers]
contrast = cif.sigma_analysis(
    compared[renamed], "short", "sbp", tiers=order, levels=(0, 1), **common
)
print(f"{len(compared):,} people, {compared['short'].mean():.0%} of them short sleepers")
contrast.present.head(4)[["path", "effect", "conf_low", "conf_high", "not_identified"]].round(3)

# %% [markdown]
# *Given that the pathway is there: mm Hg, short sleepers against others.* Signs turn, since short
# sleep is less sleep. Short sleepers have a blood pressure higher by 0.3 mm Hg through body mass.
#
# The last column is new. Two levels are compared without any straight line, and then some paths
# cannot be told apart in some graphs: where short sleep also acts on activity, and this on body
# mass, body mass would have to answer to sleep on one path and not on the other (a recanting
# witness). The average is over the graphs in which the question has an answer.
#
# The same with what NHANES asks for, weights, strata and clusters, and body mass as the one
# mediator; the graph is now taken as known:

# %%
formula = "sbp ~ short | bmi | age + male + poverty_ratio"
design = {"weights": "weight_exam", "strata": "stratum", "clusters": "cluster"}
weighted = cif.mediate(formula, compared, learners="glm", seed=1, **design)
weighted.tidy().drop(columns=["statistic", "p_value"]).round(2)

# %% [markdown]
# The part through body mass (NIE) is the same 0.3 mm Hg among US adults of this age, with a wider
# interval. The total is not distinguishable from zero.
#
# ## The second half: inflammation
#
# 2017-2018, the same ages. Without sleep in the file we start from CRP and ask what it has to do
# with blood pressure, directly or through blood sugar (HbA1c). CRP, white cells and HbA1c are
# skewed: logarithms. Pregnant women are left out.

# %%
later = cif.load_dataset("nhanes_2017_2018")
later = later[later["age"].between(30, 69) & later["pregnant"].ne(1)]
later = later.assign(male=(later["sex"] == "male").astype(int))
for name in ("crp", "wbc", "hba1c", "triglycerides", "ggt"):
    later[name] = np.log(later[name])
blood = [*early, "crp", "wbc", "hba1c", "sbp"]
fat = ["triglycerides", "ggt", "uric_acid"]
asked = len(later)
later = later.dropna(subset=[*blood, *fat])
print(f"{asked:,} people, {len(later):,} with all ten columns")

without = [early, ["crp", "wbc"], ["hba1c"], ["sbp"]]
with_fat = [early, fat, ["crp", "wbc"], ["hba1c"], ["sbp"]]
linear = common | {"score": "bge"}
alone = cif.sigma_analysis(later[blood], "crp", "sbp", tiers=without, **linear)
beside = cif.sigma_analysis(later[[*blood, *fat]], "crp", "sbp", tiers=with_fat, **linear)
figure, axes = plt.subplots(2, 1, figsize=(9, 4.6), layout="constrained")
for ax, one in zip(axes, (alone, beside), strict=True):
    one.plot(most=2, ax=ax).set_xlim(-0.2, 3)

# %% [markdown]
# *Effect of the logarithm of CRP (one unit: CRP 2.7 times as high) on systolic blood pressure, mm
# Hg. Above: with age, sex and income in the graph. Below: with three blood values as well that rise
# with body fat (triglycerides, the liver enzyme GGT, uric acid), in a tier before CRP.*
#
# **How to read it.** CRP is joined to blood pressure, and not by way of blood sugar, whose own
# arrow to blood pressure is improbable at these ages. With the three blood values the effect falls
# to about half, and some graphs have no arrow any more. Body mass itself might take more, since the
# first half of this page finds it to drive blood pressure and fat tissue makes the signals that CRP
# answers. In a trial that lowered CRP by blocking one such signal (canakinumab), blood pressure did
# not follow (Rothman et al. 2020).
#
# Income, the exposure that both files have, can be followed into these markers:

# %%
income = cif.sigma_analysis(later[blood], "poverty_ratio", "sbp", tiers=without, **linear)
income.pathways[shown].head(4).round(3)

# %% [markdown]
# *Per unit of the poverty ratio (one poverty line more of income).* The two orders of CRP and white
# cells, in one tier, share the stability of what runs through both:

# %%
income.mediators.round(2)

# %% [markdown]
# ## What was assumed, what stays open, what would settle it
#
# - *The tiers.* Sleep before body mass is the one that the answer hangs on. People measured twice,
#   or a trial of longer sleep that weighs them, would settle it.
# - *No common cause outside the columns.* Sleep apnoea, shift work, alcohol, salt, drugs for blood
#   pressure and pain are not in the file. An arrow may stand for one of them.
# - *Sleep as told.* People overstate it, and the more so the less they sleep: effects are probably
#   somewhat diluted.
# - *Straight lines within graphs* (`learners="glm"`), and no flows (`score="ladder"`): hours of
#   sleep take few values, and the ladder reads densities of continuous columns. Where it can be
#   used, the page on a signalling pathway shows what to check.
# - *The same rows for graphs and effects.* `split=True` learns graphs on one half, and effects on
#   the other.
# - *The two halves cannot be glued.* Sleep -> CRP is in neither file; multiplying a slope from one
#   with a slope from the other would need it. One survey with sleep, CRP and body mass would do:
#   NHANES 2015-2018 has them, in files that are not in this package.
#
# In one sentence, for a paper:

# %%
main = result.pathways.set_index("path").loc["sleep_hours -> bmi -> sbp"]
other = undecided.pathways.set_index("path").loc["sleep_hours -> bmi -> sbp"]
print(f"""Among {len(people):,} adults of 30 to 69, one more hour of sleep went with a systolic
blood pressure lower by {-main["effect"]:.2f} mm Hg (95% interval {-main["conf_high"]:.2f} to \
{-main["conf_low"]:.2f}) through body mass
if sleep precedes it (stability {main["stability"]:.2f}), and by {-other["effect"]:.2f} \
({abs(other["conf_high"]):.2f} to {-other["conf_low"]:.2f}) if the order is
left open ({other["stability"]:.2f}); graphs were averaged, survey weights not used.""")

# %% [markdown]
# ## Exercises
#
# 1. **Whose order?** Put `bmi` in a tier before `sleep_hours`. What is left of the effect of sleep,
#    and by what path? And the effect of `bmi` on `sbp`?
# 2. **Diastolic pressure.** Replace `sbp` by `dbp`. Does the answer keep its sign and size?
# 3. **One half, the other half.** Repeat the first analysis with `split=True`. Which numbers move
#    more, stabilities or effects?
# 4. **What it costs to be an arrow.** Repeat the first analysis on a random tenth of the people.
#    Which arrows are gone? Were they wrong?
#
# ## References
#
# - Centers for Disease Control and Prevention, National Center for Health Statistics. *National
#   Health and Nutrition Examination Survey*, 2009-2012 and 2017-2018.
# - Gangwisch et al. (2006). Short sleep duration as a risk factor for hypertension. *Hypertension*
#   47:833-839. (An earlier NHANES, with follow-up.)
# - Lauderdale et al. (2008). Self-reported and measured sleep duration: how similar are they?
#   *Epidemiology* 19:838-845.
# - Rothman et al. (2020). Effects of interleukin-1β inhibition on blood pressure, incident
#   hypertension, and residual inflammatory risk. *Hypertension* 75:477-482.
# - Hoeting, Madigan, Raftery and Volinsky (1999). Bayesian model averaging: a tutorial.
#   *Statistical Science* 14:382-417.
# - Avin, Shpitser and Pearl (2005). Identifiability of path-specific effects. *Proceedings of
#   IJCAI*.

# %% tags=["remove-cell"]
# The words above, checked: a page whose numbers move must not keep its old story.
assert 0.17 < 1 - len(people) / len(survey) < 0.22
assert round(main["effect"], 1) == -0.1
assert main["conf_high"] < 0
assert main["stability"] > 0.95
table = result.pathways.set_index("path")
assert 0 < table.loc["sleep_hours -> bmi -> hdl -> sbp", "effect"] < 0.02
through = result.mediators.set_index("mediator")["stability"]
assert through["diabetic"] < 0.1
assert result.posterior.path_probability("hdl -> sbp") > 0.9
assert 0.3 < rows["sleep, bmi in one tier"]["sleep -> bmi"] < 0.5
assert rows["no order at all"]["sleep -> bmi -> sbp"] < 0.15
assert 0.4 < other["stability"] < 0.6
share = other["within_var"] / other["std_error"] ** 2
assert share < 0.25 < 0.9 < main["within_var"] / main["std_error"] ** 2
slope = slopes["all of it"]["mm Hg per hour"] / main["effect"]
assert 3.5 < slope < 4.5
assert 1.8 < -present["effect"] / present["std_error"] < 2.2
assert direct["stability"] < 0.2
assert round(contrast.present["effect"][0], 1) == 0.3
estimates = weighted.confint()
assert round(weighted.values["NIE"], 1) == 0.3
assert estimates.loc["TE", "conf_low"] < 0 < estimates.loc["NIE", "conf_low"]
crp, less = (one.pathways.set_index("path").loc["crp -> sbp"] for one in (alone, beside))
assert 1.8 < crp["effect"] < 2.3
assert 0.45 < less["effect"] / crp["effect"] < 0.65
assert less["stability"] < 0.97
assert alone.mediators["stability"].max() < 0.15

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
# # Does job training lift mood because people search better?
#
# In JOBS II, unemployed adults were randomised to a job-search workshop; 899 of them are in this
# file. Depression may have fallen a little. Was it confidence in the job search, or the workshop
# itself?

# %%
import causalif as cif

jobs = cif.load_dataset("jobs")
formula = "depress2 ~ treat | job_seek | econ_hard + sex + age"
effects = cif.mediate(formula, jobs, seed=1)
ax = effects.plot()

# %% [markdown]
# *Effects of the offer of a workshop on depression (lower is better), with 95% intervals. The
# formula names outcome, exposure, mediator and covariates.*
#
# **The trial cannot tell.** Depression was a little lower among those offered the workshop, but
# the intervals of the total effect and of both its parts include zero, so that a small rise
# cannot be ruled out. What went through confidence in the search (NIE) is the smallest of the
# three and the most precisely known; and because the total is so near zero, no share of it can be
# called mediated: the interval of the proportion is the whole line.
#
# In standard deviations of depression, the interval of the total effect reaches

# %%
low, high = effects.confint().loc["TE"] / jobs["depress2"].std()
print(f"from a fall of {-low:.2f} to a rise of {high:.2f}.")

# %% [markdown]
# Below: who was randomised, what the three effects mean, what had to be assumed, how they were
# estimated, and which rows the answer hangs on. All numbers, as a table:

# %%
effects

# %% [markdown]
# ## Who was randomised, and what was measured
#
# JOBS II randomised 1,801 people who had lost their job (Vinokur, Price and Schul 1995). The
# workshop taught job search, and how to cope with setbacks; controls were sent a booklet. The
# file is the one that ships with the R package `mediation`, for illustration only: 899 of the
# 1,801, none with a missing value.
#
# | column | role | meaning |
# |---|---|---|
# | `treat` | exposure | offered the workshop (1) or not (0), at random |
# | `job_seek` | mediator | confidence in one's job search afterwards, 1 to 5 |
# | `depress2` | outcome | depressive symptoms at follow-up, 1 to 5 |
# | `econ_hard`, `sex`, `age` | covariates | hardship, 1 to 5; female; years; all at baseline |
#
# `treat` is the offer, not attendance. Many who were offered the workshop stayed away, and they
# are analysed as randomised: what follows are effects of the offer.

# %%
import pandas as pd

before = ["econ_hard", "sex", "age", "depress1"]
after = ["comply", "job_seek", "depress2"]
by_arm = {
    f"treat = {arm} ({len(people)} people)": people.agg(["mean", "std"]).T
    for arm, people in jobs.groupby("treat")[before + after]
}
pd.concat(by_arm, axis=1).round(2)

# %% [markdown]
# `depress1` is depression before randomisation and `comply` is attendance. Confidence hardly
# differs between the two groups: little can have gone through it.
#
# ## Three effects, three worlds
#
# Write $M(a)$ for the confidence a person would have if assigned to $a$ (1: offered, 0: not), and
# $Y(a, m)$ for their depression if assigned to $a$ and with confidence $m$.
#
# | effect | compares | formula |
# |---|---|---|
# | total (TE) | offered, with not offered | $E[Y(1, M(1))] - E[Y(0, M(0))]$ |
# | natural direct (NDE) | the same, confidence kept at $M(0)$ | $E[Y(1, M(0))] - E[Y(0, M(0))]$ |
# | natural indirect (NIE) | confidence moved, all offered | $E[Y(1, M(1))] - E[Y(1, M(0))]$ |
#
# NDE and NIE add up to the TE, person by person. Two of the worlds can be seen: each arm of the
# trial lives in one. Nobody ever lived in the third, $Y(1, M(0))$, offered the workshop yet only
# as confident as without it. Its mean can be had only through the assumptions of the next
# section.

# %%
effects.means.tidy().drop(columns=["statistic", "p_value"]).round(3)

# %% [markdown]
# ## What had to be assumed
#
# ```
# treat -> job_seek -> depress2,  treat -> depress2
# econ_hard, sex, age -> job_seek, depress2
# U -> job_seek, depress2         U: unmeasured, the arrows to fear
# ```
#
# The first table on this page ends with four assumptions. Randomisation gives two of them:
#
# - *Nothing unmeasured drives both the offer and depression, or the offer and confidence:* only
#   chance drives the offer. (As long as being in the file does not depend on the workshop: half
#   of those randomised are not in it.)
# - *Everybody could have had either:* the same chance was given to all.
#
# It does not give the other two:
#
# - *Nothing unmeasured drives both confidence and depression:* confidence was not randomised. A
#   cheerful temper (U) makes people confident and less depressed whatever the workshop did.
#   Adjusting for hardship, sex and age removes only what goes through these.
# - *Nothing that the offer changes drives both confidence and depression:* if the workshop first
#   made friends, say, and friends then moved both confidence and mood, natural effects are not
#   identified.
#
# No large sample repairs this, and no estimator.
#
# Two more go unsaid: that confidence came before the depression it is to explain, and that one
# person's offer does not touch another. Workshops are held in groups, and the file does not say
# who sat with whom; with such a column one would add `clusters=`.
#
# ## How it was estimated
#
# The unseen world's mean $\theta = E[Y(1, M(0))]$ needs four regressions, each learned from the
# data ($W$: covariates):
#
# - $\mu(M, W)$: depression given confidence and covariates, among the offered;
# - $\nu(W)$: the mean of $\mu$ given covariates, among those not offered;
# - $g(a \mid W)$: the chance of assignment $a$ given covariates (about the same for all, here,
#   but estimated all the same);
# - $e(a \mid M, W)$: the same, given confidence as well.
#
# They meet in the influence function, one value per person:
#
# $$
# \begin{aligned}
# & \frac{1(A=1)}{g(0 \mid W)} \frac{e(0 \mid M, W)}{e(1 \mid M, W)} \{Y - \mu(M, W)\} \\
# & + \frac{1(A=0)}{g(0 \mid W)} \{\mu(M, W) - \nu(W)\} + \nu(W) - \theta .
# \end{aligned}
# $$
#
# The estimate is the $\theta$ at which these values average to zero; their spread gives the
# standard error, and the difference of two worlds has the difference of their values.
#
# - **Multiply robust:** the estimate is consistent if $(\mu, \nu)$ or $(\mu, g)$ or $(g, e)$ are
#   right. In a trial $g$ is right by design, so either $\mu$ or $e$ suffices.
# - **Cross-fitting:** nobody's value comes from a regression fitted on them. The regressions are
#   fitted on four fifths of the people, and used on the last fifth, in turn; the whole is done
#   afresh on a few draws of the fifths, and averaged.
# - **Learners:** a mean, a linear or logistic model, splines and boosted trees, weighted by how
#   well they predict people they have not seen.
#
# Their losses on new people, relative to the best constant (below 1: better). Confidence helps to
# predict depression. Nothing predicts the offer, as it should be in a trial; and not even knowing
# people's confidence can one tell who had it.

# %%
losses = effects.diagnostics.losses
losses.pivot_table("relative", "nuisance", "learner").round(3)

# %% [markdown]
# ## Can the two groups be compared at all?

# %%
ax = effects.plot("overlap", floor=0.1)

# %% [markdown]
# *The estimated chance of an offer, in those who had it (above the line) and those who had not
# (below).*
#
# **How to read it.** Where one half is empty and the other is not, there is nobody to compare
# with, and beyond the dashed lines a few people would stand for many. Here both halves are one
# bar at the same place: all had the same chance, about two in three, whatever their age, sex and
# hardship. In an observational study the halves drift apart. The same must hold given confidence
# as well (the second row), because the weights use $e$:

# %%
effects.diagnostics.overlap.round(3)

# %%
effects.diagnostics.weights.drop(columns="largest_share").round(1)

# %% [markdown]
# `effective_rows` is how many equally weighted people the weighted ones are worth: hardly any are
# lost.
#
# Balance: were the groups alike before the workshop? For this plot we give the analysis every
# baseline column that could matter, above all `depress1`, with plain regressions
# (`learners="glm"`):

# %%
more = formula + " + depress1 + educ + marital + nonwhite + income"
rich = cif.mediate(more, jobs, learners="glm", seed=1)
ax = rich.plot("balance")

# %% [markdown]
# *Difference between the groups in each baseline column, in standard deviations, before (open)
# and after (filled) weighting by the estimated chance of an offer.*
#
# **How to read it.** Left of the dashed line (0.1) is commonly taken as good enough.
# Randomisation balances on average, not each time: `sex` came out beyond the line, and weighting
# by a model of the offer pulls it in. The first analysis did not weight for it, since its
# learners rightly saw nothing but chance in the offer; there the outcome regressions adjust for
# `sex`.

# %% [markdown]
# ## The same answer by multiplying two coefficients
#
# The method most readers know: regress confidence on the offer (coefficient $a$), depression on
# the offer and confidence (coefficient $b$ of confidence), and call $ab$ the indirect effect. It
# is a special case: the plug-in estimate when both regressions are straight lines without a
# product of offer and confidence.

# %%
import statsmodels.api as sm

baseline = sm.add_constant(jobs[["treat", "econ_hard", "sex", "age"]])
both = baseline.assign(job_seek=jobs["job_seek"])
confidence = sm.OLS(jobs["job_seek"], baseline).fit()
depression = sm.OLS(jobs["depress2"], both).fit()
a, b = confidence.params["treat"], depression.params["job_seek"]
for name, fit, term in (
    ("a", confidence, "treat"),
    ("b", depression, "job_seek"),
):
    low, high = fit.conf_int().loc[term]
    print(f"{name} = {fit.params[term]:.3f} ({low:.3f}, {high:.3f})")
print(f"a*b = {a * b:.4f}, direct = {depression.params['treat']:.4f}")

# %%
from sklearn.linear_model import LinearRegression

linear = cif.mediate(
    formula,
    jobs,
    method="plugin",
    learners={"outcome": LinearRegression(), "exposure": "glm"},
    folds=1,
    seed=1,
)
linear.values[["NIE", "NDE"]].round(4)

# %% [markdown]
# Those who were more confident were less depressed ($b$), but the offer may not have made people
# more confident ($a$): the chain is weak in its first link, the one that was randomised.
#
# R's `mediation` names these two ACME and ADE, and its models give the same numbers (its
# intervals come from simulation, so its own estimates differ a little from run to run). Why is
# the first analysis not quite the same? It lets confidence matter more, or less, to those who
# were offered the workshop, and bends the lines where the data bend. Both answers come from the
# same people, so their difference has a standard error of its own, which keeps their covariance:

# %%
difference = effects["NIE"] - linear["NIE"]
difference.tidy().round(4)

# %% [markdown]
# The interval of the difference includes zero: nothing says that the straight lines do harm here.
# The point of the first analysis is not to have to know that beforehand.
#
# ## Is the direct effect larger than the indirect one?
#
# It looks so in the figure. A hypothesis can be given as text:

# %%
effects.test("NDE = NIE").round(3)

# %% [markdown]
# No evidence of that either. Two overlapping intervals would not have shown it: the terms are
# correlated, and the test knows how.
#
# ## Does the answer depend on the method?
#
# One thing is changed at a time: the learners (`glm`: linear and logistic regression), the
# estimator (targeted maximum likelihood), the covariates (`more`). The straight lines come last.

# %%
one_step = cif.mediate(formula, jobs, learners="glm", seed=1)
tmle = cif.mediate(formula, jobs, method="tmle", learners="glm", seed=1)


def side_by_side(analyses):
    layout = "{estimate:.3f} ({conf_low:.3f}, {conf_high:.3f})"
    cells = {}
    for name, found in analyses.items():
        table = found.tidy(exponentiate=True).set_index("term")
        cells[name] = {term: layout.format(**table.loc[term]) for term in ("TE", "NDE", "NIE")}
    return pd.DataFrame(cells).T


side_by_side(
    {
        "one-step": effects,
        "one-step, glm": one_step,
        "TMLE, glm": tmle,
        "one-step, glm, more": rich,
        "straight lines": linear,
    }
)

# %% [markdown]
# It does not: every interval includes zero, and the estimates differ by less than their standard
# errors. Adjusting for more, above all for earlier depression (the common cause of confidence and
# later depression that one thinks of first), brings the indirect effect nearer to zero and makes
# its interval shorter. That speaks only for what was measured: methods that agree share their
# assumptions.
#
# ## Another outcome: back in work
#
# `work1` is text. Of two values the later one in the alphabet would be the event, here `psyump`,
# still unemployed (`.summary()` says which it took). We name the event ourselves, and ask for
# risk differences and then for risk ratios:

# %%
jobs["employed"] = (jobs["work1"] == "psyemp").astype(int)
work = "employed ~ treat | job_seek | econ_hard + sex + age"
risk = cif.mediate(work, jobs, learners="glm", seed=1)
ratio = cif.mediate(work, jobs, learners="glm", scale="ratio", seed=1)
side_by_side({"risk difference": risk, "risk ratio": ratio})

# %% [markdown]
# More people were back in work after an offer, though the interval still includes no effect (0 as
# a difference, 1 as a ratio), and next to nothing of it went through confidence. On the ratio
# scale the parts multiply: TE = NDE x NIE. Ratios are kept as logarithms, where their intervals
# are made; `exponentiate=True` gives them back.
#
# ## Which rows does the answer hang on?

# %%
ax = effects.plot("influence", term="TE")

# %% [markdown]
# *Every person's pull on the total effect: their influence value over n, sorted.*
#
# **How to read it.** Without a person the estimate would move by about minus their pull. A curve
# that is flat but for its ends says that few people decide. Who are they?

# %%
rows = effects.augment(jobs)
furthest = rows["influence_TE"].abs().nlargest(9).index
shown = ["treat", "age", "depress1", "job_seek", "depress2", "influence_TE"]
rows.loc[furthest, shown].round(2)

# %% [markdown]
# All nine were not offered the workshop and were very depressed at follow-up, most of them more
# than before. (Controls are fewer, so each pulls harder.) They speak for the workshop. Taking out
# all nine, one in a hundred, what is left? The influence values predict it, and `refit` repeats
# the whole analysis, on the same folds:

# %%
keep = ~jobs.index.isin(furthest)
pull = effects.influence["TE"][furthest].sum() / keep.sum()
without = effects.refit(keep)
print(f"total effect, all rows:   {effects.values['TE']:.3f}")
print(f"without nine, predicted:  {effects.values['TE'] - pull:.3f}")
print(f"without nine, refitted:   {without.values['TE']:.3f}")

# %% [markdown]
# Most of the little there was is gone. That is no reason to drop these people, who are the ones
# the workshop is for; it is a reason not to lean on the point estimate.
#
# ## Write it down, keep it

# %%
import tempfile
from pathlib import Path

folder = Path(tempfile.mkdtemp())
effects.report(folder / "jobs.html")  # for a reader without Python
effects.tidy().to_csv(folder / "jobs.csv", index=False)
effects.save(folder / "jobs.npz")  # values and influence, never a pickle
again = cif.Estimate.load(folder / "jobs.npz")
print(sorted(file.name for file in folder.iterdir()))
print("the same after loading:", again.tidy().equals(effects.tidy()))

# %%
table, found = effects.tidy().set_index("term"), effects.diagnostics
te, nde, nie = (
    f"{row.estimate:.3f} (95% CI {row.conf_low:.3f} to {row.conf_high:.3f})"
    for row in table.loc[["TE", "NDE", "NIE"]].itertuples()
)
print(f"""Among {effects.n} people the offer of a workshop changed
depression by {te}.
Through confidence in the search went {nie},
by other ways {nde}.
Estimates are one-step (efficient influence function), cross-fitted
in {found.folds} folds drawn {found.repeats} times, with stacked learners, adjusted
for economic hardship, sex and age. The last two effects assume
that nothing unmeasured drives both confidence and depression.""")

# %% [markdown]
# `effects.bibtex()` gives the entries to cite, `effects.to_latex()` the table, and
# `effects.confint(method="simultaneous")` intervals that hold for all terms at once.
#
# ## Exercises
#
# 1. **A negative control.** `depress1` was measured before randomisation: the offer can have no
#    effect on it. Estimate `"depress1 ~ treat | job_seek | econ_hard + sex + age"`
#    (`learners="glm"`) and compare its NIE with that on `depress2`. What do you conclude about
#    unmeasured causes of confidence and depression? Does adjusting for `depress1` settle it?
# 2. **Two ways to split.** Run the main analysis with `decomposition="both"`. Which worlds do
#    TNDE and PNIE compare? Show from the formulas that TE = TNDE + PNIE, and say when NDE and
#    TNDE would be equal. Test it: `.test("NDE = TNDE")`.
# 3. **A coarser mediator.** `job_dich` is confidence cut in two. Replace `job_seek` by it (with
#    `learners="glm"`), and look at the interval of the NIE. Then ask for
#    `confint(method="simultaneous")`. Would you report this analysis, if it is the second you
#    tried? What has become of the part of confidence that the cut throws away?
#
# ## References
#
# - Vinokur, Price and Schul (1995). Impact of the JOBS intervention on unemployed workers varying
#   in risk for depression. *American Journal of Community Psychology* 23(1):39-74.
# - Vinokur and Schul (1997). Mastery and inoculation against setbacks as active ingredients in
#   the JOBS intervention for the unemployed. *Journal of Consulting and Clinical Psychology*
#   65(5):867-877.
# - Robins and Greenland (1992). Identifiability and exchangeability for direct and indirect
#   effects. *Epidemiology* 3(2):143-155.
# - Imai, Keele and Tingley (2010). A general approach to causal mediation analysis.
#   *Psychological Methods* 15(4):309-334.
# - Tingley, Yamamoto, Hirose, Keele and Imai (2014). mediation: R package for causal mediation
#   analysis. *Journal of Statistical Software* 59(5).
# - Tchetgen Tchetgen and Shpitser (2012). Semiparametric theory for causal mediation analysis.
#   *The Annals of Statistics* 40(3):1816-1845.
# - Zheng and van der Laan (2012). Targeted maximum likelihood estimation of natural direct
#   effects. *The International Journal of Biostatistics* 8(1).
# - Chernozhukov et al. (2018). Double/debiased machine learning for treatment and structural
#   parameters. *The Econometrics Journal* 21(1):C1-C68.
# - Fieller (1954). Some problems in interval estimation. *Journal of the Royal Statistical
#   Society B* 16(2):175-185. (The interval of the proportion.)

# %% tags=["remove-cell"]
# The words above, checked: a page whose numbers move must not keep its old story.
assert len(effects.assumptions) == 4
main, wide = effects.confint(), rich.tidy().set_index("term")
assert len(jobs) == 899
assert (effects.values[["TE", "NDE", "NIE"]] < 0).all()
assert (main["conf_low"] < 0).all()
assert (main["conf_high"] > 0).all()
assert main.loc["PM"].abs().eq(float("inf")).all()
assert effects.std_error["NIE"] < effects.std_error[["TE", "NDE"]].min()
assert abs(effects.values["NIE"]) < abs(effects.values["NDE"])
assert effects.test("NDE = NIE")["p_value"] > 0.05
assert found.folds == 5
relative = losses.set_index(["learner", "nuisance"])["relative"]
assert relative[losses["nuisance"].str.startswith("P(").to_numpy()].min() > 0.99
given = "econ_hard, sex, age]"
with_confidence = relative["glm", f"E[depress2 | treat=1, job_seek, {given}"]
assert with_confidence < relative["glm", f"E[depress2 | treat=1, {given}"] < 1
assert found.overlap["least"].min() > 0.25
assert found.effective_sample_size > 290
unadjusted, weighted = rich.diagnostics.balance.abs().T.to_numpy()
assert difference.confint()["conf_low"].iloc[0] < 0 < difference.confint()["conf_high"].iloc[0]
assert list(rich.diagnostics.balance.index[unadjusted > 0.1]) == ["sex"]
assert (weighted < 0.1).all()
assert confidence.pvalues["treat"] > 0.05 > depression.pvalues["job_seek"]
assert abs(linear.values["NIE"] + 0.0157446450289) < 1e-8  # R mediation 4.5.1, its two models
assert abs(linear.values["NDE"] + 0.0402647000018) < 1e-8
for other in (one_step, tmle, rich, linear):
    assert (other.confint()["conf_low"] < 0).all()
    assert (other.confint()["conf_high"] > 0).all()
    assert ((other.values - effects.values).abs() < effects.std_error).all()
assert one_step.values["NIE"] < wide.estimate["NIE"] < 0
assert wide.std_error["NIE"] < one_step.std_error["NIE"]
assert (risk.values[["TE", "NDE", "NIE"]] > 0).all()
assert (risk.confint()["conf_low"] < 0).all()
assert (rows["treat"][furthest] == 0).all()
assert (rows["depress2"] > rows["depress1"])[furthest].mean() > 0.5
assert rows["depress2"][furthest].min() > rows["depress2"].quantile(0.95)
assert abs(without.values["TE"]) < 0.5 * abs(effects.values["TE"])
assert abs(without.values["TE"] - effects.values["TE"] + pull) < 0.1 * effects.std_error["TE"]

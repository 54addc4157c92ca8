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
# # Which 17 people make job training work?
#
# In the National Supported Work demonstration (1975-1977) 185 people of this sample were offered
# training and 260 were not, by lot. Three years on, the trained earned 1,794 dollars a year more,
# with a 95% interval from 551 to 3,038. That interval is about other samples of people like these.
# Here is another question: *how few of these 445 people would have to be missing for the answer to
# be the opposite?*

# %%
from pathlib import Path

import pandas as pd
import statsmodels.formula.api as smf

import causalif as cif

places = [Path.cwd(), *Path.cwd().parents, *Path(cif.__file__).parents]
files = (place / "vignettes" / "data" / "nsw.csv.gz" for place in places)
people = pd.read_csv(next(file for file in files if file.exists()))

fit = smf.ols("re78 ~ treat", people).fit()
found = cif.sign_robustness(fit)
print(found.summary())

# %%
ax = found.plot()

# %% [markdown]
# *The difference in earnings as the people who speak most for training are left out, with its 95%
# interval.*
#
# **Seventeen of 445: without them the trained earn less than the others.** This is no estimate: the
# difference was computed again without them, and for a difference in means sorting proves that
# sixteen would not do. Who are they?

# %%
shown = ["treat", "age", "educ", "black", "marr", "re75", "re78"]
found.show(people)[shown].sort_values("re78", ascending=False).round(0)

# %% [markdown]
# All were trained, and all earned over 15,000 dollars in 1978; the highest sixty thousand. Earnings
# are like that: few earn much, and a mean hangs on them. It does not follow that training did
# nothing, nor that these people should go. It follows that the answer is about a mean, and that a
# mean of earnings, in a sample of this size, is carried by one person in 26.
#
# Below: what first-order influence says and where it goes wrong, who does it take to lose
# significance, what the covariates change, and what an outcome that no one person carries says.
#
# ## One person at a time
#
# What would the estimate be without each person? To first order, with the leverage taken into
# account (for least squares that is exact), and fitted again:

# %%
table = pd.DataFrame(
    {method: cif.row_influence(fit, method=method)["treat"] for method in ("if", "rif", "refit")}
)
table.loc[found.rows[:5]].round(2)

# %% [markdown]
# The highest earner alone is worth 300 dollars of the 1,794. The sum of such numbers over a set is
# what "influence" says of the set, and here it says 20 people, not 17: each removal makes the next
# one weigh more.
#
# ## Losing significance takes four
#
# "Significant at 5%" is closer to the edge than the sign:

# %%
covariates = "age + educ + black + hisp + marr + nodegree + re74 + re75"
adjusted = smf.ols(f"re78 ~ treat + {covariates}", people).fit()
rows = []
for name, one in {"difference in means": fit, "with covariates": adjusted}.items():
    for goal in ("sign", "significance", "both"):
        answer = cif.sign_robustness(one, term="treat", goal=goal)
        rows.append((name, goal, answer.size, answer.lower_bound, round(answer.estimate_after)))
pd.DataFrame(rows, columns=["model", "goal", "people", "at least", "dollars without them"])

# %% [markdown]
# *"Both" is an answer of the other sign that is significant.* Four people (three, with covariates)
# are the difference between "significant" and not, in an experiment of 445. "At least" is proved:
# for the sign of least squares by a bound over all sets, otherwise by trying all single people or
# pairs; between it and "people" nobody knows.
#
# ## An outcome that nobody carries
#
# Had they work at all in 1978? One person counts one there.

# %%
people["worked"] = (people["re78"] > 0).astype(int)
employed = cif.average_effect(
    people, "treat", "worked", ["age", "educ", "re74", "re75"], learners="glm", seed=1
)
print(employed.summary().split("\n\n")[1])
few = cif.sign_robustness(employed)
print(few.summary())

# %% [markdown]
# This estimate is one of this package, adjusted for four covariates; it is fitted again without the
# people found, nuisances included. Eleven percentage points hang on more people than 1,794 dollars
# do. In an epidemiological cohort it is hundreds:

# %%
cohort = cif.load_dataset("nhefs")
cohort = cohort[cohort["wt82_71"].notna()]
weight = smf.ols(
    "wt82_71 ~ qsmk + sex + race + age + smokeintensity + smokeyrs + wt71 + exercise + active"
    " + education",
    cohort,
).fit()
print(cif.sign_robustness(weight, term="qsmk").summary())

# %% [markdown]
# Those who stopped smoking gained 3.3 kilograms more; it takes between 51 and 89 of 1,566 people to
# turn that.
#
# ## What it means, and what not
#
# - *Not a confidence interval.* Chance is in the interval; this is about who is in the sample.
# - *Not a reason to drop anybody.* The rows found are those that agree with the answer most.
# - *A small number is not an error.* It says that the answer is a statement about few people: look
#   at them, at how their outcome was measured, and at estimands that hang on more.
# - *Found is not least.* Where "at least" is smaller than what was found, fewer may do.
#
# ## Exercises
#
# 1. **Medians.** Replace `re78` by its rank. How many people now?
# 2. **Whole groups.** Make up ten villages and ask with `groups=`.
# 3. **Masking.** Put ten people with the same far value into a sample of a thousand. What does
#    first-order influence say, and what does the search?
#
# ## References
#
# - LaLonde (1986). Evaluating the econometric evaluations of training programs with experimental
#   data. *American Economic Review* 76:604-620.
# - Dehejia and Wahba (1999). Causal effects in nonexperimental studies. *JASA* 94:1053-1062.
# - Broderick, Giordano and Meager (2020). An automatic finite-sample robustness metric: when can
#   dropping a little data make a big difference? arXiv 2011.14999.
# - Rubinstein and Hopkins (2024). Robustness auditing for linear regression: to singularity and
#   beyond. arXiv 2410.07916.

# %% tags=["remove-cell"]
# The words above, checked: a page whose numbers move must not keep its old story.
assert (found.size, found.lower_bound, found.predicted) == (17, 17, 20)
who = found.show(people)
assert (who["treat"] == 1).all()
assert who["re78"].min() > 15_000
assert who["re78"].max() > 60_000
assert 290 < -table["rif"].min() < 300
assert [row[2] for row in rows] == [17, 4, 34, 15, 3, 33]
assert 0.1 < employed.values["TE"] < 0.12
assert few.size > found.size

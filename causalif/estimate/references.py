"""BibTeX entries by key, for results to cite."""

from __future__ import annotations

from collections.abc import Iterable

from causalif.errors import DataError, did_you_mean

ENTRIES = {
    "vandervaart1998": """\
@book{vandervaart1998,
  author    = {van der Vaart, Aad W.},
  title     = {Asymptotic Statistics},
  publisher = {Cambridge University Press},
  year      = {1998},
  doi       = {10.1017/CBO9780511802256}
}""",
    "tchetgen2012semiparametric": """\
@article{tchetgen2012semiparametric,
  author  = {Tchetgen Tchetgen, Eric J. and Shpitser, Ilya},
  title   = {Semiparametric theory for causal mediation analysis: Efficiency bounds,
             multiple robustness and sensitivity analysis},
  journal = {The Annals of Statistics},
  volume  = {40},
  number  = {3},
  pages   = {1816--1845},
  year    = {2012},
  doi     = {10.1214/12-AOS990}
}""",
    "zheng2012targeted": """\
@article{zheng2012targeted,
  author  = {Zheng, Wenjing and van der Laan, Mark J.},
  title   = {Targeted Maximum Likelihood Estimation of Natural Direct Effects},
  journal = {The International Journal of Biostatistics},
  volume  = {8},
  number  = {1},
  year    = {2012},
  doi     = {10.2202/1557-4679.1361}
}""",
    "vanderweele2014effect": """\
@article{vanderweele2014effect,
  author  = {VanderWeele, Tyler J. and Vansteelandt, Stijn and Robins, James M.},
  title   = {Effect Decomposition in the Presence of an Exposure-Induced
             Mediator-Outcome Confounder},
  journal = {Epidemiology},
  volume  = {25},
  number  = {2},
  pages   = {300--306},
  year    = {2014},
  doi     = {10.1097/EDE.0000000000000034}
}""",
    "diaz2021nonparametric": """\
@article{diaz2021nonparametric,
  author  = {D{\\'i}az, Iv{\\'a}n and Hejazi, Nima S. and Rudolph, Kara E.
             and van der Laan, Mark J.},
  title   = {Nonparametric efficient causal mediation with intermediate confounders},
  journal = {Biometrika},
  volume  = {108},
  number  = {3},
  pages   = {627--641},
  year    = {2021},
  doi     = {10.1093/biomet/asaa085}
}""",
    "neugebauer2007nonparametric": """\
@article{neugebauer2007nonparametric,
  author  = {Neugebauer, Romain and van der Laan, Mark},
  title   = {Nonparametric causal effects based on marginal structural models},
  journal = {Journal of Statistical Planning and Inference},
  volume  = {137},
  number  = {2},
  pages   = {419--434},
  year    = {2007},
  doi     = {10.1016/j.jspi.2005.12.008}
}""",
    "lin2025optimal": """\
@inproceedings{lin2025optimal,
  author    = {Lin, Ruiyang and Guo, Yongyi and Gan, Kyra},
  title     = {Optimal Adjustment Sets for Nonparametric Estimation of Weighted Controlled
               Direct Effect},
  booktitle = {Advances in Neural Information Processing Systems},
  year      = {2025},
  note      = {arXiv:2506.09871}
}""",
    "vanderlaan2006targeted": """\
@article{vanderlaan2006targeted,
  author  = {van der Laan, Mark J. and Rubin, Daniel},
  title   = {Targeted Maximum Likelihood Learning},
  journal = {The International Journal of Biostatistics},
  volume  = {2},
  number  = {1},
  year    = {2006},
  doi     = {10.2202/1557-4679.1043}
}""",
    "chernozhukov2018double": """\
@article{chernozhukov2018double,
  author  = {Chernozhukov, Victor and Chetverikov, Denis and Demirer, Mert and Duflo, Esther
             and Hansen, Christian and Newey, Whitney and Robins, James},
  title   = {Double/debiased machine learning for treatment and structural parameters},
  journal = {The Econometrics Journal},
  volume  = {21},
  number  = {1},
  pages   = {C1--C68},
  year    = {2018},
  doi     = {10.1111/ectj.12097}
}""",
    "robins1994estimation": """\
@article{robins1994estimation,
  author  = {Robins, James M. and Rotnitzky, Andrea and Zhao, Lue Ping},
  title   = {Estimation of Regression Coefficients When Some Regressors Are Not Always
             Observed},
  journal = {Journal of the American Statistical Association},
  volume  = {89},
  number  = {427},
  pages   = {846--866},
  year    = {1994},
  doi     = {10.1080/01621459.1994.10476818}
}""",
    "pearl1995causal": """\
@article{pearl1995causal,
  author  = {Pearl, Judea},
  title   = {Causal Diagrams for Empirical Research},
  journal = {Biometrika},
  volume  = {82},
  number  = {4},
  pages   = {669--688},
  year    = {1995},
  doi     = {10.1093/biomet/82.4.669}
}""",
    "fulcher2020robust": """\
@article{fulcher2020robust,
  author  = {Fulcher, Isabel R. and Shpitser, Ilya and Marealle, Stella and Tchetgen Tchetgen,
             Eric J.},
  title   = {Robust inference on population indirect causal effects: the generalized front
             door criterion},
  journal = {Journal of the Royal Statistical Society: Series B},
  volume  = {82},
  number  = {1},
  pages   = {199--214},
  year    = {2020},
  doi     = {10.1111/rssb.12345}
}""",
    "avin2005identifiability": """\
@inproceedings{avin2005identifiability,
  author    = {Avin, Chen and Shpitser, Ilya and Pearl, Judea},
  title     = {Identifiability of Path-Specific Effects},
  booktitle = {Proceedings of the 19th International Joint Conference on Artificial Intelligence},
  pages     = {357--363},
  year      = {2005}
}""",
    "miles2020semiparametric": """\
@article{miles2020semiparametric,
  author  = {Miles, Caleb H. and Shpitser, Ilya and Kanki, Phyllis and Meloni, Seema and
             Tchetgen Tchetgen, Eric J.},
  title   = {On semiparametric estimation of a path-specific effect in the presence of
             mediator-outcome confounding},
  journal = {Biometrika},
  volume  = {107},
  number  = {1},
  pages   = {159--172},
  year    = {2020},
  doi     = {10.1093/biomet/asz063}
}""",
    "zhou2022semiparametric": """\
@article{zhou2022semiparametric,
  author  = {Zhou, Xiang},
  title   = {Semiparametric estimation for causal mediation analysis with multiple causally
             ordered mediators},
  journal = {Journal of the Royal Statistical Society: Series B},
  volume  = {84},
  number  = {3},
  pages   = {794--821},
  year    = {2022},
  doi     = {10.1111/rssb.12487}
}""",
    "robins1992identifiability": """\
@article{robins1992identifiability,
  author  = {Robins, James M. and Greenland, Sander},
  title   = {Identifiability and Exchangeability for Direct and Indirect Effects},
  journal = {Epidemiology},
  volume  = {3},
  number  = {2},
  pages   = {143--155},
  year    = {1992},
  doi     = {10.1097/00001648-199203000-00013}
}""",
    "pearl2001direct": """\
@inproceedings{pearl2001direct,
  author    = {Pearl, Judea},
  title     = {Direct and Indirect Effects},
  booktitle = {Proceedings of the 17th Conference on Uncertainty in Artificial Intelligence},
  pages     = {411--420},
  year      = {2001}
}""",
    "bang2005doubly": """\
@article{bang2005doubly,
  author  = {Bang, Heejung and Robins, James M.},
  title   = {Doubly Robust Estimation in Missing Data and Causal Inference Models},
  journal = {Biometrics},
  volume  = {61},
  number  = {4},
  pages   = {962--973},
  year    = {2005},
  doi     = {10.1111/j.1541-0420.2005.00377.x}
}""",
    "rose2011targeted": """\
@article{rose2011targeted,
  author  = {Rose, Sherri and van der Laan, Mark J.},
  title   = {A Targeted Maximum Likelihood Estimator for Two-Stage Designs},
  journal = {The International Journal of Biostatistics},
  volume  = {7},
  number  = {1},
  year    = {2011},
  doi     = {10.2202/1557-4679.1217}
}""",
    "rubin2007doubly": """\
@article{rubin2007doubly,
  author  = {Rubin, Daniel and van der Laan, Mark J.},
  title   = {A Doubly Robust Censoring Unbiased Transformation},
  journal = {The International Journal of Biostatistics},
  volume  = {3},
  number  = {1},
  year    = {2007},
  doi     = {10.2202/1557-4679.1052}
}""",
    "chernozhukov2022long": """\
@techreport{chernozhukov2022long,
  author      = {Chernozhukov, Victor and Cinelli, Carlos and Newey, Whitney and Sharma, Amit and
                 Syrgkanis, Vasilis},
  title       = {Long Story Short: Omitted Variable Bias in Causal Machine Learning},
  institution = {National Bureau of Economic Research},
  type        = {Working Paper},
  number      = {30302},
  year        = {2022},
  doi         = {10.3386/w30302}
}""",
    "vanderweele2017sensitivity": """\
@article{vanderweele2017sensitivity,
  author  = {VanderWeele, Tyler J. and Ding, Peng},
  title   = {Sensitivity Analysis in Observational Research: Introducing the {E}-Value},
  journal = {Annals of Internal Medicine},
  volume  = {167},
  number  = {4},
  pages   = {268--274},
  year    = {2017},
  doi     = {10.7326/M16-2607}
}""",
    "smith2019mediational": """\
@article{smith2019mediational,
  author  = {Smith, Louisa H. and VanderWeele, Tyler J.},
  title   = {Mediational {E}-values: Approximate Sensitivity Analysis for Unmeasured
             Mediator-Outcome Confounding},
  journal = {Epidemiology},
  volume  = {30},
  number  = {6},
  pages   = {835--837},
  year    = {2019},
  doi     = {10.1097/EDE.0000000000001064}
}""",
    "fieller1954": """\
@article{fieller1954,
  author  = {Fieller, Edgar C.},
  title   = {Some Problems in Interval Estimation},
  journal = {Journal of the Royal Statistical Society: Series B},
  volume  = {16},
  number  = {2},
  pages   = {175--185},
  year    = {1954}
}""",
    "hoeting1999bayesian": """\
@article{hoeting1999bayesian,
  author  = {Hoeting, Jennifer A. and Madigan, David and Raftery, Adrian E. and Volinsky, Chris T.},
  title   = {Bayesian Model Averaging: A Tutorial},
  journal = {Statistical Science},
  volume  = {14},
  number  = {4},
  pages   = {382--417},
  year    = {1999},
  doi     = {10.1214/ss/1009212519}
}""",
    "kuipers2017partition": """\
@article{kuipers2017partition,
  author  = {Kuipers, Jack and Moffa, Giusi},
  title   = {Partition {MCMC} for Inference on Acyclic Digraphs},
  journal = {Journal of the American Statistical Association},
  volume  = {112},
  number  = {517},
  pages   = {282--299},
  year    = {2017},
  doi     = {10.1080/01621459.2015.1133426}
}""",
    "robinson1988root": """\
@article{robinson1988root,
  author  = {Robinson, Peter M.},
  title   = {Root-N-Consistent Semiparametric Regression},
  journal = {Econometrica},
  volume  = {56},
  number  = {4},
  pages   = {931--954},
  year    = {1988},
  doi     = {10.2307/1912705}
}""",
    "shi2025subspace": """\
@inproceedings{shi2025subspace,
  author    = {Shi, Enze and Bhagwat, Pankaj and Yang, Zhixian and Kong, Linglong and Jiang, Bei},
  title     = {Understanding Fairness and Prediction Error through Subspace Decomposition and
               Influence Analysis},
  booktitle = {Advances in Neural Information Processing Systems},
  year      = {2025}
}""",
    "plecko2024causal": """\
@article{plecko2024causal,
  author  = {Plecko, Drago and Bareinboim, Elias},
  title   = {Causal Fairness Analysis: A Causal Toolkit for Fair Machine Learning},
  journal = {Foundations and Trends in Machine Learning},
  volume  = {17},
  number  = {3},
  pages   = {304--589},
  year    = {2024},
  doi     = {10.1561/2200000106}
}""",
    "li1991sliced": """\
@article{li1991sliced,
  author  = {Li, Ker-Chau},
  title   = {Sliced Inverse Regression for Dimension Reduction},
  journal = {Journal of the American Statistical Association},
  volume  = {86},
  number  = {414},
  pages   = {316--327},
  year    = {1991},
  doi     = {10.1080/01621459.1991.10475035}
}""",
}


def check_references(keys: Iterable[str]) -> tuple[str, ...]:
    """Known keys, or whole BibTeX entries (text that starts with @).

    Raises
    ------
    DataError
        A key is unknown.
    """
    given = (keys,) if isinstance(keys, str) else tuple(keys)
    for key in given:
        if key not in ENTRIES and not key.lstrip().startswith("@"):
            raise DataError(
                f"no reference {key!r}. {did_you_mean(key, ENTRIES)} Or give its BibTeX entry."
            )
    return given


def bibliography(keys: Iterable[str]) -> str:
    """The BibTeX entries of these keys, each once, a blank line between them."""
    return "\n\n".join(ENTRIES.get(key, key.strip()) for key in dict.fromkeys(keys))

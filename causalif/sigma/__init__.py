"""Structure uncertainty: a posterior over graphs, and effects averaged over them."""

from causalif.sigma.analysis import sigma_analysis
from causalif.sigma.learn import dag_posterior
from causalif.sigma.posterior import DAGPosterior
from causalif.sigma.simulate import simulate

__all__ = ["DAGPosterior", "dag_posterior", "sigma_analysis", "simulate"]

"""Structure uncertainty: a posterior over graphs, from local scores to draws."""

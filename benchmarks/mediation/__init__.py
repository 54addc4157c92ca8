"""Natural effects beside other packages, on laws with a known truth."""

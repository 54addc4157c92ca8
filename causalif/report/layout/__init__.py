"""Where the nodes and arrows of a drawn graph go: geometry alone."""

"""What each graph asks to be estimated, every part once, and the average over graphs."""

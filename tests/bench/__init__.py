"""`make bench`: how fast the console is, as ratios within one run."""

"""How days and times are written in each language, as Django looks for it: a package for each, with `formats`."""

"""Regions on a cloud: what they say of it, a look at all that it offers and lacks, and what lies there that is not ours."""

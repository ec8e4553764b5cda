"""Mutants: small faults put into rules and services, to see whether a fast test notices (`make mutants`)."""

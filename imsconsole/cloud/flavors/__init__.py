"""Flavors: what a server can be."""

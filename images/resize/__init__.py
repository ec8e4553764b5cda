"""A server gets another flavor: which fit it, and the order."""

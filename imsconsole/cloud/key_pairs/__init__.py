"""Key pairs of servers: made here or imported, kept as public keys."""

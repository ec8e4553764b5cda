"""A new server from a backup."""

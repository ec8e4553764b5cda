"""Vaults: where backups lie, bought by size."""

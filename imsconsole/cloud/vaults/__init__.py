"""Vaults (云备份存储库): capacities that backups of servers take from. What is in them is `cloud.backups`."""

"""Backups of servers: made by CBR into vaults; those of the legacy CSBS are shown and used, but made by operators only.

A backup's disks are stored disks of the engine, all of the same instant. Images are made of them in `images`.
"""

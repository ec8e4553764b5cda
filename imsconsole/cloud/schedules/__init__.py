"""Backups by a schedule: daily or weekly, of several servers into one vault, the last so many of each kept.

The clock begins them one after the other as the backups that people make (`cloud.backups`), sees how they end, deletes
what is one too many, and tells people once when that does not go well.
"""

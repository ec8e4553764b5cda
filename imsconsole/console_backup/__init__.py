"""Backups of the whole console, and restoring one into an empty host: database and stored files, to a folder or S3.

Not those of servers, which their projects make (`cloud.backups`). See imsconsole/docs/operate/backup.md.
"""

"""Data disks, blank or from an image."""

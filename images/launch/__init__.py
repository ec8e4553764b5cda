"""Servers and disks from images."""

"""Disks (EVS): created, attached, grown, detached, deleted."""

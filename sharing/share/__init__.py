"""Offering images to other projects, and who has them."""

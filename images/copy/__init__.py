"""Copies of images, in their region and to another."""

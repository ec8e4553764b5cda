"""Copies that the owner of an image gives to those who have it, before sharing ends."""

"""Changing the OS of many servers in one order."""

"""The administration's frame: its start page by the day's tasks, and what needs the operator now.

The pages of the rows are in the rooms' own `admin.py`.
"""

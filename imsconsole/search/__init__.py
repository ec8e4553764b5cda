"""The search of the whole console, from the head of every page.

It knows no kind of thing: what is found, and as which list finds it, says `SEARCHED` in a room's `searched.py`.
"""

"""Words that every room uses: rules, errors, fragments, tables, CSV, text.

It has no models and imports no room.
"""

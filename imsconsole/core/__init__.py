"""Words that every room uses: rules, errors, fragments, tables, CSV, wizards, text.

It has no models and imports no room.
"""

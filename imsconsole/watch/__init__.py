"""For whoever watches the console: whether it works (`/healthz`), and numbers about it (`/metrics`).

What is told of a thing lies in the `metrics.py` of its room: counted by processes (`core.counting`), or asked of the database.
"""

"""Buckets and objects (OBS): places for files that images are imported from and exported to.

`store` keeps the bytes, `arrivals` takes them in, `sending` gives them out, `listing` knows folders.
"""

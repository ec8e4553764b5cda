"""Encryption keys (KMS, §2.25): made, granted, disabled and deleted here; used by images, servers and disks.

`material.engine_key(key)` is what an engine gets; `rules.can_use_key` says whether it may. How they are kept:
`docs/keys.md`.
"""

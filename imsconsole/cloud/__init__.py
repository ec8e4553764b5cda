"""The neighbours of an image, one module each: servers (ECS), disks (EVS), key pairs, flavors.

Later: backups and vaults, buckets, keys. `engines.engine_for(region)` is the way to the bytes.
"""

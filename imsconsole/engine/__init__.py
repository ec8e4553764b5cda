"""The boundary: bytes and machines. Everything above speaks to an `Engine` (api.py) in plain values.

It knows no Django and no database; `local/` is QEMU and files on this machine, `openstack/` a cloud; both
convert bytes on this host (`conversion/`).
"""

"""Bytes of disks on this host, on their way from a format or a place to another: what all engines share.

qemu_img.py converts, in the limits of limits.py and as one of the users of users.py; scratch.py is the folder it happens in.
"""

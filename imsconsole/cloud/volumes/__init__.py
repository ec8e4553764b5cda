"""Disks (EVS) as things of their own: list, create, attach, detach, grow, rename, delete.

A server's first disks come about with it (`images.launch.services`), its system disk changes in `jobs_change_os`.
"""

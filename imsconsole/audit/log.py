"""`@service`: what makes a function a service, and the row it leaves (written in `accounts.trail`)."""

from imsconsole.accounts.trail import explain, record, service

__all__ = ["explain", "record", "service"]

"""`@service`: what makes a function a service, and the row it leaves (written in `accounts.trail`)."""

from imsconsole.accounts.trail import record, service

__all__ = ["record", "service"]

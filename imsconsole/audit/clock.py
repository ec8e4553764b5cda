"""Periodic work of this room."""

from datetime import timedelta

from django.conf import settings

from imsconsole.audit.models import Event
from imsconsole.core.now import now
from imsconsole.core.periodic import Periodic


def forget_old_events() -> None:
    """Delete what is older than IMS_AUDIT_DAYS."""
    Event.objects.filter(at__lt=now() - timedelta(days=settings.IMS_AUDIT_DAYS)).delete()


PERIODIC = (Periodic("audit.forget", timedelta(hours=24), forget_old_events),)

"""Periodic work of this room."""

from collections import defaultdict
from datetime import timedelta

from django.conf import settings
from django.db import transaction

from imsconsole.core.mail import has_mail_server
from imsconsole.core.now import due, now
from imsconsole.core.periodic import Periodic
from imsconsole.notifications.models import Message
from imsconsole.notifications.tasks import mail_messages

AGAIN = timedelta(minutes=10)  # after a worker died with it, or the mail server refused it
GIVEN_UP = timedelta(days=1)


def mail_due_messages() -> None:
    """Have due messages mailed by a worker, one e-mail for each person, until that has worked or a day is over."""
    if not has_mail_server():
        return
    with transaction.atomic():
        rows = Message.objects.filter(due("mail_due_at", AGAIN), created_at__gt=now() - GIVEN_UP)
        letters: dict[int, list[str]] = defaultdict(list)
        for user_id, pk in rows.values_list("user_id", "pk"):
            letters[user_id].append(str(pk))
        for user_id, ids in letters.items():
            Message.objects.filter(pk__in=ids).update(mail_due_at=now() + AGAIN)
            mail_messages.enqueue(user_id, ids)


def forget_old_messages() -> None:
    """Delete what is older than IMS_MESSAGES_DAYS."""
    Message.objects.filter(created_at__lt=now() - timedelta(days=settings.IMS_MESSAGES_DAYS)).delete()


PERIODIC = (
    Periodic("notifications.mail", timedelta(seconds=30), mail_due_messages),
    Periodic("notifications.forget", timedelta(hours=24), forget_old_messages),
)

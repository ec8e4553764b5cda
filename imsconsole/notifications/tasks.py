"""What the queue runs: mailing the messages of a person. The rows are the truth, the task only a wake-up."""

from django.conf import settings
from django.core.mail import send_mail
from django.template.loader import render_to_string
from django.utils.translation import gettext as _
from django_tasks import task

from imsconsole.accounts.models import User
from imsconsole.accounts.preferences import reading_as
from imsconsole.core.now import now
from imsconsole.notifications.models import Message


@task(queue_name="quick")
def mail_messages(user_id: int, message_ids: list[str]) -> None:
    """One e-mail about those of a person's messages that are still unread and not yet mailed.

    Raises what the mail server says; the clock tries again. A worker that dies after the server took the
    e-mail and before that was written has it sent once more.
    """
    user = User.objects.get(pk=user_id)
    due = Message.objects.visible_to(user).filter(pk__in=message_ids, mail_due_at__isnull=False)
    if messages := list(due.select_related("project")):
        send_mail(*_letter(user, messages), from_email=None, recipient_list=[user.email])
        due.update(mail_due_at=None, mailed_at=now())


def _letter(user: User, messages: list[Message]) -> tuple[str, str]:
    """Subject and text, in the reader's language."""
    with reading_as(user):
        context = {"messages": messages, "url": settings.IMS_URL}
        many = _("IMS console: %(number)d new messages") % {"number": len(messages)}
        subject = messages[0].sentence if len(messages) == 1 else many
        return " ".join(subject.split())[:200], render_to_string("notifications/mail.txt", context)

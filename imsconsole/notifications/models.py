"""A person's messages."""

from typing import Any, Self

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from imsconsole.accounts.models import Project, User
from imsconsole.core.ids import new_id
from imsconsole.core.now import now
from imsconsole.core.pages import page_of
from imsconsole.core.project_urls import in_project
from imsconsole.core.sentences import sentence


class MessageQuerySet(models.QuerySet["Message"]):
    def visible_to(self, user: User) -> Self:
        """One's own; nobody reads another's."""
        return self.filter(user=user)

    def unread(self) -> Self:
        return self.filter(read_at=None)

    def mark_read(self) -> int:
        """Mark what is unread as read, which needs no e-mail any more; how many there were."""
        return self.unread().update(read_at=now(), mail_due_at=None)


class Message(models.Model):
    """Something a person should know, as a code and values; kept IMS_MESSAGES_DAYS."""

    class Level(models.TextChoices):
        INFO = "info", _("Information")
        SUCCESS = "success", _("Done")
        WARNING = "warning", _("Attention")
        ERROR = "error", _("Failed")

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    user = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        on_delete=models.CASCADE,
        related_name="messages",
        verbose_name=_("to"),
    )
    project = models.ForeignKey(
        Project, on_delete=models.CASCADE, null=True, related_name="+", verbose_name=_("project")
    )
    code = models.CharField(_("code"), max_length=64)
    values: models.JSONField[dict[str, Any], dict[str, Any]] = models.JSONField(_("values"), default=dict)
    level = models.CharField(_("level"), max_length=8, choices=Level, default=Level.INFO)
    subject_kind = models.CharField(max_length=32, blank=True)
    subject_id = models.UUIDField(null=True)
    # what a person is told once only, by a key of the sender's; empty: as often as it is sent
    once = models.CharField(max_length=128, blank=True)
    created_at = models.DateTimeField(_("time"), default=now)
    read_at = models.DateTimeField(_("read"), null=True)
    # when the clock is to have it mailed, again if that failed; None: not or no longer
    mail_due_at = models.DateTimeField(_("e-mail due"), null=True)
    mailed_at = models.DateTimeField(_("e-mail sent"), null=True)

    link: str  # set by the list: its page, while that is there

    objects = MessageQuerySet.as_manager()

    class Meta:
        verbose_name = _("message")
        verbose_name_plural = _("messages")
        ordering = ["-created_at", "-pk"]
        indexes = [
            models.Index(fields=["user", "-created_at"], name="message_user_created"),
            models.Index(fields=["user"], condition=Q(read_at=None), name="message_unread"),
            models.Index(fields=["mail_due_at"], condition=~Q(mail_due_at=None), name="message_mail_due"),
            models.Index(fields=["created_at"], name="message_created"),
        ]
        constraints = [
            models.UniqueConstraint(fields=["user", "once"], condition=~Q(once=""), name="told_once")
        ]

    def __str__(self) -> str:
        return self.sentence

    @property
    def sentence(self) -> str:
        """What it says, in the reader's language and time zone."""
        return sentence(self.code, self.values)

    @property
    def page(self) -> str:
        """The address of what it is about, in its project; empty when that has no page."""
        page = page_of(self.subject_kind, self.subject_id) if self.subject_id else ""
        return in_project(self.project_id, page) if self.project_id else page

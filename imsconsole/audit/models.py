"""The audit trail's rows. They are only ever added."""

from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _

from imsconsole.accounts.models import Account, Project
from imsconsole.core.now import now


class Event(models.Model):
    """Who did what to which resource, from where, and how it ended (§2.26)."""

    class Result(models.TextChoices):
        NORMAL = "normal", _("Normal")
        WARNING = "warning", _("Refused")
        INCIDENT = "incident", _("Failed")

    at = models.DateTimeField(_("time"), default=now, db_index=True)
    user = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        on_delete=models.SET_NULL,
        null=True,
        related_name="+",
        verbose_name=_("operator"),
    )
    user_name = models.CharField(_("operator"), max_length=150, blank=True)
    account = models.ForeignKey(Account, on_delete=models.SET_NULL, null=True, related_name="+")
    project = models.ForeignKey(Project, on_delete=models.SET_NULL, null=True, related_name="+")
    action = models.CharField(_("trace name"), max_length=64)
    resource_type = models.CharField(_("resource type"), max_length=32, blank=True)
    resource_id = models.CharField(_("resource ID"), max_length=64, blank=True)
    resource_name = models.CharField(_("resource name"), max_length=255, blank=True)
    result = models.CharField(_("result"), max_length=8, choices=Result, default=Result.NORMAL)
    code = models.CharField(_("code"), max_length=64, blank=True)
    sentence = models.TextField(_("details"), blank=True)
    address = models.GenericIPAddressField(_("source address"), null=True)

    class Meta:
        verbose_name = _("event")
        verbose_name_plural = _("events")
        ordering = ["-at", "-pk"]
        indexes = [models.Index(fields=["project", "-at"], name="event_project_at")]

    def __str__(self) -> str:
        return f"{self.at:%Y-%m-%d %H:%M:%S} {self.action}"

"""The audit trail's rows. They are only ever added; of refused requests that are alike one is counted up."""

import uuid
from typing import Any, Self

from django.db import models
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext

from imsconsole.accounts.actor import Actor
from imsconsole.accounts.models import Account, Project
from imsconsole.accounts.people import person
from imsconsole.audit.words import action_title, kind_title
from imsconsole.core.now import now
from imsconsole.core.pages import page_of
from imsconsole.core.sentences import said


class EventQuerySet(models.QuerySet["Event"]):
    def visible_to(self, actor: Actor) -> Self:
        """The trail of a project is for all its members (§2.26)."""
        return self.filter(project=actor.project)

    def about(self, kind: str, thing_id: uuid.UUID) -> Self:
        """What was done to a thing of that kind, and what was refused before a service knew its kind."""
        return self.filter(resource_type__in=[kind, "request"], resource_id=str(thing_id))

    def done(self, *actions: str) -> Self:
        """Of these actions, what was not refused and did not fail; the latest first."""
        return self.filter(action__in=actions, result=Event.Result.NORMAL)


class Event(models.Model):
    """Who did what to which resource, from where, and how it ended (§2.26)."""

    class Result(models.TextChoices):
        NORMAL = "normal", _("Normal")
        WARNING = "warning", _("Refused")
        INCIDENT = "incident", _("Failed")

    at = models.DateTimeField(_("time"), default=now, db_index=True)
    user = person(_("operator"))
    user_name = models.CharField(_("operator"), max_length=150, blank=True)
    account = models.ForeignKey(
        Account, on_delete=models.SET_NULL, null=True, related_name="+", verbose_name=_("account")
    )
    project = models.ForeignKey(
        Project, on_delete=models.SET_NULL, null=True, related_name="+", verbose_name=_("project")
    )
    action = models.CharField(_("trace name"), max_length=64)
    resource_type = models.CharField(_("resource type"), max_length=32, blank=True)
    resource_id = models.CharField(_("resource ID"), max_length=64, blank=True)
    resource_name = models.CharField(_("resource name"), max_length=255, blank=True)
    result = models.CharField(_("result"), max_length=8, choices=Result, default=Result.NORMAL)
    code = models.CharField(_("code"), max_length=64, blank=True)
    details: models.JSONField[Any, Any] = models.JSONField(_("details"), default=str, blank=True)
    address = models.GenericIPAddressField(_("source address"), null=True)
    times = models.PositiveIntegerField(_("times"), default=1)
    # what refused requests are joined by (`audit.refusals`); nothing on other rows
    joined = models.CharField(max_length=48, blank=True, editable=False)

    objects = EventQuerySet.as_manager()

    class Meta:
        verbose_name = _("event")
        verbose_name_plural = _("events")
        ordering = ["-at", "-pk"]
        indexes = [
            models.Index(fields=["project", "-at", "-id"], name="event_project_at"),
            models.Index(fields=["project", "action", "-at"], name="event_project_action"),
            models.Index(fields=["project", "resource_type", "resource_id"], name="event_project_resource"),
        ]
        constraints = [
            models.UniqueConstraint(
                fields=["joined"], condition=~models.Q(joined=""), name="event_joined_unique"
            )
        ]

    def __str__(self) -> str:
        return f"{self.at:%Y-%m-%d %H:%M:%S} {self.action}"

    @property
    def action_title(self) -> str:
        """What was done, in the reader's language."""
        return action_title(self.action, self.resource_type)

    @property
    def kind_title(self) -> str:
        """What kind of thing it was done to, in the reader's language."""
        return kind_title(self.resource_type)

    @property
    def repeated(self) -> str:
        """How often within its minute, when more than once."""
        return ngettext("%(n)d time", "%(n)d times", self.times) % {"n": self.times} if self.times > 1 else ""

    @property
    def sentence(self) -> str:
        """What more is to be said of it, in the reader's language and time zone; rows of before 0.2 as they were said."""
        return str(said(self.details))

    @property
    def status(self) -> str:
        """The key of the dot that shows how it ended."""
        return DOTS[self.result]

    @property
    def page(self) -> str:
        """The address of the thing's page; empty when it has none. The thing may be gone."""
        return page_of(self.resource_type, self.resource_id)


DOTS: dict[str, str] = {
    Event.Result.NORMAL: "done",
    Event.Result.WARNING: "warning",
    Event.Result.INCIDENT: "failed",
}

"""What regions are and have, as they said last. Pages read it; only workers and the clock ask."""

from dataclasses import fields
from datetime import timedelta
from typing import Any, Self

from django.db import models
from django.utils.translation import gettext_lazy as _

from imsconsole.accounts.models import Region
from imsconsole.core.ids import new_id
from imsconsole.core.now import furthest, now
from imsconsole.core.sentences import Explained
from imsconsole.engine.types import Capabilities, Space

SILENT_AFTER = timedelta(minutes=3)  # it is asked each minute
CHECK_TAKES = timedelta(minutes=3)  # at most
NOTHING_KNOWN = Capabilities()


class RegionReportQuerySet(models.QuerySet["RegionReport"]):
    def fresh(self) -> Self:
        """Of regions that answered when they were asked last, and that lately. What they are to have said later than now says nothing."""
        at = now()
        return self.filter(
            error_code="", answered_at__gt=at - SILENT_AFTER, answered_at__lte=furthest(timedelta(0))
        )

    def silent(self) -> Self:
        """Of regions that did not answer when they were asked last."""
        return self.exclude(error_code="")


class RegionReport(Explained, models.Model):
    """What a region's engine can do, the space it has, and when it said so; and why it did not when it was asked last."""

    region = models.OneToOneField(
        Region, on_delete=models.CASCADE, primary_key=True, related_name="report", verbose_name=_("region")
    )
    can: models.JSONField[dict[str, Any], dict[str, Any]] = models.JSONField(_("capabilities"), default=dict)
    free_bytes = models.BigIntegerField(_("free space"), null=True)
    total_bytes = models.BigIntegerField(_("size"), null=True)
    answered_at = models.DateTimeField(_("answered"), null=True)
    error_code = models.CharField(_("code of the error"), max_length=64, blank=True)
    error_values: models.JSONField[dict[str, Any], dict[str, Any]] = models.JSONField(default=dict)

    objects = RegionReportQuerySet.as_manager()

    class Meta:
        verbose_name = _("report of a region")
        verbose_name_plural = _("reports of regions")
        ordering = ["region"]

    def __str__(self) -> str:
        return str(self.region)

    @property
    def capabilities(self) -> Capabilities:
        """What another version of the console wrote is read as far as it is known."""
        names = {field.name for field in fields(Capabilities)} & self.can.keys()
        return Capabilities(**{name: type(getattr(NOTHING_KNOWN, name))(self.can[name]) for name in names})

    @capabilities.setter
    def capabilities(self, found: Capabilities) -> None:
        self.can = {
            name: sorted(value) if isinstance(value, frozenset) else value
            for name, value in vars(found).items()
        }

    @property
    def space(self) -> Space | None:
        """What is free; None where that is not known."""
        if self.free_bytes is None or self.total_bytes is None:
            return None
        return Space(self.free_bytes, self.total_bytes)

    @space.setter
    def space(self, found: Space | None) -> None:
        self.free_bytes = found.free_bytes if found else None
        self.total_bytes = found.total_bytes if found else None


class RegionCheck(Explained, models.Model):
    """A look at a region's cloud that an operator asked for: what was found (`engine.openstack.checking`), or why nothing was."""

    region = models.OneToOneField(
        Region, on_delete=models.CASCADE, primary_key=True, related_name="check_up", verbose_name=_("region")
    )
    asked_at = models.DateTimeField(_("asked for"), default=now)
    found_at = models.DateTimeField(_("looked at"), null=True)
    found: models.JSONField[dict[str, Any], dict[str, Any]] = models.JSONField(_("found"), default=dict)
    error_code = models.CharField(_("code of the error"), max_length=64, blank=True)
    error_values: models.JSONField[dict[str, Any], dict[str, Any]] = models.JSONField(default=dict)

    class Meta:
        verbose_name = _("check of a region")
        verbose_name_plural = _("checks of regions")
        ordering = ["region"]

    def __str__(self) -> str:
        return str(self.region)

    @property
    def is_pending(self) -> bool:
        """Whether the answer is still to come; not for ever, as its worker may have died."""
        is_open = self.found_at is None or self.found_at < self.asked_at
        return is_open and now() - self.asked_at < CHECK_TAKES


class ForeignThing(models.Model):
    """What lies where our things are and is not ours. It is looked at only."""

    class Kind(models.TextChoices):
        IMAGE = "image", _("Image")
        VOLUME = "volume", _("Volume")
        SNAPSHOT = "snapshot", _("Snapshot")
        BACKUP = "backup", _("Backup")
        SERVER = "server", _("Server")
        PORT = "port", _("Port")

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    region = models.ForeignKey(Region, on_delete=models.CASCADE, related_name="+", verbose_name=_("region"))
    kind = models.CharField(_("kind"), max_length=16, choices=Kind)
    cloud_id = models.CharField(_("ID in the cloud"), max_length=64)
    name = models.CharField(_("name"), max_length=255, blank=True)
    since = models.DateTimeField(_("there since"), null=True)  # as the cloud says
    seen_at = models.DateTimeField(_("first seen"), default=now)

    class Meta:
        verbose_name = _("thing that is not ours")
        verbose_name_plural = _("things that are not ours")
        ordering = ["region", "kind", "name", "pk"]
        constraints = [
            models.UniqueConstraint(fields=["region", "kind", "cloud_id"], name="foreign_thing_has_one_row")
        ]

    def __str__(self) -> str:
        return self.name or self.cloud_id

"""The row of a file on its way in."""

from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, Self

from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _

from imsconsole.accounts.actor import Actor
from imsconsole.accounts.models import Project
from imsconsole.core.ids import new_id
from imsconsole.core.now import now
from imsconsole.core.sentences import sentence

ABANDONED = timedelta(hours=1)


def kept_until() -> datetime:
    """When an upload on which nothing happens any more is removed."""
    return now() + timedelta(hours=settings.IMS_UPLOAD_KEPT_HOURS)


class UploadQuerySet(models.QuerySet["Upload"]):
    def visible_to(self, actor: Actor) -> Self:
        """One's own uploads of the project."""
        return self.filter(project=actor.project, user=actor.user)

    def abandoned(self) -> Self:
        """Those of which nothing has come for an hour, though not all is there."""
        kept = timedelta(hours=settings.IMS_UPLOAD_KEPT_HOURS)
        return self.filter(state="receiving", expires_at__lt=now() + kept - ABANDONED)


class Upload(models.Model):
    """A file on its way in, or waiting to become an image. Its bytes are in the spool of uploads."""

    class State(models.TextChoices):
        RECEIVING = "receiving", _("Uploading")
        EXAMINING = "examining", _("Being examined")
        COMPLETE = "complete", _("Uploaded")
        REFUSED = "refused", _("Refused")

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    project = models.ForeignKey(
        Project, on_delete=models.PROTECT, related_name="uploads", verbose_name=_("project")
    )
    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="uploads", verbose_name=_("user")
    )
    name = models.CharField(_("file"), max_length=255)
    size_bytes = models.BigIntegerField(_("size"))  # what was announced, then what came
    received_bytes = models.BigIntegerField(default=0)
    # whether `size_bytes` is the file's own from the beginning, so that a client can go on where it ended
    is_resumable = models.BooleanField(_("can be resumed"), default=False)
    origin = models.CharField(
        max_length=255, blank=True
    )  # the address, or "bucket:object", that it was taken from, else empty
    # where it is fetched from, whole: it may carry a secret, so nobody is shown it; `origin` is what is shown of it
    url = models.CharField(max_length=2000, blank=True, editable=False)
    # the upload that its archive came as, when it is one of the disks in an archive; `found` has the part
    archive = models.UUIDField(null=True, editable=False)
    is_fast = models.BooleanField(default=False)  # prepared for fast import (R61)
    claimed_format = models.CharField(
        _("format it is said to have"), max_length=8, blank=True
    )  # what the user said it is; may be empty
    claimed_sha256 = models.CharField(_("SHA-256 it is said to have"), max_length=64, blank=True)
    # where a chunk began whose checksum was not compared yet: after a crash it counts only up to there
    unverified_from = models.BigIntegerField(null=True)
    state = models.CharField(_("state"), max_length=10, choices=State, default=State.RECEIVING)
    # what inspection found (the fields of engine.types.Found), or why it was refused
    found: models.JSONField[dict[str, Any], dict[str, Any]] = models.JSONField(
        _("what was found in it"), default=dict
    )
    error_code = models.CharField(max_length=64, blank=True)
    error_values: models.JSONField[dict[str, Any], dict[str, Any]] = models.JSONField(default=dict)
    created_at = models.DateTimeField(_("created"), default=now)
    expires_at = models.DateTimeField(_("expires"))

    objects = UploadQuerySet.as_manager()

    class Meta:
        verbose_name = _("upload")
        verbose_name_plural = _("uploads")
        ordering = ["-created_at"]

    def __str__(self) -> str:
        return self.name

    @property
    def path(self) -> Path:
        """Where its bytes are when they wait in a folder of this host (`cloud.spool`)."""
        return Path(settings.UPLOAD_DIR) / self.id.hex

    @property
    def error_sentence(self) -> str:
        return sentence(self.error_code, self.error_values) if self.error_code else ""

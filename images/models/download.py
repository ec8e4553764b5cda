"""The row of an image as a file that was made to be downloaded."""

from pathlib import Path
from typing import Any, Self

from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _

from images.models.image import Image
from imsconsole.accounts.actor import Actor
from imsconsole.accounts.models import Project
from imsconsole.accounts.people import person
from imsconsole.core.ids import new_id
from imsconsole.core.now import now
from imsconsole.core.project_urls import address_of
from imsconsole.core.sentences import sentence


class DownloadQuerySet(models.QuerySet["Download"]):
    def visible_to(self, actor: Actor) -> Self:
        """Those of the project."""
        return self.filter(project=actor.project)


class Download(models.Model):
    """An image in a format that it is not stored in: made by a job, kept for a while, seen by the project that asked.

    Its bytes are in the spool of downloads from READY on.
    """

    class State(models.TextChoices):
        PREPARING = "preparing", _("Being prepared")
        READY = "ready", _("Ready")
        FAILED = "failed", _("Failed")

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    project = models.ForeignKey(
        Project, on_delete=models.PROTECT, related_name="downloads", verbose_name=_("project")
    )
    image = models.ForeignKey(
        Image, on_delete=models.CASCADE, related_name="downloads", verbose_name=_("image")
    )
    format = models.CharField(_("format"), max_length=8)
    name = models.CharField(_("file"), max_length=255)
    state = models.CharField(_("state"), max_length=10, choices=State, default=State.PREPARING)
    size_bytes = models.BigIntegerField(_("size"), default=0)
    sha256 = models.CharField("SHA-256", max_length=64, blank=True)
    error_code = models.CharField(max_length=64, blank=True)
    error_values: models.JSONField[dict[str, Any], dict[str, Any]] = models.JSONField(
        default=dict, blank=True
    )
    created_by = person(_("created by"))
    created_at = models.DateTimeField(_("created"), default=now)
    expires_at = models.DateTimeField(_("expires"))

    objects = DownloadQuerySet.as_manager()

    class Meta:
        verbose_name = _("download")
        verbose_name_plural = _("downloads")
        ordering = ["-created_at"]
        indexes = [models.Index(fields=["expires_at"], name="download_expires")]
        constraints = [
            models.UniqueConstraint(fields=["project", "image", "format"], name="one_download_per_format")
        ]

    def __str__(self) -> str:
        return self.name

    def get_absolute_url(self) -> str:
        return address_of("images:download", self.image_id)

    @property
    def path(self) -> Path:
        """Where its bytes are when they wait in a folder of this host (`cloud.spool`)."""
        return Path(settings.DOWNLOAD_DIR) / self.id.hex

    @property
    def error_sentence(self) -> str:
        return sentence(self.error_code, self.error_values) if self.error_code else ""

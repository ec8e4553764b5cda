"""What is kept about public images besides the images themselves."""

from typing import Any

from django.core.validators import MaxLengthValidator
from django.db import models
from django.utils.translation import get_language
from django.utils.translation import gettext_lazy as _

from imsconsole.accounts.models import Region
from imsconsole.accounts.people import person
from imsconsole.core.ids import new_id
from imsconsole.core.now import now

NOTE_LENGTH = 4000


class PublicSource(models.Model):
    """An entry of the catalogue that was fetched: what a job holds, and what its images name as their source."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    key = models.CharField(_("key"), max_length=64, unique=True)
    digest = models.CharField(_("checksum of the newest file"), max_length=128, blank=True)
    signed_by = models.CharField(_("key that signed it"), max_length=64, blank=True)
    renewed_at = models.DateTimeField(_("has had it since"), null=True, blank=True)

    class Meta:
        verbose_name = _("source of public images")
        verbose_name_plural = _("catalogue of public images")
        ordering = ["key"]

    def __str__(self) -> str:
        return self.key


class ReleaseNote(models.Model):
    """What was changed in public images (公共镜像更新记录). One note may be about the same image in every region."""

    images: models.ManyToManyField[Any, Any] = models.ManyToManyField(
        "images.Image", related_name="release_notes", verbose_name=_("images")
    )
    published_on = models.DateField(_("published on"))
    text = models.TextField(_("what changed"), validators=[MaxLengthValidator(NOTE_LENGTH)])
    text_zh = models.TextField(
        _("what changed, in Chinese"), blank=True, validators=[MaxLengthValidator(NOTE_LENGTH)]
    )
    created_at = models.DateTimeField(_("created"), default=now)
    created_by = person(_("created by"))

    class Meta:
        verbose_name = _("release note")
        verbose_name_plural = _("release notes")
        ordering = ["-published_on", "-pk"]
        indexes = [models.Index(fields=["-published_on", "-id"], name="release_note_published")]

    def __str__(self) -> str:
        return f"{self.published_on:%Y-%m-%d} {self.text[:60]}"

    @property
    def shown(self) -> str:
        """In the reader's language."""
        chinese = (get_language() or "").startswith("zh")
        return self.text_zh if chinese and self.text_zh else self.text


class CloudImage(models.Model):
    """An image that the cloud of a region offers to everybody, as a worker saw it last; and what was made of it here.

    `stored` is what the engine calls its bytes (a `StoredDisk`), empty of a format that cannot be offered as it is.
    """

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    region = models.ForeignKey(Region, on_delete=models.CASCADE, related_name="+", verbose_name=_("region"))
    cloud_id = models.CharField(_("ID in the cloud"), max_length=64)
    name = models.CharField(_("name"), max_length=255, blank=True)
    format = models.CharField(_("stored as"), max_length=16)
    stored: models.JSONField[dict[str, Any], dict[str, Any]] = models.JSONField(default=dict)
    said: models.JSONField[dict[str, Any], dict[str, Any]] = models.JSONField(
        _("what it says of itself"), default=dict
    )
    seen_at = models.DateTimeField(_("first seen"), default=now)
    gone_at = models.DateTimeField(_("gone since"), null=True, blank=True)
    image = models.OneToOneField(
        "images.Image",
        on_delete=models.SET_NULL,
        null=True,
        blank=True,
        related_name="adopted_from",
        verbose_name=_("image"),
    )

    class Meta:
        verbose_name = _("public image of a cloud")
        verbose_name_plural = _("public images of clouds")
        ordering = ["region", "name", "pk"]
        constraints = [models.UniqueConstraint(fields=["region", "cloud_id"], name="cloud_image_has_one_row")]

    def __str__(self) -> str:
        return self.name or self.cloud_id

    @property
    def is_adopted(self) -> bool:
        return self.image is not None and self.image.status != "deleted"

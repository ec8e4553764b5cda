"""What is kept about public images besides the images themselves."""

from typing import Any

from django.core.validators import MaxLengthValidator
from django.db import models
from django.utils.translation import get_language
from django.utils.translation import gettext_lazy as _

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

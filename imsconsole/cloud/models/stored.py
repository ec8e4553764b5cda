"""Stored bytes: what disks of images and backups are made of, kept once however many have them."""

from collections.abc import Collection
from datetime import datetime
from typing import Self, TypeVar
from uuid import UUID

from django.db import models
from django.db.models import Exists, F, OuterRef, Q
from django.db.models.functions import Coalesce
from django.utils.translation import gettext_lazy as _

from imsconsole.accounts.models import Region
from imsconsole.core.ids import new_id
from imsconsole.core.now import now
from imsconsole.jobs.models import Job

# when they were read and compared, or stored
SEEN = Coalesce(F("verified_at"), F("created_at"))


class StoredBytesQuerySet(models.QuerySet["StoredBytes"]):
    def kept(self) -> Self:
        return self.filter(doomed_at=None)

    def unused(self, but: Collection[UUID] = ()) -> Self:
        """Those that no disk of an image or a backup has, except for the disks `but`, and no live job."""
        reading = BytesUse.objects.filter(stored=OuterRef("pk"), job__in=Job.objects.live())
        relations = StoredBytes._meta.related_objects
        disks = [each.related_model for each in relations if each.related_model is not BytesUse]
        others = [each._base_manager.filter(stored=OuterRef("pk")).exclude(pk__in=but) for each in disks]
        return self.filter(~Exists(reading), *(~Exists(rows) for rows in others))


class StoredBytes(models.Model):
    """One file of an engine's store, under the ID of the disk it was stored for. See `cloud.stored`."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    region = models.ForeignKey(Region, on_delete=models.PROTECT, related_name="+", verbose_name=_("region"))
    ref = models.CharField(_("place in the store"), max_length=255)
    format = models.CharField(_("stored as"), max_length=8, default="qcow2")
    size_bytes = models.BigIntegerField(_("size in the store"), default=0)
    virtual_size_bytes = models.BigIntegerField(default=0)
    checksum = models.CharField(_("checksum"), max_length=160, blank=True)  # "sha256:…", "sha512:…"
    created_at = models.DateTimeField(_("created"), default=now)
    verified_at = models.DateTimeField(_("verified"), null=True, blank=True)
    damaged_at = models.DateTimeField(_("found damaged"), null=True, blank=True)
    doomed_at = models.DateTimeField(_("deleted"), null=True, blank=True)  # since when nobody may take them

    objects = StoredBytesQuerySet.as_manager()

    class Meta:
        verbose_name = _("stored bytes")
        verbose_name_plural = _("stored bytes")
        ordering = ["-created_at", "pk"]
        indexes = [
            models.Index(fields=["-created_at", "id"], name="stored_bytes_created"),
            models.Index(
                fields=["damaged_at"], condition=Q(damaged_at__isnull=False), name="stored_bytes_damaged"
            ),
            models.Index(fields=["doomed_at"], condition=Q(doomed_at__isnull=False), name="bytes_doomed"),
            models.Index(SEEN, name="bytes_seen", condition=Q(doomed_at=None) & ~Q(checksum="")),
        ]
        constraints = [models.UniqueConstraint(fields=["region", "ref"], name="stored_bytes_have_one_row")]

    def __str__(self) -> str:
        return self.ref


class BytesUse(models.Model):
    """A job reads stored bytes: as long as it is live they stay, whoever deletes what they were of."""

    stored = models.ForeignKey(StoredBytes, on_delete=models.PROTECT, related_name="uses")
    job = models.ForeignKey(Job, on_delete=models.CASCADE, related_name="+")

    class Meta:
        constraints = [models.UniqueConstraint(fields=["stored", "job"], name="bytes_used_once_by_a_job")]

    def __str__(self) -> str:
        return f"{self.stored} {self.job}"


D = TypeVar("D", bound="OfStored")


class OfStoredManager(models.Manager[D]):
    def get_queryset(self) -> models.QuerySet[D]:
        return super().get_queryset().select_related("stored")


class OfStored(models.Model):
    """A disk of an image or of a backup, which comes with its stored bytes. What they were is known when they are gone."""

    stored = models.ForeignKey(
        StoredBytes,
        on_delete=models.PROTECT,
        null=True,
        blank=True,
        related_name="%(class)ss",
        verbose_name=_("stored bytes"),
    )
    format = models.CharField(_("stored as"), max_length=8, default="qcow2")
    size_bytes = models.BigIntegerField(_("size in the store"), default=0)
    virtual_size_bytes = models.BigIntegerField(default=0)
    checksum = models.CharField(_("checksum"), max_length=160, blank=True)

    class Meta:
        abstract = True

    @property
    def ref(self) -> str:
        return self.stored.ref if self.stored else ""

    @property
    def verified_at(self) -> datetime | None:
        return self.stored.verified_at if self.stored else None

    @property
    def damaged_at(self) -> datetime | None:
        return self.stored.damaged_at if self.stored else None

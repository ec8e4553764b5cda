"""Buckets and the objects in them (OBS)."""

from pathlib import PurePosixPath
from typing import Self

from django.db import models
from django.db.models import Count, Exists, OuterRef, Q, Subquery, Sum
from django.db.models.functions import Coalesce
from django.utils.translation import gettext_lazy as _

from imsconsole.accounts.actor import Actor
from imsconsole.accounts.models import Project, Region
from imsconsole.accounts.people import person
from imsconsole.core.ids import new_id
from imsconsole.core.now import now
from imsconsole.core.project_urls import address_of

KEY_BYTES = 1024  # the longest key, in UTF-8


class BucketQuerySet(models.QuerySet["Bucket"]):
    def visible_to(self, actor: Actor) -> Self:
        return self.filter(project=actor.project)

    def with_facts(self) -> Self:
        """With how much is in each, and whether anything is or arrives: what rules and lists ask for."""
        every = BucketObject.objects.filter(bucket=OuterRef("pk")).order_by()
        stored = every.filter(state=BucketObject.State.STORED).values("bucket")
        return self.annotate(
            objects_count=Coalesce(Subquery(stored.annotate(n=Count("pk")).values("n")), 0),
            stored_bytes=Coalesce(Subquery(stored.annotate(n=Sum("size_bytes")).values("n")), 0),
            has_objects=Exists(every),
        )


class Bucket(models.Model):
    """A place for objects, in the region of its project. Its name is the only one on the platform."""

    class StorageClass(models.TextChoices):
        STANDARD = "standard", _("Standard")
        WARM = "warm", _("Warm")
        COLD = "cold", _("Cold")

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    project = models.ForeignKey(
        Project, on_delete=models.PROTECT, related_name="buckets", verbose_name=_("project")
    )
    name = models.CharField(_("name"), max_length=63)
    storage_class = models.CharField(
        _("storage class"), max_length=8, choices=StorageClass, default=StorageClass.STANDARD
    )
    created_at = models.DateTimeField(_("created"), default=now)
    created_by = person(_("created by"))

    objects = BucketQuerySet.as_manager()

    # annotated by `with_facts`
    objects_count: int
    stored_bytes: int
    has_objects: bool

    class Meta:
        verbose_name = _("bucket")
        verbose_name_plural = _("buckets")
        ordering = ["name"]
        constraints = [models.UniqueConstraint(fields=["name"], name="bucket_name_unique")]
        indexes = [models.Index(fields=["project", "-created_at"], name="bucket_project_created")]

    def __str__(self) -> str:
        return self.name

    def get_absolute_url(self) -> str:
        return address_of("buckets:detail", self.pk)

    @property
    def region(self) -> Region:
        return self.project.region


class BucketObjectQuerySet(models.QuerySet["BucketObject"]):
    def visible_to(self, actor: Actor) -> Self:
        """What is stored in the project's buckets; what still arrives is nobody's yet."""
        return self.stored().filter(bucket__project=actor.project)

    def stored(self) -> Self:
        return self.filter(state=BucketObject.State.STORED)

    def arriving(self) -> Self:
        return self.filter(state=BucketObject.State.ARRIVING)


class BucketObject(models.Model):
    """One version of an object: what replaces it is another row. Its bytes never change; they lie under its ID.

    The row comes before the bytes and goes before them, so bytes without a row are nobody's.
    """

    class State(models.TextChoices):
        ARRIVING = "arriving", _("Arriving")
        STORED = "stored", _("Stored")

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    bucket = models.ForeignKey(
        Bucket, on_delete=models.PROTECT, related_name="bucket_objects", verbose_name=_("bucket")
    )
    key = models.CharField(_("name"), max_length=KEY_BYTES)
    state = models.CharField(_("state"), max_length=8, choices=State, default=State.ARRIVING)
    # what was announced, as long as it arrives: so much of the quota is reserved
    size_bytes = models.BigIntegerField(_("size"))
    sha256 = models.CharField(_("SHA-256"), max_length=64, blank=True)
    content_type = models.CharField(_("content type"), max_length=127, blank=True)
    created_at = models.DateTimeField(_("last modified"), default=now)
    created_by = person(_("uploaded by"))
    noted_at = models.DateTimeField(default=now, editable=False)  # the last sign of life while it arrives

    objects = BucketObjectQuerySet.as_manager()

    class Meta:
        verbose_name = _("object")
        verbose_name_plural = _("objects")
        ordering = ["key"]
        constraints = [
            models.UniqueConstraint(
                fields=["bucket", "key"], condition=Q(state="stored"), name="one_stored_object_per_key"
            ),
            models.CheckConstraint(condition=Q(size_bytes__gte=0), name="object_size_not_negative"),
        ]
        indexes = [
            models.Index(fields=["bucket", "state", "-created_at"], name="object_bucket_created"),
            models.Index(fields=["state", "noted_at"], name="object_state_noted"),
        ]

    def __str__(self) -> str:
        return self.key

    def get_absolute_url(self) -> str:
        return address_of("buckets:object", self.pk)

    @property
    def project(self) -> Project:
        return self.bucket.project

    @property
    def name(self) -> str:
        """The last part of its key: what a download is called."""
        return PurePosixPath(self.key).name

    @property
    def prefix(self) -> str:
        """The folder it is in, with its "/"; empty at the top."""
        return self.key[: len(self.key) - len(self.name)]

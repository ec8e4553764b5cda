"""Disks (EVS)."""

from datetime import timedelta
from typing import Any, Self

from django.db import models
from django.db.models import Q
from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from imsconsole.accounts.actor import Actor
from imsconsole.accounts.models import AvailabilityZone, Project
from imsconsole.cloud.models.keys import Key
from imsconsole.cloud.models.origins import FromImage
from imsconsole.cloud.models.projects import ProjectQuerySet
from imsconsole.cloud.models.servers import Server
from imsconsole.cloud.models.tags import Tag, Tagged
from imsconsole.core.ids import new_id
from imsconsole.core.now import now
from imsconsole.core.project_urls import address_of

EXPIRING = timedelta(days=2)


class DiskQuerySet(ProjectQuerySet["Disk"]):
    def existing(self) -> Self:
        return self.filter(deleted_at=None)

    def for_change(self, actor: Actor) -> Self:
        """The actor's, with what rules read of them: for `locked`."""
        return self.visible_to(actor).existing().select_related("zone", "project", "key")

    def attached(self) -> Self:
        """The disks a server runs with: not those beside it."""
        return self.existing().filter(beside=False)

    def kept(self) -> Self:
        """Former system disks that can come back, the latest first."""
        return self.existing().filter(kept_until__isnull=False).order_by("-kept_until")

    def damaged(self) -> Self:
        """System disks that rest on bytes which have changed."""
        return self.existing().filter(damaged_at__isnull=False)

    def expiring(self) -> Self:
        """Those of them that are deleted within two days, the first to go first."""
        soon = self.kept().filter(status=Disk.Status.KEPT, kept_until__gt=now())
        return soon.filter(kept_until__lte=now() + EXPIRING).order_by("kept_until")


class Disk(Tagged, FromImage, models.Model):
    """A disk (EVS): a server's system disk or a data disk.

    A system disk may lie beside its server: while it is built for another OS, and while it is kept
    after a change (R136, on purpose better). Then `login` is what the guest was told about signing in.
    """

    class Role(models.TextChoices):
        SYSTEM = "system", _("System disk")
        DATA = "data", _("Data disk")

    class Status(models.TextChoices):
        CREATING = "creating", _("Creating")
        IN_USE = "in-use", _("In use")
        AVAILABLE = "available", _("Available")
        ATTACHING = "attaching", _("Attaching")
        DETACHING = "detaching", _("Detaching")
        GROWING = "growing", _("Expanding")
        CAPTURING = "capturing", _("Creating an image")
        FAILED = "failed", _("Failed")
        KEPT = "kept", _("Kept")
        DELETING = "deleting", _("Deleting")
        DELETED = "deleted", _("Deleted")

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    project = models.ForeignKey(
        Project, on_delete=models.PROTECT, related_name="server_disks", verbose_name=_("project")
    )
    zone = models.ForeignKey(AvailabilityZone, on_delete=models.PROTECT, verbose_name=_("AZ"))
    name = models.CharField(_("name"), max_length=80)
    role = models.CharField(_("role"), max_length=6, choices=Role)
    size_gb = models.PositiveIntegerField(_("size (GB)"))
    status = models.CharField(_("status"), max_length=10, choices=Status, default=Status.CREATING)
    server = models.ForeignKey(
        Server,
        on_delete=models.PROTECT,
        null=True,
        blank=True,
        related_name="disks",
        verbose_name=_("server"),
    )
    index = models.PositiveSmallIntegerField(_("index"), default=0)
    image = models.ForeignKey(
        "images.Image",
        on_delete=models.PROTECT,
        null=True,
        blank=True,
        related_name="+",
        verbose_name=_("image"),
    )
    # what it is encrypted with, as long as it exists; a system disk has that of its image (R91)
    key = models.ForeignKey(
        Key,
        on_delete=models.PROTECT,
        null=True,
        blank=True,
        related_name="disks",
        verbose_name=_("encryption key"),
    )
    ref = models.CharField(_("place in the store"), max_length=255, blank=True, editable=False)
    beside = models.BooleanField(_("stands beside the system disk"), default=False, editable=False)
    # since when the bytes it rests on are known to be others than they were
    damaged_at = models.DateTimeField(_("found damaged"), null=True, editable=False)
    kept_until = models.DateTimeField(_("kept until"), null=True, editable=False)
    # what cloud-init knows this system by; empty: the server's ID. A system that comes back sees its own again
    instance_id = models.CharField(_("instance ID"), max_length=64, blank=True, editable=False)
    login: models.JSONField[dict[str, Any], dict[str, Any]] = models.JSONField(default=dict, editable=False)
    # of a system disk: what its image said when it was made; whoever modifies the image later changes no server
    multi_queue = models.BooleanField(default=False, editable=False)
    secure_boot = models.BooleanField(default=False, editable=False)
    tpm = models.BooleanField(default=False, editable=False)
    created_at = models.DateTimeField(_("created"), default=now)
    deleted_at = models.DateTimeField(_("deleted at"), null=True, editable=False)

    objects = DiskQuerySet.as_manager()

    class Meta:
        verbose_name = _("disk")
        verbose_name_plural = _("disks")
        ordering = ["server", "index"]
        indexes = [
            models.Index(fields=["project", "-created_at"], name="disk_project_created"),
            models.Index(
                fields=["project", "kept_until"], condition=Q(kept_until__isnull=False), name="disk_kept"
            ),
        ]
        constraints = [
            models.UniqueConstraint(
                fields=["server", "index"],
                condition=Q(deleted_at=None, beside=False),
                name="one_disk_per_server_index",
            )
        ]

    def __str__(self) -> str:
        return self.name

    def get_absolute_url(self) -> str:
        return address_of("disks:detail", self.pk)

    @property
    def list_page(self) -> str:
        return reverse("disks:list")


class DiskTag(Tag):
    """A tag of a disk."""

    disk = models.ForeignKey(Disk, on_delete=models.CASCADE, related_name="tags")

    class Meta(Tag.Meta):
        indexes = [models.Index(fields=["key", "value", "disk"], name="disk_tag_found")]
        constraints = [models.UniqueConstraint(fields=["disk", "key"], name="one_disk_tag_per_key")]

"""Backups of servers (CBR, legacy CSBS) and the vaults that hold them."""

from datetime import datetime
from typing import Any, Self

from django.db import models
from django.db.models import Case, Count, OuterRef, Q, Subquery, Sum, When
from django.db.models.functions import Cast, Coalesce
from django.utils.translation import gettext_lazy as _

from imsconsole.accounts.actor import Actor
from imsconsole.accounts.models import AvailabilityZone, Project
from imsconsole.accounts.people import person
from imsconsole.cloud.models.flavors import Architecture, BootMode, Flavor
from imsconsole.cloud.models.keys import Key
from imsconsole.cloud.models.origins import FromImage
from imsconsole.cloud.models.projects import ProjectQuerySet
from imsconsole.cloud.models.stored import OfStored, OfStoredManager
from imsconsole.core.ids import new_id
from imsconsole.core.now import now
from imsconsole.core.project_urls import address_of
from imsconsole.core.sentences import Explained
from imsconsole.engine.types import GIB


def is_held(share: str = "") -> Q:
    """Of shares: of a full-ECS image that is received, which its vault holds (R55), also while its owner may restore it.

    `share`: what leads to the share in the query.
    """
    there = ("active", "frozen", "trashed")
    held = {"status": "accepted", "ended_at": None, "image__status__in": there}
    return Q(**{f"{share}{field}": value for field, value in held.items()})


class VaultQuerySet(ProjectQuerySet["Vault"]):
    def existing(self) -> Self:
        return self.filter(deleted_at=None)

    def for_change(self, actor: Actor) -> Self:
        """The actor's, with what rules read of them: for `locked`."""
        return self.visible_to(actor).existing().with_facts()

    def with_facts(self) -> Self:
        """Annotates `used_bytes` (of backups see `BackupQuerySet.weighed`), `backups_count`, `received_count` and
        `schedules_count`.
        """
        mine = Backup.objects.existing().filter(vault=OuterRef("pk")).order_by().values("vault")
        weighed = Backup.objects.existing().weighed().filter(vault=OuterRef("pk")).order_by().values("vault")
        images = Vault.objects.filter(is_held("received__"), pk=OuterRef("pk")).order_by().values("pk")
        into = Vault.objects.filter(pk=OuterRef("pk")).order_by().values("pk")
        image_bytes = images.annotate(total=Sum("received__image__disks__size_bytes")).values("total")
        return self.annotate(
            used_bytes=Coalesce(Subquery(weighed.annotate(total=Sum("weight_bytes")).values("total")), 0)
            + Coalesce(Subquery(image_bytes), 0),
            backups_count=Coalesce(Subquery(mine.annotate(n=Count("pk")).values("n")), 0),
            received_count=Coalesce(Subquery(images.annotate(n=Count("received")).values("n")), 0),
            schedules_count=Coalesce(Subquery(into.annotate(n=Count("schedules")).values("n")), 0),
        )


class Vault(models.Model):
    """A cloud server backup vault (云服务器备份存储库): a capacity that backups, and full-ECS images that are received
    (R55), take from. The row stays.
    """

    class Protection(models.TextChoices):
        BACKUP = "backup", _("Backup")

    id = models.UUIDField(_("vault ID"), primary_key=True, default=new_id, editable=False)
    project = models.ForeignKey(
        Project, on_delete=models.PROTECT, related_name="vaults", verbose_name=_("project")
    )
    name = models.CharField(_("name"), max_length=64)
    capacity_gb = models.PositiveIntegerField(_("capacity (GB)"))
    protection = models.CharField(
        _("protection type"), max_length=8, choices=Protection, default=Protection.BACKUP
    )
    created_by = person(_("created by"))
    created_at = models.DateTimeField(_("created"), default=now)
    deleted_at = models.DateTimeField(_("deleted"), null=True, editable=False)

    # annotated by `with_facts`
    used_bytes: int
    backups_count: int
    received_count: int
    schedules_count: int

    objects = VaultQuerySet.as_manager()

    class Meta:
        verbose_name = _("vault")
        verbose_name_plural = _("vaults")
        ordering = ["name", "pk"]
        indexes = [models.Index(fields=["project", "-created_at"], name="vault_project_created")]
        constraints = [
            models.UniqueConstraint(
                fields=["project", "name"], condition=Q(deleted_at=None), name="vault_name_unique"
            )
        ]

    def __str__(self) -> str:
        return self.name

    def get_absolute_url(self) -> str:
        return address_of("vaults:detail", self.pk)

    @property
    def capacity_bytes(self) -> int:
        return self.capacity_gb * GIB


class BackupQuerySet(ProjectQuerySet["Backup"]):
    def existing(self) -> Self:
        return self.filter(deleted_at=None)

    def for_change(self, actor: Actor) -> Self:
        """The actor's, with what rules read of them: for `locked`."""
        return (
            self.visible_to(actor).existing().select_related("project", "vault", "zone", "image__os_version")
        )

    def weighed(self) -> Self:
        """Annotates `weight_bytes`: what a backup takes of its vault.

        Its bytes once they are there; before, the most it can become (the size of the server's disks); of one
        that failed nothing.
        """
        stored = BackupDisk.objects.filter(backup=OuterRef("pk")).order_by().values("backup")
        stored_bytes = Coalesce(Subquery(stored.annotate(total=Sum("size_bytes")).values("total")), 0)
        most = Cast("size_gb", models.BigIntegerField()) * models.Value(
            GIB, output_field=models.BigIntegerField()
        )
        return self.annotate(
            stored_bytes=stored_bytes,
            weight_bytes=Case(
                When(status=Backup.Status.CREATING, then=most),
                When(status=Backup.Status.FAILED, then=models.Value(0)),
                default=stored_bytes,
                output_field=models.BigIntegerField(),
            ),
        )


class Backup(Explained, FromImage, models.Model):
    """A copy of all disks of a server at one instant. The row stays when it is deleted, and without its server.

    `kind` says who made it: CBR into a vault, or the legacy CSBS, which has none and is made no more.
    """

    class Kind(models.TextChoices):
        CBR = "cbr", _("Cloud backup (CBR)")
        CSBS = "csbs", _("Cloud server backup (CSBS, legacy)")

    class Status(models.TextChoices):
        CREATING = "creating", _("Creating")
        AVAILABLE = "available", _("Available")
        RESTORING = "restoring", _("Restoring")
        FAILED = "failed", _("Failed")
        DELETING = "deleting", _("Deleting")
        DELETED = "deleted", _("Deleted")

    id = models.UUIDField(_("backup ID"), primary_key=True, default=new_id, editable=False)
    project = models.ForeignKey(
        Project, on_delete=models.PROTECT, related_name="backups", verbose_name=_("project")
    )
    name = models.CharField(_("name"), max_length=64)
    kind = models.CharField(_("kind"), max_length=4, choices=Kind, default=Kind.CBR)
    vault = models.ForeignKey(
        Vault,
        on_delete=models.PROTECT,
        null=True,
        blank=True,
        related_name="backups",
        verbose_name=_("vault"),
    )
    status = models.CharField(_("status"), max_length=10, choices=Status, default=Status.CREATING)
    error_code = models.CharField(max_length=64, blank=True, editable=False)
    error_values: models.JSONField[dict[str, Any], dict[str, Any]] = models.JSONField(
        default=dict, editable=False
    )
    size_gb = models.PositiveIntegerField(_("disk capacity (GB)"))  # of all disks, as the guest saw them
    taken_at = models.DateTimeField(_("instant"), null=True, editable=False)  # what is in it is as of then

    # the server as it was: it may be gone, or another by now
    server_id = models.UUIDField(_("server ID"), db_index=True)
    server_name = models.CharField(_("server"), max_length=64)
    zone = models.ForeignKey(AvailabilityZone, on_delete=models.PROTECT, verbose_name=_("AZ"))
    flavor = models.ForeignKey(Flavor, on_delete=models.PROTECT, verbose_name=_("flavor"))
    image = models.ForeignKey(
        "images.Image", on_delete=models.PROTECT, related_name="+", verbose_name=_("image")
    )
    boot_mode = models.CharField(_("boot mode"), max_length=4, choices=BootMode, default=BootMode.BIOS)
    architecture = models.CharField(
        _("architecture"), max_length=4, choices=Architecture, default=Architecture.X86
    )
    multi_queue = models.BooleanField(_("NIC multi-queue"), default=False)
    secure_boot = models.BooleanField(_("Secure Boot"), default=False)
    tpm = models.BooleanField(_("TPM"), default=False)
    instance_id = models.CharField(max_length=64, blank=True, editable=False)
    login: models.JSONField[dict[str, Any], dict[str, Any]] = models.JSONField(default=dict, editable=False)

    # the schedule that made it, which deletes it again; none when people did, or when the schedule is gone
    schedule = models.ForeignKey(
        "cloud.BackupSchedule",
        on_delete=models.SET_NULL,
        null=True,
        blank=True,
        related_name="backups",
        verbose_name=_("schedule"),
    )
    created_by = person(_("created by"))
    created_at = models.DateTimeField(_("created"), default=now)
    deleted_at = models.DateTimeField(_("deleted"), null=True, editable=False)

    # annotated by `weighed`
    stored_bytes: int
    weight_bytes: int

    objects = BackupQuerySet.as_manager()

    class Meta:
        verbose_name = _("backup")
        verbose_name_plural = _("backups")
        ordering = ["-created_at", "pk"]
        indexes = [models.Index(fields=["project", "-created_at"], name="backup_project_created")]
        constraints = [
            models.CheckConstraint(
                condition=Q(kind="cbr", vault__isnull=False) | Q(kind="csbs", vault=None),
                name="cbr_backups_have_a_vault",
            )
        ]

    def __str__(self) -> str:
        return self.name

    def get_absolute_url(self) -> str:
        return address_of("backups:detail", self.pk)

    @property
    def is_damaged(self) -> bool:
        """Whether stored bytes are not what they were. Prefetch `disks` for lists."""
        return any(disk.damaged_at for disk in self.disks.all())

    @property
    def verified_at(self) -> datetime | None:
        """When all its stored bytes were last found as they were; None when they never were. Prefetch `disks`."""
        seen = [disk.verified_at for disk in self.disks.all()]
        return min((each for each in seen if each), default=None) if all(seen) else None


class BackupDisk(OfStored):
    """A stored disk of a backup, at its place in the server; index 0 is the system disk."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    backup = models.ForeignKey(
        Backup, on_delete=models.CASCADE, related_name="disks", verbose_name=_("backup")
    )
    index = models.PositiveSmallIntegerField(_("index"), default=0)
    role = models.CharField(
        _("role"), max_length=6, choices=[("system", _("System disk")), ("data", _("Data disk"))]
    )
    name = models.CharField(_("name"), max_length=80)
    disk_id = models.UUIDField(_("disk ID"))  # the disk it is of
    size_gb = models.PositiveIntegerField(_("size (GB)"))
    key = models.ForeignKey(
        Key, on_delete=models.PROTECT, null=True, blank=True, related_name="+", verbose_name=_("key")
    )

    objects = OfStoredManager["BackupDisk"]()

    class Meta:
        verbose_name = _("disk of a backup")
        verbose_name_plural = _("disks of backups")
        ordering = ["index"]
        constraints = [models.UniqueConstraint(fields=["backup", "index"], name="one_backup_disk_per_index")]

    def __str__(self) -> str:
        return f"{self.backup} {self.index}"

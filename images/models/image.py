"""Images, their disks and tags (design §6, ims-facts §1)."""

import uuid
from datetime import datetime
from typing import Any, Self

from django.conf import settings
from django.db import models
from django.db.models import Count, Exists, Min, OuterRef, Q, Subquery, Sum
from django.db.models.functions import Coalesce
from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from images.models.os_version import OsVersion
from images.models.trash import TRASHED, Trashable, TrashQuerySet, only_trash_is_kept
from imsconsole.accounts.actor import Actor, projects_elsewhere
from imsconsole.accounts.models import AvailabilityZone, Project, Region
from imsconsole.cloud.backups.legacy import is_of_csbs
from imsconsole.cloud.models import Architecture, Backup, BootMode, Disk, Key, Server
from imsconsole.core.now import now
from imsconsole.core.sentences import sentence
from imsconsole.jobs.models import Job

# states of a listing's version: on the market, and from its scan on until it ends
PUBLISHED = "published"
OFFERED = ("scanning", "in-review", "approved", PUBLISHED)


class ImageQuerySet(TrashQuerySet["Image"]):
    def visible_to(self, actor: Actor) -> Self:
        """Public and market images of the region, own ones of the project, accepted ones (R2, R3, R14, R22).

        A market image that is not offered any more only where the project has servers of it.
        """
        public = Q(category=Image.Category.PUBLIC)
        of_market = Image.objects.filter(category=Image.Category.MARKET)
        offered = Q(pk__in=of_market.filter(edition__version_of__state=PUBLISHED).values("pk"))
        servers = Server.objects.filter(project=actor.project, deleted_at=None)
        used = Q(pk__in=of_market.filter(pk__in=servers.values("image")).values("pk"))
        accepted = Q(pk__in=Image.objects.shared_with(actor.project).values("pk"))
        mine = Q(project=actor.project)
        everything = public | offered | used | mine | accepted
        return self.filter(everything, region=actor.region).existing()

    def elsewhere(self, actor: Actor) -> Self:
        """Private images of the actor's account in other regions: to be seen once one has changed to their project."""
        return self.filter(project__in=projects_elsewhere(actor)).existing()

    def shared_with(self, project: Project | OuterRef) -> Self:
        """Others' images that a project has accepted, as long as they are shared with it (R102)."""
        on_time = Q(shares__ends_at=None) | Q(shares__ends_at__gt=now())
        return self.filter(on_time, shares__project=project, shares__status="accepted", shares__ended_at=None)

    def due_for_deletion(self) -> Self:
        """Those whose owner named a day that has come, and which no other project has any more (R86)."""
        on_time = Q(shares__ends_at=None) | Q(shares__ends_at__gt=now())
        had = Image.objects.filter(on_time, shares__status="accepted", shares__ended_at=None)
        return self.existing().filter(delete_at__lte=now()).exclude(pk__in=had.values("pk"))

    def owned_by(self, actor: Actor) -> Self:
        return self.filter(project=actor.project).existing()

    def kept_up_first(self) -> Self:
        """By name; what is deprecated, or will be, behind the rest."""
        return self.order_by(models.F("deprecated_on").asc(nulls_first=True), "name", "pk")

    def with_facts(self, actor: Actor) -> Self:
        """Annotates what rules and lists ask for, in one query.

        `servers_count`: the actor's servers that use it (a public image must not tell of others');
        `launching_count`: anybody's servers and data disks that are being created from it; `has_live_job`: work on it is
        running, `is_exporting`: an export; `stored_bytes`: what its files take in the store, and `virtual_bytes`:
        how large their disks are, None before they are there; `verified_at`: when they last were what they
        were, None when they were never looked at; `shares_count`: the projects it is shared with;
        `is_received`: another project's that the actor's has accepted; `shared_until`: the day its owner named to it;
        `is_offered`: a version of a listing is made of it, from its scan on until it ends; `is_published`: and is on
        the market; `comes_from_csbs`: it is of a legacy backup, or of a server that had to do with one;
        `is_encrypted`: at least one of its disks is.
        """
        live = Job.objects.live().filter(subject_id=OuterRef("pk"))
        servers = Server.objects.filter(image=OuterRef("pk"), deleted_at=None).order_by().values("image")
        disks = ImageDisk.objects.filter(image=OuterRef("pk")).order_by().values("image")
        data_disks = Disk.objects.filter(image=OuterRef("pk"), role=Disk.Role.DATA).order_by()
        filled = data_disks.filter(status=Disk.Status.CREATING).values("image")
        encrypted = ImageDisk.objects.filter(image=OuterRef("pk"), key__isnull=False)
        this = Image.objects.filter(pk=OuterRef("pk")).order_by()
        received = this.filter(shares__project=actor.project, shares__ended_at=None)
        return self.select_related("key").annotate(
            servers_count=_count(servers.filter(project=actor.project)),
            launching_count=_count(servers.filter(status=Server.Status.CREATING)) + _count(filled),
            has_live_job=Exists(live),
            is_exporting=Exists(live.filter(kind="image.export")),
            stored_bytes=Subquery(disks.annotate(total=Sum("size_bytes")).values("total")),
            verified_at=Subquery(disks.annotate(first=Min("verified_at")).values("first")),
            shares_count=_count(this.filter(shares__ended_at=None).values("pk"), "shares"),
            is_received=Exists(Image.objects.shared_with(actor.project).filter(pk=OuterRef("pk"))),
            shared_until=Subquery(received.values("shares__ends_at")[:1]),
            is_offered=Exists(this.filter(offers__state__in=OFFERED)),
            is_published=Exists(this.filter(offers__state=PUBLISHED)),
            comes_from_csbs=is_of_csbs(backup="backup", server="source_id", at="created_at"),
            is_encrypted=Q(key__isnull=False) | Q(Exists(encrypted)),
            virtual_bytes=Subquery(disks.annotate(total=Sum("virtual_size_bytes")).values("total")),
        )


def _count(rows: models.QuerySet[Any], what: str = "pk") -> Coalesce:
    """How many rows a correlated query grouped by its image has."""
    return Coalesce(Subquery(rows.annotate(n=Count(what)).values("n")), 0)


class Image(Trashable):
    """An image (镜像): a template of a server or disk. The row stays when it is deleted."""

    class Category(models.TextChoices):
        PUBLIC = "public", _("Public image")
        PRIVATE = "private", _("Private image")
        MARKET = "market", _("Market image")

    class Type(models.TextChoices):
        SYSTEM = "system", _("System disk image")
        DATA = "data", _("Data disk image")
        FULL = "full", _("Full-ECS image")
        ISO = "iso", _("ISO image")

    class Use(models.TextChoices):
        ECS = "ecs", "ECS"
        BMS = "bms", "BMS"

    class Status(models.TextChoices):
        QUEUED = "queued", _("Waiting for file")
        SAVING = "saving", _("Creating")
        ACTIVE = "active", _("Normal")
        KILLED = "killed", _("Failed")
        FROZEN = "frozen", _("Frozen")
        TRASHED = TRASHED, _("In the trash")
        DELETED = "deleted", _("Deleted")

    class Source(models.TextChoices):
        FILE = "file", _("Image file")
        SERVER = "server", _("Cloud server")
        DISK = "disk", _("Disk")
        BACKUP = "backup", _("Cloud backup")
        IMAGE = "image", _("Image")
        PLATFORM = "platform", _("Platform")

    id = models.UUIDField(_("image ID"), primary_key=True, default=uuid.uuid4, editable=False)
    region = models.ForeignKey(
        Region, on_delete=models.PROTECT, related_name="images", verbose_name=_("region")
    )
    project = models.ForeignKey(
        Project,
        on_delete=models.PROTECT,
        null=True,
        blank=True,
        related_name="images",
        verbose_name=_("project"),
    )
    name = models.CharField(_("name"), max_length=128)
    description = models.CharField(_("description"), max_length=1024, blank=True)
    category = models.CharField(_("category"), max_length=8, choices=Category, default=Category.PRIVATE)
    type = models.CharField(_("image type"), max_length=8, choices=Type, default=Type.SYSTEM)
    use = models.CharField(_("function"), max_length=4, choices=Use, default=Use.ECS)
    os_version = models.ForeignKey(
        OsVersion, on_delete=models.PROTECT, null=True, blank=True, verbose_name=_("OS")
    )
    os_detected = models.BooleanField(default=False)
    architecture = models.CharField(
        _("architecture"), max_length=4, choices=Architecture, default=Architecture.X86
    )
    boot_mode = models.CharField(_("boot mode"), max_length=4, choices=BootMode, default=BootMode.BIOS)
    min_disk_gb = models.PositiveIntegerField(_("disk capacity (GB)"), default=1)
    min_ram_mb = models.PositiveIntegerField(_("minimum memory (MB)"), default=0)
    max_ram_mb = models.PositiveIntegerField(_("maximum memory (MB)"), null=True, blank=True)
    nic_multi_queue = models.BooleanField(_("NIC multi-queue"), default=False)
    cloud_init = models.BooleanField(_("Cloud-Init injection"), default=True)
    # what its disks are encrypted with; never changed in place: a copy may have another (R89)
    key = models.ForeignKey(
        Key,
        on_delete=models.PROTECT,
        null=True,
        blank=True,
        related_name="images",
        verbose_name=_("encryption key"),
    )

    status = models.CharField(_("status"), max_length=8, choices=Status, default=Status.QUEUED)
    error_code = models.CharField(max_length=64, blank=True)
    error_values: models.JSONField[dict[str, Any], dict[str, Any]] = models.JSONField(
        default=dict, blank=True
    )
    protected = models.BooleanField(_("protected"), default=False)
    hidden = models.BooleanField(_("hidden"), default=False)
    # what an operator says of a public image: from this day on it is not kept up any more
    deprecated_on = models.DateField(_("deprecated on"), null=True, blank=True)
    successor = models.ForeignKey(
        "self",
        on_delete=models.SET_NULL,
        null=True,
        blank=True,
        related_name="predecessors",
        verbose_name=_("successor"),
    )

    source_kind = models.CharField(_("source"), max_length=8, choices=Source, default=Source.FILE)
    source_id = models.UUIDField(null=True, blank=True)
    source_name = models.CharField(max_length=255, blank=True)
    # of a full-ECS image: the backup it is made of; until that is whole it is usable in the backup's AZ only (R96)
    backup = models.ForeignKey(
        Backup,
        on_delete=models.PROTECT,
        null=True,
        blank=True,
        related_name="images",
        verbose_name=_("backup"),
    )
    parent = models.ForeignKey(
        "self", on_delete=models.PROTECT, null=True, blank=True, related_name="children"
    )
    created_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, related_name="+"
    )
    created_at = models.DateTimeField(_("created"), default=now)
    updated_at = models.DateTimeField(_("updated"), default=now)
    active_at = models.DateTimeField(null=True, blank=True)
    deleted_at = models.DateTimeField(null=True, blank=True)

    # annotated by `with_facts`
    servers_count: int
    launching_count: int
    has_live_job: bool
    is_exporting: bool
    stored_bytes: int | None
    verified_at: datetime | None
    shares_count: int
    is_received: bool
    shared_until: datetime | None
    is_offered: bool
    is_published: bool
    comes_from_csbs: bool
    is_encrypted: bool
    virtual_bytes: int | None
    # by `ancestry.load_ancestors`
    ancestors: tuple["Image", ...]
    seller_id: Any  # of an ancestor that is a market image: the account that offers it
    # by `products.load_products`: a `Product`, or None
    product: Any

    objects = ImageQuerySet.as_manager()

    class Meta:
        verbose_name = _("image")
        verbose_name_plural = _("images")
        ordering = ["-created_at", "pk"]
        indexes = [
            models.Index(fields=["project", "-created_at"], name="image_project_created"),
            models.Index(fields=["region", "category", "-created_at"], name="image_region_category"),
            models.Index(fields=["project", "name"], name="image_project_name"),
            models.Index(
                fields=["delete_at"], condition=Q(delete_at__isnull=False), name="image_to_be_deleted"
            ),
        ]
        constraints = [
            models.UniqueConstraint(  # R39
                fields=["project", "name"],
                condition=~Q(status__in=["deleted", TRASHED]),
                name="image_name_unique_in_project",
            ),
            only_trash_is_kept(),
            models.UniqueConstraint(  # R68
                fields=["backup"], condition=~Q(status="deleted"), name="one_image_per_backup"
            ),
            models.CheckConstraint(
                condition=Q(category="private", project__isnull=False)
                | Q(category__in=["public", "market"], project=None),
                name="private_images_have_a_project",
            ),
            models.CheckConstraint(  # R64
                condition=~Q(architecture="arm", boot_mode="bios"), name="arm_images_boot_uefi"
            ),
            models.CheckConstraint(
                condition=Q(successor=None) | Q(deprecated_on__isnull=False),
                name="only_deprecated_images_have_a_successor",
            ),
            models.CheckConstraint(
                condition=Q(max_ram_mb=None) | Q(max_ram_mb__gte=models.F("min_ram_mb")),
                name="max_ram_not_below_min",
            ),
        ]

    def __str__(self) -> str:
        return self.name

    def get_absolute_url(self) -> str:
        return reverse("images:detail", args=[self.pk])

    @property
    def is_active(self) -> bool:
        return self.status == self.Status.ACTIVE

    @property
    def is_gone(self) -> bool:
        """Deleted or in the trash: it has no page."""
        return self.status in (self.Status.DELETED, self.Status.TRASHED)

    @property
    def only_zone(self) -> AvailabilityZone | None:
        """The one AZ it is usable in as long as its backup is not complete (R96). Load `backup__zone` with it."""
        if self.backup is None or self.backup.status != Backup.Status.CREATING:
            return None
        return self.backup.zone

    @property
    def is_deprecated(self) -> bool:
        """Whether it is not kept up any more. It stays usable."""
        return self.deprecated_on is not None and self.deprecated_on <= now().date()

    @property
    def error_sentence(self) -> str:
        """Why it failed, in the reader's language; empty when it did not."""
        return sentence(self.error_code, self.error_values) if self.error_code else ""

    @property
    def tag_values(self) -> dict[str, str]:
        """Its tags, by key. Prefetch `tags` for lists."""
        return {tag.key: tag.value for tag in self.tags.all()}

    @property
    def size_bytes(self) -> int | None:
        """What its files take in the store; None before they are there. Prefetch `disks` for lists."""
        disks = list(self.disks.all())
        return sum(disk.size_bytes for disk in disks) if disks else None


class ImageDisk(models.Model):
    """One stored disk of an image; index 0 is the system disk (or the only one)."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    image = models.ForeignKey(Image, on_delete=models.CASCADE, related_name="disks")
    index = models.PositiveSmallIntegerField(default=0)
    role = models.CharField(max_length=6, choices=[("system", _("System disk")), ("data", _("Data disk"))])
    format = models.CharField(_("stored as"), max_length=8, default="qcow2")
    size_bytes = models.BigIntegerField(default=0)
    virtual_size_bytes = models.BigIntegerField(default=0)
    sha256 = models.CharField(_("SHA-256 of the stored file"), max_length=64, blank=True)
    source_format = models.CharField(_("came in as"), max_length=8, blank=True)
    source_size_bytes = models.BigIntegerField(default=0)
    source_sha256 = models.CharField(_("SHA-256 of what came in"), max_length=64, blank=True)
    ref = models.CharField(max_length=255, blank=True)
    # of a data disk of a full-ECS image what it is encrypted with; every other disk has its image's key
    key = models.ForeignKey(
        Key,
        on_delete=models.PROTECT,
        null=True,
        blank=True,
        related_name="image_disks",
        verbose_name=_("encryption key"),
    )
    # which bytes these are: disks that are links to the same ones have the same value, and a quota counts them once
    bytes_id = models.UUIDField(default=uuid.uuid4, editable=False)
    verified_at = models.DateTimeField(
        _("verified"), null=True, blank=True
    )  # when they last were what they were
    damaged_at = models.DateTimeField(_("found damaged"), null=True, blank=True)  # since when they are not

    class Meta:
        verbose_name = _("stored disk")
        verbose_name_plural = _("stored disks")
        ordering = ["index"]
        constraints = [models.UniqueConstraint(fields=["image", "index"], name="one_image_disk_per_index")]

    def __str__(self) -> str:
        return f"{self.image} {self.index}"


class ImageTag(models.Model):
    """A tag: key and value (§2.22, R97)."""

    image = models.ForeignKey(Image, on_delete=models.CASCADE, related_name="tags")
    key = models.CharField(_("key"), max_length=36)
    value = models.CharField(_("value"), max_length=43, blank=True)

    class Meta:
        verbose_name = _("tag")
        verbose_name_plural = _("tags")
        ordering = ["key"]
        indexes = [models.Index(fields=["key", "value"], name="image_tag_key_value")]
        constraints = [models.UniqueConstraint(fields=["image", "key"], name="one_tag_per_key")]

    def __str__(self) -> str:
        return f"{self.key}={self.value}"

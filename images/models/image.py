"""Images, their disks and tags (design §6, ims-facts §1)."""

from datetime import date
from functools import cache
from typing import Any, Self

from django.core.exceptions import FieldError
from django.db import models
from django.db.models import Exists, F, OuterRef, Q, Value
from django.db.models.functions import Coalesce
from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from images.models.facts import FACTS, PUBLISHED, ImageFacts
from images.models.os_version import OsVersion
from images.models.trash import EXISTING, TRASHED, Trashable, TrashQuerySet, only_trash_is_kept
from imsconsole.accounts.actor import Actor, projects_elsewhere
from imsconsole.accounts.models import AvailabilityZone, Project, Region
from imsconsole.accounts.people import person
from imsconsole.cloud.models import (
    Architecture,
    Backup,
    BootMode,
    Flavor,
    Key,
    OfStored,
    Server,
    Tag,
    Tagged,
)
from imsconsole.cloud.models.stored import OfStoredManager
from imsconsole.core.ids import new_id
from imsconsole.core.now import now
from imsconsole.core.project_urls import address_of
from imsconsole.core.sentences import sentence

# until when it is kept up: sorted down, what is deprecated, or will be, stands behind the rest
KEPT_UP = Coalesce(F("deprecated_on"), Value(date.max))


class ImageQuerySet(TrashQuerySet["Image"]):
    def visible_to(self, actor: Actor) -> Self:
        """Public and market images of the region, own ones of the project, accepted ones (R2, R3, R14, R22).

        A market image that is not offered any more only where the project has servers of it.
        """
        this = Image.objects.filter(pk=OuterRef("pk"))
        of_market, servers = Q(category=Image.Category.MARKET), Server.objects.filter(image=OuterRef("pk"))
        offered = of_market & Q(Exists(this.filter(edition__version_of__state=PUBLISHED)))
        used = of_market & Q(Exists(servers.filter(project=actor.project, deleted_at=None)))
        accepted = Q(Exists(this.shared_with(actor.project)))
        everything = Q(category=Image.Category.PUBLIC) | Q(project=actor.project) | offered | used | accepted
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

    def with_facts(self, actor: Actor, name: str, *more: str) -> Self:
        """Annotates these of `FACTS`; a constant beside each rule says which it reads. Raises FieldError for others."""
        names = dict.fromkeys((name, *more))
        if unknown := names.keys() - FACTS.keys():
            raise FieldError(f"Images have no such facts: {', '.join(sorted(unknown))}")
        return self.annotate(**{name: FACTS[name].asked_by(actor, _this()) for name in names})


@cache
def _this() -> ImageQuerySet:
    """The image of an outer query."""
    return Image.objects.filter(pk=OuterRef("pk")).order_by()


class Image(Tagged, ImageFacts, Trashable):
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

    id = models.UUIDField(_("image ID"), primary_key=True, default=new_id, editable=False)
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
    secure_boot = models.BooleanField(_("Secure Boot"), default=False)
    tpm = models.BooleanField(_("TPM"), default=False)
    # with which the order of a server begins; it may be hidden since, or fit no more
    default_flavor = models.ForeignKey(
        Flavor,
        on_delete=models.SET_NULL,
        null=True,
        blank=True,
        verbose_name=_("default flavor"),
        related_name="+",
    )
    # with which the form of such an order is filled in; a server has it only if it is sent
    default_user_data = models.TextField(_("default user data"), blank=True)
    # seen in it, or known of who made it; None: nobody knows
    cloud_init = models.BooleanField(_("Cloud-Init injection"), null=True)
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
    # a public image: projects may copy and download it, as the operator says (R70)
    released = models.BooleanField(_("released for copies and downloads"), default=False)
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
    source_id = models.UUIDField(_("ID of the source"), null=True, blank=True)
    source_name = models.CharField(_("name of the source"), max_length=255, blank=True)
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
        "self",
        on_delete=models.PROTECT,
        null=True,
        blank=True,
        related_name="children",
        verbose_name=_("made of image"),
    )
    # what its disks take in the store, 0 before they are there; written by triggers only (`images.models.sizes`)
    size_bytes = models.BigIntegerField(_("image size"), default=0)
    created_by = person(_("created by"))
    created_at = models.DateTimeField(_("created"), default=now)
    updated_at = models.DateTimeField(_("updated"), default=now)
    active_at = models.DateTimeField(_("usable since"), null=True, blank=True)
    deleted_at = models.DateTimeField(_("bytes deleted at"), null=True, blank=True)

    # set by `ancestry.load_ancestors`
    ancestors: tuple["Image", ...]
    seller_id: Any  # of an ancestor that is a market image: the account that offers it
    # by `products.load_products`: a `Product`, or None
    product: Any

    objects = ImageQuerySet.as_manager()

    class Meta:
        verbose_name = _("image")
        verbose_name_plural = _("images")
        ordering = ["-created_at", "-pk"]
        indexes = [
            # what lists sort by; `image_name_unique_in_project` serves the name
            *(
                models.Index(fields=["project", column, "id"], condition=EXISTING, name=f"image_by_{column}")
                for column in ("created_at", "updated_at", "status", "min_disk_gb", "size_bytes")
            ),
            models.Index(
                "region",
                KEPT_UP,
                "created_at",
                "id",
                condition=EXISTING & Q(category="public", hidden=False),
                name="image_public",
            ),
            models.Index(fields=["region", "category", "-created_at"], name="image_region_category"),
            models.Index(fields=["-created_at", "-id"], name="image_latest"),  # of all, for operators
            *(
                models.Index(
                    fields=["region", "category", column, "id"],
                    condition=EXISTING & Q(category__in=["public", "market"]),
                    name=f"image_offered_by_{column}",
                )
                for column in ("name", "updated_at", "min_disk_gb", "size_bytes")
            ),
            models.Index(
                fields=["region", "category", "id"],
                condition=EXISTING & Q(category__in=["public", "market"]),
                name="image_offered",
            ),
            models.Index(
                fields=["project", "kept_until", "id"], condition=Q(status=TRASHED), name="image_in_trash"
            ),
            models.Index(
                fields=["delete_at"], condition=Q(delete_at__isnull=False), name="image_to_be_deleted"
            ),
        ]
        constraints = [
            models.UniqueConstraint(  # R39
                fields=["project", "name"],
                condition=EXISTING,
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
                condition=Q(secure_boot=False, tpm=False) | Q(boot_mode="uefi"),
                name="secure_boot_and_tpm_by_uefi",
            ),
            models.CheckConstraint(
                condition=Q(successor=None) | Q(deprecated_on__isnull=False),
                name="only_deprecated_images_have_a_successor",
            ),
            models.CheckConstraint(
                condition=Q(max_ram_mb=None) | Q(max_ram_mb__gte=F("min_ram_mb")),
                name="max_ram_not_below_min",
            ),
        ]

    def __str__(self) -> str:
        return self.name

    def get_absolute_url(self) -> str:
        return address_of("images:detail", self.pk)

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
    def list_page(self) -> str:
        """Of the tab of its category."""
        return f"{reverse('images:list')}?tab={self.category}"


class ImageDisk(OfStored):
    """One stored disk of an image; index 0 is the system disk (or the only one)."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    image = models.ForeignKey(Image, on_delete=models.CASCADE, related_name="disks")
    index = models.PositiveSmallIntegerField(_("number"), default=0)
    role = models.CharField(
        _("role"), max_length=6, choices=[("system", _("System disk")), ("data", _("Data disk"))]
    )
    source_format = models.CharField(_("came in as"), max_length=8, blank=True)
    source_size_bytes = models.BigIntegerField(default=0)
    source_checksum = models.CharField(_("checksum of what came in"), max_length=160, blank=True)
    # of a data disk of a full-ECS image what it is encrypted with; every other disk has its image's key
    key = models.ForeignKey(
        Key,
        on_delete=models.PROTECT,
        null=True,
        blank=True,
        related_name="image_disks",
        verbose_name=_("encryption key"),
    )

    objects = OfStoredManager["ImageDisk"]()

    class Meta:
        verbose_name = _("stored disk")
        verbose_name_plural = _("stored disks")
        ordering = ["index"]
        constraints = [models.UniqueConstraint(fields=["image", "index"], name="one_image_disk_per_index")]

    def __str__(self) -> str:
        return f"{self.image} {self.index}"


class ImageTag(Tag):
    """A tag of an image (§2.22, R97)."""

    image = models.ForeignKey(Image, on_delete=models.CASCADE, related_name="tags")

    class Meta(Tag.Meta):
        indexes = [models.Index(fields=["key", "value", "image"], name="image_tag_found")]
        constraints = [models.UniqueConstraint(fields=["image", "key"], name="one_tag_per_key")]

"""Cloud servers (ECS)."""

from typing import Any, Self

from django.db import models
from django.db.models import Q
from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from imsconsole.accounts.actor import Actor
from imsconsole.accounts.models import AvailabilityZone, Project
from imsconsole.accounts.people import person
from imsconsole.cloud.models.flavors import Architecture, BootMode, Flavor
from imsconsole.cloud.models.key_pairs import KeyPair
from imsconsole.cloud.models.origins import FromImage, OfImage
from imsconsole.cloud.models.projects import ProjectQuerySet
from imsconsole.cloud.models.tags import Tag, Tagged
from imsconsole.core.ids import new_id
from imsconsole.core.now import now
from imsconsole.core.project_urls import address_of
from imsconsole.core.sentences import sentence


class ServerQuerySet(ProjectQuerySet["Server"]):
    def existing(self) -> Self:
        return self.filter(deleted_at=None)

    def for_change(self, actor: Actor) -> Self:
        """The actor's, with what rules read of them: for `locked`."""
        return self.visible_to(actor).existing().select_related("flavor", "project", "zone")


class Server(Tagged, FromImage, models.Model):
    """A cloud server (ECS). Its state is reconciled with its process."""

    class Status(models.TextChoices):
        CREATING = "creating", _("Creating")
        RUNNING = "running", _("Running")
        STOPPED = "stopped", _("Stopped")
        STARTING = "starting", _("Starting")
        STOPPING = "stopping", _("Stopping")
        REBOOTING = "rebooting", _("Restarting")
        CHANGING_OS = "changing-os", _("Changing OS")
        CHANGE_FAILED = "change-os-failed", _("Failed to change the OS")
        REINSTALLING = "reinstalling", _("Reinstalling")
        REINSTALL_FAILED = "reinstall-failed", _("Reinstallation failed")
        RESTORING = "restoring", _("Restoring")
        RESIZING = "resizing", _("Resizing")
        NO_MACHINE = "no-machine", _("No machine")
        FAILED = "failed", _("Creation failed")
        DELETING = "deleting", _("Deleting")
        DELETED = "deleted", _("Deleted")

    class Task(models.TextChoices):
        """What is made of it, or given to it, while it stays as it is, running or stopped."""

        IMAGE = "image", _("Creating an image")
        BACKUP = "backup", _("Backing up")
        ISO = "iso", _("Changing what is in the drive")

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    project = models.ForeignKey(
        Project, on_delete=models.PROTECT, related_name="servers", verbose_name=_("project")
    )
    name = models.CharField(_("name"), max_length=64)
    # what the guest was told at its creation, whatever the row is called and which key pairs exist later
    host_name = models.CharField(_("name in the guest"), max_length=63, blank=True, editable=False)
    ssh_key = models.TextField(blank=True, editable=False)
    zone = models.ForeignKey(AvailabilityZone, on_delete=models.PROTECT, verbose_name=_("AZ"))
    flavor = models.ForeignKey(Flavor, on_delete=models.PROTECT, verbose_name=_("flavor"))
    image = models.ForeignKey(
        "images.Image", on_delete=models.PROTECT, related_name="servers", verbose_name=_("image")
    )
    boot_mode = models.CharField(_("boot mode"), max_length=4, choices=BootMode, default=BootMode.BIOS)
    architecture = models.CharField(
        _("architecture"), max_length=4, choices=Architecture, default=Architecture.X86
    )

    status = models.CharField(_("status"), max_length=20, choices=Status, default=Status.CREATING)
    # why it is in that state when nobody asked for it: guest-shutdown, killed, host-rebooted, or an error's code
    status_code = models.CharField(max_length=64, blank=True)
    status_values: models.JSONField[dict[str, Any], dict[str, Any]] = models.JSONField(default=dict)
    status_since = models.DateTimeField(_("since"), default=now)
    # as long as it is set nothing else may be done to the server (R35, R130); the job that set it takes it back
    task = models.CharField(_("task"), max_length=8, choices=Task, blank=True, editable=False)
    auto_start = models.BooleanField(_("start with the host"), default=False)

    private_ip = models.GenericIPAddressField(_("private IP"), protocol="IPv4")
    mac = models.CharField("MAC", max_length=17)
    # where its port 22 is reached from the service's host, while it runs; a host alone says nothing
    ssh_host = models.CharField(_("SSH host"), max_length=253, blank=True)
    ssh_port = models.PositiveIntegerField(_("SSH port"), null=True)
    key_pair = models.ForeignKey(
        KeyPair,
        on_delete=models.SET_NULL,
        null=True,
        blank=True,
        verbose_name=_("key pair"),
        related_name="servers",
    )
    password_hash = models.CharField(max_length=255, blank=True, editable=False)
    user_data = models.TextField(_("user data"), blank=True)
    ref = models.CharField(_("place in the store"), max_length=255, blank=True, editable=False)
    # made from an ISO image, which is its CD, to install a system on (§2.10)
    is_temporary = models.BooleanField(_("temporary"), default=False, editable=False)
    cd_ref = models.CharField(max_length=255, blank=True, editable=False)
    # what is mounted, and from which it never starts: a link of its own, whatever becomes of the image (R87)
    iso = models.ForeignKey(
        "images.Image",
        on_delete=models.PROTECT,
        null=True,
        editable=False,
        verbose_name=_("mounted ISO"),
        related_name="+",
    )
    iso_ref = models.CharField(max_length=255, blank=True, editable=False)
    # the backup whose disks it was created with, if it was
    restored_from = models.ForeignKey(
        "cloud.Backup", on_delete=models.PROTECT, null=True, editable=False, related_name="+"
    )
    created_at = models.DateTimeField(_("created"), default=now)
    created_by = person(_("created by"))
    deleted_at = models.DateTimeField(_("deleted at"), null=True, editable=False)

    objects = ServerQuerySet.as_manager()

    class Meta:
        verbose_name = _("server")
        verbose_name_plural = _("servers")
        ordering = ["-created_at"]
        indexes = [
            models.Index(fields=["project", "-created_at"], name="server_project_created"),
            models.Index(fields=["status"], condition=Q(deleted_at=None), name="server_status"),
        ]
        constraints = [
            models.UniqueConstraint(
                fields=["project", "private_ip"], condition=Q(deleted_at=None), name="server_ip_unique"
            ),
            models.UniqueConstraint(fields=["mac"], condition=Q(deleted_at=None), name="server_mac_unique"),
        ]

    def __str__(self) -> str:
        return self.name

    def get_absolute_url(self) -> str:
        return address_of("servers:detail", self.pk)

    @property
    def list_page(self) -> str:
        return reverse("servers:list")

    @property
    def has_screen(self) -> bool:
        """Whether there is a guest to look at."""
        return self.status in (self.Status.RUNNING, self.Status.STOPPING, self.Status.REBOOTING)

    @property
    def mounted(self) -> OfImage:
        """The ISO in its drive, as far as its project may still know it."""
        return OfImage(self.iso, self.project_id)

    @property
    def status_sentence(self) -> str:
        """Why it is in this state; empty when somebody asked for it."""
        return sentence(self.status_code, self.status_values) if self.status_code else ""


class ServerTag(Tag):
    """A tag of a server."""

    server = models.ForeignKey(Server, on_delete=models.CASCADE, related_name="tags")

    class Meta(Tag.Meta):
        indexes = [models.Index(fields=["key", "value", "server"], name="server_tag_found")]
        constraints = [models.UniqueConstraint(fields=["server", "key"], name="one_server_tag_per_key")]

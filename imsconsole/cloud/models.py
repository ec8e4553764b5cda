"""Flavors, key pairs, servers, disks, usage."""

import uuid
from datetime import timedelta
from typing import Any, Self

from django.db import models
from django.db.models import F, Q
from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from imsconsole.accounts.actor import Actor
from imsconsole.accounts.models import AvailabilityZone, Project
from imsconsole.core.now import now
from imsconsole.core.sentences import sentence


class Architecture(models.TextChoices):
    X86 = "x86", "x86"
    ARM = "arm", "Arm"


class BootMode(models.TextChoices):
    BIOS = "bios", "BIOS"
    UEFI = "uefi", "UEFI"


class Flavor(models.Model):
    """A size of server (规格). Its series decides which OS versions it supports."""

    class Device(models.TextChoices):
        NONE = "", _("none")
        GPU = "gpu", "GPU"
        NPU = "npu", "NPU"
        ENCODER = "encoder", _("encoding card")

    name = models.SlugField(_("name"), max_length=32, primary_key=True, allow_unicode=False)
    series = models.CharField(_("series"), max_length=16)
    vcpus = models.PositiveIntegerField(_("vCPUs"))
    memory_mb = models.PositiveIntegerField(_("memory (MB)"))
    architecture = models.CharField(
        _("architecture"), max_length=4, choices=Architecture, default=Architecture.X86
    )
    device = models.CharField(_("device"), max_length=8, choices=Device, blank=True)
    bare_metal = models.BooleanField(_("bare metal"), default=False)
    hidden = models.BooleanField(_("hidden"), default=False)

    class Meta:
        verbose_name = _("flavor")
        verbose_name_plural = _("flavors")
        ordering = ["architecture", "bare_metal", "device", "vcpus", "memory_mb"]

    def __str__(self) -> str:
        return self.name


class ProjectQuerySet(models.QuerySet[Any]):
    """What belongs to a project."""

    def visible_to(self, actor: Actor) -> Self:
        return self.filter(project=actor.project)


class KeyPair(models.Model):
    """The public half of an SSH key. The private half is never kept."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    project = models.ForeignKey(Project, on_delete=models.PROTECT, related_name="key_pairs")
    name = models.CharField(_("name"), max_length=64)
    public_key = models.TextField(_("public key"))
    fingerprint = models.CharField(_("fingerprint"), max_length=64)
    created_at = models.DateTimeField(_("created"), default=now)

    objects = ProjectQuerySet.as_manager()

    class Meta:
        verbose_name = _("key pair")
        verbose_name_plural = _("key pairs")
        ordering = ["name"]
        constraints = [models.UniqueConstraint(fields=["project", "name"], name="key_pair_name_unique")]

    def __str__(self) -> str:
        return self.name


class ServerQuerySet(ProjectQuerySet):
    def existing(self) -> Self:
        return self.filter(deleted_at=None)


class Server(models.Model):
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
        FAILED = "failed", _("Creation failed")
        DELETING = "deleting", _("Deleting")
        DELETED = "deleted", _("Deleted")

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    project = models.ForeignKey(Project, on_delete=models.PROTECT, related_name="servers")
    name = models.CharField(_("name"), max_length=64)
    # what the guest was told at its creation, whatever the row is called and which key pairs exist later
    host_name = models.CharField(max_length=63, blank=True, editable=False)
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
    auto_start = models.BooleanField(_("start with the host"), default=False)

    private_ip = models.GenericIPAddressField(_("private IP"), protocol="IPv4")
    mac = models.CharField("MAC", max_length=17)
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
    ref = models.CharField(max_length=255, blank=True, editable=False)
    created_at = models.DateTimeField(_("created"), default=now)
    created_by = models.ForeignKey("accounts.User", on_delete=models.SET_NULL, null=True, related_name="+")
    deleted_at = models.DateTimeField(null=True, editable=False)

    objects = ServerQuerySet.as_manager()

    class Meta:
        verbose_name = _("server")
        verbose_name_plural = _("servers")
        ordering = ["-created_at"]
        indexes = [models.Index(fields=["project", "-created_at"], name="server_project_created")]
        constraints = [
            models.UniqueConstraint(
                fields=["project", "private_ip"], condition=Q(deleted_at=None), name="server_ip_unique"
            ),
            models.UniqueConstraint(fields=["mac"], condition=Q(deleted_at=None), name="server_mac_unique"),
        ]

    def __str__(self) -> str:
        return self.name

    def get_absolute_url(self) -> str:
        return reverse("servers:detail", args=[self.pk])

    @property
    def status_sentence(self) -> str:
        """Why it is in this state; empty when somebody asked for it."""
        return sentence(self.status_code, self.status_values) if self.status_code else ""


EXPIRING = timedelta(days=2)


class DiskQuerySet(ProjectQuerySet):
    def existing(self) -> Self:
        return self.filter(deleted_at=None)

    def attached(self) -> Self:
        """The disks a server runs with: not those beside it."""
        return self.existing().filter(beside=False)

    def kept(self) -> Self:
        """Former system disks that can come back, the latest first."""
        return self.existing().filter(kept_until__isnull=False).order_by("-kept_until")

    def expiring(self) -> Self:
        """Those of them that are deleted within two days, the first to go first."""
        soon = self.kept().filter(status=Disk.Status.KEPT, kept_until__gt=now())
        return soon.filter(kept_until__lte=now() + EXPIRING).order_by("kept_until")


class Disk(models.Model):
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
        FAILED = "failed", _("Failed")
        KEPT = "kept", _("Kept")
        DELETING = "deleting", _("Deleting")
        DELETED = "deleted", _("Deleted")

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    project = models.ForeignKey(Project, on_delete=models.PROTECT, related_name="server_disks")
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
        "images.Image", on_delete=models.PROTECT, null=True, blank=True, related_name="+"
    )
    ref = models.CharField(max_length=255, blank=True, editable=False)
    beside = models.BooleanField(default=False, editable=False)
    kept_until = models.DateTimeField(_("kept until"), null=True, editable=False)
    # what cloud-init knows this system by; empty: the server's ID. A system that comes back sees its own again
    instance_id = models.CharField(max_length=64, blank=True, editable=False)
    login: models.JSONField[dict[str, Any], dict[str, Any]] = models.JSONField(default=dict, editable=False)
    created_at = models.DateTimeField(_("created"), default=now)
    deleted_at = models.DateTimeField(null=True, editable=False)

    objects = DiskQuerySet.as_manager()

    class Meta:
        verbose_name = _("disk")
        verbose_name_plural = _("disks")
        ordering = ["server", "index"]
        constraints = [
            models.UniqueConstraint(
                fields=["server", "index"],
                condition=Q(deleted_at=None, beside=False),
                name="one_disk_per_server_index",
            )
        ]

    def __str__(self) -> str:
        return self.name


class Usage(models.Model):
    """An interval in which a server had one state, flavor, image and disk size. Append-only.

    The open interval has no end; a change closes it and opens the next in one transaction.
    """

    server = models.ForeignKey(Server, on_delete=models.PROTECT, related_name="usage")
    project = models.ForeignKey(Project, on_delete=models.PROTECT, related_name="+")
    image = models.ForeignKey("images.Image", on_delete=models.PROTECT, related_name="usage")
    flavor = models.ForeignKey(Flavor, on_delete=models.PROTECT, related_name="+")
    state = models.CharField(max_length=12)  # running or stopped
    disk_gb = models.PositiveIntegerField()
    started_at = models.DateTimeField()
    ended_at = models.DateTimeField(null=True)

    class Meta:
        verbose_name = _("usage")
        verbose_name_plural = _("usage")
        ordering = ["started_at", "pk"]
        indexes = [models.Index(fields=["project", "started_at"], name="usage_project_started")]
        constraints = [
            models.UniqueConstraint(
                fields=["server"], condition=Q(ended_at=None), name="one_open_usage_per_server"
            ),
            models.CheckConstraint(
                condition=Q(ended_at=None) | Q(ended_at__gte=F("started_at")), name="usage_ends_after_start"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.server} {self.state}"

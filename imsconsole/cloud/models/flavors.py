"""Flavors, and what they must agree on with an image."""

from django.db import models
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext


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

    @property
    def size(self) -> str:
        """Its vCPUs and memory, as people read them."""
        return ngettext("%(vcpus)s vCPU · %(memory)s MB", "%(vcpus)s vCPUs · %(memory)s MB", self.vcpus) % {
            "vcpus": self.vcpus,
            "memory": self.memory_mb,
        }

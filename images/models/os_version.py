"""The table of operating systems."""

from django.db import models
from django.utils.translation import gettext_lazy as _


class OsVersion(models.Model):
    """A row of the operator's table of operating systems (ims-facts §1.5)."""

    class Type(models.TextChoices):
        LINUX = "Linux", "Linux"
        WINDOWS = "Windows", "Windows"
        OTHER = "Other", _("Other")

    name = models.CharField(_("name"), max_length=64, unique=True)  # "Debian 12 64bit"
    os_type = models.CharField(_("OS type"), max_length=8, choices=Type)
    platform = models.CharField(_("platform"), max_length=32)
    version = models.CharField(_("version"), max_length=32)
    bits = models.PositiveSmallIntegerField(_("bits"), choices=[(32, "32"), (64, "64")], default=64)
    boots_bios = models.BooleanField("BIOS", default=True)
    boots_uefi = models.BooleanField("UEFI", default=False)
    on_x86 = models.BooleanField("x86", default=True)
    on_arm = models.BooleanField("Arm", default=False)
    for_ecs = models.BooleanField("ECS", default=True)
    for_bms = models.BooleanField("BMS", default=False)
    flavor_series: models.JSONField[list[str], list[str]] = models.JSONField(
        _("flavor series"), default=list, blank=True, help_text=_("Empty: every series.")
    )

    class Meta:
        verbose_name = _("OS version")
        verbose_name_plural = _("OS versions")
        ordering = ["platform", "name"]

    def __str__(self) -> str:
        return self.name

    def runs_on_series(self, series: str) -> bool:
        """Whether flavors of a series support it; without a list every series does."""
        return not self.flavor_series or series in self.flavor_series

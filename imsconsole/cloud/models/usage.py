"""What was used when: the ground of lineage, "used by" and the market's ledger."""

from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from imsconsole.accounts.models import Project
from imsconsole.cloud.models.flavors import Flavor
from imsconsole.cloud.models.servers import Server


class Usage(models.Model):
    """An interval in which a server had one state, flavor, image and disk size. Append-only.

    The open interval has no end; a change closes it and opens the next in one transaction.
    """

    server = models.ForeignKey(
        Server, on_delete=models.PROTECT, related_name="usage", verbose_name=_("server")
    )
    project = models.ForeignKey(
        Project, on_delete=models.PROTECT, related_name="+", verbose_name=_("project")
    )
    image = models.ForeignKey(
        "images.Image", on_delete=models.PROTECT, related_name="usage", verbose_name=_("image")
    )
    flavor = models.ForeignKey(Flavor, on_delete=models.PROTECT, related_name="+", verbose_name=_("flavor"))
    state = models.CharField(
        _("state"), max_length=12, choices=[("running", _("Running")), ("stopped", _("Stopped"))]
    )
    disk_gb = models.PositiveIntegerField(_("disks (GB)"))
    started_at = models.DateTimeField(_("began at"))
    ended_at = models.DateTimeField(_("ended at"), null=True)

    class Meta:
        verbose_name = _("usage")
        verbose_name_plural = _("usage")
        ordering = ["started_at", "pk"]
        indexes = [
            models.Index(fields=["project", "started_at"], name="usage_project_started"),
            models.Index(fields=["ended_at"], name="usage_ended"),
        ]
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


class SettledUsage(models.Model):
    """Up to which hour usage is final, as it has been charged: what is written later begins no earlier. One row."""

    id = models.PositiveSmallIntegerField(primary_key=True, default=1)
    until = models.DateTimeField()

    class Meta:
        verbose_name = _("settled usage")
        verbose_name_plural = _("settled usage")
        constraints = [models.CheckConstraint(condition=Q(id=1), name="usage_settled_once")]

    def __str__(self) -> str:
        return f"{self.until:%Y-%m-%d %H:%M}"

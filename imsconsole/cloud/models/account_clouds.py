"""Where an account's servers and disks lie, in a region on a cloud: in a project of the cloud that is the account's alone."""

from typing import Self

from django.db import models
from django.utils.translation import gettext_lazy as _

from imsconsole.accounts.models import Account, Project, Region
from imsconsole.core.ids import new_id
from imsconsole.core.sentences import Explained


class AccountCloudQuerySet(models.QuerySet["AccountCloud"]):
    def silent(self) -> Self:
        """Those that did not answer when they were asked last."""
        return self.exclude(error_code="")

    def of(self, project: Project) -> Self:
        """That which has the project's servers and disks; none: they are in the region's own."""
        return self.filter(region=project.region_id, account=project.account_id)

    def name_for(self, project: Project) -> str:
        """What the place of a project's servers and disks is called in clouds.yaml; empty: it is the region's own."""
        return self.of(project).values_list("cloud", flat=True).first() or ""

    def names_in(self, region: Region | str) -> list[str]:
        return list(self.filter(region=region).order_by("cloud").values_list("cloud", flat=True).distinct())


class AccountCloud(Explained, models.Model):
    """A project of a region's cloud that is one account's, and what the clock heard there last."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    region = models.ForeignKey(
        Region, on_delete=models.PROTECT, related_name="account_clouds", verbose_name=_("region")
    )
    account = models.ForeignKey(
        Account, on_delete=models.PROTECT, related_name="clouds", verbose_name=_("account")
    )
    cloud = models.CharField(_("cloud"), max_length=64)
    answered_at = models.DateTimeField(_("answered"), null=True, editable=False)
    error_code = models.CharField(_("code of the error"), max_length=64, blank=True, editable=False)
    error_values: models.JSONField[dict[str, object], dict[str, object]] = models.JSONField(
        default=dict, editable=False
    )

    objects = AccountCloudQuerySet.as_manager()

    class Meta:
        verbose_name = _("cloud project of an account")
        verbose_name_plural = _("cloud projects of accounts")
        ordering = ["region", "account__name"]
        constraints = [
            models.UniqueConstraint(fields=["region", "account"], name="one_cloud_per_account_and_region")
        ]

    def __str__(self) -> str:
        return f"{self.account} · {self.region}"

"""The ledger: what servers cost, derived from `Usage` and `Price`. Append-only."""

from decimal import Decimal

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _
from djmoney.models.fields import MoneyField

from images.models import Image
from imsconsole.accounts.models import Project
from imsconsole.cloud.models import Server
from market.models.prices import Price


class Charge(models.Model):  # type: ignore[django-manager-missing]  # django-money wraps managers
    """What one server costs by one price in one hour (UTC)."""

    id = models.BigAutoField(primary_key=True)
    project = models.ForeignKey(
        Project, on_delete=models.PROTECT, related_name="+", verbose_name=_("project")
    )
    server = models.ForeignKey(Server, on_delete=models.PROTECT, related_name="+", verbose_name=_("server"))
    image = models.ForeignKey(
        Image, on_delete=models.PROTECT, related_name="+", verbose_name=_("image")
    )  # what it ran in that hour
    price = models.ForeignKey(
        Price, on_delete=models.PROTECT, related_name="charges", verbose_name=_("price")
    )
    hour = models.DateTimeField(_("hour"))
    seconds = models.PositiveSmallIntegerField(_("seconds"))  # 0 of a price that is paid once
    # seconds × units: vCPUs, or GB of disks; 1 where the price has no multiple
    unit_seconds = models.PositiveBigIntegerField(_("unit seconds"))
    # as wide as the dearest price for each vCPU of any flavor: a line that does not fit would stop the ledger for all
    amount = MoneyField(_("amount"), max_digits=24, decimal_places=8)

    class Meta:
        verbose_name = _("charge")
        verbose_name_plural = _("charges")
        ordering = ["-hour", "pk"]
        indexes = [
            models.Index(fields=["project", "hour"], name="charge_project_hour"),
            models.Index(fields=["price", "hour"], name="charge_price_hour"),
        ]
        constraints = [
            models.UniqueConstraint(fields=["server", "price", "hour"], name="charged_once"),
            models.CheckConstraint(condition=Q(seconds__lte=3600), name="an_hour_has_3600_seconds"),
        ]

    def __str__(self) -> str:
        return f"{self.server} {self.hour:%Y-%m-%d %H} {self.amount}"

    @property
    def value(self) -> Decimal:
        """Its amount in the one currency of the market."""
        return Decimal(self.amount.amount)  # type: ignore[attr-defined]  # a Money

"""Prices: of listings, of flavors, of disks. Append-only: a new price is a new row with the day it holds from."""

from decimal import Decimal

from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _
from djmoney.models.fields import MoneyField
from djmoney.models.validators import MinMoneyValidator

from imsconsole.accounts.people import person
from imsconsole.cloud.models import Flavor
from imsconsole.core.ids import new_id
from imsconsole.core.now import now
from market.models.listings import Listing


class Price(models.Model):  # type: ignore[django-manager-missing]  # django-money wraps managers
    """What something costs from a moment on (计费标准).

    Of a listing it is the publisher's, and a server keeps the one it began with (until it leaves the listing);
    of a flavor or of disks it is the operator's and holds for everyone from its moment on.
    """

    class Of(models.TextChoices):
        LISTING = "listing", _("Market image")
        FLAVOR = "flavor", _("Flavor")
        DISK = "disk", _("Disks")

    class Unit(models.TextChoices):
        FREE = "free", _("Free")
        HOUR = "hour", _("per hour")
        MONTH = "month", _("per month")  # prorated by the second of the calendar month (UTC)
        ONCE = "once", _("once per server")
        GB_MONTH = "gb-month", _("per GB and month")

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    of = models.CharField(_("price of"), max_length=7, choices=Of)
    listing = models.ForeignKey(
        Listing,
        on_delete=models.PROTECT,
        null=True,
        blank=True,
        related_name="prices",
        verbose_name=_("listing"),
    )
    flavor = models.ForeignKey(
        Flavor,
        on_delete=models.PROTECT,
        null=True,
        blank=True,
        related_name="+",
        verbose_name=_("flavor"),
    )
    unit = models.CharField(_("unit"), max_length=8, choices=Unit)
    amount = MoneyField(
        _("amount"),
        max_digits=12,
        decimal_places=4,
        default_currency=settings.DEFAULT_CURRENCY,
        default=0,
        validators=[MinMoneyValidator(0)],
    )
    per_vcpu = models.BooleanField(_("for each vCPU"), default=False)
    trial_days = models.PositiveSmallIntegerField(_("free trial (days)"), default=0)
    valid_from = models.DateTimeField(_("valid from"))
    created_by = person(_("created by"))
    created_at = models.DateTimeField(_("created"), default=now)

    class Meta:
        verbose_name = _("price")
        verbose_name_plural = _("prices")
        ordering = ["-valid_from", "pk"]
        indexes = [
            models.Index(  # the few of the platform among those of every listing
                fields=["valid_from"], condition=~models.Q(of="listing"), name="price_of_platform"
            ),
            models.Index(fields=["listing", "-valid_from"], name="price_listing_from"),
            models.Index(fields=["flavor", "-valid_from"], name="price_flavor_from"),
        ]
        constraints = [
            models.CheckConstraint(
                condition=Q(of="listing", listing__isnull=False, flavor=None)
                | Q(of="flavor", listing=None, flavor__isnull=False)
                | Q(of="disk", listing=None, flavor=None),
                name="price_of_one_thing",
            ),
            models.CheckConstraint(
                condition=Q(of="listing", unit__in=["free", "hour", "month", "once"])
                | Q(of="flavor", unit="hour", per_vcpu=False, trial_days=0)
                | Q(of="disk", unit="gb-month", per_vcpu=False, trial_days=0),
                name="price_in_its_unit",
            ),
            models.CheckConstraint(
                condition=Q(unit="free", amount=0, per_vcpu=False, trial_days=0) | ~Q(unit="free"),
                name="free_is_nothing",
            ),
            models.CheckConstraint(
                condition=Q(valid_from__gte=F("created_at")), name="no_price_for_the_past"
            ),
            models.UniqueConstraint(fields=["listing", "valid_from"], name="one_listing_price_at_a_time"),
            models.UniqueConstraint(fields=["flavor", "valid_from"], name="one_flavor_price_at_a_time"),
            models.UniqueConstraint(
                fields=["valid_from"], condition=Q(of="disk"), name="one_disk_price_at_a_time"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.amount} {self.get_unit_display()}"

    @property
    def value(self) -> Decimal:
        """Its amount in the one currency of the market."""
        return Decimal(self.amount.amount)  # type: ignore[attr-defined]  # a Money

"""What was charged, in rows."""

from datetime import datetime
from decimal import Decimal
from typing import Any, ClassVar

import django_tables2 as tables
from django.urls import reverse
from django.utils.functional import Promise
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext_lazy as _

from images.models import Image
from imsconsole.accounts.actor import Actor
from imsconsole.cloud.models import Server
from imsconsole.core.tables import ImsTable
from market.money import money


class MoneyColumn(tables.Column):
    """To the cent on a page, in full in a file."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(attrs={"td": {"class": "number"}, "th": {"class": "number"}}, **kwargs)

    def render(self, value: Decimal) -> str:
        return money(value)

    def value(self, value: Decimal) -> str:
        return f"{value:f}"


class FeesTable(ImsTable):
    """The sums of image, flavor and disk fees of something."""

    image_fee = MoneyColumn(verbose_name=_("Image fee"))
    flavor_fee = MoneyColumn(verbose_name=_("Flavor"))
    disk_fee = MoneyColumn(verbose_name=_("Disks"))
    total = MoneyColumn(verbose_name=_("Total"))

    class Meta(ImsTable.Meta):
        empty_text = _("Nothing was charged here.")
        attrs: ClassVar[dict[str, str]] = {"class": "table fees", "id": "fees"}


class NamedFees(FeesTable):
    name = tables.Column(order_by=("name", "pk"))
    key = tables.Column(accessor="pk", verbose_name="ID", visible=False)
    url_name: ClassVar[str] = ""
    model: ClassVar[type[Server] | type[Image]]

    class Meta(FeesTable.Meta):
        sequence = ("name", "key", "...")
        order_by = ("-total",)

    def load(self, actor: Actor) -> "NamedFees":
        """Which rows of this page still have a page of their own."""
        shown = [row.record["pk"] for row in self.paginated_rows]
        visible = self.model.objects.visible_to(actor).existing().filter(pk__in=shown)
        self.there = set(visible.values_list("pk", flat=True))
        return self

    def render_name(self, value: str, record: dict[str, Any]) -> SafeString:
        if record["pk"] not in self.there:
            return format_html('<span translate="no">{}</span>', value)
        return format_html(
            '<a href="{}" translate="no">{}</a>', reverse(self.url_name, args=[record["pk"]]), value
        )

    def value_name(self, value: str) -> str:
        return value


class ServerFees(NamedFees):
    caption: ClassVar[str | Promise] = _("Charges by server")
    url_name, model = "servers:detail", Server
    name = tables.Column(verbose_name=_("Server"), order_by=("name", "pk"))

    class Meta(NamedFees.Meta):
        pass


class ImageFees(NamedFees):
    caption: ClassVar[str | Promise] = _("Charges by image")
    url_name, model = "images:detail", Image
    name = tables.Column(verbose_name=_("Image"), order_by=("name", "pk"))

    class Meta(NamedFees.Meta):
        pass


class MonthFees(FeesTable):
    caption: ClassVar[str | Promise] = _("Charges by month")
    month = tables.Column(verbose_name=_("Month"))

    def load(self, _actor: Actor) -> "MonthFees":
        return self

    class Meta(FeesTable.Meta):
        sequence = ("month", "...")
        order_by = ("-month",)

    def render_month(self, value: datetime) -> SafeString:
        url = f"{reverse('market:billing')}?month={value:%Y-%m}"
        return format_html('<a href="{}">{}</a>', url, f"{value:%Y-%m}")

    def value_month(self, value: datetime) -> str:
        return f"{value:%Y-%m}"


class IncomeTable(ImsTable):
    """By month and listing."""

    caption = _("Income")
    month = tables.Column(verbose_name=_("Month"))
    title = tables.Column(verbose_name=_("Listing"))
    servers = tables.Column(
        verbose_name=_("Servers"), attrs={"td": {"class": "number"}, "th": {"class": "number"}}
    )
    total = MoneyColumn(verbose_name=_("Income"))

    class Meta(ImsTable.Meta):
        empty_text = _("Nothing was earned yet.")
        order_by = ("-month", "title")
        attrs: ClassVar[dict[str, str]] = {"class": "table fees", "id": "income"}

    def render_month(self, value: datetime) -> str:
        return f"{value:%Y-%m}"

    def render_title(self, value: str, record: dict[str, Any]) -> SafeString:
        url = reverse("market:detail", args=[record["listing"]])
        return format_html('<a href="{}" translate="no">{}</a>', url, value)

    def value_title(self, value: str) -> str:
        return value

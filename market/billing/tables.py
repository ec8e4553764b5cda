"""What was charged, in rows, and the columns of the files: money to the cent on a page, in full there."""

from collections.abc import Callable
from datetime import UTC, datetime
from decimal import Decimal
from operator import itemgetter
from typing import Any, ClassVar

import django_tables2 as tables
from django.conf import settings
from django.urls import reverse
from django.utils.functional import Promise
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext_lazy as _

from images.models import Image
from imsconsole.cloud.models import Server
from imsconsole.core.cells import link
from imsconsole.core.csv import Columns
from imsconsole.core.tables import ImsTable
from market.money import money, price_text


def _in_full(name: str) -> Callable[[Any], str]:
    return lambda row: f"{row[name]:f}"


def _month(row: dict[str, Any]) -> str:
    return f"{row['month']:%Y-%m}"


FEE_COLUMNS: Columns = (
    (_("Image fee"), _in_full("image_fee")),
    (_("Flavor"), _in_full("flavor_fee")),
    (_("Disks"), _in_full("disk_fee")),
    (_("Total"), _in_full("total")),
)
SERVER_COLUMNS: Columns = ((_("Server"), itemgetter("name")), *FEE_COLUMNS)
IMAGE_COLUMNS: Columns = ((_("Image"), itemgetter("name")), *FEE_COLUMNS)
MONTH_COLUMNS: Columns = ((_("Month"), _month), *FEE_COLUMNS)
INCOME_COLUMNS: Columns = (
    (_("Month"), _month),
    (_("Listing"), itemgetter("title")),
    (_("Servers"), itemgetter("servers")),
    (_("Income"), _in_full("total")),
)
LINE_COLUMNS: Columns = (
    (_("Hour (UTC)"), lambda line: line.hour.astimezone(UTC).isoformat(timespec="minutes")),
    (_("Server"), lambda line: line.server.name),
    (_("Server ID"), lambda line: line.server_id),
    (_("Image"), lambda line: line.image.name),
    (_("Image ID"), lambda line: line.image_id),
    (_("Charged for"), lambda line: line.price.get_of_display()),
    (_("Product code"), lambda line: line.price.listing_id),
    (_("Price"), lambda line: price_text(line.price)),
    (_("Seconds"), lambda line: line.seconds),
    (_("Seconds × units"), lambda line: line.unit_seconds),
    (_("Amount"), lambda line: f"{line.value:f}"),
    (_("Currency"), lambda _line: settings.DEFAULT_CURRENCY),
)


class MoneyColumn(tables.Column):
    """To the cent."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(attrs={"td": {"class": "number"}, "th": {"class": "number"}}, **kwargs)

    def render(self, value: Decimal) -> str:
        return money(value)


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
    url_name: ClassVar[str] = ""
    model: ClassVar[type[Server] | type[Image]]

    class Meta(FeesTable.Meta):
        sequence = ("name", "...")
        order_by = ("-total",)

    def load(self, records: list[dict[str, Any]]) -> None:
        """Which rows of this page still have a page of their own."""
        shown = [row["pk"] for row in records]
        visible = self.model.objects.visible_to(self.actor).existing().filter(pk__in=shown)
        self.there = set(visible.values_list("pk", flat=True))

    def render_name(self, value: str, record: dict[str, Any]) -> SafeString:
        return link(reverse(self.url_name, args=[record["pk"]]) if record["pk"] in self.there else "", value)


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

    class Meta(FeesTable.Meta):
        sequence = ("month", "...")
        order_by = ("-month",)

    def render_month(self, value: datetime) -> SafeString:
        url = f"{reverse('market:billing')}?month={value:%Y-%m}"
        return format_html('<a href="{}">{}</a>', url, f"{value:%Y-%m}")


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
        return link(reverse("market:detail", args=[record["listing"]]), value)

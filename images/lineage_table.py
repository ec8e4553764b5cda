"""The images that were made from one."""

from typing import ClassVar

import django_tables2 as tables
from django.utils.translation import gettext_lazy as _

from images.models import Image
from imsconsole.core.tables import FragmentColumn, ImsTable


class CopyTable(ImsTable):
    """A page of `images.lineage.copies_of`."""

    caption = _("Made from it")

    name = tables.Column(linkify=True, order_by=("name", "pk"))
    status = FragmentColumn(
        "{% include 'components/_status.html' with status=record.status label=record.get_status_display %}",
        order_by=("status", "pk"),
    )
    type = tables.Column(order_by=("type", "pk"))
    created_at = FragmentColumn("{{ value|ago }}", order_by=("created_at", "pk"))

    class Meta(ImsTable.Meta):
        model = Image
        fields = ("name", "status", "type", "created_at")
        attrs: ClassVar[dict[str, str]] = {"class": "table", "id": "copies"}
        empty_text = _("No image was made from it.")

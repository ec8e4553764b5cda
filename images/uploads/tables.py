"""The list of one's own uploads."""

from typing import Any, ClassVar

import django_tables2 as tables
from django.urls import reverse
from django.utils.safestring import SafeString
from django.utils.translation import gettext_lazy as _

from images.models import Upload
from images.receiving.progress import progress_of
from images.uploads.actions import UPLOAD_ACTIONS
from images.uploads.rules import can_resume, used_by_images
from imsconsole.core.cells import link
from imsconsole.core.tables import ActionsColumn, Empty, FragmentColumn, ImsTable, NumberColumn
from imsconsole.core.text import size


def _shown(record: Upload, table: "UploadTable") -> dict[str, Any]:
    return {
        "progress": progress_of(record),
        "can_resume": can_resume(record, table.actor),
        "image": table.made.get(record.pk),
    }


class UploadTable(ImsTable):
    """A page of uploads for `actor`. `made`: the names of images being made of them, by upload."""

    caption = _("Uploads")
    empty = Empty(
        _("No uploads"),
        _("Disk files and ISO files on their way from your computer are listed here; only you see yours."),
        icon="arrow-up-tray",
    )

    name = tables.Column(order_by=("name", "pk"), attrs={"td": {"class": "mono text-break"}})
    state = FragmentColumn("images/uploads/_cell_state.html", _shown, order_by=("state", "pk"))
    size_bytes = NumberColumn("size_bytes")
    created_at = tables.DateTimeColumn(format="DATETIME_FORMAT", order_by=("created_at", "pk"))
    expires_at = tables.DateTimeColumn(format="DATETIME_FORMAT", order_by=("expires_at", "pk"))
    actions = ActionsColumn(
        UPLOAD_ACTIONS, lambda record, table: {"image_name": table.made.get(record.pk, "")}
    )

    class Meta(ImsTable.Meta):
        model = Upload
        fields = ()
        attrs: ClassVar[dict[str, str]] = {"class": "table", "id": "uploads-table"}
        row_attrs: ClassVar[dict[str, Any]] = {"id": lambda record: f"upload-{record.pk}"}

    def load(self, records: list[Upload]) -> None:
        self.made = used_by_images(records)

    def render_name(self, record: Upload) -> SafeString:
        return link(reverse("uploads:detail", args=[record.pk]), record.name)

    def render_size_bytes(self, value: int) -> str:
        return size(value) if value else "–"

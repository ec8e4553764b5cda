"""The list of one's own uploads."""

from typing import Any, ClassVar

import django_tables2 as tables
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _

from images.models import Upload
from images.uploads.actions import UPLOAD_ACTIONS
from images.uploads.progress import progress_of
from images.uploads.rules import can_resume, used_by_images
from imsconsole.accounts.actor import Actor
from imsconsole.core.tables import ActionsColumn, FragmentColumn, ImsTable, NumberColumn, paged
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
    empty_template = "images/uploads/_empty.html"

    name = FragmentColumn(template_name="images/uploads/_cell_name.html", order_by=("name", "pk"))
    state = FragmentColumn(
        template_name="images/uploads/_cell_state.html", extra_context=_shown, order_by=("state", "pk")
    )
    size_bytes = NumberColumn("size_bytes")
    created_at = tables.DateTimeColumn(format="Y-m-d H:i", order_by=("created_at", "pk"))
    expires_at = tables.DateTimeColumn(format="Y-m-d H:i", order_by=("expires_at", "pk"))
    actions = ActionsColumn(
        UPLOAD_ACTIONS, lambda record, table: {"image_name": table.made.get(record.pk, "")}
    )

    class Meta(ImsTable.Meta):
        model = Upload
        fields = ()
        attrs: ClassVar[dict[str, str]] = {"class": "table", "id": "uploads-table"}
        row_attrs: ClassVar[dict[str, Any]] = {"id": lambda record: f"upload-{record.pk}"}

    def __init__(self, *args: Any, actor: Actor, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.actor = actor
        self.made: dict[Any, str] = {}

    def render_size_bytes(self, value: int) -> str:
        return size(value) if value else "–"


def upload_table(uploads: QuerySet[Upload], request: HttpRequest, actor: Actor) -> UploadTable:
    """The page of the list that the request's URL asks for; three queries, however many rows."""
    table = paged(UploadTable, uploads, request, actor=actor)
    assert isinstance(table, UploadTable)  # noqa: S101  paged returns what it was given
    table.made = used_by_images([row.record for row in table.paginated_rows])
    return table

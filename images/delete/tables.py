"""The list of what a project has in its trash."""

from collections.abc import Collection
from typing import Any, ClassVar

import django_tables2 as tables
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _

from images.delete.actions import TRASH_ACTIONS
from images.delete.rules import PURGE_FACTS
from images.models import Image, ImageQuerySet
from images.selection.columns import facts_of
from imsconsole.accounts.actor import Actor
from imsconsole.core.tables import (
    ActionsColumn,
    FragmentColumn,
    ImsTable,
    NumberColumn,
    PickColumn,
    TimeColumn,
    paged,
)
from imsconsole.core.text import size
from imsconsole.jobs.quotas import used_by


class TrashTable(ImsTable):
    """A page of images from the trash, with `PURGE_FACTS` and what `facts_of` finds, for `actor`.

    Whatever was chosen, it says until when they are kept.
    """

    caption = _("Trash")
    empty_template = "images/catalogue/_empty_list.html"
    choosable: ClassVar[dict[str, bool]] = {
        "status": True,
        "os_version": True,
        "type": True,
        "min_disk_gb": False,
        "stored_bytes": True,
    }

    pick = PickColumn()
    name = FragmentColumn(template_name="images/delete/_cell_name.html", order_by=("name", "pk"))
    status = tables.Column(
        accessor="status_before", verbose_name=_("Status"), order_by=("status_before", "pk")
    )
    os_version = tables.Column(
        verbose_name=_("OS"), order_by=("os_version__name", "pk"), attrs={"td": {"class": "os"}}
    )
    type = tables.Column(order_by=("type", "pk"))
    min_disk_gb = NumberColumn("min_disk_gb", verbose_name=_("Disk (GB)"))
    stored_bytes = NumberColumn("stored_bytes", verbose_name=_("Image size"))
    trashed_at = TimeColumn("trashed_at", verbose_name=_("Deleted at"))
    trashed_by = tables.Column(
        verbose_name=_("Deleted by"), order_by=("trashed_by__username", "pk"), default="–"
    )
    kept_until = TimeColumn("kept_until", verbose_name=_("Kept until"))
    actions = ActionsColumn(TRASH_ACTIONS, lambda _record, table: {"used": table.used})

    class Meta(ImsTable.Meta):
        model = Image
        fields = ()
        attrs: ClassVar[dict[str, str]] = {"class": "table", "id": "images-table"}
        row_attrs: ClassVar[dict[str, Any]] = {"id": lambda record: f"image-{record.pk}"}

    def __init__(self, *args: Any, actor: Actor, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.actor = actor
        self.used: dict[str, int] = {}

    def render_status(self, value: str) -> str:
        return str(Image.Status(value).label)

    def render_type(self, record: Image) -> str:
        return record.get_type_display()

    def render_stored_bytes(self, value: int) -> str:
        return size(value)


def trash_table(
    images: ImageQuerySet, request: HttpRequest, actor: Actor, columns: Collection[str]
) -> TrashTable:
    """The page of the trash that the request's URL asks for, with these of its choosable columns."""
    images = images.with_facts(actor, *PURGE_FACTS, *facts_of(TrashTable, request.GET, columns))
    images = images.select_related("os_version", "trashed_by")
    table = paged(TrashTable, images, request, columns, actor=actor)
    assert isinstance(table, TrashTable)  # noqa: S101  paged returns what it was given
    table.used = used_by(actor.project, ("images",))
    return table

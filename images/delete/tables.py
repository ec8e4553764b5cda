"""The list of what a project has in its trash."""

from collections.abc import Collection
from typing import Any, ClassVar

import django_tables2 as tables
from django.utils.safestring import SafeString
from django.utils.translation import gettext_lazy as _

from images.delete.actions import TRASH_ACTIONS
from images.delete.rules import PURGE_FACTS
from images.models import Image
from images.selection.columns import facts_of
from imsconsole.accounts.actor import Actor
from imsconsole.core.cells import named
from imsconsole.core.tables import (
    ActionsColumn,
    Empty,
    ImsTable,
    NumberColumn,
    PickColumn,
    TimeColumn,
)
from imsconsole.core.text import size
from imsconsole.jobs.quotas import used_by


class TrashTable(ImsTable):
    """A page of images from the trash, with `PURGE_FACTS` and what `facts_of` finds, for `actor`.

    Whatever was chosen, it says until when they are kept.
    """

    caption = _("Trash")
    empty = Empty(
        _("The trash is empty"),
        _("Images that members of this project delete can be restored from here for some days."),
        icon="trash",
        is_end=True,
    )
    choosable: ClassVar[dict[str, bool]] = {
        "status": True,
        "os_version": True,
        "type": True,
        "min_disk_gb": False,
        "stored_bytes": True,
    }

    pick = PickColumn()
    name = tables.Column(order_by=("name", "pk"))
    status = tables.Column(
        accessor="status_before", verbose_name=_("Status"), order_by=("status_before", "pk")
    )
    os_version = tables.Column(
        verbose_name=_("OS"), order_by=("os_version__name", "pk"), attrs={"td": {"class": "os"}}
    )
    type = tables.Column(order_by=("type", "pk"))
    min_disk_gb = NumberColumn("min_disk_gb", verbose_name=_("Disk (GB)"))
    stored_bytes = NumberColumn("size_bytes", accessor="size_bytes", verbose_name=_("Image size"))
    trashed_at = TimeColumn("trashed_at", verbose_name=_("Deleted at"))
    trashed_by = tables.Column(verbose_name=_("Deleted by"), order_by=("trashed_by__username", "pk"))
    kept_until = TimeColumn("kept_until", verbose_name=_("Kept until"))
    actions = ActionsColumn(TRASH_ACTIONS, lambda _record, table: {"used": table.used})

    class Meta(ImsTable.Meta):
        model = Image
        fields = ()
        attrs: ClassVar[dict[str, str]] = {"class": "table", "id": "images-table"}
        row_attrs: ClassVar[dict[str, Any]] = {"id": lambda record: f"image-{record.pk}"}

    @classmethod
    def reading(cls, rows: Any, columns: Collection[str], actor: Actor) -> Any:
        images = rows.with_facts(actor, *PURGE_FACTS, *facts_of(cls, columns))
        return images.select_related("os_version", "trashed_by")

    def load(self, records: list[Image]) -> None:
        self.used = used_by(self.actor.project, ("images",))

    def render_name(self, record: Image) -> SafeString:
        """In the trash it has no page."""
        return named(record.name, record.pk)

    def render_status(self, value: str) -> str:
        return str(Image.Status(value).label)

    def render_type(self, record: Image) -> str:
        return record.get_type_display()

    def render_stored_bytes(self, value: int) -> str:
        return size(value or None)

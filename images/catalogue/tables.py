"""The list of images, and that of what was made from one. The CSV is in `csv`."""

from collections.abc import Collection
from typing import Any, ClassVar

import django_tables2 as tables
from django.http import HttpRequest
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from images.catalogue.actions import IMAGE_ACTIONS
from images.delete.rules import IN_CREATION
from images.fields.encryption import encryption_of, with_keys
from images.models import Image, ImageQuerySet
from images.product.products import load_products
from images.selection.columns import facts_of
from imsconsole.accounts.actor import Actor
from imsconsole.core.actions import ROW, facts_at
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
from imsconsole.jobs.models import Job

WORKING_HEADER = "IMS-Working"
# of every row: for its actions, and what its name tells
ROW_FACTS = (*facts_at(IMAGE_ACTIONS, ROW), "is_published")


def _job(record: Image, table: "ImageTable") -> dict[str, Any]:
    return {"job": table.live_jobs.get(record.pk)}


class ImageTable(ImsTable):
    """A page of images with `ROW_FACTS` and what `facts_of` finds, for `actor`. `live_jobs`: what works on them, by image ID."""

    caption = _("Images")
    empty_template = "images/catalogue/_empty_list.html"
    choosable: ClassVar[dict[str, bool]] = {
        "status": True,
        "os_type": False,
        "os_version": True,
        "type": True,
        "architecture": False,
        "boot_mode": False,
        "min_disk_gb": True,
        "stored_bytes": True,
        "min_ram_mb": False,
        "servers_count": True,
        "source_kind": False,
        "encryption": False,
        "protected": False,
        "tags": False,
        "created_at": True,
        "updated_at": False,
        "verified_at": False,
    }

    pick = PickColumn()
    name = FragmentColumn(template_name="images/catalogue/_cell_name.html", order_by=("name", "pk"))
    status = FragmentColumn(
        template_name="images/catalogue/_cell_status.html", extra_context=_job, order_by=("status", "pk")
    )
    os_type = tables.Column(
        accessor="os_version__os_type", verbose_name=_("OS type"), order_by=("os_version__os_type", "pk")
    )
    os_version = tables.Column(
        verbose_name=_("OS"), order_by=("os_version__name", "pk"), attrs={"td": {"class": "os"}}
    )
    type = tables.Column(order_by=("type", "pk"))
    architecture = tables.Column(order_by=("architecture", "pk"))
    boot_mode = tables.Column(order_by=("boot_mode", "pk"))
    min_disk_gb = NumberColumn("min_disk_gb", verbose_name=_("Disk (GB)"))
    stored_bytes = NumberColumn("stored_bytes", verbose_name=_("Image size"))
    min_ram_mb = NumberColumn("min_ram_mb", verbose_name=_("Minimum memory (MB)"))
    servers_count = FragmentColumn(
        template_name="images/catalogue/_cell_servers.html",
        verbose_name=_("Servers"),
        order_by=("servers_count", "pk"),
        attrs={"td": {"class": "number"}},
    )
    source_kind = tables.Column(order_by=("source_kind", "pk"))
    encryption = tables.Column(
        accessor="is_encrypted", verbose_name=_("Encryption"), order_by=("is_encrypted", "key__name", "pk")
    )
    protected = tables.Column(order_by=("protected", "pk"))
    tags = FragmentColumn(
        template_name="images/catalogue/_cell_tags.html", verbose_name=_("Tags"), orderable=False
    )
    created_at = TimeColumn("created_at")
    updated_at = TimeColumn("updated_at")
    verified_at = TimeColumn("verified_at", verbose_name=_("Verified"))
    actions = ActionsColumn(IMAGE_ACTIONS)

    class Meta(ImsTable.Meta):
        model = Image
        fields = ()
        attrs: ClassVar[dict[str, str]] = {"class": "table", "id": "images-table"}
        row_attrs: ClassVar[dict[str, Any]] = {
            "id": lambda record: f"image-{record.pk}",
            "hx-swap-oob": lambda record, table: "true" if str(record.pk) in table.finished else None,
        }

    def __init__(self, *args: Any, actor: Actor, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.actor = actor
        self.live_jobs: dict[Any, Job] = {}
        self.working: list[str] = []
        self.finished: set[str] = set()

    def load_jobs(self) -> None:
        """Find what works on the images of this page, in one query, and which rows change by themselves."""
        shown = [row.record for row in self.paginated_rows]
        load_products(shown, self.actor)
        jobs = Job.objects.visible_to(self.actor).live().about(*(record.pk for record in shown))
        self.live_jobs = {job.subject_id: job for job in jobs}
        self.working = [
            str(image.pk) for image in shown if image.status in IN_CREATION or image.pk in self.live_jobs
        ]
        # rows of a page that asks again: those that have ended since are sent whole, out of band
        asked = self.request.headers.get(WORKING_HEADER, "").split() if self.request else []
        self.finished = set(asked) - set(self.working)

    def render_stored_bytes(self, value: int) -> str:
        return size(value)

    def render_type(self, record: Image) -> str:
        return record.get_type_display()

    def render_encryption(self, record: Image) -> str:
        return encryption_of(record)

    def render_protected(self, value: bool) -> str:
        return gettext("Yes") if value else gettext("No")


def image_table(
    images: ImageQuerySet, request: HttpRequest, actor: Actor, columns: Collection[str]
) -> ImageTable:
    """The page of the list that the request's URL asks for, with these of its choosable columns."""
    images = images.with_facts(actor, *ROW_FACTS, *facts_of(ImageTable, request.GET, columns))
    images = with_keys(images).select_related("os_version", "backup__zone")
    if "tags" in columns:
        images = images.prefetch_related("tags")
    table = paged(ImageTable, images, request, columns, actor=actor)
    assert isinstance(table, ImageTable)  # noqa: S101  paged returns what it was given
    table.load_jobs()
    return table


class CopyTable(ImsTable):
    """A page of `images.catalogue.lineage.copies_of`."""

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

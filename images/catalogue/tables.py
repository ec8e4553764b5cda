"""The list of images, and that of what was made from one. The CSV is in `csv`."""

from collections.abc import Collection, Iterator
from typing import Any, ClassVar

import django_tables2 as tables
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.text import Truncator
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from images.catalogue.actions import IMAGE_ACTIONS
from images.delete.rules import IN_CREATION
from images.fields.encryption import encryption_of, load_keys
from images.models import Image
from images.product.products import load_products
from images.selection.columns import facts_of
from images.selection.filters import tab_of
from images.selection.tabs import MARKET, PRIVATE, PUBLIC, SHARED
from imsconsole.accounts.actor import Actor
from imsconsole.cloud.tags.tables import TagsColumn, with_tags
from imsconsole.core.actions import ROW, facts_at
from imsconsole.core.cells import fragment, label_of, lines, named, status
from imsconsole.core.tables import (
    ActionsColumn,
    Empty,
    ImsTable,
    NumberColumn,
    PickColumn,
    StatusColumn,
    TimeColumn,
)
from imsconsole.core.text import size
from imsconsole.jobs.models import Job

WORKING_HEADER = "IMS-Working"
# of every row: for its actions, and what its name tells
ROW_FACTS = (*facts_at(IMAGE_ACTIONS, ROW), "is_published")

EMPTY = {
    PUBLIC: Empty(
        _("No public images"),
        _("The operator has not published an image in this region yet."),
        is_end=True,
    ),
    PRIVATE: Empty(
        _("No private images yet"),
        _(
            "Import a disk file or an ISO from your computer; it becomes an image of this project, visible to its members only."
        ),
    ),
    SHARED: Empty(_("No shared images"), _("Nobody has shared an image with this project yet."), is_end=True),
    MARKET: Empty(_("No market images"), _("The market has no listings yet."), is_end=True),
}


def _marks(image: Image) -> Iterator[SafeString]:
    """What stands beside its name."""
    if image.is_published:
        yield format_html('<span class="tag">{}</span>', gettext("Published"))
    if image.deprecated_on:
        yield fragment("images/catalogue/_public_badge.html", image=image)
    if image.category == Image.Category.MARKET and image.product and not image.product.is_offered:
        yield fragment("images/catalogue/_market_badge.html", image=image, product=image.product)


def _work(image: Image, job: Job | None) -> SafeString | str:
    """How far what works on it is, or why it failed."""
    if job:
        progress = fragment("components/_progress.html", percent=job.percent, label=job.title)
        return lines(progress, job.title if image.status == Image.Status.ACTIVE else "")
    return lines("", Truncator(image.error_sentence).chars(80)) if image.error_code else ""


class ImageTable(ImsTable):
    """A page of images with `ROW_FACTS` and what `facts_of` finds, for `actor`. `live_jobs`: what works on them, by image ID."""

    caption = _("Images")
    poll_template = "images/catalogue/_poll.html"
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

    # what has an index can be sorted by
    pick = PickColumn()
    name = tables.Column(order_by=("name", "pk"))
    status = tables.Column(order_by=("status", "pk"))
    os_type = tables.Column(accessor="os_version__os_type", verbose_name=_("OS type"), orderable=False)
    os_version = tables.Column(verbose_name=_("OS"), orderable=False, attrs={"td": {"class": "os"}})
    type = tables.Column(orderable=False)
    architecture = tables.Column(orderable=False)
    boot_mode = tables.Column(orderable=False)
    min_disk_gb = NumberColumn("min_disk_gb", verbose_name=_("Disk (GB)"))
    stored_bytes = NumberColumn("size_bytes", accessor="size_bytes", verbose_name=_("Image size"))
    min_ram_mb = NumberColumn("min_ram_mb", verbose_name=_("Minimum memory (MB)"), orderable=False)
    servers_count = NumberColumn("servers_count", verbose_name=_("Servers"), orderable=False)
    source_kind = tables.Column(orderable=False)
    encryption = tables.Column(accessor="is_encrypted", verbose_name=_("Encryption"), orderable=False)
    protected = tables.Column(orderable=False)
    tags = TagsColumn()
    created_at = TimeColumn("created_at")
    updated_at = TimeColumn("updated_at")
    verified_at = TimeColumn("verified_at", verbose_name=_("Verified"), orderable=False)
    actions = ActionsColumn(IMAGE_ACTIONS)

    class Meta(ImsTable.Meta):
        model = Image
        fields = ()
        attrs: ClassVar[dict[str, str]] = {"class": "table", "id": "images-table"}
        row_attrs: ClassVar[dict[str, Any]] = {
            "id": lambda record: f"image-{record.pk}",
            "hx-swap-oob": lambda record, table: "true" if str(record.pk) in table.finished else None,
        }

    @classmethod
    def reading(cls, rows: Any, columns: Collection[str], actor: Actor) -> Any:
        images = rows.with_facts(actor, *ROW_FACTS, *facts_of(cls, columns))
        images = images.select_related("key", "os_version", "backup__zone")
        return with_tags(images, columns)

    def load(self, records: list[Image]) -> None:
        """What works on the images, and which rows change by themselves."""
        load_keys(records)
        load_products(records, self.actor)
        busy = (image.pk for image in records if image.has_live_job)
        jobs = Job.objects.visible_to(self.actor).live().about(*busy)
        self.live_jobs = {job.subject_id: job for job in jobs}
        self.working = [
            str(image.pk) for image in records if image.status in IN_CREATION or image.pk in self.live_jobs
        ]
        # rows of a page that asks again: those that have ended since are sent whole, out of band
        asked = self.request.headers.get(WORKING_HEADER, "").split() if self.request else []
        self.finished = set(asked) - set(self.working)

    def nothing(self) -> Empty:
        return EMPTY[tab_of(self.request.GET)]

    def render_name(self, record: Image) -> SafeString:
        return named(record.name, record.pk, *_marks(record), url=record.get_absolute_url())

    def render_status(self, record: Image) -> SafeString:
        dot = status(record.status, label_of(record, "status"))
        only = gettext("Available in %(zone)s only") % {"zone": record.only_zone} if record.only_zone else ""
        work = _work(record, self.live_jobs.get(record.pk))
        said = lines(dot, only) if only else dot
        return format_html('<div id="state-{}">{}{}</div>', record.pk, said, work)

    def render_servers_count(self, value: int, record: Image) -> str | SafeString:
        page = record.get_absolute_url()
        return format_html('<a href="{}#servers">{}</a>', page, value) if value else "0"

    def render_stored_bytes(self, value: int) -> str:
        return size(value or None)

    def render_type(self, record: Image) -> str:
        return label_of(record, "type")

    def render_encryption(self, record: Image) -> str:
        return encryption_of(record)

    def render_protected(self, value: bool) -> str:
        return gettext("Yes") if value else gettext("No")


class CopyTable(ImsTable):
    """A page of `images.catalogue.lineage.copies_of`."""

    caption = _("Made from it")

    name = tables.Column(linkify=True, order_by=("name", "pk"))
    status = StatusColumn()
    type = tables.Column(order_by=("type", "pk"))
    created_at = TimeColumn("created_at")

    class Meta(ImsTable.Meta):
        model = Image
        fields = ("name", "status", "type", "created_at")
        attrs: ClassVar[dict[str, str]] = {"class": "table", "id": "copies"}
        empty_text = _("No image was made from it.")

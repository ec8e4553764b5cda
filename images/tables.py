"""The list of images. Its CSV is in `exports`."""

from typing import Any, ClassVar

import django_tables2 as tables
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.safestring import SafeString
from django.utils.translation import gettext_lazy as _

from images.models import Image
from images.rules.delete import IN_CREATION, can_delete
from images.rules.launch import can_launch
from imsconsole.accounts.actor import Actor
from imsconsole.core.tables import ImsTable, paged
from imsconsole.core.text import size
from imsconsole.jobs.models import Job

WORKING_HEADER = "IMS-Working"


def _actions(record: Image, table: "ImageTable") -> dict[str, Any]:
    return {
        "can_launch": can_launch(record, table.actor),
        "can_delete": can_delete(record, table.actor),
    }


def _job(record: Image, table: "ImageTable") -> dict[str, Any]:
    return {"job": table.live_jobs.get(record.pk)}


class ImageTable(ImsTable):
    """A page of images from `for_tab`, for `actor`. `live_jobs`: what works on them, by image ID."""

    caption = _("Images")
    empty_template = "images/_empty_list.html"

    pick = tables.TemplateColumn(
        template_name="images/_cell_pick.html",
        verbose_name=_("Select"),
        orderable=False,
        attrs={"th": {"class": "pick"}},
    )
    name = tables.TemplateColumn(template_name="images/_cell_name.html", order_by=("name", "pk"))
    status = tables.TemplateColumn(
        template_name="images/_cell_status.html", extra_context=_job, order_by=("status", "pk")
    )
    os_version = tables.Column(verbose_name=_("OS"), order_by=("os_version__name", "pk"))
    type = tables.Column(order_by=("type", "pk"))
    min_disk_gb = tables.Column(
        verbose_name=_("Disk (GB)"),
        order_by=("min_disk_gb", "pk"),
        attrs={"td": {"class": "number"}},
    )
    stored_bytes = tables.Column(
        verbose_name=_("Image size"), order_by=("stored_bytes", "pk"), attrs={"td": {"class": "number"}}
    )
    servers_count = tables.TemplateColumn(
        template_name="images/_cell_servers.html",
        verbose_name=_("Servers"),
        order_by=("servers_count", "pk"),
        attrs={"td": {"class": "number"}},
    )
    created_at = tables.DateTimeColumn(format="Y-m-d H:i", order_by=("created_at", "pk"))
    actions = tables.TemplateColumn(
        template_name="images/_cell_actions.html",
        verbose_name=_("Operation"),
        orderable=False,
        extra_context=_actions,
        attrs={"td": {"class": "row-actions"}},
    )

    class Meta(ImsTable.Meta):
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

    def render_type(self, record: Image) -> str | SafeString:
        return record.get_type_display()


def image_table(images: QuerySet[Image], request: HttpRequest, actor: Actor) -> ImageTable:
    """The page of the list that the request's URL asks for."""
    table = paged(ImageTable, images.select_related("os_version"), request, actor=actor)
    assert isinstance(table, ImageTable)  # noqa: S101  paged returns what it was given
    table.load_jobs()
    return table

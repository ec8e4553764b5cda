"""The list of jobs."""

from collections.abc import Mapping
from typing import Any, ClassVar

import django_tables2 as tables
from django.db.models import QuerySet
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext_lazy as _

from imsconsole.accounts.access import ActorRequest
from imsconsole.core.pages import pages_found
from imsconsole.core.tables import FragmentColumn, ImsTable, paged
from imsconsole.jobs.models import Job


class JobTable(ImsTable):
    """Kind, subject, state with progress or error, who started it, when."""

    kind = tables.Column(verbose_name=_("Job"))
    subject_name = tables.Column(verbose_name=_("About"), attrs={"td": {"translate": "no"}})
    state = FragmentColumn(
        template_name="jobs/_cell_state.html",
        verbose_name=_("State"),
        attrs={"td": {"class": "job-status"}},
    )
    user = tables.Column(verbose_name=_("Started by"), order_by="user__username", empty_values=())
    created_at = FragmentColumn(
        "{{ record.created_at|ago }}", verbose_name=_("Created"), order_by=("created_at", "pk")
    )

    class Meta(ImsTable.Meta):
        attrs: ClassVar[dict[str, str]] = {"class": "table", "id": "jobs-table"}
        row_attrs: ClassVar[dict[str, Any]] = {"id": lambda record: f"job-row-{record.pk}"}
        order_by = ("-created_at",)

    pages: Mapping[tuple[str, str], str] = {}  # of the subjects that are there
    empty_template = "jobs/_empty_list.html"
    caption = _("Jobs")

    def render_kind(self, record: Job) -> SafeString:
        return format_html('<a href="{}">{}</a>', record.get_absolute_url(), record.title)

    def render_subject_name(self, record: Job) -> str | SafeString:
        url = self.pages.get((record.subject_kind, str(record.subject_id)))
        return format_html('<a href="{}">{}</a>', url, record.subject_name) if url else record.subject_name

    def render_user(self, record: Job) -> str:
        return str(record.user) if record.user else str(_("the service"))

    @property
    def rows_in_progress(self) -> list[str]:
        """The ids of the rows that change by themselves."""
        return [f"job-row-{row.record.pk}" for row in self.paginated_rows if row.record.is_live]


def job_table(jobs: "QuerySet[Job]", request: ActorRequest) -> JobTable:
    """The page of the list that the request's URL asks for."""
    table = paged(JobTable, jobs.select_related("user"), request)
    assert isinstance(table, JobTable)  # noqa: S101  paged returns what it was given
    shown = [row.record for row in table.page.object_list]
    table.pages = pages_found(((job.subject_kind, job.subject_id) for job in shown), request.actor)
    return table

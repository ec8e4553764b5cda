"""The list of jobs, and the columns of its file."""

from collections.abc import Mapping
from typing import Any, ClassVar

import django_tables2 as tables
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from imsconsole.audit.words import kind_title
from imsconsole.core.cells import link
from imsconsole.core.csv import Columns, moment
from imsconsole.core.pages import pages_found
from imsconsole.core.tables import Empty, FragmentColumn, ImsTable, TimeColumn
from imsconsole.core.text import duration
from imsconsole.jobs.models import Job

COLUMNS: Columns = (
    (_("Job"), lambda job: job.title),
    (_("Job ID"), lambda job: job.pk),
    (_("About"), lambda job: job.subject_name),
    (_("Resource type"), lambda job: kind_title(job.subject_kind)),
    (_("Resource ID"), lambda job: job.subject_id),
    (_("State"), lambda job: job.status_label),
    (_("Reason"), lambda job: job.error_sentence if job.state == Job.State.FAILED else ""),
    (_("Started by"), lambda job: job.user or gettext("the service")),
    (_("Created at"), lambda job: moment(job.created_at)),
    (_("Started at"), lambda job: moment(job.started_at)),
    (_("Ended at"), lambda job: moment(job.finished_at)),
    (_("Duration (s)"), lambda job: "" if job.duration_s is None else round(job.duration_s)),
)


class JobTable(ImsTable):
    """Kind, subject, state with progress or error, who started it, when."""

    choosable: ClassVar[dict[str, bool]] = dict.fromkeys(
        ("subject_name", "state", "user", "created_at", "finished_at", "duration"), True
    )

    kind = tables.Column(verbose_name=_("Job"))
    subject_name = tables.Column(verbose_name=_("About"))
    state = FragmentColumn(
        "jobs/_cell_state.html", verbose_name=_("State"), attrs={"td": {"class": "job-status"}}
    )
    user = tables.Column(verbose_name=_("Started by"), orderable=False, empty_values=())
    created_at = TimeColumn("created_at", "exact", verbose_name=_("Created"))
    finished_at = TimeColumn("finished_at", "exact", verbose_name=_("Ended"), orderable=False)
    duration = tables.Column(accessor="duration_s", verbose_name=_("Duration"), orderable=False)

    class Meta(ImsTable.Meta):
        attrs: ClassVar[dict[str, str]] = {"class": "table", "id": "jobs-table"}
        row_attrs: ClassVar[dict[str, Any]] = {"id": lambda record: f"job-row-{record.pk}"}
        order_by = ("-created_at",)

    pages: Mapping[tuple[str, str], str] = {}  # of the subjects that are there
    empty = Empty(
        _("No jobs yet"),
        _("Whatever takes time appears here: imports, new servers, starts and stops."),
        icon="queue-list",
    )
    caption = _("Task Center")

    def load(self, records: list[Job]) -> None:
        self.pages = pages_found(((job.subject_kind, job.subject_id) for job in records), self.actor)

    def render_kind(self, record: Job) -> SafeString:
        return format_html('<a href="{}">{}</a>', record.get_absolute_url(), record.title)

    def render_subject_name(self, record: Job) -> SafeString:
        url = self.pages.get((record.subject_kind, str(record.subject_id)), "")
        return link(url, record.subject_name)

    def render_user(self, record: Job) -> str:
        return str(record.user) if record.user else str(_("the service"))

    def render_duration(self, value: float) -> str:
        return duration(value)

    def is_working(self, record: Job) -> bool:
        return record.is_live

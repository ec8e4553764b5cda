"""The members of an account."""

from typing import ClassVar

import django_tables2 as tables
from django.urls import reverse
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from imsconsole.accounts.models import Membership
from imsconsole.core.tables import ImsTable


class MembersTable(ImsTable):
    """Name, role, projects, since; a link to each member's page for administrators."""

    user = tables.Column(verbose_name=gettext_lazy("Name"), order_by=("user__display_name", "user__username"))
    role = tables.Column(verbose_name=gettext_lazy("Role"))
    projects = tables.Column(verbose_name=gettext_lazy("Projects"), orderable=False, empty_values=())
    created_at = tables.DateTimeColumn(verbose_name=gettext_lazy("Member since"), format="DATE_FORMAT")

    class Meta(ImsTable.Meta):
        model = Membership
        fields = ("user", "role", "projects", "created_at")
        attrs: ClassVar[dict[str, str]] = {"class": "table", "id": "members"}

    def render_user(self, record: Membership) -> SafeString:
        name = format_html("{}", record.user)
        if self.actor.administers:
            name = format_html('<a href="{}">{}</a>', reverse("change-role", args=[record.pk]), name)
        if str(record.user) == record.user.username:
            return name
        return format_html('{} <small class="text-secondary">{}</small>', name, record.user.username)

    def render_projects(self, record: Membership) -> str:
        names = ((project.name,) for project in record.projects.all())
        return format_html_join(", ", "{}", names) or _("all")

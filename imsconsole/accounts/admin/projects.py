"""Accounts, and their projects with the quotas."""

from decimal import Decimal
from typing import Any

from django import forms
from django.apps import apps
from django.conf import settings
from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest
from django.urls import reverse
from django.utils.functional import Promise
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from imsconsole.accounts.models import Account, Draft, Membership, Project
from imsconsole.accounts.resources import TITLES
from imsconsole.accounts.service_admin import ServiceAdmin, count_of, operator_in, operator_of
from imsconsole.accounts.services import accounts, projects
from imsconsole.core.locks import locked_all
from imsconsole.engine.types import GIB

EXPLAINED = _(
    "What a project may hold at most, work in progress included. Empty: the limit of the whole service. "
    "A lower limit than what is used deletes nothing; it only stops more from being made."
)


@admin.register(Account)
class AccountAdmin(ServiceAdmin):
    added_by = (accounts.create_account,)
    changed_by = {"name": accounts.rename_account}
    deleted_by = (accounts.delete_account,)
    list_display = ("name", "projects_count", "members_count", "created_at")
    search_fields = ("name", "id")
    date_hierarchy = "created_at"
    add_fieldsets = (
        (
            None,
            {
                "fields": ("name",),
                "description": _(
                    "A tenant. Give it a project next, then its first administrator as a member."
                ),
            },
        ),
    )
    fieldsets = ((None, {"fields": ("name", "id", "created_at")}),)

    def get_queryset(self, request: HttpRequest) -> "QuerySet[Account]":
        counts = {
            "projects_n": count_of(Project.objects.all(), "account"),
            "members_n": count_of(Membership.objects.all(), "account"),
        }
        return super().get_queryset(request).annotate(**counts)

    @admin.display(description=_("projects"), ordering="projects_n")
    def projects_count(self, account: Any) -> int:
        return int(account.projects_n)

    @admin.display(description=_("members"), ordering="members_n")
    def members_count(self, account: Any) -> int:
        return int(account.members_n)

    def links_of(self, obj: Account) -> list[tuple[str, str]]:
        return [
            (gettext("Projects"), f"{reverse('admin:accounts_project_changelist')}?account={obj.pk}"),
            (gettext("Members"), f"{reverse('admin:accounts_membership_changelist')}?account={obj.pk}"),
            (gettext("What happened here"), f"{reverse('admin:audit_event_changelist')}?account={obj.pk}"),
        ]

    def save_model(self, request: HttpRequest, obj: Account, form: Any, change: bool) -> None:
        service = accounts.rename_account if change else accounts.create_account
        service(account=obj, actor=operator_of(request))

    def delete_model(self, request: HttpRequest, obj: Account) -> None:
        accounts.delete_account(account=obj, actor=operator_of(request))


class ProjectForm(forms.ModelForm):
    """A project, and its limits where they differ. Bytes are shown as GB."""

    class Meta:
        model = Project
        fields = ("account", "region", "name")

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for resource, title in TITLES.items():
            self.fields[field_of(resource)] = _limit_field(
                resource, title, self.instance.quotas.get(resource)
            )

    def quotas(self) -> dict[str, int]:
        """The limits that differ, as the service takes them; what was not touched keeps its every byte."""
        limits = dict(self.instance.quotas)
        for resource in TITLES:
            if (name := field_of(resource)) in self.changed_data:
                given = self.cleaned_data[name]
                limits[resource] = None if given is None else int(given * _unit(resource))
        return {resource: limit for resource, limit in limits.items() if limit is not None}


def field_of(resource: str) -> str:
    return f"quota_{resource.replace('_bytes', '_gb')}"


def _unit(resource: str) -> int:
    return GIB if resource.endswith("_bytes") else 1


def _limit_field(resource: str, title: str | Promise, limit: int | None) -> forms.Field:
    """Empty: the limit of the service, which its help text names."""
    unit, default = _unit(resource), settings.IMS_QUOTAS[resource]
    initial = None if limit is None else Decimal(limit) / unit
    return forms.DecimalField(
        label=f"{title} (GB)" if unit == GIB else str(title),
        required=False,
        min_value=0,
        max_digits=18,
        decimal_places=3 if unit == GIB else 0,
        initial=None if initial is None else round(initial, 3 if unit == GIB else 0),
        help_text=_("Empty: %(limit)s, as everywhere.") % {"limit": f"{Decimal(default) / unit:f}"},
    )


LIMITS = tuple(field_of(resource) for resource in TITLES)


@admin.register(Project)
class ProjectAdmin(ServiceAdmin):
    form = ProjectForm
    added_by = (projects.create_project, projects.change_quotas)
    changed_by = {"name": projects.rename_project, **dict.fromkeys(LIMITS, projects.change_quotas)}
    deleted_by = (projects.delete_project,)
    list_display = (
        "name",
        "id",
        "account",
        "region",
        "images_count",
        "servers_count",
        "own_limits",
        "created_at",
    )
    list_filter = ("region", "account")
    search_fields = ("id", "name", "account__name")
    list_select_related = ("account", "region")
    date_hierarchy = "created_at"
    add_fieldsets = (
        (
            None,
            {
                "fields": ("account", "region", "name"),
                "description": _(
                    "Account and region stay: images and servers are where and whose they were made."
                ),
            },
        ),
        (_("Quotas"), {"fields": LIMITS, "description": EXPLAINED}),
    )
    fieldsets = (
        (None, {"fields": ("name", "id", "account", "region", "created_at")}),
        (_("Quotas"), {"fields": LIMITS, "description": EXPLAINED}),
    )

    def get_queryset(self, request: HttpRequest) -> "QuerySet[Project]":
        images = apps.get_model("images", "Image").objects.exclude(status="deleted")
        servers = apps.get_model("cloud", "Server").objects.filter(deleted_at=None)
        counts = {"images_n": count_of(images, "project"), "servers_n": count_of(servers, "project")}
        return super().get_queryset(request).annotate(**counts)

    def get_form(self, request: HttpRequest, obj: Any = None, change: bool = False, **kwargs: Any) -> Any:
        """The limits are fields of the form only, which the admin must not look for on the model."""
        kwargs["fields"] = ("name",) if obj else ("account", "region", "name")
        return super().get_form(request, obj, change=change, **kwargs)

    @admin.display(description=_("private images"), ordering="images_n")
    def images_count(self, project: Any) -> int:
        return int(project.images_n)

    @admin.display(description=_("servers"), ordering="servers_n")
    def servers_count(self, project: Any) -> int:
        return int(project.servers_n)

    @admin.display(description=_("own quotas"), boolean=True)
    def own_limits(self, project: Project) -> bool:
        return bool(project.quotas)

    def links_of(self, obj: Project) -> list[tuple[str, str]]:
        names = {
            "images_image": gettext("Images"),
            "cloud_server": gettext("Servers"),
            "jobs_job": gettext("Jobs"),
            "audit_event": gettext("What happened here"),
        }
        return [
            (title, f"{reverse(f'admin:{name}_changelist')}?project={obj.pk}")
            for name, title in names.items()
        ]

    def save_model(self, request: HttpRequest, obj: Project, form: Any, change: bool) -> None:
        """Limits by a service of their own, which waits for those who order something at this moment."""
        quotas = form.quotas()
        if not change:
            projects.create_project(project=obj, actor=operator_of(request))
        elif "name" in form.changed_data:
            projects.rename_project(project=obj, name=obj.name, actor=operator_in(request, obj))
        if quotas != obj.quotas:
            actor = operator_in(request, obj)
            obj.quotas = projects.change_quotas(project=obj, quotas=quotas, actor=actor).quotas

    def lock(self, rows: "QuerySet[Project]") -> None:
        locked_all(Draft.objects.filter(project__in=rows))
        locked_all(rows)

    def delete_model(self, request: HttpRequest, obj: Project) -> None:
        projects.delete_project(project=obj, actor=operator_of(request))

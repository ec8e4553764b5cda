"""The operator's pages: people, accounts, projects, regions. Members change through the services."""

from decimal import Decimal
from typing import Any

from allauth.account.decorators import secure_admin_login
from django import forms
from django.conf import settings
from django.contrib import admin
from django.contrib.auth.admin import UserAdmin as DjangoUserAdmin
from django.core.exceptions import ValidationError
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from imsconsole.accounts import rules
from imsconsole.accounts.actor import Actor
from imsconsole.accounts.models import (
    Account,
    AvailabilityZone,
    Invitation,
    Membership,
    Project,
    Region,
    Role,
    User,
)
from imsconsole.accounts.resources import TITLES
from imsconsole.accounts.services import members as services
from imsconsole.accounts.services.projects import change_quotas
from imsconsole.engine.types import GIB

admin.site.site_header = admin.site.site_title = _("IMS console")
admin.site.index_title = _("Administration")
# the second factor and the rate limits of the sign-in page count here as well
admin.site.login = secure_admin_login(admin.site.login)  # type: ignore[method-assign]


def operator_of(request: HttpRequest, account: Account) -> Actor | None:
    """The operator as an administrator of an account, for a service; None while it has no project."""
    project = account.projects.order_by("region_id", "name").first()
    if project is None or not isinstance(request.user, User):
        return None
    return Actor(request.user, project, Role.ADMINISTRATOR, request.META.get("REMOTE_ADDR", ""))


@admin.register(User)
class UserAdmin(DjangoUserAdmin):
    list_display = ("username", "display_name", "is_active", "is_staff", "last_login")
    search_fields = ("username", "display_name", "email")
    list_filter = ("is_active", "is_staff", "is_superuser")
    fieldsets = (
        (None, {"fields": ("username", "password")}),
        (_("Person"), {"fields": ("display_name", "email", "language", "time_zone", "theme")}),
        (_("Rights"), {"fields": ("is_active", "is_staff", "is_superuser", "groups", "user_permissions")}),
        (_("Times"), {"fields": ("last_login", "date_joined")}),
    )
    readonly_fields = ("last_login", "date_joined")

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Deactivate instead: a person may be the last administrator, and the trail names people."""
        return False


class ProjectInline(admin.TabularInline):
    model = Project
    fields = ("name", "region")
    extra = 0
    show_change_link = True
    can_delete = False


@admin.register(Account)
class AccountAdmin(admin.ModelAdmin):
    list_display = ("name", "created_at")
    search_fields = ("name",)
    inlines = (ProjectInline,)


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


@admin.register(Project)
class ProjectAdmin(admin.ModelAdmin):
    form = ProjectForm
    list_display = ("name", "id", "account", "region", "created_at")
    list_filter = ("region",)
    search_fields = ("id", "name", "account__name")
    list_select_related = ("account", "region")

    def get_fieldsets(self, request: HttpRequest, obj: Any = None) -> Any:
        about = ("id", "account", "region", "name") if obj else ("account", "region", "name")
        limits = tuple(field_of(resource) for resource in TITLES)
        return ((None, {"fields": about}), (_("Quotas"), {"fields": limits}))

    def get_form(self, request: HttpRequest, obj: Any = None, change: bool = False, **kwargs: Any) -> Any:
        """The limits are fields of the form only, which the admin must not look for on the model."""
        kwargs["fields"] = ("name",) if obj else ("account", "region", "name")
        return super().get_form(request, obj, change=change, **kwargs)

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> tuple[str, ...]:
        """Images and servers of a project are where and whose it was made."""
        return ("id", "account", "region") if obj else ()

    def save_model(self, request: HttpRequest, obj: Project, form: Any, change: bool) -> None:
        """Limits by the service, which waits for those who order something at this moment."""
        quotas = form.quotas()
        obj.save(update_fields=["name"] if change else None)
        if quotas != obj.quotas and isinstance(request.user, User):
            actor = Actor(request.user, obj, Role.ADMINISTRATOR, request.META.get("REMOTE_ADDR", ""))
            obj.quotas = change_quotas(project=obj, quotas=quotas, actor=actor).quotas


class MembershipForm(forms.ModelForm):
    request: HttpRequest

    class Meta:
        model = Membership
        fields = ("user", "account", "role", "projects")

    def clean(self) -> dict[str, Any]:
        super().clean()
        account = self.cleaned_data.get("account") or self.instance.account
        projects = self.cleaned_data.get("projects") or []
        if operator_of(self.request, account) is None:
            raise ValidationError(_("Create a project of this account first."))
        if any(project.account_id != account.pk for project in projects):
            raise ValidationError(_("These are not all projects of this account."))
        verdict = rules.fits_role(self.cleaned_data.get("role", ""), bool(projects))
        if not verdict:
            raise ValidationError(str(verdict.reason))
        return self.cleaned_data


@admin.register(Membership)
class MembershipAdmin(admin.ModelAdmin):
    form = MembershipForm
    list_display = ("user", "account", "role", "created_at")
    list_filter = ("role", "account")
    search_fields = ("user__username", "account__name")
    list_select_related = ("user", "account")
    autocomplete_fields = ("user", "account")

    def get_form(self, request: HttpRequest, obj: Any = None, change: bool = False, **kwargs: Any) -> Any:
        form = super().get_form(request, obj, change=change, **kwargs)
        return type(form.__name__, (form,), {"request": request})

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> tuple[str, ...]:
        return ("user", "account") if obj else ()

    def save_model(self, request: HttpRequest, obj: Membership, form: Any, change: bool) -> None:
        """By the service, which keeps the last administrator; `obj` takes over the row's key."""
        actor, data = operator_of(request, obj.account), form.cleaned_data
        if actor is None:
            return
        if change:
            services.change_role(membership=obj, role=data["role"], projects=data["projects"], actor=actor)
        else:
            made = services.add_member(
                user=obj.user, role=data["role"], projects=data["projects"], actor=actor
            )
            obj.pk, obj._state.adding = made.pk, False

    def save_related(self, request: HttpRequest, form: Any, formsets: Any, change: bool) -> None:
        """The service has set the projects already."""

    def delete_model(self, request: HttpRequest, obj: Membership) -> None:
        if actor := operator_of(request, obj.account):
            services.remove_member(membership=obj, actor=actor)
        else:
            obj.delete()

    def delete_queryset(self, request: HttpRequest, queryset: "QuerySet[Membership]") -> None:
        for membership in queryset:
            self.delete_model(request, membership)


class ZoneInline(admin.TabularInline):
    model = AvailabilityZone
    extra = 0


@admin.register(Region)
class RegionAdmin(admin.ModelAdmin):
    list_display = ("code", "name", "name_zh", "engine")
    inlines = (ZoneInline,)


@admin.register(AvailabilityZone)
class AvailabilityZoneAdmin(admin.ModelAdmin):
    list_display = ("code", "name", "region")
    list_filter = ("region",)


@admin.register(Invitation)
class InvitationAdmin(admin.ModelAdmin):
    """To look at: links are made and withdrawn by the account's administrators."""

    list_display = ("__str__", "account", "role", "created_by", "expires_at", "accepted_by", "accepted_at")
    list_filter = ("account",)
    exclude = ("secret_sha256",)

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

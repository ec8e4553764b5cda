"""Who belongs to an account, and the links that make people members."""

from typing import Any

from django import forms
from django.contrib import admin
from django.core.exceptions import ValidationError
from django.db.models import QuerySet
from django.http import HttpRequest
from django.urls import reverse
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from imsconsole.accounts import rules
from imsconsole.accounts.actor import Actor
from imsconsole.accounts.models import Account, Invitation, Membership, Project
from imsconsole.accounts.service_admin import ServiceAdmin, operator_in
from imsconsole.accounts.services import members as services
from imsconsole.accounts.services.invitations import withdraw_invitation
from imsconsole.core.locks import locked_all
from imsconsole.core.now import now
from imsconsole.core.rules import Refused, refuse

PROJECTS: Any = Membership._meta.get_field("projects")


def _first_project(account: Account) -> Any:
    return account.projects.order_by("region_id", "name").first()


def operator_for(request: HttpRequest, account: Account) -> Actor:
    """The operator as an administrator of an account. Raises Refused while it has no project."""
    if project := _first_project(account):
        return operator_in(request, project)
    raise Refused(refuse("no-project", _("Create a project of this account first.")))


class ProjectsField(forms.ModelMultipleChoiceField):
    """Projects of several accounts, told apart."""

    def label_from_instance(self, obj: Any) -> str:
        return f"{obj.account} · {obj} ({obj.region})"


class MembershipForm(forms.ModelForm):
    """A member: the account's projects, and roles that fit them."""

    class Meta:
        model = Membership
        fields = ("user", "account", "role", "projects")

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        projects = Project.objects.select_related("account", "region")
        if self.instance.pk:
            projects = projects.filter(account=self.instance.account)
        self.fields["projects"] = ProjectsField(projects, required=False)
        self.fields["projects"].label, self.fields["projects"].help_text = (
            PROJECTS.verbose_name,
            PROJECTS.help_text,
        )

    def clean(self) -> dict[str, Any]:
        super().clean()
        account = self.cleaned_data.get("account") or (self.instance.account if self.instance.pk else None)
        if account is None:
            return self.cleaned_data
        projects = self.cleaned_data.get("projects") or []
        if _first_project(account) is None:
            raise ValidationError(_("Create a project of this account first."))
        if any(project.account_id != account.pk for project in projects):
            raise ValidationError(_("These are not all projects of this account."))
        verdict = rules.fits_role(self.cleaned_data.get("role", ""), bool(projects))
        if not verdict:
            raise ValidationError(str(verdict.reason))
        return self.cleaned_data


@admin.register(Membership)
class MembershipAdmin(ServiceAdmin):
    form = MembershipForm
    added_by = (services.add_member,)
    changed_by = {"role": services.change_role, "projects": services.change_role}
    deleted_by = (services.remove_member,)
    list_display = ("user", "account", "role", "where", "created_at")
    list_filter = ("role", "account")
    search_fields = ("user__username", "user__display_name", "account__name")
    list_select_related = ("user", "account")
    autocomplete_fields = ("user", "account")
    date_hierarchy = "created_at"
    fieldsets = (
        (None, {"fields": ("user", "account")}),
        (
            _("What they may do"),
            {
                "fields": ("role", "projects"),
                "description": _(
                    "Read-only members look; full access changes images and servers; an administrator also keeps "
                    "members. An account keeps at least one administrator."
                ),
            },
        ),
    )

    def get_queryset(self, request: HttpRequest) -> Any:
        return super().get_queryset(request).prefetch_related("projects")

    @admin.display(description=_("only these projects"))
    def where(self, member: Membership) -> str:
        return ", ".join(project.name for project in member.projects.all()) or gettext("all")

    def links_of(self, obj: Membership) -> list[tuple[str, str]]:
        return [
            (gettext("User"), reverse("admin:accounts_user_change", args=[obj.user_id])),
            (gettext("Account"), reverse("admin:accounts_account_change", args=[obj.account_id])),
        ]

    def save_model(self, request: HttpRequest, obj: Membership, form: Any, change: bool) -> None:
        """By the service, which keeps the last administrator; `obj` takes over the row's key."""
        actor, data = operator_for(request, obj.account), form.cleaned_data
        given = {"role": data["role"], "projects": data["projects"], "actor": actor}
        if change:
            services.change_role(membership=obj, **given)
        else:
            obj.pk = services.add_member(user=obj.user, **given).pk

    def lock(self, rows: "QuerySet[Membership]") -> None:
        locked_all(Account.objects.filter(pk__in=rows.values("account")))

    def delete_model(self, request: HttpRequest, obj: Membership) -> None:
        services.remove_member(membership=obj, actor=operator_for(request, obj.account))


class OpenOrNot(admin.SimpleListFilter):
    title = _("state")
    parameter_name = "state"

    def lookups(self, request: HttpRequest, model_admin: object) -> list[tuple[str, Any]]:
        return [("open", _("Open")), ("accepted", _("Accepted")), ("expired", _("Expired"))]

    def queryset(self, request: HttpRequest, queryset: Any) -> Any:
        if self.value() == "open":
            return queryset.open()
        if self.value() == "accepted":
            return queryset.filter(accepted_at__isnull=False)
        return queryset.filter(accepted_at=None, expires_at__lte=now()) if self.value() else queryset


@admin.register(Invitation)
class InvitationAdmin(ServiceAdmin):
    """Links are made by the account's administrators, who see the secret once; here they are withdrawn."""

    deleted_by = (withdraw_invitation,)
    list_display = ("__str__", "account", "role", "created_by", "expires_at", "accepted_by", "accepted_at")
    list_filter = (OpenOrNot, "role", "account")
    list_select_related = ("account", "created_by", "accepted_by")
    search_fields = ("note", "account__name", "created_by__username", "accepted_by__username")
    date_hierarchy = "created_at"
    fieldsets = (
        (None, {"fields": ("note", "account", "role", "projects")}),
        (
            _("Times"),
            {
                "fields": ("created_by", "created_at", "expires_at", "accepted_by", "accepted_at"),
                "description": _("The link itself is shown to whoever invites, once; only its hash is kept."),
            },
        ),
    )

    def delete_model(self, request: HttpRequest, obj: Invitation) -> None:
        withdraw_invitation(invitation=obj, actor=operator_for(request, obj.account))

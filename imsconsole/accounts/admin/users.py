"""Users: made, changed and helped when they cannot sign in."""

from typing import Any

from allauth.mfa.models import Authenticator
from django import forms
from django.contrib import admin, messages
from django.contrib.admin.helpers import AdminForm
from django.contrib.auth.forms import SetPasswordForm, UserCreationForm
from django.core.exceptions import PermissionDenied
from django.db.models import Exists, OuterRef, QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.template.response import TemplateResponse
from django.urls import URLPattern, path, reverse
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from imsconsole.accounts.models import Membership, User
from imsconsole.accounts.rules import may_keep_user, may_operate
from imsconsole.accounts.service_admin import ServiceAdmin, count_of, operator_of
from imsconsole.accounts.services import users as services
from imsconsole.accounts.sign_in import locked_out

LABELS = {"is_active": _("May sign in"), "is_staff": _("Operator")}
HELP = {
    "username": _("What the person signs in with. It stays: the trail names people by it."),
    "email": _("For notices only; nobody signs in with it."),
    "language": _("Empty: the language of the browser."),
    "time_zone": _("Empty: the time zone of the console."),
    "is_active": _("Without it the person is shut out at once, open sessions included. Nothing is deleted."),
    "is_staff": _("Sees and changes everything in this administration."),
}


class UserForm(forms.ModelForm):
    """A user; the right to operate the platform is one box."""

    class Meta:
        model = User
        fields = [name for name in services.EDITABLE if name != "is_superuser"]
        labels = LABELS
        help_texts = HELP


class NewUserForm(UserCreationForm):
    """A user with a first password, which they change on their own page."""

    class Meta(UserCreationForm.Meta):
        model = User
        fields = ("username", "display_name", "is_staff")
        labels = LABELS
        help_texts = HELP


class LockedOut(admin.SimpleListFilter):
    """Those who must wait after too many failed sign-ins."""

    title = _("sign-in")
    parameter_name = "sign_in"

    def lookups(self, request: HttpRequest, model_admin: object) -> list[tuple[str, Any]]:
        return [("locked", _("Locked out")), ("two-factor", _("With a second factor")), ("never", _("Never"))]

    def queryset(self, request: HttpRequest, queryset: "QuerySet[Any]") -> "QuerySet[Any]":
        if self.value() == "locked":
            users = User.objects.filter(is_active=True)
            return queryset.filter(pk__in=[user.pk for user in locked_out(users)])
        if self.value() == "two-factor":
            return queryset.filter(has_second_factor=True)
        return queryset.filter(last_login=None) if self.value() == "never" else queryset


@admin.register(User)
class UserAdmin(ServiceAdmin):
    """People are shut out, not deleted: one may be the last administrator, and the trail names people."""

    form = UserForm
    added_by = (services.create_user,)
    changed_by = dict.fromkeys(UserForm.Meta.fields, services.change_user)
    list_display = (
        "username", "display_name", "is_active", "is_staff", "second_factor", "accounts_count", "last_login",
    )  # fmt: skip
    list_filter = ("is_active", "is_staff", LockedOut, "memberships__account")
    search_fields = ("username", "display_name", "email")
    date_hierarchy = "date_joined"
    ordering = ("username",)
    actions = ("remove_second_factor", "unlock")
    add_fieldsets = (
        (None, {"fields": ("username", "display_name")}),
        (
            _("First password"),
            {
                "fields": ("password1", "password2"),
                "description": _("Tell it to the person by a safe way; they change it on their own page."),
            },
        ),
        (_("Rights"), {"fields": ("is_staff",)}),
    )
    fieldsets = (
        (None, {"fields": ("username", "display_name", "email")}),
        (
            _("Rights"),
            {
                "fields": ("is_active", "is_staff"),
                "description": _("What a person may do in a project is the role of their membership."),
            },
        ),
        (_("Sign-in"), {"fields": ("second_factor", "last_login", "date_joined")}),
        (_("Preferences"), {"fields": ("language", "time_zone", "theme"), "classes": ("collapse",)}),
    )

    def get_form(self, request: HttpRequest, obj: Any = None, change: bool = False, **kwargs: Any) -> Any:
        return super().get_form(request, obj, change, **kwargs) if obj else NewUserForm

    def get_queryset(self, request: HttpRequest) -> "QuerySet[User]":
        factors = Authenticator.objects.filter(user=OuterRef("pk"))
        accounts_n = count_of(Membership.objects.all(), "user")
        return (
            super().get_queryset(request).annotate(has_second_factor=Exists(factors), accounts_n=accounts_n)
        )

    @admin.display(description=_("second factor"), boolean=True, ordering="has_second_factor")
    def second_factor(self, user: Any) -> bool:
        return bool(user.has_second_factor)

    @admin.display(description=_("accounts"), ordering="accounts_n")
    def accounts_count(self, user: Any) -> int:
        return int(user.accounts_n)

    def links_of(self, obj: User) -> list[tuple[str, str]]:
        return [
            (gettext("Set a password"), reverse("admin:accounts_user_password", args=[obj.pk])),
            (gettext("Memberships"), f"{reverse('admin:accounts_membership_changelist')}?user={obj.pk}"),
            (gettext("What they did"), f"{reverse('admin:audit_event_changelist')}?user={obj.pk}"),
        ]

    def save_model(self, request: HttpRequest, obj: User, form: Any, change: bool) -> None:
        (services.change_user if change else services.create_user)(user=obj, actor=operator_of(request))

    @admin.action(description=_("Remove the second factor"))
    def remove_second_factor(self, request: HttpRequest, queryset: "QuerySet[User]") -> HttpResponse | None:
        return self.ask_then(
            request,
            queryset,
            question=gettext("Remove the second factor, so that they sign in by password alone?"),
            rule=may_keep_user,
            call=lambda user, actor: services.remove_second_factor(user=user, actor=actor),
        )

    @admin.action(description=_("Forget failed sign-ins"))
    def unlock(self, request: HttpRequest, queryset: "QuerySet[User]") -> HttpResponse | None:
        return self.ask_then(
            request,
            queryset,
            question=gettext("Forget their failed sign-ins, so that they may try again at once?"),
            rule=lambda user, actor: may_operate(actor),
            call=lambda user, actor: services.unlock_user(user=user, actor=actor),
        )

    def get_urls(self) -> list[URLPattern]:
        view = self.admin_site.admin_view(self.set_password)
        return [path("<int:user_id>/password/", view, name="accounts_user_password"), *super().get_urls()]

    def set_password(self, request: HttpRequest, user_id: int) -> HttpResponse:
        """The page on which a forgotten password is replaced."""
        if not self.has_change_permission(request):
            raise PermissionDenied
        user = get_object_or_404(User, pk=user_id)
        form = SetPasswordForm(user, request.POST if request.method == "POST" else None)
        if not form.is_valid():
            return self._password_page(request, user, form)
        password = form.cleaned_data["new_password1"]
        services.reset_password(user=user, password=password, actor=operator_of(request))
        messages.success(request, gettext("%(name)s has a new password.") % {"name": user})
        return redirect("admin:accounts_user_change", user.pk)

    def _password_page(self, request: HttpRequest, user: User, form: Any) -> HttpResponse:
        context = {
            **self.admin_site.each_context(request),
            "title": gettext("Set a password"),
            "subtitle": str(user),
            "opts": self.opts,
            "original": user,
            "form": form,
            "adminform": AdminForm(form, [(None, {"fields": list(form.fields)})], {}),
        }
        status = 422 if form.is_bound else 200
        return TemplateResponse(request, "admin/set_password.html", context, status=status)

"""The frame: which pages there are, in the order of an operator's day, and the start page."""

from typing import Any

from allauth.account.decorators import secure_admin_login
from django.contrib.admin import AdminSite
from django.core.exceptions import ImproperlyConfigured
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils.decorators import method_decorator
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from imsconsole.accounts.service_admin import ServiceAdmin
from imsconsole.operator.attention import what_needs_me

# heading, and the rows it is about as app.Model; what is named nowhere comes last, under its own room
SECTIONS: tuple[tuple[str, str | Promise, tuple[str, ...]], ...] = (
    (
        "tenants",
        _("People and tenants"),
        (
            "accounts.User",
            "accounts.Account",
            "accounts.Project",
            "accounts.Membership",
            "accounts.Invitation",
            "accounts.SlowedSignIn",
        ),
    ),
    (
        "work",
        _("Work and trail"),
        ("jobs.Job", "jobs.ClockEntry", "jobs.KnownHost", "notifications.Message", "audit.Event"),
    ),
    (
        "images",
        _("Images"),
        (
            "images.Image",
            "images.PublicSource",
            "images.CloudImage",
            "images.ReleaseNote",
            "images.OsVersion",
            "images.Upload",
            "images.Download",
        ),
    ),
    (
        "market",
        _("Market"),
        ("market.Publisher", "market.ListingVersion", "market.Listing", "market.Price", "market.Charge"),
    ),
    (
        "servers",
        _("Servers"),
        ("cloud.Server", "cloud.Disk", "cloud.KeyPair", "cloud.UserData", "cloud.Usage", "cloud.Reading"),
    ),
    (
        "offer",
        _("What is offered"),
        (
            "cloud.Flavor",
            "accounts.Region",
            "cloud.RegionReport",
            "accounts.AvailabilityZone",
            "cloud.ForeignThing",
        ),
    ),
    (
        "market",
        _("Market"),
        (
            "market.Publisher",
            "market.Listing",
            "market.ListingVersion",
            "market.Price",
            "market.Charge",
        ),
    ),
)
OURS = ("imsconsole.", "images.", "sharing.", "market.")


class OperatorSite(AdminSite):
    site_header = site_title = _("IMS administration")
    index_title = _("Administration")
    enable_nav_sidebar = True

    def register(self, model_or_iterable: Any, admin_class: Any = None, **options: Any) -> None:
        """Only pages that change rows by services: not those of libraries, which write past them."""
        if admin_class is not None and issubclass(admin_class, ServiceAdmin):
            super().register(model_or_iterable, admin_class, **options)
        elif admin_class is None or admin_class.__module__.startswith(OURS):
            raise ImproperlyConfigured(f"{admin_class} is not a ServiceAdmin")

    @method_decorator(secure_admin_login)
    def login(self, request: HttpRequest, extra_context: Any = None) -> HttpResponse:
        """The second factor and the rate limits of the console's sign-in page count here as well."""
        return super().login(request, extra_context)

    def password_change(self, request: HttpRequest, extra_context: Any = None) -> Any:
        """One's own password is changed in the console."""
        return redirect("account_change_password")

    def index(self, request: HttpRequest, extra_context: Any = None) -> TemplateResponse:
        """What needs the operator names people, projects and disks: staff with some permissions are not told."""
        attention = what_needs_me() if getattr(request.user, "is_superuser", False) else None
        return super().index(request, {"attention": attention, **(extra_context or {})})

    def get_app_list(self, request: HttpRequest, app_label: str | None = None) -> list[Any]:
        """The pages by what they are for; those of one room when asked for it (`app_label`)."""
        rooms = super().get_app_list(request, app_label)
        if app_label:
            return rooms
        found = {f"{room['app_label']}.{row['object_name']}": row for room in rooms for row in room["models"]}
        sections = [
            _section(key, title, [found.pop(name) for name in names if name in found])
            for key, title, names in SECTIONS
        ]
        rest = [_section("more", _("More"), list(found.values()))]
        return [section for section in sections + rest if section["models"]]


def _section(key: str, title: str | Promise, rows: list[Any]) -> dict[str, Any]:
    """As the admin's templates take it; a heading leads to its place on the start page."""
    return {
        "name": title,
        "app_label": key,
        "app_url": f"{reverse('admin:index')}#{key}",
        "has_module_perms": True,
        "models": rows,
    }

"""For operators: publishers that apply, versions to review with everything in view, and withdrawing a listing."""

from typing import Any

from django.contrib import admin
from django.db.models import OuterRef, QuerySet, Subquery
from django.http import HttpRequest, HttpResponse
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from imsconsole.accounts.service_admin import (
    ReadOnlyInline,
    ServiceAdmin,
    count_of,
    operator_of,
    trail_of,
)
from imsconsole.cloud.models import Server
from market.html import html_of
from market.listings.checks import lines_of
from market.listings.rules import can_approve_version, can_reject_version, can_withdraw_listing
from market.listings.services import withdraw_listing
from market.models import Listing, ListingVersion, Publisher
from market.money import price_text
from market.prices.lookup import price_of_listing
from market.publishers.rules import can_approve_publisher, can_reject_publisher, can_suspend_publisher
from market.publishers.services import approve_publisher, reject_publisher, suspend_publisher
from market.review.services import approve_version, reject_version
from market.templatetags.market_media import as_png

Answer = HttpResponse | None


class ReviewAdmin(ServiceAdmin):
    """Rows to decide about: actions are for those who may change them."""

    show_full_result_count = False

    def has_decide_permission(self, request: HttpRequest) -> bool:
        return request.user.has_perm(f"market.change_{self.opts.model_name}")


@admin.register(Publisher)
class PublisherAdmin(ReviewAdmin):
    list_display = ("name", "state", "account", "contact", "applied_by", "applied_at", "decided_at")
    list_filter = ("state",)
    search_fields = ("name", "id", "account__name", "contact")
    search_help_text = _("By name, ID, account or contact.")
    list_select_related = ("account", "applied_by")
    actions = ("approve", "reject", "suspend")
    fieldsets = (
        (None, {"fields": ("name", "logo_shown", "description_shown", "contact", "account", "id")}),
        (_("State"), {"fields": ("state", "reason", "decided_by", "decided_at")}),
        (_("Origin"), {"fields": ("applied_by", "applied_at")}),
    )

    def get_queryset(self, request: HttpRequest) -> "QuerySet[Publisher]":
        return super().get_queryset(request).select_related("account", "applied_by", "decided_by")

    @admin.display(description=_("logo"))
    def logo_shown(self, publisher: Publisher) -> SafeString | str:
        if not publisher.logo:
            return "–"
        return format_html('<img src="{}" alt="" width="96">', as_png(publisher.logo))

    @admin.display(description=_("description"))
    def description_shown(self, publisher: Publisher) -> SafeString | str:
        return _theirs(publisher.description)

    @admin.action(description=_("Approve …"), permissions=["decide"])
    def approve(self, request: HttpRequest, queryset: "QuerySet[Publisher]") -> Answer:
        return self.ask_then(
            request,
            queryset,
            question=gettext("Approve these publishers?"),
            rule=can_approve_publisher,
            call=lambda row, actor: approve_publisher(row, actor=actor),
        )

    @admin.action(description=_("Reject …"), permissions=["decide"])
    def reject(self, request: HttpRequest, queryset: "QuerySet[Publisher]") -> Answer:
        return self.ask_then(
            request,
            queryset,
            question=gettext("Reject these applications?"),
            rule=can_reject_publisher,
            call=lambda row, actor: reject_publisher(row, reason=request.POST.get("reason", ""), actor=actor),
            asks_why=True,
        )

    @admin.action(description=_("Suspend …"), permissions=["decide"])
    def suspend(self, request: HttpRequest, queryset: "QuerySet[Publisher]") -> Answer:
        return self.ask_then(
            request,
            queryset,
            question=gettext(
                "Suspend these publishers? What they have on the market stays until it is withdrawn."
            ),
            rule=can_suspend_publisher,
            call=lambda row, actor: suspend_publisher(
                row, reason=request.POST.get("reason", ""), actor=actor
            ),
            asks_why=True,
        )

    def links_of(self, obj: Publisher) -> list[tuple[str, str]]:
        return [
            (gettext("Account"), reverse("admin:accounts_account_change", args=[obj.account_id])),
            (gettext("Listings"), f"{reverse('admin:market_listing_changelist')}?publisher={obj.pk}"),
            (gettext("What happened to it"), trail_of("publisher", obj.pk)),
        ]


@admin.register(ListingVersion)
class ListingVersionAdmin(ReviewAdmin):
    """The review: everything a buyer will read, what the scan found, and who offers it for how much."""

    change_form_template = "admin/market/review.html"
    list_display = ("title", "version", "state", "publisher", "category", "submitted_at", "decided_at")
    list_filter = ("state", "category")
    search_fields = ("title", "id", "listing__id", "listing__publisher__name", "image__name")
    search_help_text = _("By title, product code, publisher or image.")
    list_select_related = ("listing__publisher",)
    date_hierarchy = "submitted_at"
    actions = ("approve", "reject")
    fieldsets = (
        (
            None,
            {
                "fields": (
                    "title", "version", "state", "reason", "summary_shown", "category", "publisher", "price",
                    "offered_in", "listing", "former",
                )
            },
        ),
        (_("Scan"), {"fields": ("checklist",)}),
        (_("Image"), {"fields": ("image_link", "software_list")}),
        (_("Screenshots"), {"fields": ("pictures_shown",)}),
        (_("Words"), {"fields": ("description_shown", "notes_shown", "support", "terms_shown")}),
        (
            _("Times"),
            {"fields": ("created_by", "created_at", "submitted_at", "decided_by", "decided_at", "published_at")},
        ),
    )  # fmt: skip

    def get_queryset(self, request: HttpRequest) -> "QuerySet[ListingVersion]":
        published = ListingVersion.objects.filter(listing=OuterRef("listing"), state="published")
        rows = super().get_queryset(request).annotate(former=Subquery(published.values("version")[:1]))
        return rows.select_related(
            "listing__publisher", "listing__project__account", "image__os_version", "created_by", "decided_by"
        )

    @admin.display(description=_("publisher"), ordering="listing__publisher__name")
    def publisher(self, version: ListingVersion) -> SafeString:
        seller = version.listing.publisher
        url = reverse("admin:market_publisher_change", args=[seller.pk])
        return format_html('<a href="{}">{}</a> · {}', url, seller, seller.get_state_display())

    @admin.display(description=_("on the market now"))
    def former(self, version: Any) -> str:
        return version.former or "–"

    @admin.display(description=_("price"))
    def price(self, version: ListingVersion) -> str:
        return price_text(price_of_listing(version.listing))

    @admin.display(description=_("regions"))
    def offered_in(self, version: ListingVersion) -> str:
        return ", ".join(map(str, version.regions.all()))

    @admin.display(description=_("image"))
    def image_link(self, version: ListingVersion) -> SafeString:
        url = reverse("admin:images_image_change", args=[version.image_id])
        return format_html('<a href="{}">{}</a> · {}', url, version.image, version.image.os_version or "–")

    @admin.display(description=_("built-in software"))
    def software_list(self, version: ListingVersion) -> str:
        return ", ".join(map(str, version.software.all())) or "–"

    @admin.display(description=_("checklist"))
    def checklist(self, version: ListingVersion) -> SafeString | str:
        return _drawn("_checklist", lines=lines_of(version)) or "–"

    @admin.display(description=_("screenshots"))
    def pictures_shown(self, version: ListingVersion) -> SafeString | str:
        return _drawn("_pictures", pictures=version.pictures.all()) or "–"

    @admin.display(description=_("summary"))
    def summary_shown(self, version: ListingVersion) -> SafeString | str:
        return _theirs(version.summary)

    @admin.display(description=_("description"))
    def description_shown(self, version: ListingVersion) -> SafeString | str:
        return _theirs(html_of(version.description))

    @admin.display(description=_("release notes"))
    def notes_shown(self, version: ListingVersion) -> SafeString | str:
        return _theirs(html_of(version.release_notes))

    @admin.display(description=_("licence terms"))
    def terms_shown(self, version: ListingVersion) -> SafeString | str:
        return _theirs(html_of(version.terms))

    @admin.action(description=_("Approve …"), permissions=["decide"])
    def approve(self, request: HttpRequest, queryset: "QuerySet[ListingVersion]") -> Answer:
        return self.ask_then(
            request,
            queryset,
            question=gettext("Let these on the market?"),
            rule=can_approve_version,
            call=lambda row, actor: approve_version(row, actor=actor),
        )

    @admin.action(description=_("Reject …"), permissions=["decide"])
    def reject(self, request: HttpRequest, queryset: "QuerySet[ListingVersion]") -> Answer:
        return self.ask_then(
            request,
            queryset,
            question=gettext("Send these back to their sellers?"),
            rule=can_reject_version,
            call=lambda row, actor: reject_version(row, reason=request.POST.get("reason", ""), actor=actor),
            asks_why=True,
        )

    def links_of(self, obj: ListingVersion) -> list[tuple[str, str]]:
        return [
            (gettext("Listing"), reverse("admin:market_listing_change", args=[obj.listing_id])),
            (gettext("Image"), reverse("admin:images_image_change", args=[obj.image_id])),
            (gettext("Jobs"), f"{reverse('admin:jobs_job_changelist')}?q={obj.pk}"),
            (gettext("What happened to it"), trail_of("listingversion", obj.pk)),
        ]


class Versions(ReadOnlyInline):
    model = ListingVersion
    fields = ("title", "version", "state", "image", "submitted_at", "published_at")
    readonly_fields = fields
    show_change_link = True
    view_on_site = False


@admin.register(Listing)
class ListingAdmin(ReviewAdmin):
    list_display = ("title", "publisher", "project", "on_market", "servers", "created_at", "withdrawn_at")
    list_filter = (("withdrawn_at", admin.EmptyFieldListFilter), "publisher")
    search_fields = ("id", "versions__title", "publisher__name", "project__name")
    search_help_text = _("By product code, title, publisher or project.")
    list_select_related = ("publisher", "project")
    date_hierarchy = "created_at"
    actions = ("withdraw",)
    inlines = (Versions,)
    fieldsets = (
        (None, {"fields": ("title", "id", "publisher", "project", "servers", "created_at")}),
        (_("Withdrawal"), {"fields": ("withdrawn_at", "withdrawn_because", "reinstall_until")}),
    )

    def get_queryset(self, request: HttpRequest) -> "QuerySet[Listing]":
        versions = ListingVersion.objects.filter(listing=OuterRef("pk"))
        servers = Server.objects.filter(deleted_at=None)
        return super().get_queryset(request).select_related("publisher", "project__account").annotate(
            first_title=Subquery(versions.values("title")[:1]),
            published_version=Subquery(versions.filter(state="published").values("version")[:1]),
            servers_count=count_of(servers, "image__edition__version_of__listing"),
        )  # fmt: skip

    @admin.display(description=_("title"), ordering="first_title")
    def title(self, listing: Any) -> str:
        return listing.first_title or str(listing.pk)

    @admin.display(description=_("on the market now"))
    def on_market(self, listing: Any) -> str:
        return listing.published_version or "–"

    @admin.display(description=_("servers"), ordering="servers_count")
    def servers(self, listing: Any) -> int:
        return int(listing.servers_count)

    @admin.action(description=_("Withdraw from the market …"), permissions=["decide"])
    def withdraw(self, request: HttpRequest, queryset: "QuerySet[Listing]") -> Answer:
        """As the operator, not as one of the project: its sellers are told."""
        operator = operator_of(request)
        return self.ask_then(
            request,
            queryset.prefetch_related("versions"),
            question=gettext("Withdraw these listings? They do not come back."),
            rule=lambda row, _actor: can_withdraw_listing(row, operator),
            call=lambda row, _actor: withdraw_listing(
                row, reason=request.POST.get("reason", ""), actor=operator
            ),
            asks_why=True,
        )

    def links_of(self, obj: Listing) -> list[tuple[str, str]]:
        return [
            (gettext("Publisher"), reverse("admin:market_publisher_change", args=[obj.publisher_id])),
            (gettext("What happened to it"), trail_of("listing", obj.pk)),
        ]


def _drawn(name: str, **context: Any) -> SafeString | str:
    return render_to_string(f"admin/market/{name}.html", context) if any(context.values()) else ""


def _theirs(text: str) -> SafeString | str:
    """What a publisher wrote, in its language."""
    return format_html('<div translate="no">{}</div>', text) if text else "–"

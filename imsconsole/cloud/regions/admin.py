"""For operators: what regions said last, what is on their clouds, and what of that is not ours."""

from typing import Any

from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import get_object_or_404
from django.template.response import TemplateResponse
from django.urls import URLPattern, path, reverse
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from imsconsole.accounts.models import OPENSTACK, Region
from imsconsole.accounts.service_admin import ServiceAdmin, operator_of
from imsconsole.cloud.hosts import capabilities_of
from imsconsole.cloud.models import AccountCloud, Flavor, ForeignThing, RegionCheck, RegionReport
from imsconsole.cloud.regions import page, services
from imsconsole.cloud.regions.forms import AccountCloudForm, UseForm
from imsconsole.core.edits import Difference
from imsconsole.core.errors import Conflict, ImsError
from imsconsole.core.rules import first_refusal
from imsconsole.core.sentences import sentence_of
from imsconsole.core.text import size


@admin.register(RegionReport)
class RegionReportAdmin(ServiceAdmin):
    """What each region's engine said last, as the clock asked it; and the page about a region's cloud."""

    list_display = ("region", "answered_at", "error_sentence", "free", "of")
    list_select_related = ("region",)
    fieldsets = ((None, {"fields": ("region", "answered_at", "error_sentence", "free", "of", "can")}),)

    @admin.display(description=_("why it does not answer"))
    def error_sentence(self, report: RegionReport) -> str:
        return report.error_sentence

    @admin.display(description=_("free space"), ordering="free_bytes")
    def free(self, report: RegionReport) -> str:
        return size(report.free_bytes) if report.free_bytes is not None else "–"

    @admin.display(description=_("size"), ordering="total_bytes")
    def of(self, report: RegionReport) -> str:
        return size(report.total_bytes) if report.total_bytes is not None else "–"

    def links_of(self, obj: RegionReport) -> list[tuple[str, str]]:
        if obj.region.engine != OPENSTACK:
            return []
        return [(gettext("Its cloud"), reverse("admin:region_cloud", args=[obj.pk]))]

    def get_urls(self) -> list[URLPattern]:
        view = self.admin_site.admin_view(self.cloud)
        return [path("<slug:code>/cloud/", view, name="region_cloud"), *super().get_urls()]

    def cloud(self, request: HttpRequest, code: str) -> HttpResponse:
        """All of a region's cloud as it was found last, and what of it is used. POST `do`: check, use, or leave."""
        if not request.user.has_perm("accounts.view_region"):
            raise PermissionDenied
        region = get_object_or_404(
            Region.objects.select_related("report", "check_up"), pk=code, engine=OPENSTACK
        )
        check = getattr(region, "check_up", None)
        about = {
            "found": check.found if check else {},
            "ours": Flavor.objects.filter(hidden=False),
            "zones": region.zones.all(),
        }
        form = UseForm(request.POST if request.POST.get("do") == "use" else None, region=region, **about)
        differences: list[Difference] = []
        try:
            if request.method == "POST" and self._acted(request, region, form):
                region.refresh_from_db(fields=["engine"])
                here = (
                    request.path
                    if region.engine == OPENSTACK
                    else reverse("admin:accounts_region_changelist")
                )
                return HttpResponseRedirect(here)
        except Conflict:
            region.refresh_from_db()
            form, differences = form.after_conflict(form.present(region), region=region, **about)
        context = {**self._context(request, region, check, form), "differences": differences}
        status = 409 if differences else 422 if form.is_bound else 200
        return TemplateResponse(request, "admin/cloud/region.html", context, status=status)

    def _acted(self, request: HttpRequest, region: Region, form: UseForm) -> bool:
        if not request.user.has_perm("accounts.change_region"):
            raise PermissionDenied
        actor = operator_of(request)
        try:
            if request.POST.get("do") == "leave":
                services.leave_region(region=region, actor=actor)
                said = gettext("The console has left the cloud of %(region)s. Take it out of clouds.yaml.")
                messages.success(request, said % {"region": region})
            elif not form.is_bound:
                services.check_region(region=region, actor=actor)
            elif form.is_valid():
                used = form.use(form.cleaned_data)
                services.map_region(region=region, **used, seen=form.use(form.seen), actor=actor)
                messages.success(request, gettext("Saved. New servers and disks are made so."))
            else:
                return False
        except Conflict:
            raise
        except ImsError as error:
            messages.error(request, sentence_of(error))
        return True

    def _context(
        self, request: HttpRequest, region: Region, check: RegionCheck | None, form: UseForm
    ) -> dict[str, Any]:
        found = check.found if check else {}
        leaving = page.leaving(region)
        return {
            **self.admin_site.each_context(request),
            "title": gettext("The cloud of %(region)s") % {"region": region},
            "opts": Region._meta,
            "region": region,
            "report": getattr(region, "report", None),
            "check": check,
            "found": found,
            "form": form,
            "may_act": request.user.has_perm("accounts.change_region"),
            "services": list(page.services(found)),
            "rights": page.rights(found),
            "quotas": page.quotas(found),
            "networks": page.networks(found),
            "places": list(page.zones_there(found)),
            "projects": page.project_lines(region, found),
            "flavors": page.flavor_lines(form, region, found),
            "zones": page.zone_lines(form, region, found),
            "abilities": page.abilities(capabilities_of(region)),
            "leaving": leaving,
            "may_leave": first_refusal(verdict for _title, verdict in leaving),
            "foreign_count": ForeignThing.objects.filter(region=region).count(),
        }


@admin.register(AccountCloud)
class AccountCloudAdmin(ServiceAdmin):
    """Cloud projects that are an account's alone, and whether they answer."""

    form = AccountCloudForm
    added_by = (services.create_account_cloud,)
    changed_by = {"cloud": services.change_account_cloud}
    deleted_by = (services.delete_account_cloud,)
    list_display = ("account", "region", "cloud", "answered_at", "error_sentence")
    list_filter = ("region",)
    list_select_related = ("region", "account")
    search_fields = ("account__name", "cloud")
    add_fieldsets = (
        (
            None,
            {
                "fields": ("region", "account", "cloud"),
                "description": _(
                    "Servers and disks of the account are made in that project of the cloud, whose quotas and bills are the "
                    "account's then. Images and backups stay in the region's own project. It can be changed and taken back "
                    "while the account has neither servers nor disks in the region."
                ),
            },
        ),
    )
    fieldsets = ((None, {"fields": ("region", "account", "cloud", "answered_at", "error_sentence")}),)

    @admin.display(description=_("why it does not answer"))
    def error_sentence(self, row: AccountCloud) -> str:
        return row.error_sentence or "–"

    def links_of(self, obj: AccountCloud) -> list[tuple[str, str]]:
        return [(gettext("The region's cloud"), reverse("admin:region_cloud", args=[obj.region_id]))]

    def save_model(self, request: HttpRequest, obj: AccountCloud, form: Any, change: bool) -> None:
        service = services.change_account_cloud if change else services.create_account_cloud
        service(account_cloud=obj, actor=operator_of(request))

    def delete_model(self, request: HttpRequest, obj: AccountCloud) -> None:
        services.delete_account_cloud(account_cloud=obj, actor=operator_of(request))


@admin.register(ForeignThing)
class ForeignThingAdmin(ServiceAdmin):
    """What lies in our projects of clouds and is not ours. Nothing here is ever touched."""

    list_display = ("shown_name", "kind", "region", "cloud_id", "since", "seen_at")
    list_filter = ("region", "kind")
    list_select_related = ("region",)
    search_fields = ("name", "cloud_id")
    search_help_text = _("By name or ID in the cloud.")
    fieldsets = (
        (
            None,
            {
                "fields": ("region", "kind", "name", "cloud_id", "since", "seen_at"),
                "description": _(
                    "It lies in the same project of the cloud as what this console makes, and this console did not make it. It "
                    "counts against the cloud's quotas. The console never changes or deletes it."
                ),
            },
        ),
    )

    @admin.display(description=_("name"), ordering="name")
    def shown_name(self, thing: ForeignThing) -> str:
        return thing.name or "–"

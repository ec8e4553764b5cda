"""For operators: what the clouds of regions offer to everybody, and what of it is offered here."""

from typing import Any

from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import URLPattern, path, reverse
from django.utils.html import format_html
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from images.adopt import services
from images.adopt.rules import can_adopt
from images.models import CloudImage
from images.public.admin import operator
from imsconsole.accounts.service_admin import ServiceAdmin
from imsconsole.core.text import size


@admin.register(CloudImage)
class CloudImageAdmin(ServiceAdmin):
    change_list_template = "admin/images/cloud_images.html"
    list_display = ("shown_name", "region", "format", "size", "state", "seen_at")
    list_filter = ("region", ("image", admin.EmptyFieldListFilter), ("gone_at", admin.EmptyFieldListFilter))
    list_select_related = ("region", "image")
    search_fields = ("name", "cloud_id")
    search_help_text = gettext_lazy("By name or ID in the cloud.")
    actions: Any = ("adopt",)
    fieldsets = (
        (
            None,
            {
                "fields": ("region", "name", "cloud_id", "format", "size", "state", "seen_at", "gone_at"),
                "description": gettext_lazy(
                    "It belongs to the cloud. Offered here, it is not copied, and the console never deletes it there: when it "
                    "goes, nobody can make servers from it any more, and those that there are go on."
                ),
            },
        ),
    )

    @admin.display(description=gettext_lazy("name"), ordering="name")
    def shown_name(self, found: CloudImage) -> str:
        return str(found)

    @admin.display(description=gettext_lazy("size"))
    def size(self, found: CloudImage) -> str:
        return size(found.said.get("size_bytes", 0))

    @admin.display(description=gettext_lazy("state"))
    def state(self, found: CloudImage) -> str:
        if found.is_adopted:
            url = reverse("admin:images_image_change", args=[found.image_id])
            said = _("Offered, but gone from the cloud") if found.gone_at else _("Offered here")
            return format_html('<a href="{}">{}</a>', url, said)
        if not found.stored:
            return _("Cannot be offered as it is: only qcow2, raw and ISO can")
        return _("Not offered")

    def has_operate_permission(self, request: HttpRequest) -> bool:
        return bool(request.user.has_perm("images.change_image"))

    @admin.action(description=gettext_lazy("Offer as public images"), permissions=["operate"])
    def adopt(self, request: HttpRequest, queryset: "QuerySet[CloudImage]") -> HttpResponse | None:
        return self.ask_then(
            request,
            queryset,
            question=_("Offer these images of the cloud to every project of their region?"),
            rule=can_adopt,
            call=lambda found, _actor: services.adopt_image(found, actor=operator(request)),
        )

    def get_urls(self) -> list[URLPattern]:
        view = self.admin_site.admin_view(self.look)
        return [path("look/", view, name="images_cloudimage_look"), *super().get_urls()]

    def look(self, request: HttpRequest) -> HttpResponse:
        """POST: workers look at all clouds now."""
        if not self.has_operate_permission(request):
            raise PermissionDenied
        if request.method == "POST":
            services.look_for_images(actor=operator(request))
            messages.success(request, _("Workers look at the clouds. Reload the page in a moment."))
        return HttpResponseRedirect(reverse("admin:images_cloudimage_changelist"))

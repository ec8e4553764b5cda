"""For operators: encryption keys and master keys to look at. No material is shown, wrapped or not."""

from typing import Any

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest
from django.urls import reverse
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from imsconsole.accounts.service_admin import ServiceAdmin, count_of, trail_of
from imsconsole.cloud.models import Key, KeyGrant, MasterKey


@admin.register(Key)
class KeyAdmin(ServiceAdmin):
    list_display = (
        "name",
        "project",
        "state",
        "is_default",
        "master",
        "grants_count",
        "delete_at",
        "created_at",
    )
    list_filter = ("state", "is_default", "master", "project__region")
    search_fields = ("name", "id", "project__name")
    search_help_text = _("By name, ID or project.")
    list_select_related = ("project", "master")
    date_hierarchy = "created_at"
    show_full_result_count = False
    fieldsets = (
        (
            None,
            {"fields": ("name", "id", "project", "description", "is_default", "created_by", "created_at")},
        ),
        (_("State"), {"fields": ("state", "delete_at", "deleted_at")}),
        (
            _("Material"),
            {
                "fields": ("master",),
                "description": _("It is kept wrapped by this master key, and shown nowhere."),
            },
        ),
    )

    def get_queryset(self, request: HttpRequest) -> "QuerySet[Key]":
        grants = KeyGrant.objects.all()
        return super().get_queryset(request).defer("wrapped").annotate(grants_n=count_of(grants, "key"))

    @admin.display(description=_("grants"), ordering="grants_n")
    def grants_count(self, key: Any) -> int:
        return int(key.grants_n)

    def links_of(self, obj: Key) -> list[tuple[str, str]]:
        return [
            (gettext("Grants"), f"{reverse('admin:cloud_keygrant_changelist')}?key={obj.pk}"),
            (gettext("What happened to it"), trail_of("key", obj.pk)),
        ]


@admin.register(KeyGrant)
class KeyGrantAdmin(ServiceAdmin):
    list_display = ("key", "owner", "grantee", "created_by", "created_at")
    search_fields = ("key__name", "grantee__name", "id")
    list_filter = ("grantee__region",)
    list_select_related = ("key__project", "grantee", "created_by")
    date_hierarchy = "created_at"
    fieldsets = ((None, {"fields": ("key", "owner", "grantee", "created_by", "created_at")}),)

    @admin.display(description=_("owner"))
    def owner(self, grant: KeyGrant) -> str:
        return str(grant.key.project)

    def links_of(self, obj: KeyGrant) -> list[tuple[str, str]]:
        return [(gettext("Encryption key"), reverse("admin:cloud_key_change", args=[obj.key_id]))]


@admin.register(MasterKey)
class MasterKeyAdmin(ServiceAdmin):
    list_display = ("version", "fingerprint", "created_at", "keys_count")
    ordering = ("-version",)
    fieldsets = (
        (
            None,
            {
                "fields": ("version", "fingerprint", "created_at"),
                "description": _(
                    "The newest one is in use. Master keys are exchanged by “manage.py rotate_master_key”; "
                    "here are only their numbers and fingerprints."
                ),
            },
        ),
    )

    def get_queryset(self, request: HttpRequest) -> "QuerySet[MasterKey]":
        return super().get_queryset(request).annotate(keys_n=count_of(Key.objects.all(), "master"))

    @admin.display(description=_("keys"), ordering="keys_n")
    def keys_count(self, master: Any) -> int:
        return int(master.keys_n)

"""Encryption keys: list, detail, what is done with them, and grants in both directions."""

import uuid
from typing import Any

from django.contrib import messages
from django.db.models import Count
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext_lazy

from imsconsole.accounts.access import ActorRequest, form_view, page_view, post_view
from imsconsole.accounts.actor import Actor
from imsconsole.accounts.kept_forms import back_with
from imsconsole.accounts.lists import ListView
from imsconsole.accounts.models import ListName
from imsconsole.cloud.keys import rules, services
from imsconsole.cloud.keys.actions import GRANT_ACTIONS, KEY_ACTIONS, KEY_LIST_ACTIONS
from imsconsole.cloud.keys.forms import GrantForm, KeyFilter, KeyForm, ScheduleDeletionForm
from imsconsole.cloud.keys.material import is_master_at_hand
from imsconsole.cloud.keys.tables import COLUMNS, KeyTable, ReceivedTable
from imsconsole.cloud.keys.uses import uses_of
from imsconsole.cloud.models import Key, KeyGrant, KeyQuerySet
from imsconsole.core.actions import offered
from imsconsole.core.htmx import render_page
from imsconsole.core.rules import Verdict
from imsconsole.core.tables import paged


def keys_of(actor: Actor) -> KeyQuerySet:
    """The project's keys that exist, with `grants_count`."""
    found: KeyQuerySet = Key.objects.visible_to(actor).existing()
    return found.annotate(grants_count=Count("grants")).defer("wrapped")


LIST = ListView(
    ListName.KEYS,
    lambda request: keys_of(request.actor),
    KeyFilter,
    KeyTable,
    COLUMNS,
    ngettext_lazy("%(n)s key", "%(n)s keys", "n"),
    KEY_LIST_ACTIONS,
    "cloud/keys/list.html",
    lambda _request, _table: {"tabs": _tabs(), "master": is_master_at_hand()},
)


def find_key(request: ActorRequest, key_id: uuid.UUID) -> Key:
    """The actor's key, or 404."""
    keys = keys_of(request.actor).select_related("project", "created_by")
    key: Key = get_object_or_404(keys, pk=key_id)
    return key


list_keys = page_view(LIST.page)
export_keys = page_view(LIST.csv)


@page_view
def list_received(request: ActorRequest) -> HttpResponse:
    """Keys of other projects that this one may use."""
    table = paged(ReceivedTable, KeyGrant.objects.received_by(request.actor), request)
    context = {"active": "keys", "tabs": _tabs(), "table": table}
    return render_page(request, "cloud/keys/received.html", "components/table.html", context)


@page_view
def show_key(request: ActorRequest, key_id: uuid.UUID) -> HttpResponse:
    """Everything about one key but its material."""
    key = find_key(request, key_id)
    grants: list[Any] = list(key.grants.select_related("grantee", "created_by"))
    for grant in grants:
        grant.offers = offered(GRANT_ACTIONS, grant, request.actor)
    context = {
        "active": "keys",
        "key": key,
        "offers": offered(KEY_ACTIONS, key, request.actor),
        "grants": grants,
        "master": is_master_at_hand(),
    }
    return render(request, "cloud/keys/detail.html", context)


@form_view
def create(request: ActorRequest) -> HttpResponse:
    """A name and a description."""
    form = KeyForm(request.POST if request.method == "POST" else None, actor=request.actor)
    if request.method == "POST" and form.is_valid():
        key = services.create_key(**form.cleaned_data, actor=request.actor)
        messages.success(request, _("The encryption key “%(name)s” was created.") % {"name": key.name})
        return redirect(back_with(request, key.pk) or key)
    context = {"active": "keys", "form": form, "verdict": rules.can_create_key(request.actor)}
    return render(request, "cloud/keys/create.html", context, status=422 if form.errors else 200)


@form_view
def edit(request: ActorRequest, key_id: uuid.UUID) -> HttpResponse:
    """The same two fields."""
    key = find_key(request, key_id)
    form = KeyForm(
        request.POST if request.method == "POST" else None,
        initial={"name": key.name, "description": key.description},
        actor=request.actor,
        key=key,
    )
    if request.method == "POST" and form.is_valid():
        key = services.edit_key(key, **form.cleaned_data, actor=request.actor)
        messages.success(request, _("The encryption key “%(name)s” was changed.") % {"name": key.name})
        return redirect(key)
    verdict = rules.can_edit_key(key, request.actor)
    return _form(request, "cloud/keys/edit.html", key, verdict, form)


@post_view
def enable(request: ActorRequest, key_id: uuid.UUID) -> HttpResponse:
    """One click: it can be disabled again."""
    key = services.enable_key(find_key(request, key_id), actor=request.actor)
    messages.success(request, _("The encryption key “%(name)s” is enabled.") % {"name": key.name})
    return redirect(key)


@form_view
def disable(request: ActorRequest, key_id: uuid.UUID) -> HttpResponse:
    """The question with what uses it, and its answer."""
    key = find_key(request, key_id)
    if request.method == "POST":
        key = services.disable_key(key, actor=request.actor)
        messages.success(request, _("The encryption key “%(name)s” is disabled.") % {"name": key.name})
        return redirect(key)
    return _form(request, "cloud/keys/disable.html", key, rules.can_disable_key(key, request.actor))


@form_view
def schedule_deletion(request: ActorRequest, key_id: uuid.UUID) -> HttpResponse:
    """The question with what uses it and in how many days, and its answer."""
    key = find_key(request, key_id)
    form = ScheduleDeletionForm(request.POST if request.method == "POST" else None)
    if request.method == "POST" and form.is_valid():
        key = services.schedule_key_deletion(key, **form.cleaned_data, actor=request.actor)
        messages.success(
            request,
            _("The encryption key “%(name)s” will be deleted. Until then it cannot be used.")
            % {"name": key.name},
        )
        return redirect(key)
    verdict = rules.can_schedule_key_deletion(key, request.actor)
    return _form(request, "cloud/keys/schedule_deletion.html", key, verdict, form)


@post_view
def cancel_deletion(request: ActorRequest, key_id: uuid.UUID) -> HttpResponse:
    """One click; the key is disabled then."""
    key = services.cancel_key_deletion(find_key(request, key_id), actor=request.actor)
    messages.success(
        request,
        _("The encryption key “%(name)s” is kept. It is disabled: enable it to use it.") % {"name": key.name},
    )
    return redirect(key)


@form_view
def grant(request: ActorRequest, key_id: uuid.UUID) -> HttpResponse:
    """The ID of the project that may use it as well."""
    key = find_key(request, key_id)
    form = GrantForm(request.POST if request.method == "POST" else None, key=key)
    if request.method == "POST" and form.is_valid():
        grantee = form.cleaned_data["project_id"]
        services.grant_key(key, grantee=grantee, actor=request.actor)
        messages.success(request, _("The project %(id)s may use the key now.") % {"id": grantee.pk})
        return redirect(key)
    return _form(request, "cloud/keys/grant.html", key, rules.can_grant_key(key, request.actor), form)


@form_view
def revoke(request: ActorRequest, key_id: uuid.UUID, grant_id: uuid.UUID) -> HttpResponse:
    """The question, and its answer: the other project loses what it did not copy (R48)."""
    key = find_key(request, key_id)
    given = get_object_or_404(KeyGrant.objects.visible_to(request.actor), pk=grant_id, key=key)
    if request.method == "POST":
        services.revoke_grant(given, actor=request.actor)
        messages.success(
            request, _("The project %(id)s may no longer use the key.") % {"id": given.grantee_id}
        )
        return redirect(key)
    verdict = rules.can_revoke_grant(given, request.actor)
    return _form(request, "cloud/keys/revoke.html", key, verdict, grant=given)


def _tabs() -> list[dict[str, Any]]:
    return [
        {"key": "own", "title": _("Keys of this project"), "url": reverse("keys:list"), "count": None},
        {"key": "received", "title": _("Granted to us"), "url": reverse("keys:received"), "count": None},
    ]


def _form(
    request: ActorRequest, page: str, key: Key, verdict: Verdict, form: Any = None, **context: Any
) -> HttpResponse:
    """A page about one key, with its form if it has one."""
    context |= {"active": "keys", "key": key, "form": form, "verdict": verdict, "uses": uses_of(key)}
    return render(request, page, context, status=422 if form is not None and form.errors else 200)

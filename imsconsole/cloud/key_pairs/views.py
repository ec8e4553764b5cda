"""Key pairs: list, import, create, delete."""

import base64
import uuid
from typing import Any

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import ngettext_lazy

from imsconsole.accounts.access import ActorRequest, form_view, page_view
from imsconsole.accounts.kept_forms import back_with
from imsconsole.accounts.lists import ListView
from imsconsole.accounts.models import ListName
from imsconsole.cloud.key_pairs.actions import KEY_PAIR_LIST_ACTIONS
from imsconsole.cloud.key_pairs.filters import KeyPairFilter
from imsconsole.cloud.key_pairs.forms import ImportKeyForm, KeyPairForm
from imsconsole.cloud.key_pairs.rules import can_create_key_pair, can_delete_key_pair
from imsconsole.cloud.key_pairs.services import create_key_pair, delete_key_pair, import_key_pair
from imsconsole.cloud.key_pairs.ssh_keys import new_key
from imsconsole.cloud.key_pairs.tables import COLUMNS, KeyPairTable
from imsconsole.cloud.models import KeyPair

LIST = ListView(
    ListName.KEY_PAIRS,
    lambda request: KeyPair.objects.visible_to(request.actor),
    KeyPairFilter,
    KeyPairTable,
    COLUMNS,
    ngettext_lazy("%(n)s key pair", "%(n)s key pairs", "n"),
    KEY_PAIR_LIST_ACTIONS,
)
list_key_pairs = page_view(LIST.page)
export_key_pairs = page_view(LIST.csv)


@form_view
def import_key(request: ActorRequest) -> HttpResponse:
    """Keep a public key that exists already."""
    form = ImportKeyForm(request.POST if request.method == "POST" else None, actor=request.actor)
    if request.method == "POST" and form.is_valid():
        typed = form.cleaned_data
        pair = import_key_pair(name=typed["name"], key=typed["public_key"], actor=request.actor)
        messages.success(request, _("The key pair “%(name)s” was imported.") % {"name": pair.name})
        return redirect(back_with(request, pair.pk) or "keypairs:list")
    context = {"active": "keypairs", "form": form, "verdict": can_create_key_pair(request.actor)}
    return render(request, "cloud/key_pairs/import.html", context, status=422 if form.errors else 200)


@form_view
def create(request: ActorRequest) -> HttpResponse:
    """Make a pair. The private half is in this answer as a file, and nowhere else ever."""
    form = KeyPairForm(request.POST if request.method == "POST" else None, actor=request.actor)
    if request.method == "POST" and form.is_valid():
        key, private_key = new_key(form.cleaned_data["name"])
        pair = create_key_pair(name=form.cleaned_data["name"], key=key, actor=request.actor)
        context: dict[str, Any] = {"active": "keypairs", "key_pair": pair, "private_key": private_key}
        context["back_url"] = back_with(request, pair.pk)
        context["private_key_base64"] = base64.b64encode(private_key.encode()).decode()
        return render(request, "cloud/key_pairs/created.html", context)
    context = {"active": "keypairs", "form": form, "verdict": can_create_key_pair(request.actor)}
    return render(request, "cloud/key_pairs/create.html", context, status=422 if form.errors else 200)


@form_view
def confirm_delete(request: ActorRequest, key_pair_id: uuid.UUID) -> HttpResponse:
    """The question, and its answer."""
    pair = get_object_or_404(KeyPair.objects.visible_to(request.actor), pk=key_pair_id)
    if request.method == "POST":
        delete_key_pair(pair, actor=request.actor)
        messages.success(request, _("The key pair “%(name)s” was deleted.") % {"name": pair.name})
        return redirect("keypairs:list")
    context = {"active": "keypairs", "key_pair": pair, "verdict": can_delete_key_pair(pair, request.actor)}
    return render(request, "cloud/key_pairs/delete.html", context)

"""Vaults: list and CSV, the page of one with its backups, create, change, delete."""

import uuid
from typing import Any

from django.contrib import messages
from django.db.models import QuerySet, Sum
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import ngettext_lazy

from imsconsole.accounts.access import ActorRequest, form_view, page_view
from imsconsole.accounts.kept_forms import back_with
from imsconsole.accounts.lists import ListView
from imsconsole.accounts.models import ListName
from imsconsole.cloud.backups.filters import backups_of
from imsconsole.cloud.backups.tables import BackupsInVault
from imsconsole.cloud.backups.vaults.actions import VAULT_ACTIONS, VAULT_LIST_ACTIONS
from imsconsole.cloud.backups.vaults.filters import VaultFilter, vaults_of
from imsconsole.cloud.backups.vaults.forms import VaultForm
from imsconsole.cloud.backups.vaults.rules import can_create_vault, can_delete_vault, can_edit_vault
from imsconsole.cloud.backups.vaults.services import create_vault, delete_vault, edit_vault
from imsconsole.cloud.backups.vaults.tables import COLUMNS, VaultTable
from imsconsole.cloud.models import Vault
from imsconsole.cloud.models.vaults import is_held
from imsconsole.core.actions import offered
from imsconsole.core.htmx import render_page
from imsconsole.core.summary import summary_of
from imsconsole.core.tables import paged

LIST = ListView(
    ListName.VAULTS,
    lambda request: vaults_of(request.actor),
    VaultFilter,
    VaultTable,
    COLUMNS,
    ngettext_lazy("%(n)s vault", "%(n)s vaults", "n"),
    VAULT_LIST_ACTIONS,
)


def find_vault(request: ActorRequest, vault_id: uuid.UUID) -> Vault:
    """The actor's vault with its facts, or 404."""
    vault: Vault = get_object_or_404(vaults_of(request.actor), pk=vault_id)
    return vault


list_vaults = page_view(LIST.page)
export_vaults = page_view(LIST.csv)


@page_view
def show_vault(request: ActorRequest, vault_id: uuid.UUID) -> HttpResponse:
    """A vault: its facts, how full it is, the backups in it, and the images that were received with it (R55)."""
    vault = find_vault(request, vault_id)
    backups = backups_of(request.actor).filter(vault=vault)
    context = {
        "active": "vaults",
        "vault": vault,
        "percent": min(100, 100 * vault.used_bytes // vault.capacity_bytes),
        "offers": offered(VAULT_ACTIONS, vault, request.actor),
        "received": _received(vault),
        "table": paged(BackupsInVault, backups, request, BackupsInVault.shown_at_first()),
    }
    return render_page(
        request, "cloud/backups/vaults/detail.html", "cloud/backups/vaults/_backups.html", context
    )


def _received(vault: Vault) -> "QuerySet[Any]":
    """The shares of the images it holds, with what each takes."""
    shares = vault.received.filter(is_held()).select_related("image")
    return shares.annotate(taken_bytes=Sum("image__disks__size_bytes")).order_by("image__name", "pk")


@form_view
def create(request: ActorRequest) -> HttpResponse:
    form = VaultForm(request.POST if request.method == "POST" else None, actor=request.actor)
    if request.method == "POST" and form.is_valid():
        vault = create_vault(actor=request.actor, **form.cleaned_data)
        messages.success(request, _("The vault “%(name)s” was created.") % {"name": vault.name})
        return redirect(back_with(request, vault.pk) or vault)
    context = {"active": "vaults", "form": form, "verdict": can_create_vault(request.actor)}
    context["summary"] = form.summary()
    return summary_of(request, context) or render(
        request, "cloud/backups/vaults/create.html", context, status=422 if form.errors else 200
    )


@form_view
def edit(request: ActorRequest, vault_id: uuid.UUID) -> HttpResponse:
    vault = find_vault(request, vault_id)
    was = {"name": vault.name, "capacity_gb": vault.capacity_gb}
    typed = request.POST if request.method == "POST" else None
    form = VaultForm(typed, actor=request.actor, vault=vault, initial=was)
    if request.method == "POST" and form.is_valid():
        vault = edit_vault(vault, actor=request.actor, **form.cleaned_data)
        messages.success(request, _("The vault “%(name)s” was changed.") % {"name": vault.name})
        return redirect(vault)
    context = {
        "active": "vaults",
        "vault": vault,
        "form": form,
        "verdict": can_edit_vault(vault, request.actor),
        "summary": form.summary(),
    }
    return summary_of(request, context) or render(
        request, "cloud/backups/vaults/edit.html", context, status=422 if form.errors else 200
    )


@form_view
def delete(request: ActorRequest, vault_id: uuid.UUID) -> HttpResponse:
    """The question, and its answer."""
    vault = find_vault(request, vault_id)
    if request.method == "POST":
        delete_vault(vault, actor=request.actor)
        messages.success(request, _("The vault “%(name)s” was deleted.") % {"name": vault.name})
        return redirect("vaults:list")
    context = {"active": "vaults", "vault": vault, "verdict": can_delete_vault(vault, request.actor)}
    return render(request, "cloud/backups/vaults/delete.html", context)

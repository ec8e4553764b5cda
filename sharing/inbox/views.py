"""What is shared with a project: the inbox, its answers, and one offer by itself."""

import uuid
from typing import Any

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext_lazy

from images.fields.encryption import encryption_of
from images.models import Image
from imsconsole.accounts.access import ActorRequest, form_view, page_view, post_view
from imsconsole.accounts.actor import Actor
from imsconsole.accounts.kept_forms import typed
from imsconsole.accounts.lists import ListView
from imsconsole.accounts.models import ListName
from imsconsole.core.actions import offered
from imsconsole.core.each import do_each, tell_each
from sharing.inbox.actions import PENDING_ACTIONS, RECEIVED_ACTIONS
from sharing.inbox.forms import InboxFilter, ReceivingVaultForm
from sharing.inbox.rules import can_accept, can_answer_all, can_reject
from sharing.inbox.services import accept_share, reject_share
from sharing.inbox.tables import INBOX_COLUMNS, TABS, InboxTable, tab_of
from sharing.models import Share, ShareQuerySet

MOST_AT_ONCE = 500
ACCEPTED = ngettext_lazy("%(n)s image has been accepted.", "%(n)s images have been accepted.", "n")


def _more(request: ActorRequest, _table: InboxTable) -> dict[str, Any]:
    actor, tab = request.actor, tab_of(request.GET)
    pending = Share.objects.pending_in(actor.project)
    head = offered(PENDING_ACTIONS if tab == "pending" else (), list(pending[:1]), actor)
    return {"tab": tab, "tabs": _tabs(actor), "head": head}


def _of_tab(request: ActorRequest) -> ShareQuerySet:
    return _received(request.actor, tab_of(request.GET))


LIST = ListView(
    ListName.SHARING,
    _of_tab,
    InboxFilter,
    InboxTable,
    INBOX_COLUMNS,
    ngettext_lazy("%(n)s image", "%(n)s images", "n"),
    template="sharing/inbox/list.html",
    more=_more,
)
inbox = page_view(LIST.page)
export_inbox = page_view(LIST.csv)


@page_view
def show_share(request: ActorRequest, share_id: uuid.UUID) -> HttpResponse:
    """One offer: enough of the image to decide. The owner is led to the members of the image."""
    share = _find(request, share_id)
    if share.owner_id == request.actor.project.pk:
        return redirect("sharing:members", share.image_id)
    context = {
        "active": "sharing",
        "share": share,
        "encryption": encryption_of(share.image),
        "offers": offered(RECEIVED_ACTIONS, share, request.actor),
    }
    return render(request, "sharing/inbox/detail.html", context)


@form_view
def accept(request: ActorRequest, share_id: uuid.UUID) -> HttpResponse:
    """One click, as it can be rejected again; of a full-ECS image the vault is asked for (R55)."""
    share, vault = _find(request, share_id), None
    if request.method != "POST" or (share.image.type == Image.Type.FULL and can_accept(share, request.actor)):
        form = ReceivingVaultForm(typed(request) or None, share=share, actor=request.actor)
        if request.method != "POST" or not form.is_valid():
            return _ask_vault(request, share, form)
        vault = form.cleaned_data["vault"]
    share = accept_share(share, vault=vault, actor=request.actor)
    text = _("The image %(name)s has been accepted. It stands among the shared images now.")
    messages.success(request, text % {"name": share.image.name})
    return redirect(share.image)


@form_view
def reject(request: ActorRequest, share_id: uuid.UUID) -> HttpResponse:
    """The question with what was made from it, and its answer."""
    share = _find(request, share_id)
    if request.method == "POST":
        share = reject_share(share, actor=request.actor)
        messages.success(request, _("The image %(name)s has been rejected.") % {"name": share.image.name})
        return redirect(f"{reverse('sharing:list')}?tab=rejected")
    context = {"active": "sharing", "share": share, "verdict": can_reject(share, request.actor)}
    return render(request, "sharing/inbox/reject.html", context)


@page_view
def reject_image(request: ActorRequest, image_id: uuid.UUID) -> HttpResponse:
    """From the image to the question about its share."""
    share = get_object_or_404(Share.objects.received_by(request.actor), image=image_id)
    return redirect("sharing:reject", share.pk)


@post_view
def accept_all(request: ActorRequest) -> HttpResponse:
    """All that is pending, each on its own; those that cannot be accepted say why."""
    pending = list(_received(request.actor, "pending")[:MOST_AT_ONCE])
    can_answer_all(pending, request.actor).require()
    outcome = do_each(pending, lambda share: accept_share(share, actor=request.actor))
    tell_each(request, outcome, done=ACCEPTED, name=lambda share: share.image.name)
    return redirect(f"{reverse('sharing:list')}?tab={'pending' if outcome.refused else 'accepted'}")


def _ask_vault(request: ActorRequest, share: Share, form: ReceivingVaultForm) -> HttpResponse:
    """The question which vault; an image without that question has its own page."""
    if share.image.type != Image.Type.FULL:
        return redirect(share)
    verdict = can_accept(share, request.actor)
    context = {"active": "sharing", "share": share, "form": form, "verdict": verdict}
    return render(request, "sharing/inbox/accept.html", context, status=422 if form.errors else 200)


def _find(request: ActorRequest, share_id: uuid.UUID) -> Share:
    shares = Share.objects.visible_to(request.actor).with_facts()
    related = ("image__os_version", "image__key", "owner__account", "project", "copy", "vault")
    return get_object_or_404(shares.select_related(*related), pk=share_id)


def _received(actor: Actor, tab: str) -> ShareQuerySet:
    shares = Share.objects.received_by(actor).filter(status=TABS[tab]).with_facts()
    return shares.select_related("image__os_version", "image__key", "owner__account", "copy")


def _tabs(actor: Actor) -> list[dict[str, Any]]:
    statuses = list(Share.objects.received_by(actor).order_by().values_list("status", flat=True))
    address = reverse("sharing:list")
    return [
        {"key": key, "title": status.label, "url": f"{address}?tab={key}", "count": statuses.count(status)}
        for key, status in TABS.items()
    ]

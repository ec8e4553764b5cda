"""The address book of a project: those it has shared images with, to pick them again."""

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.utils.translation import gettext as _

from imsconsole.accounts.access import ActorRequest, page_view, post_view
from imsconsole.accounts.actor import Actor
from imsconsole.core.htmx import render_page
from imsconsole.core.tables import paged
from sharing.models import Recipient, RecipientQuerySet
from sharing.share.services import forget_recipient
from sharing.share.tables import RecipientTable

OFFERED = 20


def recipients_of(actor: Actor) -> RecipientQuerySet:
    found: RecipientQuerySet = Recipient.objects.visible_to(actor).with_names(actor)
    return found


def recent_of(actor: Actor) -> list[tuple[str, str]]:
    """The latest, for a form: the ID, and what is said of it."""
    return [
        (
            str(each.project_id),
            f"{each.receiver_name} ({each.project_id})" if each.receiver_name else str(each.project_id),
        )
        for each in recipients_of(actor)[:OFFERED]
    ]


@page_view
def list_recipients(request: ActorRequest) -> HttpResponse:
    context = {"active": "sharing", "table": paged(RecipientTable, recipients_of(request.actor), request)}
    return render_page(request, "sharing/share/recipients.html", "components/table.html", context)


@post_view
def forget(request: ActorRequest, recipient_id: int) -> HttpResponse:
    recipient = get_object_or_404(recipients_of(request.actor), pk=recipient_id)
    forget_recipient(recipient, actor=request.actor)
    messages.success(request, _("The recipient was removed. Nothing that is shared with it changes."))
    return redirect("sharing:recipients")

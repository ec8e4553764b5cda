"""With whom one's image is shared: the table on its page, and how sharing ends."""

import uuid
from datetime import timedelta
from typing import Any

from django.contrib import messages
from django.http import HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_POST

from images.models import Image
from images.rules.share import can_share
from images.views.detail import tabs_of
from imsconsole.accounts.access import ActorRequest, signed_in
from imsconsole.accounts.actor import Actor
from imsconsole.accounts.rules import may_write
from imsconsole.core.csv import csv_stream, dated_name
from imsconsole.core.errors import ImsError
from imsconsole.core.htmx import render_page
from imsconsole.core.now import now
from imsconsole.core.tables import paged
from sharing.forms import StopForm
from sharing.models import Share, ShareQuerySet
from sharing.rules import can_give_notice, can_stop_sharing, limit_of
from sharing.services import give_notice, stop_sharing, withdraw_notice
from sharing.tables import MEMBER_COLUMNS, MemberTable, csv_rows

USUAL_NOTICE = timedelta(days=7)


@signed_in
def members(request: ActorRequest, image_id: uuid.UUID) -> HttpResponse:
    """A section of the image's page."""
    image = _own_image(image_id, request.actor)
    shares = shares_of(image, request.actor)
    accepted = shares.filter(status=Share.Status.ACCEPTED).count()
    context = {
        "active": "images",
        "image": image,
        "tabs": tabs_of(image, request.actor),
        "table": paged(MemberTable, shares, request, actor=request.actor),
        "accepted": accepted,
        "limit": limit_of(image),
        "can_share": can_share(image, request.actor),
        "may_write": may_write(request.actor),
    }
    return render_page(request, "sharing/members.html", "sharing/_members.html", context)


@signed_in
def export_members(request: ActorRequest, image_id: uuid.UUID) -> HttpResponseBase:
    image = _own_image(image_id, request.actor)
    rows = csv_rows(shares_of(image, request.actor), MEMBER_COLUMNS)
    name = dated_name(request.actor.project, "members")
    return csv_stream([title for title, _cell in MEMBER_COLUMNS], rows, name)


@signed_in
def stop(request: ActorRequest, share_id: uuid.UUID) -> HttpResponse:
    """One member: what it has of the image, and how the share ends."""
    shares = Share.objects.given_by(request.actor).with_facts()
    share = get_object_or_404(shares.select_related("image", "project"), pk=share_id)
    return _stop(request, share.image, [share])


@signed_in
def stop_all(request: ActorRequest, image_id: uuid.UUID) -> HttpResponse:
    """All members at once."""
    image = _own_image(image_id, request.actor)
    return _stop(request, image, list(shares_of(image, request.actor)))


@require_POST
@signed_in
def go_on(request: ActorRequest, share_id: uuid.UUID) -> HttpResponse:
    """Take the announced end back."""
    share = get_object_or_404(Share.objects.given_by(request.actor), pk=share_id)
    share = withdraw_notice(share, actor=request.actor)
    messages.success(
        request, _("The image is shared with the project %(id)s as before.") % {"id": share.project_id}
    )
    return redirect("sharing:members", share.image_id)


def shares_of(image: Image, actor: Actor) -> ShareQuerySet:
    return Share.objects.given_by(actor).filter(image=image).with_facts().select_related("image", "project")


def _own_image(image_id: uuid.UUID, actor: Actor) -> Image:
    return get_object_or_404(
        Image.objects.owned_by(actor).with_facts(actor).select_related("key", "backup"), pk=image_id
    )


def _stop(request: ActorRequest, image: Image, shares: list[Share]) -> HttpResponse:
    """The question with what the receivers have of it, and its answer."""
    able = [share for share in shares if can_give_notice(share, request.actor)]
    form = StopForm(
        request.POST if request.method == "POST" else None,
        initial={"how": StopForm.NOTICE if able else StopForm.NOW, "ends_at": now() + USUAL_NOTICE},
    )
    if request.method == "POST" and form.is_valid():
        may_write(request.actor).require()
        _stop_each(request, shares, form.cleaned_data)
        return redirect("sharing:members", image.pk)
    context = {
        "active": "images",
        "image": image,
        "shares": shares,
        "form": form,
        "accepted": len(able),
        "servers": sum(share.servers_count for share in shares),
        "can_stop_sharing": can_stop_sharing(shares[0], request.actor) if shares else None,
        "can_give_notice": can_give_notice((able or shares)[0], request.actor) if shares else None,
    }
    return render(request, "sharing/stop.html", context, status=422 if form.errors else 200)


def _stop_each(request: ActorRequest, shares: list[Share], typed: dict[str, Any]) -> None:
    """Each on its own. With a day named, only those that have accepted wait for it."""
    stopped = told = 0
    for share in shares:
        try:
            if typed["how"] == StopForm.NOTICE and share.status == Share.Status.ACCEPTED:
                give_notice(share, ends_at=typed["ends_at"], actor=request.actor)
                told += 1
            else:
                stop_sharing(share, actor=request.actor)
                stopped += 1
        except ImsError as error:
            messages.warning(request, f"{share.project_id}: {error}")
    if stopped:
        text = ngettext(
            "The image is not shared with %(n)s project any more.",
            "The image is not shared with %(n)s projects any more.",
            stopped,
        )
        messages.success(request, text % {"n": stopped})
    if told:
        text = ngettext(
            "%(n)s project has been told when sharing ends.",
            "%(n)s projects have been told when sharing ends.",
            told,
        )
        messages.success(request, text % {"n": told})

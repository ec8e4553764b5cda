"""With whom one's image is shared: the table on its page, and its file."""

import uuid

from django.contrib import messages
from django.http import HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import get_object_or_404, redirect
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from images.catalogue.views import tabs_of
from images.models import Image
from images.product.rules import can_share
from imsconsole.accounts.access import ActorRequest, signed_in
from imsconsole.accounts.actor import Actor
from imsconsole.accounts.rules import may_write
from imsconsole.core.csv import csv_stream, dated_name
from imsconsole.core.htmx import render_page
from imsconsole.core.tables import paged
from sharing.models import Share, ShareQuerySet
from sharing.rules import limit_of
from sharing.services import withdraw_notice
from sharing.tables import MEMBER_COLUMNS, MemberTable, csv_rows


@signed_in
def members(request: ActorRequest, image_id: uuid.UUID) -> HttpResponse:
    """A section of the image's page."""
    image = own_image(image_id, request.actor)
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
    image = own_image(image_id, request.actor)
    rows = csv_rows(shares_of(image, request.actor), MEMBER_COLUMNS)
    name = dated_name(request.actor.project, "members")
    return csv_stream([title for title, _cell in MEMBER_COLUMNS], rows, name)


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
    """Those that live, in an order that is everybody's: who goes through them waits for nobody who does, too."""
    shares = Share.objects.given_by(actor).filter(image=image).with_facts()
    return shares.select_related("image", "project", "copy").order_by("project")


def own_image(image_id: uuid.UUID, actor: Actor) -> Image:
    return get_object_or_404(Image.objects.owned_by(actor).with_facts(actor), pk=image_id)

"""How sharing ends: with one project, with all, and before the image is deleted. Their owner sees first who has it."""

import uuid
from collections import Counter
from collections.abc import Mapping, Sequence

from django.contrib import messages
from django.http import HttpResponse, QueryDict
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext_lazy

from images.copy.rules import COPY_FACTS
from images.delete.rules import DELETE_FACTS, can_delete
from images.delete.views import told_deleted
from images.models import Image
from images.models.trash import keeps_what_is_deleted
from images.selection.used_by import uses_of
from imsconsole.accounts.access import ActorRequest, form_view, post_view
from imsconsole.accounts.actor import Actor
from imsconsole.accounts.rules import may_write
from imsconsole.core.each import Outcome
from imsconsole.core.rules import Verdict
from sharing.ending.copies.rules import can_give_copies
from sharing.ending.forms import DeleteSharedForm, StopForm
from sharing.ending.orders import COPIES, NOTICE, NOW, delete_shared, end_each
from sharing.ending.rules import can_give_notice, can_stop_sharing
from sharing.ending.services import withdraw_notice
from sharing.lookup import own_image, shares_of
from sharing.models import Share

ENDED = {
    NOW: ngettext_lazy(
        "The image is not shared with %(n)s project any more.",
        "The image is not shared with %(n)s projects any more.",
        "n",
    ),
    NOTICE: ngettext_lazy(
        "%(n)s project has been told when sharing ends.",
        "%(n)s projects have been told when sharing ends.",
        "n",
    ),
    COPIES: ngettext_lazy(
        "A copy for %(n)s project is being made; then it is not shared with it any more.",
        "Copies for %(n)s projects are being made; then it is not shared with them any more.",
        "n",
    ),
}


@form_view
def stop(request: ActorRequest, share_id: uuid.UUID) -> HttpResponse:
    """One member: what it has of the image, and how the share ends."""
    share = get_object_or_404(Share.objects.given_by(request.actor), pk=share_id)
    image = own_image(share.image_id, request.actor, *COPY_FACTS)
    return _stop(request, image, list(shares_of(image, request.actor).filter(pk=share.pk)))


@form_view
def stop_all(request: ActorRequest, image_id: uuid.UUID) -> HttpResponse:
    """All members at once."""
    image = own_image(image_id, request.actor, *COPY_FACTS)
    return _stop(request, image, list(shares_of(image, request.actor)))


@form_view
def delete(request: ActorRequest, image_id: uuid.UUID) -> HttpResponse:
    """Stop sharing and delete, in one order."""
    image = own_image(image_id, request.actor, *COPY_FACTS, *DELETE_FACTS)
    shares = list(shares_of(image, request.actor))
    if not shares:
        return redirect("images:delete", image.pk)
    form = DeleteSharedForm(_typed(request), image=image, refused=_refused(image, shares, request.actor))
    if request.method == "POST" and form.is_valid():
        typed = form.cleaned_data
        image, outcome = delete_shared(
            image,
            shares,
            typed["how"],
            ends_at=typed["ends_at"],
            deletes_backups=typed.get("delete_backups", False),
            actor=request.actor,
        )
        _tell(request, outcome)
        return _after_deletion(request, image)
    context = {
        "active": "images",
        "image": image,
        "form": form,
        "uses": [use for use in uses_of(image, request.actor) if use.total],
        "verdict": can_delete(image, request.actor),
        "is_kept": keeps_what_is_deleted(image.status),
    }
    return render(request, "sharing/ending/delete.html", context, status=422 if form.errors else 200)


def _after_deletion(request: ActorRequest, image: Image) -> HttpResponse:
    """The image is gone, or will be."""
    if image.delete_at:
        return redirect("sharing:members", image.pk)
    messages.success(request, told_deleted(image))
    return redirect(f"{reverse('images:list')}?tab=private")


def _stop(request: ActorRequest, image: Image, shares: list[Share]) -> HttpResponse:
    """The question with what the receivers have of it, and its answer."""
    form = StopForm(_typed(request), refused=_refused(image, shares, request.actor))
    if request.method == "POST" and form.is_valid():
        may_write(request.actor).require()
        typed = form.cleaned_data
        _tell(request, end_each(shares, typed["how"], ends_at=typed["ends_at"], actor=request.actor))
        return redirect("sharing:members", image.pk)
    context = {
        "active": "images",
        "image": image,
        "shares": shares,
        "form": form,
        "accepted": sum(share.status == Share.Status.ACCEPTED for share in shares),
        "servers": sum(share.servers_count for share in shares),
        "can_stop_sharing": can_stop_sharing(shares[0], request.actor) if shares else None,
    }
    return render(request, "sharing/ending/stop.html", context, status=422 if form.errors else 200)


def _typed(request: ActorRequest) -> QueryDict | None:
    return request.POST if request.method == "POST" else None


def _refused(image: Image, shares: Sequence[Share], actor: Actor) -> Mapping[str, Verdict]:
    """The ways that nobody of these can go, each with its reason."""
    if not shares:
        return {}
    notices = [can_give_notice(share, actor) for share in shares]
    notice = next((verdict for verdict in notices if verdict), notices[0])
    ways = {NOTICE: notice, COPIES: notice and can_give_copies(image, actor)}
    return {way: verdict for way, verdict in ways.items() if not verdict}


def _tell(request: ActorRequest, outcome: Outcome[Share, str]) -> None:
    """What came of it: how many went which way; who could not, with the reason."""
    ways = Counter(line.result for line in outcome.done)
    for way, text in ENDED.items():
        if n := ways[way]:
            messages.success(request, text % {"n": n})
    kept: dict[str, list[str]] = {}
    for line in outcome.refused:
        kept.setdefault(line.reason, []).append(str(line.thing.project_id))
    for reason, ids in kept.items():
        values = {"ids": ", ".join(ids), "reason": reason}
        messages.warning(request, _("Still shared with %(ids)s: %(reason)s") % values)


@post_view
def go_on(request: ActorRequest, share_id: uuid.UUID) -> HttpResponse:
    """Take the announced end back."""
    share = get_object_or_404(Share.objects.given_by(request.actor), pk=share_id)
    share = withdraw_notice(share, actor=request.actor)
    messages.success(
        request, _("The image is shared with the project %(id)s as before.") % {"id": share.project_id}
    )
    return redirect("sharing:members", share.image_id)

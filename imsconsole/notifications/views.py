"""One's own messages, in whatever project they were sent."""

from uuid import UUID

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.translation import gettext as _

from imsconsole.accounts.access import UserRequest, page_view, post_view
from imsconsole.accounts.actor import actor_for
from imsconsole.core.htmx import render_page, wants_fragment
from imsconsole.core.paging import Total
from imsconsole.core.tables import paged
from imsconsole.notifications.models import Message
from imsconsole.notifications.tables import MessageTable


@page_view.for_person
def list_messages(request: UserRequest) -> HttpResponse:
    """All messages, or with `?show=unread` those not read yet."""
    own = Message.objects.visible_to(request.user)
    only_unread = request.GET.get("show") == "unread"
    shown = (own.unread() if only_unread else own).select_related("project")
    here, unread = reverse("messages:list"), Total.of(own.unread())
    context = {
        "active": "messages",
        "table": paged(MessageTable, shown, request),
        "only_unread": only_unread,
        "unread": unread,
        "tabs": [
            {"key": "all", "title": _("All"), "url": here, "count": None},
            {"key": "unread", "title": _("Unread"), "url": f"{here}?show=unread", "count": unread},
        ],
    }
    return render_page(request, "notifications/list.html", "notifications/_list.html", context)


@page_view.for_anyone
def bell(request: HttpRequest) -> HttpResponseBase:
    """The bell, for the header that asks again; signed out meanwhile, the page is left as it is."""
    if not wants_fragment(request):
        return redirect("messages:list")
    if not request.user.is_authenticated:
        return HttpResponse(status=204)
    return render(request, "notifications/_bell.html")


@post_view.for_person
def read(request: UserRequest, message_id: UUID) -> HttpResponse:
    """Mark one as read."""
    get_object_or_404(Message.objects.visible_to(request.user), pk=message_id)
    Message.objects.filter(pk=message_id).mark_read()
    return redirect(_back(request))


@post_view.for_person
def read_all(request: UserRequest) -> HttpResponse:
    """Mark all as read."""
    Message.objects.visible_to(request.user).mark_read()
    messages.success(request, _("All messages are marked as read."))
    return redirect(_back(request))


@post_view.for_person
def open_message(request: UserRequest, message_id: UUID) -> HttpResponse:
    """Mark one as read and go to what it is about, into its project."""
    own = Message.objects.visible_to(request.user).select_related("project__account")
    message = get_object_or_404(own, pk=message_id)
    Message.objects.filter(pk=message_id).mark_read()
    if message.project and not actor_for(request.user, message.project):
        messages.warning(request, _("You are no longer a member of that project."))
        return redirect(_back(request))
    if message.project and request.actor and message.project != request.actor.project:
        messages.info(request, _("You are now in the project %(project)s.") % {"project": message.project})
    return redirect(message.page or _back(request))


def _back(request: UserRequest) -> str:
    """The list as it was, when the form says so."""
    target, own = request.POST.get("next", ""), reverse("messages:list")
    local = url_has_allowed_host_and_scheme(target, {request.get_host()}, require_https=request.is_secure())
    return target if local and target.startswith(own) else own

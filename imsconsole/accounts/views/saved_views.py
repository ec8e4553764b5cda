"""Saved views of a list, and its columns."""

import uuid
from typing import Any

from django.contrib import messages
from django.http import Http404, HttpResponse, HttpResponseRedirect
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _

from imsconsole.accounts import rules_views as rules
from imsconsole.accounts.access import ActorRequest, form_view, page_view, post_view
from imsconsole.accounts.forms.saved_views import ChangeViewForm, SaveViewForm
from imsconsole.accounts.models import ListName, SavedView, User
from imsconsole.accounts.services import saved_views as services
from imsconsole.core.query_string import LONGEST


@page_view
def list_views(request: ActorRequest, room: str) -> HttpResponse:
    """The views of a list: to rename, share, open by default, delete."""
    return _page(request, _known(room))


@post_view
def save_view(request: ActorRequest, room: str) -> HttpResponse:
    form = SaveViewForm(request.POST)
    if not form.is_valid():
        return _page(request, _known(room), form, status=422)
    view = services.save_view(room=_known(room), **form.cleaned_data, actor=request.actor)
    messages.success(request, _("The view %(name)s was saved.") % {"name": view.name})
    return HttpResponseRedirect(view.get_absolute_url())


@post_view
def change_view(request: ActorRequest, view_id: uuid.UUID) -> HttpResponse:
    view, form = _find(request, view_id), ChangeViewForm(request.POST)
    if not form.is_valid():
        return _page(request, view.room, form, status=422)
    view = services.change_view(view, **form.cleaned_data, actor=request.actor)
    messages.success(request, _("The view %(name)s was changed.") % {"name": view.name})
    return redirect("views", view.room)


@post_view
def set_default_view(request: ActorRequest, view_id: uuid.UUID) -> HttpResponse:
    view, is_default = _find(request, view_id), request.POST.get("default") == "on"
    services.set_default_view(view, is_default=is_default, actor=request.actor)
    if is_default:
        messages.success(request, _("The list now opens with the view %(name)s.") % {"name": view.name})
    else:
        messages.success(request, _("The list opens as usual again."))
    return redirect("views", view.room)


@form_view
def delete_view(request: ActorRequest, view_id: uuid.UUID) -> HttpResponse:
    view = _find(request, view_id)
    if request.method == "POST":
        services.delete_view(view, actor=request.actor)
        messages.success(request, _("The view %(name)s was deleted.") % {"name": view.name})
        return redirect("views", view.room)
    rules.can_delete_view(view, request.actor).require()
    return render(request, "accounts/delete_view.html", {"active": view.room, "view": view})


@post_view
def choose_columns(request: ActorRequest, room: str) -> HttpResponse:
    """Remember the columns of a list; `reset` forgets them again. They are the user's own in every project."""
    chosen = [name[:64] for name in request.POST.getlist("column")[:64]]
    user = User.objects.get(pk=request.user.pk)
    if "reset" in request.POST:
        user.list_columns.pop(_known(room), None)
    else:
        user.list_columns[_known(room)] = chosen
    user.save(update_fields=["list_columns"])
    state = request.POST.get("state", "")[:LONGEST]
    return HttpResponseRedirect(f"{reverse(f'{room}:list')}?{state or 'q='}")


def _known(room: str) -> str:
    if room not in ListName.values:
        raise Http404
    return room


def _find(request: ActorRequest, view_id: uuid.UUID) -> SavedView:
    return get_object_or_404(SavedView.objects.visible_to(request.actor), pk=view_id)


def _page(request: ActorRequest, room: str, form: Any = None, status: int = 200) -> HttpResponse:
    actor = request.actor
    views = SavedView.objects.visible_to(actor).filter(room=room).select_related("user")
    defaults = set(views.filter(default_for=request.user).values_list("pk", flat=True))
    lines = [
        {
            "view": view,
            "is_own": view.user_id == request.user.pk,
            "is_default": view.pk in defaults,
            "can_change": rules.can_change_view(view, actor),
            "can_delete": rules.can_delete_view(view, actor),
        }
        for view in views
    ]
    context = {
        "active": room,
        "room": room,
        "list_title": ListName(room).label,
        "lines": lines,
        "form": form,
        "can_share": rules.can_share_view(actor),
    }
    return render(request, "accounts/views.html", context, status=status)

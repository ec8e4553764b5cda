"""Saved user data: list, create, modify, delete."""

import uuid
from collections.abc import Sequence
from typing import Any

from django.contrib import messages
from django.http import HttpResponse, QueryDict
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import ngettext_lazy

from imsconsole.accounts.access import ActorRequest, form_view, page_view
from imsconsole.accounts.kept_forms import FOR, back_with, kept_form
from imsconsole.accounts.lists import ListView
from imsconsole.accounts.models import ListName
from imsconsole.audit.models import Event
from imsconsole.cloud.models import UserData
from imsconsole.cloud.user_data.actions import USER_DATA_LIST_ACTIONS
from imsconsole.cloud.user_data.filters import UserDataFilter
from imsconsole.cloud.user_data.forms import UserDataForm
from imsconsole.cloud.user_data.rules import can_create_user_data, can_delete_user_data, can_edit_user_data
from imsconsole.cloud.user_data.services import create_user_data, delete_user_data, edit_user_data
from imsconsole.cloud.user_data.tables import COLUMNS, UserDataTable
from imsconsole.core.edits import Difference
from imsconsole.core.errors import Conflict

LIST = ListView(
    ListName.USER_DATA,
    lambda request: UserData.objects.visible_to(request.actor).listed().select_related("created_by"),
    UserDataFilter,
    UserDataTable,
    COLUMNS,
    ngettext_lazy("%(n)s piece of user data", "%(n)s pieces of user data", "n"),
    USER_DATA_LIST_ACTIONS,
)
list_user_data = page_view(LIST.page)
export_user_data = page_view(LIST.csv)


@form_view
def create(request: ActorRequest) -> HttpResponse:
    """Save a text under a name; it begins with what was typed in the form that waits for it."""
    sent = request.POST if request.method == "POST" else None
    form = UserDataForm(sent, actor=request.actor, initial={"text": _typed_elsewhere(request)})
    verdict = can_create_user_data(request.actor)
    if request.method == "POST":
        verdict.require()
        if form.is_valid():
            user_data = create_user_data(**form.cleaned_data, actor=request.actor)
            messages.success(request, _("The user data “%(name)s” was saved.") % {"name": user_data.name})
            return redirect(back_with(request, user_data.pk) or "userdata:list")
    context = {"active": "userdata", "form": form, "verdict": verdict}
    return render(request, "cloud/user_data/create.html", context, status=422 if form.errors else 200)


def _typed_elsewhere(request: ActorRequest) -> str:
    form = kept_form(request, FOR)
    typed = form.data.get(form.field.removesuffix("-choice"), []) if form else []
    return next(iter(typed), "")


@form_view
def edit(request: ActorRequest, user_data_id: uuid.UUID) -> HttpResponse:
    """The form, and its answer; after a conflict the form once more, with both values (409)."""
    row = _find(request, user_data_id)
    if request.method != "POST":
        return _edit_page(request, row, _form(request, row))
    can_edit_user_data(row, request.actor).require()
    form = _form(request, row, request.POST)
    if not form.is_valid():
        return _edit_page(request, row, form)
    if form.cleaned_data == form.seen:
        messages.info(request, _("Nothing was changed."))
        return redirect("userdata:list")
    try:
        row = edit_user_data(row, **form.cleaned_data, seen=form.seen, actor=request.actor)
    except Conflict as conflict:
        row = _find(request, user_data_id)
        about = {"initial": _values_of(row), "user_data": row, "actor": request.actor}
        form, differences = form.after_conflict(_values_of(row), **about)
        return _edit_page(request, row, form, differences, conflict)
    messages.success(request, _("The user data “%(name)s” was changed.") % {"name": row.name})
    return redirect("userdata:list")


@form_view
def confirm_delete(request: ActorRequest, user_data_id: uuid.UUID) -> HttpResponse:
    """The question, and its answer."""
    row = _find(request, user_data_id)
    if request.method == "POST":
        delete_user_data(row, actor=request.actor)
        messages.success(request, _("The user data “%(name)s” was deleted.") % {"name": row.name})
        return redirect("userdata:list")
    context = {"active": "userdata", "user_data": row, "verdict": can_delete_user_data(row, request.actor)}
    return render(request, "cloud/user_data/delete.html", context)


def _find(request: ActorRequest, user_data_id: uuid.UUID) -> UserData:
    return get_object_or_404(UserData.objects.visible_to(request.actor), pk=user_data_id)


def _form(request: ActorRequest, row: UserData, sent: QueryDict | None = None) -> UserDataForm:
    return UserDataForm(sent, initial=_values_of(row), user_data=row, actor=request.actor)


def _values_of(row: UserData) -> dict[str, Any]:
    return {"name": row.name, "text": row.text}


def _edit_page(
    request: ActorRequest,
    row: UserData,
    form: UserDataForm,
    differences: Sequence[Difference] = (),
    conflict: Conflict | None = None,
) -> HttpResponse:
    """The form; with what is wrong (422), or with what somebody else changed meanwhile (409)."""
    verdict = can_edit_user_data(row, request.actor)
    if not verdict:
        del form.fields["text"]  # it may hold passwords
    done = Event.objects.visible_to(request.actor).about("userdata", row.pk).done("updateUserData")
    context = {
        "active": "userdata",
        "user_data": row,
        "form": form,
        "verdict": verdict,
        "differences": differences,
        "last_change": done.first() if conflict else None,
    }
    status = 409 if conflict else 422 if form.errors else 200
    response = render(request, "cloud/user_data/edit.html", context, status=status)
    response.ims_error = conflict  # type: ignore[attr-defined]  # for the trail
    return response

"""Change the OS of many servers: tick them in the list, choose once, confirm, and read how each ended."""

import uuid
from functools import partial
from typing import Any

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from images.change_os.many.forms import ChangeOsManyForm
from images.change_os.many.orders import (
    MOST,
    ManyChanges,
    ServerLine,
    begin_change,
    servers_among,
    summary_of_lines,
)
from images.change_os.rules import OsChange, can_order_changes
from imsconsole.accounts.access import ActorRequest, form_view, page_view
from imsconsole.accounts.kept_forms import typed
from imsconsole.accounts.models import Draft
from imsconsole.accounts.rules import may_write
from imsconsole.accounts.wizards import Made, Wizard
from imsconsole.cloud.server_pages.place import PLACE
from imsconsole.cloud.servers.rules import can_run_guests
from imsconsole.cloud.system_disk.swap import kept_until
from imsconsole.core.rules import ALLOWED, refuse
from imsconsole.core.summary import wants_summary

MANY = Wizard(
    "change-os-many",
    gettext_lazy("Change OS"),
    "servers-change-os-many",
    {
        "pick": gettext_lazy("Servers"),
        "choose": gettext_lazy("Image and login"),
        "confirm": gettext_lazy("Confirm"),
    },
)


@form_view
def pick(request: ActorRequest) -> HttpResponse:
    """The servers ticked in the list become a draft."""
    if request.method != "POST":
        return redirect("servers:list")
    may_write(request.actor).require()
    # one by one without scripts, with commas over the pages of the list (core.selection)
    picked = {word for value in request.POST.getlist("pick") for word in value.split(",") if word}
    if problem := _problem_with(picked):
        messages.error(request, problem)
        return redirect("servers:list")
    servers = servers_among(picked, request.actor)
    if gone := len(picked) - len(servers):
        text = ngettext(
            "%(count)s chosen server is not there any more.",
            "%(count)s chosen servers are not there any more.",
            gone,
        )
        messages.warning(request, text % {"count": gone})
    if not servers:
        return redirect("servers:list")
    listed = [[str(server.pk), server.name] for server in servers]
    return MANY.go(MANY.begin(request.actor, servers=listed, outcomes={}), "choose")


@MANY.step
def choose(request: ActorRequest, draft: Draft) -> HttpResponse:
    """Image and login for all of them. Only `action=confirm` goes on; else the page is drawn again."""
    many = ManyChanges(draft, request.actor)
    if many.outcomes:
        return MANY.go(draft, "confirm")
    sent = typed(request)
    chosen = _begun(draft, request) if sent is None else sent.dict()
    if chosen.get("action") == "confirm" or wants_summary(request):
        form = ChangeOsManyForm(chosen, changes=many)
        if may_write(request.actor) and form.is_valid():
            return MANY.go(MANY.keep(request.actor, draft, **form.kept()), "confirm")
        return _page(request, form, 200 if form.is_refreshed else 422)
    if sent is None and chosen.get("image") == draft.data.get("image", ""):
        form = ChangeOsManyForm(chosen, changes=many, password_hash=draft.data["password_hash"])
        return _page(request, form)
    return _page(request, ChangeOsManyForm(changes=many, initial=chosen))


@MANY.step
def confirm(request: ActorRequest, draft: Draft) -> HttpResponse:
    """What becomes of each server; and the answer."""
    many = ManyChanges(draft, request.actor)
    if many.is_finished:
        return MANY.go(draft, "done")
    password_hash = draft.data.get("password_hash", "")
    form = ChangeOsManyForm(draft.data, changes=many, password_hash=password_hash, is_kept=True)
    if not form.is_valid() and not many.outcomes:
        if "image" in draft.data:
            messages.error(request, _("Something you chose is gone meanwhile. Please choose again."))
        return MANY.go(draft, "choose")
    changes = many.changes(form.order()) if form.is_valid() else {}
    if request.method == "POST":
        may_write(request.actor).require()
        things = {pk: changes.get(pk) for pk in many.names}
        MANY.each(draft, things, partial(begin_change, actor=request.actor))
        kept = ("servers", "outcomes", "image")
        return MANY.finish(request, draft, lambda: Made(MANY.url(draft, "done"), kept=kept))
    return MANY.page(
        request, "images/change_os/many/confirm.html", "confirm", form, **_to_confirm(draft, many, changes)
    )


@page_view
def done(request: ActorRequest, draft_id: uuid.UUID) -> HttpResponse:
    """How each ended."""
    draft = MANY.find(draft_id, request.actor)
    many = ManyChanges(draft, request.actor)
    if not many.is_finished:
        return MANY.go(draft, "confirm")
    context = {"active": "servers", **_counted(many.lines({}))}
    return render(request, "images/change_os/many/done.html", context)


def _to_confirm(draft: Draft, many: ManyChanges, changes: dict[str, OsChange]) -> dict[str, Any]:
    verdicts = dict(zip(changes, can_order_changes(changes.values(), many.actor, many.host), strict=True))
    change = next(iter(changes.values()), None)
    image = change.image if change else None
    counted = _counted(many.lines(verdicts, image))
    none = gettext_lazy("None of these servers can be changed like that. The list says why, one by one.")
    return {
        **PLACE,
        **counted,
        "heading": _heading(many),
        "order": change,
        "summary": summary_of_lines(counted["lines"], image),
        "kept_until": kept_until(),
        "verdict": ALLOWED if counted["able"] else refuse("none-can-be-changed", none),
        "back_url": MANY.url(draft, "choose"),
    }


def _heading(many: ManyChanges) -> str:
    count = len(many.names)
    return ngettext("Change OS of %(count)s server", "Change OS of %(count)s servers", count) % {
        "count": count
    }


def _problem_with(picked: set[str]) -> str:
    if not picked:
        return _("Tick the servers whose OS is to be changed first.")
    if len(picked) > MOST:
        return _("The OS of at most %(most)s servers can be changed in one go.") % {"most": MOST}
    return ""


def _begun(draft: Draft, request: ActorRequest) -> dict[str, Any]:
    """What the page begins with: what was chosen before, or by another page."""
    chosen = {name: request.GET[name] for name in ("image", "tab") if name in request.GET}
    return {"stop_first": False, **draft.data, **chosen}


def _page(request: ActorRequest, form: ChangeOsManyForm, status: int = 200) -> HttpResponse:
    actor, changes, image = request.actor, form.changes, form.chosen_image
    stop_first = form["stop_first"].value() in (True, "on")
    lines = changes.lines(changes.first_verdicts(image, stop_first=stop_first), image)
    form.images.back = f"{request.path}?tab={form.tab}&image="
    context = {
        **PLACE,
        "heading": _heading(changes),
        "url": request.path,
        "image": image,
        "verdict": may_write(actor),
        "runs": can_run_guests(changes.host.capabilities),
        "any_running": any(server.status == "running" for server in changes.servers.values()),
        "summary": summary_of_lines(lines, image),
        **_counted(lines),
    }
    page, fragment = "images/change_os/many/choose.html", "images/change_os/many/_swapped.html"
    return MANY.page(request, page, "choose", form, status, fragment, **context)


def _counted(lines: list[ServerLine]) -> dict[str, Any]:
    return {"lines": lines, "able": sum(bool(line.verdict) for line in lines)}

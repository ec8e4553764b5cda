"""Change the OS of many servers: tick them in the list, choose once, confirm, and read how each ended."""

import uuid
from collections.abc import Iterable
from typing import Any

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from images.change_os.many.forms import ChangeOsManyForm
from images.change_os.many.orders import (
    MOST,
    WIZARD,
    ManyChanges,
    ServerLine,
    begin_order,
    change_each,
    keep_choice,
    servers_among,
)
from images.change_os.rules import OsChange, can_become, can_order_changes
from images.change_os.views import chosen_image, images_to_choose
from images.launch.views import TABS, Choice
from images.models import Image
from images.selection.tabs import CHOSEN_AMONG, kind_of
from imsconsole.accounts.access import ActorRequest, form_view
from imsconsole.accounts.actor import Actor
from imsconsole.accounts.drafts import find_draft
from imsconsole.accounts.models import Draft
from imsconsole.accounts.rules import may_write
from imsconsole.cloud.hosts import Host, host_of
from imsconsole.cloud.models import KeyPair, Server
from imsconsole.cloud.servers.rules import can_run_guests
from imsconsole.cloud.system_disk.swap import kept_until
from imsconsole.core.htmx import render_page
from imsconsole.core.rules import ALLOWED, Verdict, first_refusal


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
    return redirect("servers-change-os-many-choose", begin_order(servers, request.actor).pk)


@form_view
def choose(request: ActorRequest, draft_id: uuid.UUID) -> HttpResponse:
    """Image and login for all of them. Only `action=confirm` goes on; else the page is drawn again."""
    draft = find_draft(WIZARD, draft_id, request.actor)
    changes, host = ManyChanges(draft, request.actor), host_of(request.actor.region)
    if changes.outcomes:
        return redirect("servers-change-os-many-confirm", draft.pk)
    typed = request.POST.dict() if request.method == "POST" else _begun(draft, request)
    if request.method == "POST" and typed.get("action") == "confirm":
        form = ChangeOsManyForm(typed, changes=changes, actor=request.actor, host=host)
        if may_write(request.actor) and form.is_valid():
            keep_choice(draft, form.draft())
            return redirect("servers-change-os-many-confirm", draft.pk)
        return _page(request, draft, form, typed, status=422)
    form = ChangeOsManyForm(initial=typed, changes=changes, actor=request.actor, host=host)
    return _page(request, draft, form, typed)


@form_view
def confirm(request: ActorRequest, draft_id: uuid.UUID) -> HttpResponse:
    """What becomes of each server; the answer; and afterwards how each ended."""
    draft = find_draft(WIZARD, draft_id, request.actor)
    many = ManyChanges(draft, request.actor)
    if many.is_finished:
        context = {"active": "servers", **_counted(many.lines({}))}
        return render(request, "images/change_os/many/done.html", context)
    changes = many.changes() if "image" in draft.data else None
    if changes is None and not many.outcomes:
        messages.error(request, _("Something you chose is gone meanwhile. Please choose again."))
        return redirect("servers-change-os-many-choose", draft.pk)
    if request.method == "POST":
        may_write(request.actor).require()
        change_each(draft, request.actor)
        return redirect("servers-change-os-many-confirm", draft.pk)
    return render(request, "images/change_os/many/confirm.html", _to_confirm(draft, many, changes or {}))


def _to_confirm(draft: Draft, many: ManyChanges, changes: dict[str, OsChange]) -> dict[str, Any]:
    verdicts = dict(zip(changes, can_order_changes(changes.values(), many.actor), strict=True))
    change = next(iter(changes.values()), None)
    return {
        "active": "servers",
        "draft": draft,
        "change": change,
        "kept_until": kept_until(),
        **_counted(many.lines(verdicts, change.image if change else None)),
    }


def _problem_with(picked: set[str]) -> str:
    if not picked:
        return _("Tick the servers whose OS is to be changed first.")
    if len(picked) > MOST:
        return _("The OS of at most %(most)s servers can be changed in one go.") % {"most": MOST}
    return ""


def _begun(draft: Draft, request: ActorRequest) -> dict[str, Any]:
    """What the page begins with: what was chosen before, or by another page, else the login most people want."""
    login = "key" if KeyPair.objects.visible_to(request.actor).exists() else "password"
    chosen = {name: request.GET[name] for name in ("image", "tab") if name in request.GET}
    return {"login": login, "stop_first": False, **draft.data, **chosen}


def _page(
    request: ActorRequest, draft: Draft, form: ChangeOsManyForm, typed: dict[str, Any], status: int = 200
) -> HttpResponse:
    actor, changes, host = request.actor, form.changes, form.host
    image = chosen_image(typed, actor)
    tab = str(typed.get("tab") or (kind_of(image, actor) if image else TABS[0]))
    word = str(typed.get("image_q", ""))
    stop_first = typed.get("stop_first") in (True, "on")
    lines = changes.lines(changes.first_verdicts(image, host, stop_first=stop_first), image)
    context = {
        "active": "servers",
        "draft": draft,
        "form": form,
        "image": image,
        "tab": tab,
        "tabs": list(CHOSEN_AMONG.items()),
        "images": _image_choices(changes.servers.values(), actor, image, tab, word, host),
        "image_q": word,
        "may": may_write(actor),
        "runs": can_run_guests(host.capabilities),
        "has_key_pairs": KeyPair.objects.visible_to(actor).exists(),
        "any_running": any(server.status == "running" for server in changes.servers.values()),
        **_counted(lines),
    }
    return render_page(
        request, "images/change_os/many/choose.html", "images/change_os/many/_choices.html", context, status
    )


def _image_choices(
    servers: Iterable[Server], actor: Actor, chosen: Image | None, tab: str, word: str, host: Host
) -> list[Choice]:
    """The images of a tab, those that fit most servers first; those that fit none last, with a reason."""
    kinds: dict[tuple[str, str, str], list[Server]] = {}  # equal in all that an image is asked about
    for server in servers:
        kinds.setdefault((server.flavor_id, server.architecture, server.boot_mode), []).append(server)

    def choice(image: Image) -> tuple[int, Choice]:
        asked = [(can_become(alike[0], image, actor, host), len(alike)) for alike in kinds.values()]
        fitting, every = sum(n for verdict, n in asked if verdict), sum(n for _verdict, n in asked)
        refused: Verdict = first_refusal(verdict for verdict, _n in asked)
        note = _("Fits %(some)s of %(all)s servers.") % {"some": fitting, "all": every}
        is_partial = 0 < fitting < every
        verdict = ALLOWED if fitting else refused
        return fitting, Choice(image, verdict, image == chosen, note if is_partial else "")

    ranked = [choice(image) for image in images_to_choose(actor, tab, word)]
    return [choice for _fitting, choice in sorted(ranked, key=lambda pair: -pair[0])]


def _counted(lines: list[ServerLine]) -> dict[str, Any]:
    return {"lines": lines, "able": sum(bool(line.verdict) for line in lines)}

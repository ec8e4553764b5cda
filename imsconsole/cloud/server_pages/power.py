"""Start, stop, restart, and both by force: of one server, and of several that were chosen in the list."""

import uuid
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

from django.conf import settings
from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.functional import Promise
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext_lazy

from imsconsole.accounts.access import ActorRequest, form_view, post_view
from imsconsole.accounts.actor import Actor
from imsconsole.accounts.several import MOST_AT_ONCE, Several, act_on_several
from imsconsole.cloud.hosts import is_able
from imsconsole.cloud.models import Server
from imsconsole.cloud.servers.lookup import chosen_servers, find_server
from imsconsole.cloud.servers.rules import (
    can_force_off,
    can_force_reboot,
    can_reboot,
    can_start_each,
    can_stop,
)
from imsconsole.cloud.servers.services import (
    force_off_server,
    force_reboot_server,
    reboot_server,
    start_server,
    stop_server,
)
from imsconsole.core.rules import Verdict

Rule = Callable[[Server, Actor], Verdict]
NOTHING = gettext_lazy("No server is selected. Tick the servers first.")
SEVERAL = partial(Several, nothing=NOTHING, template="cloud/server_pages/power_several.html")


def _each(rule: Rule) -> Callable[[Sequence[Server], Actor], list[Verdict]]:
    return lambda servers, actor: [rule(server, actor) for server in servers]


@dataclass(frozen=True)
class Question:
    """What is asked before something is done to a server that may harm its system. `heading` and `done` have its `name`, `text` the `grace` it has."""

    rule: Rule
    do: Callable[..., Server]
    title: Promise
    heading: Promise
    text: Promise
    done: Promise
    style: str = "danger"


START_SEVERAL = SEVERAL(
    title=gettext_lazy("Start servers"),
    heading=ngettext_lazy("Start %(n)s server?", "Start %(n)s servers?", "n"),
    heading_none=gettext_lazy("None of these servers can be started"),
    text=gettext_lazy("They start as long as the memory of the host lasts."),
    button=ngettext_lazy("Start %(n)s server", "Start %(n)s servers", "n"),
    done=ngettext_lazy("%(n)s server is starting: %(names)s.", "%(n)s servers are starting: %(names)s.", "n"),
    kept=gettext_lazy("%(name)s was not started: %(reason)s"),
    ask=can_start_each,
    do=start_server,
    style="primary",
)
STOP = Question(
    can_stop,
    stop_server,
    title=gettext_lazy("Stop"),
    heading=gettext_lazy("Stop “%(name)s”?"),
    text=gettext_lazy("Its system is asked to shut down. %(grace)s"),
    done=gettext_lazy("“%(name)s” is being stopped."),
    style="primary",
)
STOP_SEVERAL = SEVERAL(
    title=gettext_lazy("Stop servers"),
    heading=ngettext_lazy("Stop %(n)s server?", "Stop %(n)s servers?", "n"),
    heading_none=gettext_lazy("None of these servers can be stopped"),
    text=gettext_lazy("Their systems are asked to shut down. Where one takes too long, the power is cut."),
    button=ngettext_lazy("Stop %(n)s server", "Stop %(n)s servers", "n"),
    done=ngettext_lazy(
        "%(n)s server is being stopped: %(names)s.", "%(n)s servers are being stopped: %(names)s.", "n"
    ),
    kept=gettext_lazy("%(name)s was not stopped: %(reason)s"),
    ask=_each(can_stop),
    do=stop_server,
    style="primary",
)
REBOOT = Question(
    can_reboot,
    reboot_server,
    title=gettext_lazy("Restart"),
    heading=gettext_lazy("Restart “%(name)s”?"),
    text=gettext_lazy("Its system is asked to shut down and is started again. %(grace)s"),
    done=gettext_lazy("“%(name)s” is being restarted."),
    style="primary",
)
REBOOT_SEVERAL = SEVERAL(
    title=gettext_lazy("Restart servers"),
    heading=ngettext_lazy("Restart %(n)s server?", "Restart %(n)s servers?", "n"),
    heading_none=gettext_lazy("None of these servers can be restarted"),
    text=gettext_lazy(
        "Their systems are asked to shut down and are started again. Where one takes too long, the power is cut in between."
    ),
    button=ngettext_lazy("Restart %(n)s server", "Restart %(n)s servers", "n"),
    done=ngettext_lazy(
        "%(n)s server is being restarted: %(names)s.", "%(n)s servers are being restarted: %(names)s.", "n"
    ),
    kept=gettext_lazy("%(name)s was not restarted: %(reason)s"),
    ask=_each(can_reboot),
    do=reboot_server,
    style="primary",
)
FORCE_OFF = Question(
    can_force_off,
    force_off_server,
    title=gettext_lazy("Force off"),
    heading=gettext_lazy("Force “%(name)s” off?"),
    text=gettext_lazy(
        "Its power is cut at once: what its system has not written to its disks yet is lost. Do so when it does not answer any more; "
        "otherwise stop it."
    ),
    done=gettext_lazy("“%(name)s” is being forced off."),
)
FORCE_OFF_SEVERAL = SEVERAL(
    title=gettext_lazy("Force servers off"),
    heading=ngettext_lazy("Force %(n)s server off?", "Force %(n)s servers off?", "n"),
    heading_none=gettext_lazy("None of these servers can be forced off"),
    text=gettext_lazy(
        "Their power is cut at once: what their systems have not written to their disks yet is lost."
    ),
    button=ngettext_lazy("Force %(n)s server off", "Force %(n)s servers off", "n"),
    done=ngettext_lazy(
        "%(n)s server is being forced off: %(names)s.", "%(n)s servers are being forced off: %(names)s.", "n"
    ),
    kept=gettext_lazy("%(name)s was not forced off: %(reason)s"),
    ask=_each(can_force_off),
    do=force_off_server,
)
FORCE_REBOOT = Question(
    can_force_reboot,
    force_reboot_server,
    title=gettext_lazy("Force restart"),
    heading=gettext_lazy("Force “%(name)s” to restart?"),
    text=gettext_lazy(
        "Its power is cut at once and comes back: what its system has not written to its disks yet is lost. Do so when it does not "
        "answer any more; otherwise restart it."
    ),
    done=gettext_lazy("“%(name)s” is being forced to restart."),
)
FORCE_REBOOT_SEVERAL = SEVERAL(
    title=gettext_lazy("Force servers to restart"),
    heading=ngettext_lazy("Force %(n)s server to restart?", "Force %(n)s servers to restart?", "n"),
    heading_none=gettext_lazy("None of these servers can be forced to restart"),
    text=gettext_lazy(
        "Their power is cut at once and comes back: what their systems have not written to their disks yet is lost."
    ),
    button=ngettext_lazy("Force %(n)s server to restart", "Force %(n)s servers to restart", "n"),
    done=ngettext_lazy(
        "%(n)s server is being forced to restart: %(names)s.",
        "%(n)s servers are being forced to restart: %(names)s.",
        "n",
    ),
    kept=gettext_lazy("%(name)s was not forced to restart: %(reason)s"),
    ask=_each(can_force_reboot),
    do=force_reboot_server,
)


@post_view
def start(request: ActorRequest, server_id: uuid.UUID) -> HttpResponse:
    """Nothing is asked: it harms nothing."""
    return _change(request, find_server(request, server_id), start_server, _("“%(name)s” is starting."))


@form_view
def stop(request: ActorRequest, server_id: uuid.UUID) -> HttpResponse:
    return ask(request, server_id, STOP)


@form_view
def reboot(request: ActorRequest, server_id: uuid.UUID) -> HttpResponse:
    return ask(request, server_id, REBOOT)


@form_view
def force_off(request: ActorRequest, server_id: uuid.UUID) -> HttpResponse:
    return ask(request, server_id, FORCE_OFF)


@form_view
def force_reboot(request: ActorRequest, server_id: uuid.UUID) -> HttpResponse:
    return ask(request, server_id, FORCE_REBOOT)


def ask(request: ActorRequest, server_id: uuid.UUID, question: Question) -> HttpResponse:
    """The question, and its answer."""
    server = find_server(request, server_id)
    if request.method == "POST":
        return _change(request, server, question.do, question.done)
    context = {
        "active": "servers",
        "server": server,
        "question": question,
        "heading": question.heading % {"name": server.name},
        "text": question.text % {"grace": _grace(request.actor)},
        "verdict": question.rule(server, request.actor),
    }
    return render(request, "cloud/server_pages/power.html", context)


def _grace(actor: Actor) -> str:
    if verdict := is_able("stop_grace", actor.region):
        seconds = round(settings.IMS_STOP_TIMEOUT_S)
        return _("Should it still run after %(seconds)s seconds, its power is cut.") % {"seconds": seconds}
    return str(verdict.reason)


def _change(
    request: ActorRequest, server: Server, change: Callable[..., Server], done: str | Promise
) -> HttpResponse:
    """Call the service, say what happens now, and go back to where the button or the dialog was."""
    server = change(server, actor=request.actor)
    messages.success(request, done % {"name": server.name})
    came_from = request.META.get("HTTP_REFERER", "")
    is_ours = url_has_allowed_host_and_scheme(came_from, {request.get_host()})
    return redirect(came_from if is_ours and not came_from.endswith(request.get_full_path()) else server)


@form_view
def start_several(request: ActorRequest) -> HttpResponse:
    return _act_on(request, START_SEVERAL)


@form_view
def stop_several(request: ActorRequest) -> HttpResponse:
    return _act_on(request, STOP_SEVERAL)


@form_view
def reboot_several(request: ActorRequest) -> HttpResponse:
    return _act_on(request, REBOOT_SEVERAL)


@form_view
def force_off_several(request: ActorRequest) -> HttpResponse:
    return _act_on(request, FORCE_OFF_SEVERAL)


@form_view
def force_reboot_several(request: ActorRequest) -> HttpResponse:
    return _act_on(request, FORCE_REBOOT_SEVERAL)


def _act_on(request: ActorRequest, several: Several) -> HttpResponse:
    asked: Any = request.POST or request.GET
    servers = list(chosen_servers(asked, request.actor)[: MOST_AT_ONCE + 1])
    state = asked.get("state", "")
    back = f"{reverse('servers:list')}?{state}" if state else reverse("servers:list")
    return act_on_several(request, several, servers, back=back, active="servers", state=state)

"""Create servers from an image: one page to choose on, one to confirm."""

from typing import Any

from django.http import HttpResponse
from django.urls import reverse
from django.utils.translation import gettext_lazy, ngettext

from images.copy.rules import COPY_FACTS, can_copy_across
from images.launch.defaults import DEFAULTS, completed
from images.launch.fit import flavor_choices
from images.launch.forms import LaunchForm, filled_again
from images.launch.rules import Launch, can_create_servers, can_launch
from images.launch.services import create_servers
from images.models import Image
from imsconsole.accounts.access import ActorRequest
from imsconsole.accounts.actor import Actor, actor_for
from imsconsole.accounts.kept_forms import typed
from imsconsole.accounts.models import Draft
from imsconsole.accounts.rules import may_write
from imsconsole.accounts.wizards import Made, Wizard
from imsconsole.cloud.hosts import Host, host_of
from imsconsole.cloud.server_pages.place import PLACE
from imsconsole.cloud.servers.rules import can_run_guests
from imsconsole.core.query_string import row_of
from imsconsole.core.summary import wants_summary

LAUNCH = Wizard(
    "launch",
    gettext_lazy("Create server"),
    "servers-create",
    {"choose": gettext_lazy("Image, flavor and login"), "confirm": gettext_lazy("Confirm")},
)
CHOSEN = ("image", "tab", "flavor", "zone")  # what other pages may choose before


@LAUNCH.first
def launch(request: ActorRequest, draft: Draft | None) -> HttpResponse:
    """The order's page. Only `action=confirm` goes on; else it is drawn again for what was chosen meanwhile.

    The summary is of what was typed, the page's form is completed first.
    """
    actor, host = request.actor, host_of(request.actor.region)
    if request.POST.get("action") == "confirm" or wants_summary(request):
        form = LaunchForm(request.POST, actor=actor, host=host)
        if may_write(actor) and form.is_valid():
            return LAUNCH.go(LAUNCH.keep(actor, draft, **form.kept()), "confirm")
        return _page(request, form, 200 if form.is_refreshed else 422)
    sent = typed(request)
    if draft and sent is None:
        return _page(request, _form(draft, actor, host))
    begun = _begun(request) if sent is None else sent.dict()
    return _page(request, LaunchForm(initial=completed(begun, actor, host), actor=actor, host=host))


@LAUNCH.step
def confirm(request: ActorRequest, draft: Draft) -> HttpResponse:
    """The order to be read again, and its answer."""
    form = _form(draft, request.actor, host_of(request.actor.region))
    if answer := LAUNCH.ends(request, draft, form, make=lambda: _create(form.order(), request.actor)):
        return answer
    order = form.order()
    context = {
        "order": order,
        "summary": form.summary(),
        "verdict": can_create_servers(order, request.actor),
        "back_url": LAUNCH.url(draft, "choose"),
        **PLACE,
    }
    return LAUNCH.page(request, "images/launch/confirm.html", "confirm", form, **context)


def _form(draft: Draft, actor: Actor, host: Host) -> LaunchForm:
    """As it was filled in; a password is not typed again."""
    kept = filled_again(draft.data)
    return LaunchForm(kept, actor=actor, host=host, password_hash=kept["password_hash"])


def _create(order: Launch, actor: Actor) -> Made:
    servers = create_servers(**vars(order), actor=actor)
    made = ngettext(
        "%(count)s server is being created.", "%(count)s servers are being created.", len(servers)
    )
    url = servers[0].get_absolute_url() if len(servers) == 1 else reverse("servers:list")
    return Made(url, made % {"count": len(servers)})


def _elsewhere(request: ActorRequest) -> dict[str, Any]:
    """Of an image in another region that was asked for: why it cannot be launched, and whether it may be copied."""
    wanted = row_of(
        Image.objects.elsewhere(request.actor).select_related("project"), request.GET.get("image")
    )
    there = actor_for(request.user, wanted.project) if wanted and wanted.project else None
    if wanted is None or there is None:
        return {}
    images = Image.objects.with_facts(there, *COPY_FACTS)
    image = images.select_related("key", "backup", "region", "project").get(pk=wanted.pk)
    launched = can_launch(image, request.actor)
    return {"image": image, "verdict": launched, "can_copy": can_copy_across(image, there)}


def _begun(request: ActorRequest) -> dict[str, Any]:
    """What the page begins with: also what another page chose before."""
    return {**DEFAULTS, **{name: request.GET[name] for name in CHOSEN if name in request.GET}}


def _page(request: ActorRequest, form: LaunchForm, status: int = 200) -> HttpResponse:
    actor, host, image = request.actor, form.host, form.chosen_image
    form.images.back = f"{reverse('servers-create')}?tab={form.tab}&image="
    context = {
        **PLACE,
        "image": image,
        "flavors": flavor_choices(image, form["flavor"].value(), host.capabilities),
        "verdict": may_write(actor),
        "runs": can_run_guests(host.capabilities),
        "host": host,
        "summary": form.summary(),
        "elsewhere": _elsewhere(request),
    }
    fragment = "images/launch/_swapped.html"
    return LAUNCH.page(request, "images/launch/launch.html", "choose", form, status, fragment, **context)

"""One page from a listing to running servers; what it leads to is made once, however often and from whichever tab it is sent."""

import uuid
from typing import Any

from django.http import Http404, HttpResponse
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from images.launch.defaults import DEFAULTS, completed
from images.launch.fit import flavor_choices
from images.models import Image
from images.product.products import product_of
from imsconsole.accounts.access import ActorRequest, form_view
from imsconsole.accounts.actor import Actor
from imsconsole.accounts.kept_forms import typed
from imsconsole.accounts.models import Draft
from imsconsole.accounts.wizards import MADE, Made, Wizard, leave_for
from imsconsole.cloud.hosts import host_of
from imsconsole.cloud.servers.rules import can_run_guests
from imsconsole.core.errors import ImsError
from imsconsole.core.query_string import id_of
from imsconsole.core.sentences import sentence_of
from imsconsole.core.summary import wants_summary
from market.deploy.deploying import deploy
from market.deploy.forms import DeployForm, first_values
from market.deploy.rules import can_deploy
from market.models import ListingVersion
from market.prices.lookup import latest_price_of_operator, price_of_listing
from market.shop.offers import market_images, offered_in

DEPLOY = Wizard(
    "market.deploy", gettext_lazy("Deploy"), "market:deploy", {"confirm": gettext_lazy("Confirm")}
)


@form_view
def deploy_listing(request: ActorRequest, listing_id: uuid.UUID) -> HttpResponse:
    """Everything is chosen already and can be changed; sent, the terms are accepted and the servers ordered.

    A tab in which one still chooses stays where it is when the order is sent in another.
    """
    actor, sent = request.actor, id_of(request.POST.get("order"))
    is_sent, made = request.POST.get("action") == "confirm", _made(sent, actor)
    if made and is_sent:
        return leave_for(request, made)
    version: Any = offered_in(actor).filter(listing=listing_id).first()
    image = next(iter(market_images([version.market_image], actor).values()), None) if version else None
    if version is None or image is None:
        raise Http404
    form, key = _form(request, version, image), sent if sent and made else _order_key(version, actor)
    if not is_sent:
        return _page(request, form, version, image, key)
    if sent != key:
        if made := _made(sent, actor):  # another click, while this one looked
            return leave_for(request, made)
        form.add_error(
            None, _("The offer or its price has changed, or the page is old. Look at it once more.")
        )
    elif form.is_valid():
        try:
            return _finished(request, form, version, key)
        except ImsError as error:
            form.add_error(None, sentence_of(error))
    return _page(request, form, version, image, key)


def _made(order: uuid.UUID | None, actor: Actor) -> str:
    """What an order has led to, which another click or tab has sent."""
    if order is None:
        return ""
    draft = Draft.objects.visible_to(actor).filter(wizard=DEPLOY.name, pk=order).first()
    return str(draft.data.get(MADE, "")) if draft else ""


def _order_key(version: ListingVersion, actor: Actor) -> uuid.UUID:
    """The same on every page that is open, until an order is made: it follows from the last one, the version and the prices."""
    orders = Draft.objects.visible_to(actor).filter(wizard=DEPLOY.name, data__listing=str(version.listing_id))
    last = orders.filter(data__has_key=MADE).order_by("-updated_at", "-pk").first()
    prices = (price_of_listing(version.listing), latest_price_of_operator())
    parts = (
        version.pk,
        *(price and price.pk for price in prices),
        actor.user and actor.user.pk,
        actor.project.pk,
    )
    return uuid.uuid5(last.pk if last else version.listing_id, " ".join(map(str, parts)))


def _form(request: ActorRequest, version: ListingVersion, image: Image) -> DeployForm:
    actor, host = request.actor, host_of(request.actor.region)
    product = product_of(image, actor)
    about: dict[str, Any] = {
        "version": version,
        "is_accepted": bool(product and product.is_accepted),
        "actor": actor,
    }
    sent = typed(request)
    given = {**(sent.dict() if sent is not None else {}), "image": str(image.pk)}
    if request.POST.get("action") == "confirm" or wants_summary(request):
        return DeployForm(given, host=host, **about)
    first = {**DEFAULTS, **first_values(version, actor)} if sent is None else {}
    initial = completed({**first, **given}, actor, host)
    return DeployForm(initial=initial, host=host, **about)


def _finished(
    request: ActorRequest, form: DeployForm, version: ListingVersion, key: uuid.UUID
) -> HttpResponse:
    """The draft is the decision: whoever sends it at the same time waits for it, and is led to the same."""
    actor = request.actor
    owned = {"wizard": DEPLOY.name, "user": actor.user, "project": actor.project}
    draft, _is_new = Draft.objects.get_or_create(
        pk=key, defaults={**owned, "data": {"listing": str(version.listing_id)}}
    )

    def make() -> Made:
        servers = deploy(form.order(), version, accepts_terms=form.accepts, actor=actor)
        text = ngettext(
            "%(count)s server is being created.", "%(count)s servers are being created.", len(servers)
        )
        url = servers[0].get_absolute_url() if len(servers) == 1 else reverse("servers:list")
        return Made(url, text % {"count": len(servers)}, kept=("listing",))

    return DEPLOY.finish(request, draft, make)


def _page(
    request: ActorRequest, form: DeployForm, version: ListingVersion, image: Image, key: uuid.UUID
) -> HttpResponse:
    url, host = version.listing.get_absolute_url(), form.host
    context: dict[str, Any] = {
        "active": "market",
        "heading": _("Deploy %(name)s") % {"name": version.title},
        "crumbs": [(reverse("market:list"), _("Market")), (url, version.title)],
        "cancel_url": url,
        "version": version,
        "listing": version.listing,
        "image": image,
        "order": key,
        "price": price_of_listing(version.listing),
        "flavors": flavor_choices(image, form["flavor"].value(), host.capabilities),
        "runs": can_run_guests(host.capabilities),
        "verdict": can_deploy(image, version, request.actor),
        "summary": form.summary(),
    }
    return DEPLOY.page(request, "market/deploy/deploy.html", "confirm", form, **context)

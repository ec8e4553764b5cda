"""What a form that is being filled in will cost: its numbers from the address, or from the form."""

from collections.abc import Mapping
from typing import Any
from urllib.parse import urlencode

from django.http import HttpResponse
from django.urls import reverse

from images.models import Image
from imsconsole.accounts.access import ActorRequest, page_view
from imsconsole.accounts.actor import Actor
from imsconsole.cloud.models import Flavor
from imsconsole.core.htmx import render_page
from imsconsole.core.query_string import number_in, row_of
from market.billing.estimates import estimate_disks, estimate_servers

SIZES = ("disk_gb", "system_disk_gb", "size_gb")


@page_view
def show_cost(request: ActorRequest) -> HttpResponse:
    """Of a server, when a flavor and an image are named, else of a disk."""
    context = {"active": "billing", **cost_context(request.GET, request.actor)}
    return render_page(request, "market/cost.html", "market/_cost.html", context)


def cost_context(typed: Mapping[str, Any], actor: Actor) -> dict[str, Any]:
    """What `market/_cost.html` shows. What cannot be read counts nothing."""
    size_gb = sum(number_in(typed.get(name)) for name in SIZES)
    image, flavor = _image(str(typed.get("image") or ""), actor), None
    if "flavor" in typed:
        flavor = Flavor.objects.filter(pk=str(typed["flavor"])[:32]).first()
        estimate = estimate_servers(image, flavor, size_gb, actor) if image and flavor else None
    else:
        estimate = estimate_disks(size_gb)
    fixed = {name: typed[name] for name in ("image", "disk_gb") if typed.get(name)}
    return {
        "estimate": estimate,
        "count": int("flavor" in typed),
        "refreshed_by": f"{reverse('market:cost')}?{urlencode(fixed)}",
    }


def _image(typed: str, actor: Actor) -> Image | None:
    return row_of(Image.objects.visible_to(actor), typed)

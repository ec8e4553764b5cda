"""`{% load market %}`: prices, and what something costs before it is done. The tags need `actor` in the context."""

from collections.abc import Iterable, Mapping
from decimal import Decimal
from typing import Any

from django import template

from images.choose.found import Candidate
from images.models import Image
from images.product.products import product_of
from imsconsole.cloud.models import Flavor, Server
from imsconsole.core.summary import Costs
from market import money
from market.billing.costs_page import cost_context
from market.billing.estimates import (
    Estimate,
    PriceList,
    estimate_change,
    estimate_disks,
    estimate_resize,
    estimate_servers,
)
from market.models import Price

register = template.Library()
Context = Mapping[str, Any]


@register.filter
def price(price: Price | None) -> str:
    """A price with its unit, multiple and trial."""
    return money.price_text(price)


@register.filter
def cents(amount: Decimal | None) -> str:
    """An amount of money, to the cent."""
    return money.money(amount)


@register.simple_tag(takes_context=True)
def estimate_of(context: Context, costs: Costs | None) -> Estimate | None:
    """The price of what a form would make, or of the server that it changes; None while that is not known."""
    if costs is None:
        return None
    if costs.server:
        return estimate_resize(costs.server, costs.flavor, context["actor"])[1]
    if costs.changed:
        return estimate_change(costs.changed, costs.image, context["actor"])[1]
    if not costs.servers:
        return estimate_disks(costs.disk_gb)
    if not (costs.image and costs.flavor):
        return None
    return estimate_servers(costs.image, costs.flavor, costs.disk_gb, context["actor"], count=costs.servers)


@register.simple_tag
def flavor_prices() -> PriceList:
    """For `of_flavor`: read once for all flavors of a page."""
    return PriceList()


@register.filter
def of_flavor(prices: PriceList, flavor: Flavor) -> str:
    """What an hour on a flavor costs."""
    return prices.flavor(flavor).text


@register.inclusion_tag("market/_cost_change_table.html", takes_context=True)
def cost_of_change(context: Context, sizes_gb: Mapping[Server, int], image: Image | None) -> dict[str, Any]:
    """Before and after servers get another image and system disks of these sizes."""
    before, after = estimate_change(sizes_gb, image, context["actor"])
    return {"before": before, "after": after, "is_chosen": image is not None}


@register.inclusion_tag("market/_cost_change_table.html", takes_context=True)
def cost_of_resize(context: Context, server: Server, flavor: Flavor | None) -> dict[str, Any]:
    """Before and after a server gets another flavor."""
    before, after = estimate_resize(server, flavor, context["actor"])
    return {"before": before, "after": after, "is_chosen": flavor is not None, "is_resize": True}


@register.inclusion_tag("market/_cost_undo.html", takes_context=True)
def cost_of_undo(context: Context, server: Server, image: Image | None) -> dict[str, Any]:
    """How the fee of the image changes when a server goes back to its former system."""
    if image is None or image.pk == server.image_id:
        return {}
    before, after = estimate_change({server: 0}, image, context["actor"])
    return {"before": before.image, "after": after.image}


@register.inclusion_tag("market/_cost_on_flavors.html", takes_context=True)
def cost_on_flavors(context: Context, image: Image) -> dict[str, Any]:
    """Of a server with its image on the flavor in the address (`?flavor=`), or on the smallest that is offered."""
    flavors = list(Flavor.objects.filter(hidden=False, architecture=image.architecture))
    named = context["request"].GET.get("flavor")
    flavor = next((each for each in flavors if each.pk == named), flavors[0] if flavors else None)
    typed = {"flavor": flavor.pk if flavor else "", "image": image.pk, "disk_gb": image.min_disk_gb}
    return {"image": image, "flavors": flavors, "flavor": flavor, **cost_context(typed, context["actor"])}


@register.inclusion_tag("market/_cost_of_image.html", takes_context=True)
def cost_of_image(context: Context, image: Image) -> dict[str, Any]:
    """Its fee, and what a server of it costs on the smallest flavor that has enough memory."""
    product = product_of(image, context["actor"])
    prices, flavor = PriceList([product], context["actor"]), None
    if image.type in (Image.Type.SYSTEM, Image.Type.FULL):
        fitting = Flavor.objects.filter(
            hidden=False, architecture=image.architecture, bare_metal=image.use == Image.Use.BMS
        )
        flavor = (
            fitting.filter(memory_mb__gte=image.min_ram_mb, device="").order_by("memory_mb", "vcpus").first()
        )
    return {
        "fee": money.price_text(prices.listings.get(product.listing_id) if product else None),
        "estimate": prices.servers(product, flavor, image.min_disk_gb) if flavor else None,
        "flavor": flavor,
    }


@register.simple_tag(takes_context=True)
def with_costs(context: Context, candidates: Iterable[Candidate]) -> list[tuple[Candidate, Estimate | None]]:
    """Each image of the guide, and what a server of it costs on its flavor."""
    actor = context["actor"]
    found = [(each, product_of(each.image, actor)) for each in candidates]
    prices = PriceList((product for _each, product in found), actor)
    return [
        (each, prices.servers(product, each.flavor, each.disk_gb) if each.flavor else None)
        for each, product in found
    ]

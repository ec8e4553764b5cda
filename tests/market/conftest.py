"""A market with one listing, and hours that pass in it."""

from collections.abc import Callable
from datetime import timedelta
from types import SimpleNamespace

import pytest

from imsconsole.accounts.actor import Operator, service_actor
from imsconsole.cloud.models import Server
from imsconsole.cloud.servers.states import change_status
from imsconsole.cloud.servers.usage import hour_of
from imsconsole.core import now as clock
from imsconsole.core.now import now
from imsconsole.jobs.models import ClockEntry
from market.billing.known import RECONCILING, SLOWEST_TRANSACTION
from market.billing.ledger import settle_usage
from market.models import Price
from market.prices.services import set_price
from tests import factories

HOUR = timedelta(hours=1)


def look_at_servers() -> None:
    """As the clock does: every server's state is known from now on."""
    entry = {"due_at": now(), "started_at": now(), "finished_at": now()}
    ClockEntry.objects.update_or_create(name=RECONCILING, defaults=entry)


def pass_hours(count: int) -> None:
    """So many hours pass, and are charged."""
    clock.move(count * HOUR)
    look_at_servers()
    settle_usage()


@pytest.fixture
def priced(operator) -> Callable[..., Price]:
    """Set a price: of a listing as its seller, else as the operator."""

    def set_it(unit: str, amount: str, **terms: object) -> Price:
        listing = terms.get("listing")
        of = Price.Of.LISTING if listing else Price.Of.FLAVOR if "flavor" in terms else Price.Of.DISK
        actor = service_actor(listing.project) if listing else Operator(operator)
        return set_price(Price(of=of, unit=unit, amount=amount, **terms), actor=actor)

    return set_it


@pytest.fixture
def market(people, priced) -> SimpleNamespace:
    """Carol sells an image, and Bob's project can run it; an hour has just begun, and a bit."""
    clock.move(hour_of(now()) + HOUR + SLOWEST_TRANSACTION + timedelta(seconds=1) - now())
    listing = factories.ListingFactory(project=people.carol.project)
    version = factories.ListingVersionFactory(listing=listing)
    edition = factories.EditionFactory(version_of=version).image
    flavor = factories.FlavorFactory(name="s6-large-2", vcpus=2)

    def run(image=edition, actor=people.bob, **fields) -> Server:
        fields = {"flavor": flavor, "status": "creating"} | fields
        server = factories.ServerFactory(project=actor.project, image=image, **fields)
        factories.DiskFactory(server=server, size_gb=40)
        return change_status(server, Server.Status.RUNNING)

    return SimpleNamespace(listing=listing, version=version, image=edition, flavor=flavor, run=run)

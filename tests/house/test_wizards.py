"""What every wizard promises: Enter goes on, a refused page speaks, what is sent twice is made once, back leads on.

One way through each of those with one page before their confirmation; the others promise it in their rooms.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass
from types import SimpleNamespace
from typing import Any

import pytest
from django.db.models import Model
from django.test import Client
from django.urls import reverse

from images.models import Image
from imsconsole.accounts.models import Draft
from imsconsole.cloud.models import Disk, Server
from imsconsole.core.project_urls import bare
from imsconsole.jobs.models import Job
from market.models import Listing
from tests import factories
from tests.cloud.servers.machines import tiny_flavor
from tests.conftest import HTMX, client_of
from tests.market.selling import publisher
from tests.support.wizards import confirmation

pytestmark = pytest.mark.django_db
BUTTON = r"<button[^>]*type=\"submit\"[^>]*>"
SIGNED_IN = {"login": "password", "password": "Secret-1x", "password_again": "Secret-1x"}


@dataclass
class Way:
    """The first page with what is typed there, one of it that can be wrong, and what is made."""

    url: str
    typed: dict[str, Any]
    field: str
    makes: type[Model]


def an_image(people: SimpleNamespace, **fields: Any) -> Image:
    image = factories.ImageFactory(project=people.bob.project, os_version=None, **fields)
    factories.ImageDiskFactory(image=image)
    return image


def a_server(people: SimpleNamespace) -> Server:
    server = factories.ServerFactory(project=people.bob.project, ref="there", flavor=tiny_flavor())
    factories.DiskFactory(server=server, role="system", image=server.image, ref="there")
    factories.ImageDiskFactory(image=server.image)
    return server


def a_backup(people: SimpleNamespace) -> Any:
    backup = factories.BackupFactory(project=people.bob.project)
    factories.BackupDiskFactory(backup=backup)
    return backup


def create_server(people: SimpleNamespace) -> Way:
    zone = people.bob.region.zones.get().pk
    order = {"image": an_image(people).pk, "flavor": tiny_flavor().pk, "zone": zone, "system_disk_gb": "1"}
    order |= {"data_disks": "0", "name": "web", "count": "1", **SIGNED_IN}
    return Way(reverse("servers-create"), order, "name", Server)


def change_os(people: SimpleNamespace) -> Way:
    order = {"image": an_image(people).pk, "system_disk_gb": "3", **SIGNED_IN}
    return Way(reverse("servers-change-os", args=[a_server(people).pk]), order, "system_disk_gb", Job)


def reinstall_os(people: SimpleNamespace) -> Way:
    url = reverse("servers-reinstall-os", args=[a_server(people).pk])
    return Way(url, {"system_disk_gb": "3", **SIGNED_IN}, "system_disk_gb", Job)


def install(people: SimpleNamespace) -> Way:
    image, flavor, zone = an_image(people, type="iso"), tiny_flavor(), people.bob.region.zones.get()
    order = {"name": "installer", "flavor": flavor.pk, "zone": zone.pk, "system_disk_gb": "2"}
    return Way(reverse("images:install", args=[image.pk]), order, "name", Server)


def create_disk(people: SimpleNamespace) -> Way:
    zone = people.bob.region.zones.get().pk
    return Way(reverse("disks-create"), {"name": "data", "size_gb": "5", "zone": zone}, "size_gb", Disk)


def restore_to_new(people: SimpleNamespace) -> Way:
    url = reverse("backups-restore-to-new", args=[a_backup(people).pk])
    return Way(url, {"name": "again", "flavor": tiny_flavor().pk}, "name", Server)


def capture_full(people: SimpleNamespace) -> Way:
    server, vault = a_server(people), factories.VaultFactory(project=people.bob.project)
    order = {"server": server.pk, "vault": vault.pk, "name": "whole"}
    return Way(reverse("images:create-full-of-server"), order, "name", Image)


def image_of_backup(people: SimpleNamespace) -> Way:
    order = {"backup": a_backup(people).pk, "name": "whole"}
    return Way(reverse("images:create-full-of-backup"), order, "name", Image)


def publish(people: SimpleNamespace) -> Way:
    publisher(people.bob)
    image = an_image(people)
    words = {
        "version": "1.0",
        "title": "Web",
        "summary": "Ready",
        "category": "web",
        "support": "me@acme.test",
    }
    order = {"image": image.pk, **words, "terms": "Any", "regions": [image.region_id], "unit": "free"}
    return Way(reverse("market:create-listing"), order, "title", Listing)


WAYS: list[Callable[[SimpleNamespace], Way]] = [
    create_server, change_os, reinstall_os, install, create_disk, restore_to_new, capture_full, image_of_backup, publish,
]  # fmt: skip


@pytest.fixture(params=WAYS, ids=lambda way: way.__name__)
def way(request: pytest.FixtureRequest, people: SimpleNamespace) -> Way:
    found: Way = request.param(people)
    found.typed["action"] = "confirm"
    return found


@pytest.fixture
def bob(people: SimpleNamespace) -> Client:
    return client_of(people.bob)


def form_in(page: str) -> str:
    """The wizard's own form."""
    (form,) = re.findall(r"<form[^>]*hx-boost.*?</form>", page, re.DOTALL)
    return " ".join(form.split())


def test_enter_does_what_next_does_and_the_page_stays(way: Way, bob: Client) -> None:
    for url in (way.url, confirmation(bob, way.url, way.typed)):
        form = form_in(bob.get(url).content.decode())
        first, *_others, last = re.findall(BUTTON, form)
        assert 'name="action" value="confirm"' in first
        assert 'name="action" value="confirm"' in last
        assert ("disabled" in first) == ("disabled" in last)
        assert 'hx-target="#main"' in form
        assert 'hx-disinherit="*"' in form.split(">")[0]


def test_a_refused_page_says_what_is_wrong_and_leads_to_its_field(way: Way, bob: Client) -> None:
    answer = bob.post(way.url, {**way.typed, way.field: ""})
    page = answer.content.decode()
    assert answer.status_code == 422
    (summary,) = re.findall(r'id="error-summary".*?</ul>', page, re.DOTALL)
    field = re.findall(r'href="#([^"]+)"', summary)[0]
    assert field == f"id_{way.field}"
    assert page.count(f'id="{field}"') == 1
    assert not Draft.objects.exists()


def test_what_is_chosen_is_read_again_and_can_be_chosen_anew(way: Way, bob: Client) -> None:
    confirm = confirmation(bob, way.url, way.typed)
    page = bob.get(confirm).content.decode()
    value = str(way.typed[way.field])
    assert value in form_in(page)
    (back,) = re.findall(r'href="([^"]+\?draft=[^"]+)"', page)
    again = bob.get(back)
    assert str(again.context["form"][way.field].value()) == value
    assert "error-summary" not in again.content.decode()
    assert bob.post(back, way.typed)["Location"] == confirm  # the same draft
    assert Draft.objects.count() == 1


def test_what_is_sent_twice_is_made_once_and_back_leads_to_it(way: Way, bob: Client) -> None:
    confirm, before = confirmation(bob, way.url, way.typed), way.makes.objects.count()
    made = bob.post(confirm, headers=HTMX)["HX-Redirect"]
    assert way.makes.objects.count() == before + 1
    assert bob.post(confirm)["Location"] == made
    assert bob.get(confirm)["Location"] == made
    first = f"{way.url}?draft={Draft.objects.get().pk}"
    assert bob.get(first)["Location"] == made
    assert bob.post(first, way.typed)["Location"] == made
    assert way.makes.objects.count() == before + 1
    assert bob.get(made).status_code == 200


def test_a_draft_is_its_authors_alone(way: Way, bob: Client, people: SimpleNamespace) -> None:
    confirm, before = confirmation(bob, way.url, way.typed), way.makes.objects.count()
    for other in (people.alice, people.dave, people.carol):
        stranger = client_of(other)
        assert stranger.get(confirm, headers=HTMX).status_code == 404
        assert stranger.post(confirm, headers=HTMX).status_code == 404
    assert way.makes.objects.count() == before


def test_an_order_of_servers_that_was_begun_before_goes_on(people: SimpleNamespace, bob: Client) -> None:
    """A draft as it was written while each wizard had its own way of writing."""
    way, payload = create_server(people), an_image(people, type="data", min_disk_gb=2)
    data = {
        "image": str(way.typed["image"]), "zone": way.typed["zone"], "flavor": way.typed["flavor"],
        "system_disk_gb": 1, "data_disks_gb": [3, 2], "data_images": ["", str(payload.pk)], "name": "web",
        "count": 2, "auto_start": True, "login": "password", "key_pair": "", "password_hash": "$6$kept", "user_data": "",
    }  # fmt: skip
    draft = Draft.objects.create(wizard="launch", user=people.bob.user, project=people.bob.project, data=data)
    again = bob.get(f"{way.url}?draft={draft.pk}").context["form"]
    assert [field.value() for row in again.data_disk_rows() for field in row] == [3, "", 2, str(payload.pk)]
    confirm = reverse("servers-create-confirm", args=[draft.pk])
    assert "3 GB, 2 GB (" in " ".join(bob.get(confirm).content.decode().split())
    assert bare(bob.post(confirm)["Location"]) == reverse("servers:list")
    servers = Server.objects.filter(name__startswith="web-")
    assert [(server.password_hash, server.auto_start) for server in servers] == [("$6$kept", True)] * 2
    disks = Disk.objects.filter(server__in=servers, role="data").order_by("server", "index")
    assert [(disk.size_gb, disk.image) for disk in disks] == [(3, None), (2, payload)] * 2


@pytest.mark.parametrize("verb", ["change-os", "reinstall-os"])
def test_a_change_of_os_that_was_begun_before_goes_on(
    people: SimpleNamespace, bob: Client, verb: str
) -> None:
    server = a_server(people)
    image = an_image(people) if verb == "change-os" else server.image
    pair = factories.KeyPairFactory(project=people.bob.project)
    data = {
        "server": str(server.pk), "image": str(image.pk), "system_disk_gb": 4, "stop_first": False, "login": "key",
        "key_pair": str(pair.pk), "password_hash": "", "user_data": "",
    }  # fmt: skip
    draft = Draft.objects.create(wizard=verb, user=people.bob.user, project=people.bob.project, data=data)
    page = bob.get(f"{reverse(f'servers-{verb}', args=[server.pk])}?draft={draft.pk}")
    assert page.context["form"]["system_disk_gb"].value() == 4
    confirm = reverse(f"servers-{verb}-confirm", args=[server.pk, draft.pk])
    assert pair.name in bob.get(confirm).content.decode()
    assert bare(bob.post(confirm)["Location"]) == server.get_absolute_url()
    new = server.disks.get(beside=True)
    assert (new.size_gb, new.image, new.login["key_pair"]) == (4, image, str(pair.pk))


def test_a_draft_of_one_server_is_not_read_at_another(people: SimpleNamespace, bob: Client) -> None:
    way, other = change_os(people), a_server(people)
    confirm = confirmation(bob, way.url, {**way.typed, "action": "confirm"})
    key = confirm.rstrip("/").rsplit("/", 1)[1]
    assert bob.get(reverse("servers-change-os-confirm", args=[other.pk, key])).status_code == 404
    page = bob.get(f"{reverse('servers-change-os', args=[other.pk])}?draft={key}")
    assert page.context["image"] is None

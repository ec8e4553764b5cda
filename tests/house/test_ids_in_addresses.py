"""What an address chooses (`?image=`, `?server=`, …) is chosen however its ID is written: with hyphens, or without and in capitals."""

import re
from collections.abc import Callable
from datetime import timedelta
from types import SimpleNamespace
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from images.change_os.many.views import MANY
from images.launch.disk.views import CREATE
from imsconsole.core.now import now
from tests import factories
from tests.conftest import client_of

pytestmark = pytest.mark.django_db
Make = Callable[[SimpleNamespace], Any]


def image(people: SimpleNamespace, **fields: Any) -> Any:
    """Not the first of the list, which some pages begin with."""
    factories.ImageFactory(project=people.bob.project, name="a", **fields)
    return factories.ImageFactory(project=people.bob.project, name="b", **fields)


def server(people: SimpleNamespace) -> Any:
    return factories.ServerFactory(
        project=people.bob.project, status="stopped", image__project=people.bob.project
    )


def backup(people: SimpleNamespace) -> Any:
    vault = factories.VaultFactory(project=people.bob.project)
    return factories.BackupDiskFactory(
        backup__project=people.bob.project, backup__vault=vault, role="system"
    ).backup


def upload(people: SimpleNamespace) -> Any:
    return factories.UploadFactory(
        project=people.bob.project,
        user=people.bob.user,
        state="complete",
        expires_at=now() + timedelta(days=1),
    )


def disk_draft(people: SimpleNamespace) -> Any:
    return CREATE.begin(people.bob, name="of-the-draft", size_gb=7, zone="", image="", key="")


def page(name: str) -> Callable[[SimpleNamespace], str]:
    return lambda _people: reverse(name)


def of_server(people: SimpleNamespace) -> str:
    return reverse("servers-change-os", args=[server(people).pk])


def of_many(people: SimpleNamespace) -> str:
    servers = [[str(server(people).pk), "web-1"]]
    return MANY.url(MANY.begin(people.bob, servers=servers, outcomes={}), "choose")


CHOSEN: dict[str, tuple[Callable[[SimpleNamespace], str], str, Make]] = {
    "launch": (page("servers-create"), "image", image),
    "change-os": (of_server, "image", image),
    "change-os-many": (of_many, "image", image),
    "disk": (page("disks-create"), "image", lambda people: image(people, type="data")),
    "draft": (page("disks-create"), "draft", disk_draft),
    "listing": (page("market:create-listing"), "image", image),
    "upload": (page("images:create"), "upload", upload),
    "server": (page("images:create-from-server"), "server", server),
    "disks": (
        page("images:create-from-disk"),
        "disk",
        lambda people: factories.DiskFactory(server=server(people), role="data", index=1),
    ),
    "full-server": (page("images:create-full-of-server"), "server", server),
    "full-backup": (page("images:create-full-of-backup"), "backup", backup),
    "object": (
        page("images:create-from-object"),
        "object",
        lambda people: factories.BucketObjectFactory(bucket__project=people.bob.project),
    ),
    "cost": (lambda _people: f"{reverse('market:cost')}?flavor=", "image", image),
}


@pytest.mark.parametrize("key", CHOSEN)
def test_an_id_chooses_however_it_is_written(key: str, people: SimpleNamespace) -> None:
    make_url, name, make = CHOSEN[key]
    url, thing = make_url(people), make(people)
    factories.PublisherFactory(account=people.bob.account, state="approved")
    if key == "cost":
        url += str(factories.FlavorFactory().pk)
    bob = client_of(people.bob)
    asked = f"{url}{'&' if '?' in url else '?'}{name}="
    chosen = shown(bob, f"{asked}{thing.pk}")
    assert chosen != shown(bob, url), "it chooses nothing"
    way = thing.pk.hex.upper()
    assert shown(bob, f"{asked}{way}").replace(way, str(thing.pk)) == chosen


def shown(client: Client, url: str) -> str:
    """A page without what differs each time."""
    answer = client.get(url)
    assert answer.status_code == 200, url
    differs = r'csrf[^>]*value="[^"]*"|"x-csrftoken": "[^"]*"|draft_id=\S*|<time .*?</time>'  # "now", "a second ago"
    return re.sub(differs, "", answer.content.decode())

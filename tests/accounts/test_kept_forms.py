"""A form is left for what it misses, and comes back as it was, with that chosen."""

import re
from dataclasses import dataclass
from html import unescape
from types import SimpleNamespace
from typing import Any

import pytest
from django import forms
from django.test import Client
from django.urls import reverse

from imsconsole.accounts.kept_forms import FOR, KEPT, MOST, MOST_CHARACTERS, SECRET, SESSION
from imsconsole.accounts.models import Agency
from imsconsole.cloud.models import Bucket, Key, KeyPair, Vault
from imsconsole.core.project_urls import bare, in_project
from tests import factories
from tests.conftest import HTMX, client_of
from tests.images.copy.test_copy import begun

pytestmark = pytest.mark.django_db
MAKES: dict[str, tuple[Any, dict[str, str]]] = {
    "vault": (Vault, {"name": "new-one", "capacity_gb": "10"}),
    "bucket": (Bucket, {"name": "new-one-bucket", "storage_class": "standard"}),
    "key": (Key, {"name": "new-one"}),
}


@dataclass(frozen=True)
class Site:
    """A page with a form that misses something: what is typed, and a field of it that must come back."""

    url: str
    what: str
    field: str
    typed: dict[str, Any]
    text: str


def a_server(people: SimpleNamespace) -> Any:
    server = factories.ServerFactory(
        project=people.bob.project, status="stopped", image__project=people.bob.project
    )
    factories.DiskFactory(server=server, image=server.image)
    return server


def back_up(people: SimpleNamespace) -> Site:
    server = a_server(people)
    typed = {"server": server.pk, "name": "typed-name"}
    return Site(reverse("backups:create"), "vault", "vault", typed, "typed-name")


def back_up_one(people: SimpleNamespace) -> Site:
    return Site(
        reverse("servers:back-up", args=[a_server(people).pk]),
        "vault",
        "vault",
        {"name": "typed-name"},
        "typed-name",
    )


def schedule(people: SimpleNamespace) -> Site:
    typed = {
        "name": "typed-name",
        "servers": [a_server(people).pk],
        "keep": "33",
        "hour": "4",
        "how_often": "weekly",
    }
    return Site(reverse("schedules:create"), "vault", "vault", typed, 'value="33"')


def capture_full(people: SimpleNamespace) -> Site:
    typed = {"server": a_server(people).pk, "name": "typed-name"}
    return Site(reverse("images:create-full-of-server"), "vault", "vault", typed, "typed-name")


def receive(people: SimpleNamespace) -> Site:
    share = factories.ShareFactory(project=people.bob.project, image__type="full")
    return Site(reverse("sharing:accept", args=[share.pk]), "vault", "vault", {"vault": ""}, "new-one")


def export(people: SimpleNamespace) -> Site:
    image = factories.ImageFactory(project=people.bob.project)
    factories.ImageDiskFactory(image=image)
    typed = {"folder": "typed/", "format": "vmdk", "name": "typed-name"}
    return Site(reverse("images:export", args=[image.pk]), "bucket", "bucket", typed, "typed/")


def disk(people: SimpleNamespace) -> Site:
    return Site(reverse("disks-create"), "key", "key", {"name": "typed-name", "size_gb": "11"}, 'value="11"')


def copy_here(people: SimpleNamespace) -> Site:
    image = factories.ImageFactory(project=people.bob.project)
    factories.ImageDiskFactory(image=image)
    url = begun(client_of(people.bob), image)
    return Site(
        url, "key", "key", {"target-name-0": "typed-name", "target-description": "about"}, "typed-name"
    )


SITES = (back_up, back_up_one, schedule, capture_full, receive, export, disk, copy_here)


def leaves(client: Client, url: str, what: str) -> str:
    """Where the form's button leads."""
    page = client.get(url).content.decode()
    found = [unescape(each) for each in re.findall(r'formaction="([^"]+)"', page)]
    (address,) = [each for each in found if f"what={what}" in each]
    return address


@pytest.mark.parametrize("site_of", SITES, ids=lambda site_of: site_of.__name__)
def test_what_is_missing_is_made_and_chosen_and_the_rest_is_as_it_was(people, site_of):
    site, bob = site_of(people), client_of(people.bob)
    model, made = MAKES[site.what]
    left = bob.post(leaves(bob, site.url, site.what), site.typed)
    assert left.status_code == 302
    page = bob.get(left.url).content.decode()
    assert "A form waits for what you create here" in page
    came = bob.post(left.url, made)
    new = model.objects.get(name=made["name"])
    assert bare(came.url).startswith(bare(site.url).partition("?")[0])
    answer = bob.get(came.url)
    page = answer.content.decode()
    assert answer.status_code == 200
    assert site.text in page
    assert str(answer.context["form"][site.field].value()) == str(new.pk)
    assert "is-invalid" not in page


def launch_page(people: SimpleNamespace) -> str:
    factories.FlavorFactory()
    factories.ImageFactory(project=people.bob.project)
    return reverse("servers-create")


def change_os_page(people: SimpleNamespace) -> str:
    return reverse("servers-change-os", args=[a_server(people).pk])


def restore_page(people: SimpleNamespace) -> str:
    backup = factories.BackupDiskFactory(backup__project=people.bob.project).backup
    return reverse("backups-restore-to-new", args=[backup.pk])


@pytest.mark.parametrize(
    "page_of", [launch_page, change_os_page, restore_page], ids=lambda page: page.__name__
)
def test_a_key_pair_is_shown_once_and_leads_back(people, page_of):
    url, bob = page_of(people), client_of(people.bob)
    typed = {
        "name": "typed-name",
        "login": "key",
        "user_data": "#!/bin/sh\necho typed-name",
        "password": "Sesame-9-open",
        "count": "1",
    }
    left = bob.post(leaves(bob, url, "key-pair"), typed)
    created = bob.post(left.url, {"name": "mine"})
    assert created.context["private_key"]
    came = created.context["back_url"]
    assert came in unescape(created.content.decode())
    answer = bob.get(came)
    assert "typed-name" in answer.content.decode()
    assert str(answer.context["form"]["key_pair"].value()) == str(KeyPair.objects.get().pk)
    assert "Sesame" not in answer.content.decode() + str(dict(bob.session))


@pytest.mark.slow(reason="an image is copied across, from its page")
def test_an_agency_is_given_in_the_other_project_and_the_copy_goes_on(people):
    alice = client_of(people.alice)
    far = factories.ProjectFactory(
        account=people.alice.account, region=factories.RegionFactory(code="cn-east-3"), name="far"
    )
    image = factories.ImageFactory(project=people.alice.project)
    factories.ImageDiskFactory(image=image)
    url = begun(alice, image, kind="across")
    assert "in far (" in " ".join(alice.get(url).content.decode().split())
    left = alice.post(leaves(alice, url, "agency"), {"target-name-0": "typed-name"})
    assert left.url.startswith(f"/p/{far.pk}/project/")
    page = " ".join(alice.get(left.url).content.decode().split())
    assert "You are in the project far" in page
    assert f'value="{people.alice.project.pk}" selected' in page
    (action,) = re.findall(r'action="([^"]*/project/agencies/create/[^"]*)"', page)
    came = alice.post(action, {"grantee": people.alice.project.pk})
    assert Agency.objects.get().project == far
    answer = alice.get(came.url)
    assert came.url.startswith(f"/p/{people.alice.project.pk}/")
    assert (answer.status_code, answer.context["form"]["name-0"].value()) == (200, "typed-name")
    assert str(answer.context["form"]["target"].value()) == str(far.pk)


def test_with_htmx_the_page_is_left_as_a_whole(people):
    bob, url = client_of(people.bob), reverse("disks-create")
    here = f"http://testserver{in_project(people.bob.project.pk, url)}?image=7"
    answer = bob.post(leaves(bob, url, "key"), {"name": "x"}, headers={**HTMX, "HX-Current-URL": here})
    key = answer["HX-Redirect"].partition(f"{FOR}=")[2]
    assert bob.session[SESSION][key]["at"].endswith("?image=7")


@pytest.mark.parametrize(
    "back",
    [
        "https://evil.test/",
        "//evil.test/backups/create/",
        "/\\evil.test/backups/create/",
        "\\\\evil.test",
        "javascript:alert(1)",
        "/healthz",
        "/servers/",
        "/no/such/page/",
        "/accounts/logout/",
        "/i18n/setlang/",
        "",
    ],
)
def test_a_way_back_that_is_no_form_of_ours_is_refused(people, back):
    bob = client_of(people.bob)
    query = {"what": "vault", "field": "vault", "back": back}
    answer = bob.post(reverse("leave-form"), {"name": "x"}, query_params=query)
    assert answer.status_code == 400
    assert not bob.session.get(SESSION)


@pytest.mark.parametrize("what", ["", "nonsense", "admin:index"])
def test_nothing_else_is_made_on_the_way(people, what):
    query = {"what": what, "field": "x", "back": reverse("backups:create")}
    assert client_of(people.bob).post(reverse("leave-form"), {}, query_params=query).status_code == 400


def test_a_project_that_one_is_no_member_of_is_not_led_to(people):
    query = {
        "what": "agency",
        "field": "x",
        "back": reverse("backups:create"),
        "project": str(people.carol.project.pk),
    }
    assert client_of(people.bob).post(reverse("leave-form"), {}, query_params=query).status_code == 404


def test_a_kept_form_fills_its_own_page_only_and_is_its_author_s(people):
    bob, url = client_of(people.bob), reverse("disks-create")
    left = bob.post(leaves(bob, url, "key"), {"name": "typed-name"})
    key = left.url.partition(f"{FOR}=")[2]
    assert "typed-name" in bob.get(url, {KEPT: key}).content.decode()
    assert "typed-name" not in bob.get(reverse("backups:create"), {KEPT: key}).content.decode()
    assert "typed-name" not in client_of(people.alice).get(url, {KEPT: key}).content.decode()
    assert (
        "A form waits" not in client_of(people.alice).get(reverse("keys:create"), {FOR: key}).content.decode()
    )


def test_only_the_latest_are_kept_and_none_that_is_too_long(people):
    bob, url = client_of(people.bob), reverse("disks-create")
    way = leaves(bob, url, "key")
    for number in range(MOST + 2):
        bob.post(way, {"name": f"n{number}"})
    assert [form["data"]["name"] for form in bob.session[SESSION].values()] == [
        [f"n{n}"] for n in range(2, MOST + 2)
    ]
    left = bob.post(way, {"name": "x" * (MOST_CHARACTERS + 1)})
    came = bob.post(left.url, {"name": "new-one"})
    assert bob.get(came.url).status_code == 200


def all_forms(base: type = forms.BaseForm) -> set[type]:
    return {base, *(each for child in base.__subclasses__() for each in all_forms(child))}


def test_every_password_has_a_name_that_is_not_kept():
    fields = [
        name
        for form in all_forms()
        for name, field in getattr(form, "base_fields", {}).items()
        if isinstance(field.widget, forms.PasswordInput)
        and form.__module__.startswith(("images", "imsconsole", "sharing", "market"))
    ]
    assert fields
    assert [name for name in fields if not SECRET.search(name)] == []

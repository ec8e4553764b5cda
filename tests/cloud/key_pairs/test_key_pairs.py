"""Key pairs: which keys are accepted, who may keep them, what is shown once."""

import re

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from imsconsole.cloud.key_pairs.services import create_key_pair, delete_key_pair, import_key_pair
from imsconsole.cloud.key_pairs.ssh_keys import BadKey, new_key, read_public_key
from imsconsole.cloud.models import KeyPair
from imsconsole.core.errors import NotFound
from imsconsole.core.rules import Refused
from tests.conftest import client_of
from tests.factories import KeyPairFactory, ServerFactory


def _line(private) -> str:
    formats = serialization.Encoding.OpenSSH, serialization.PublicFormat.OpenSSH
    return private.public_key().public_bytes(*formats).decode()


ED25519 = _line(ed25519.Ed25519PrivateKey.generate())


@pytest.mark.parametrize(
    "line",
    [
        ED25519,
        f"{ED25519} me@laptop",
        _line(ec.generate_private_key(ec.SECP256R1())),
        _line(rsa.generate_private_key(65537, 2048)),
    ],
    ids=["ed25519", "ed25519 with a comment", "ecdsa", "rsa 2048"],
)
def test_keys_of_today_are_accepted(line) -> None:
    assert re.fullmatch(r"SHA256:[A-Za-z0-9+/]{43}", read_public_key(f"  {line}\n").fingerprint)


@pytest.mark.parametrize(
    ("text", "code"),
    [
        (_line(rsa.generate_private_key(65537, 1024)), "key-too-short"),
        ("-----BEGIN OPENSSH PRIVATE KEY-----\nAAAA", "key-is-private"),
        ("ssh-ed25519 nonsense", "bad-key"),
        ("hello", "bad-key"),
        ("", "bad-key"),
    ],
    ids=["rsa 1024", "private", "no key", "no words", "nothing"],
)
def test_other_texts_are_refused_each_with_its_code(text, code) -> None:
    with pytest.raises(BadKey) as refused:
        read_public_key(text)
    assert refused.value.code == code


def test_the_fingerprint_is_that_of_ssh_keygen() -> None:
    line = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIGv0ZbyKTqNXpkyrRQ8mMlR6tqwtFFKHHlSe6JtW4Cxo"
    assert read_public_key(line).fingerprint == "SHA256:" + _digest(line)


def _digest(line: str) -> str:
    import base64
    import hashlib

    return base64.b64encode(hashlib.sha256(base64.b64decode(line.split()[1])).digest()).decode()[:43]


def test_a_new_pair_fits_together() -> None:
    public, private = new_key("laptop")
    loaded = serialization.load_ssh_private_key(private.encode(), None)
    assert public.text == f"{_line(loaded)} laptop"


def test_names_are_unique_in_a_project_and_keeping_needs_a_role(people) -> None:
    key, _private = new_key("one")
    import_key_pair(name="one", key=key, actor=people.bob)
    with pytest.raises(Refused, match="key-pair-name"):
        create_key_pair(name="one", key=key, actor=people.alice)
    import_key_pair(name="two", key=key, actor=people.alice)
    import_key_pair(name="one", key=key, actor=people.carol)
    with pytest.raises(Refused, match="read-only"):
        import_key_pair(name="three", key=key, actor=people.dave)


def test_deleting_leaves_the_servers_their_key(people) -> None:
    pair = KeyPairFactory(project=people.bob.project)
    server = ServerFactory(project=people.bob.project, key_pair=pair, ssh_key=pair.public_key)
    with pytest.raises(NotFound):
        delete_key_pair(pair, actor=people.carol)
    delete_key_pair(pair, actor=people.bob)
    server.refresh_from_db()
    assert server.key_pair is None
    assert server.ssh_key == pair.public_key


def test_the_private_half_is_shown_once_and_kept_nowhere(people) -> None:
    client = client_of(people.bob)
    answer = client.post(reverse("keypairs:create"), {"name": "laptop"})
    assert answer.status_code == 200
    assert "no-store" in answer["Cache-Control"]
    private = answer.context["private_key"]
    assert private in answer.content.decode()
    pair = KeyPair.objects.get()
    assert private not in (pair.public_key, pair.fingerprint)
    assert "PRIVATE" not in client.get(reverse("keypairs:list")).content.decode()
    assert client.post(reverse("keypairs:create"), {"name": "laptop"}).status_code == 422


def test_a_public_key_is_imported_on_its_page(people) -> None:
    client, url = client_of(people.bob), reverse("keypairs:import")
    assert client.get(url).status_code == 200
    assert client.post(url, {"name": "mine", "public_key": "no key"}).status_code == 422
    assert client.post(url, {"name": "mine", "public_key": ED25519}).status_code == 302
    assert KeyPair.objects.get().public_key == ED25519
    assert b"mine" in client.get(reverse("keypairs:list")).content


def test_each_deletes_only_what_is_the_projects(people) -> None:
    pair = KeyPairFactory(project=people.bob.project)
    url = reverse("keypairs:delete", args=[pair.pk])
    assert client_of(people.carol).post(url).status_code == 404
    assert client_of(people.dave).post(url).status_code == 409
    assert client_of(people.bob).get(url).status_code == 200
    assert client_of(people.bob).post(url).status_code == 302
    assert not KeyPair.objects.exists()


def test_who_only_reads_sees_why_the_buttons_refuse(people) -> None:
    page = client_of(people.dave).get(reverse("keypairs:list")).content.decode()
    assert "read-only" in page
    assert client_of(people.dave).post(reverse("keypairs:create"), {"name": "x"}).status_code == 409
    assert client_of(None).get(reverse("keypairs:list")).status_code == 302


def test_the_list_costs_the_same_for_1_and_100_key_pairs(people) -> None:
    client, url = client_of(people.bob), reverse("keypairs:list") + "?per_page=100"
    KeyPairFactory(project=people.bob.project)
    client.get(url)
    with CaptureQueriesContext(connection) as one:
        client.get(url)
    KeyPairFactory.create_batch(99, project=people.bob.project)
    with CaptureQueriesContext(connection) as hundred:
        client.get(url)
    assert len(hundred) == len(one)

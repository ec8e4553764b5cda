"""The summary beside every form that costs or takes of quotas: it follows the form, and makes nothing."""

import re
from collections.abc import Callable
from datetime import timedelta
from types import SimpleNamespace
from typing import Any

import pytest
from django.urls import reverse

from images.models import Image, Upload
from imsconsole.accounts.models import Draft
from imsconsole.cloud.models import Backup, Disk, Server, Vault
from imsconsole.core.now import now
from imsconsole.jobs.models import Job
from tests import factories
from tests.cloud.conftest import engine  # noqa: F401
from tests.conftest import client_of

pytestmark = pytest.mark.django_db
MADE = (Image, Server, Disk, Backup, Vault, Job, Draft, Upload)
HTMX = {"HX-Request": "true", "HX-Target": "summary"}


@pytest.fixture
def things(people: SimpleNamespace) -> SimpleNamespace:
    """One of each kind in Bob's project, and no room for another image, disk or vault but a small one."""
    project = people.bob.project
    flavor = factories.FlavorFactory(name="two", vcpus=2)
    image = factories.ImageFactory(project=project, name="gold", size_bytes=3 * 2**30)
    factories.ImageDiskFactory(image=image, size_bytes=3 * 2**30)
    server = factories.ServerFactory(
        project=project, image=image, flavor=flavor, ref="guest", name="workhorse"
    )
    factories.DiskFactory(server=server, project=project, zone=server.zone, size_gb=40, role="system")
    disk = factories.DiskFactory(
        project=project, zone=server.zone, server=None, role="data", status="available", size_gb=20
    )
    vault = factories.VaultFactory(project=project, capacity_gb=100)
    backup = factories.BackupFactory(project=project, vault=vault, image=image, flavor=flavor)
    factories.BackupDiskFactory(backup=backup, size_gb=40)
    bucket = factories.BucketFactory(project=project)
    iso = factories.ImageFactory(project=project, name="medium", type="iso")
    found = {"format": "raw", "size_bytes": 2**20, "virtual_size_bytes": 5 * 2**30, "sha256": "0" * 64}
    factories.UploadFactory(
        project=project,
        user=people.bob.user,
        name="payload.raw",
        state="complete",
        found=found,
        expires_at=now() + timedelta(1),
    )
    upload = Upload.objects.get()
    everything = SimpleNamespace(**locals())
    factories.PriceFactory(of="flavor", listing=None, flavor=flavor, amount="0.25")
    return everything


def draft_of(its: Any, name: str, *place: Any, **typed: Any) -> str:
    """The page after the first of a wizard."""
    answer = client_of(its.people.bob).post(reverse(name, args=place), typed)
    assert answer.status_code == 302, answer.content.decode()
    return str(answer["Location"])


# the page, what is typed there, and what the summary says of that
Case = tuple[str, Callable[[Any], str], Callable[[Any], dict[str, Any]], tuple[str, ...]]
CASES: list[Case] = [
    (
        "install",
        lambda its: reverse("images:install", args=[its.iso.pk]),
        lambda its: {"flavor": "two", "system_disk_gb": "41", "name": "inst"},
        ("medium", "two · 2 vCPUs", "41 GB", "inst", "CN¥0.25 an hour", "of 40960"),
    ),
    (
        "restore",
        lambda its: reverse("backups-restore-to-new", args=[its.backup.pk]),
        lambda its: {"flavor": "two", "name": "again"},
        ("40 GB", "again", "CN¥0.25 an hour", "1 → 2 of 100"),
    ),
    (
        "disk",
        lambda its: reverse("disks-create"),
        lambda its: {"size_gb": "17", "name": "data"},
        ("None: a blank disk", "17 GB", "data", "60 → 77 of 40960"),
    ),
    (
        "grow",
        lambda its: reverse("disks:grow", args=[its.disk.pk]),
        lambda its: {"size_gb": "25"},
        ("20 → 25 GB", "60 → 65 of 40960"),
    ),
    (
        "backup",
        lambda its: reverse("backups:create"),
        lambda its: {"server": its.server.pk, "vault": its.vault.pk, "name": "nightly"},
        ("nightly", "3.0 GiB → 43.0 GiB"),
    ),
    (
        "vault",
        lambda its: reverse("vaults:create"),
        lambda its: {"name": "safe", "capacity_gb": "50"},
        ("safe", "50 GB", "100 → 150 of 10240"),
    ),
    (
        "edit vault",
        lambda its: reverse("vaults:edit", args=[its.vault.pk]),
        lambda its: {"name": "safe", "capacity_gb": "120"},
        ("100 → 120 GB", "100 → 120 of 10240"),
    ),
    (
        "export",
        lambda its: reverse("images:export", args=[its.image.pk]),
        lambda its: {"format": "qcow2", "bucket": its.bucket.pk, "name": "file", "folder": "a"},
        ("gold", "a/file.qcow2", "3.0 GiB"),
    ),
    (
        "copy",
        lambda its: draft_of(its, "images:copy", its.image.pk, kind="here"),
        lambda its: {"target-name-0": "twin", "target-key": ""},
        ("twin", "3.0 GiB", "2 → 3 of 100"),
    ),
    (
        "capture",
        lambda its: draft_of(its, "images:create-from-server", server=its.server.pk, type="system"),
        lambda its: {"details-name_1": "snap"},
        ("snap", "workhorse", "2 → 3 of 100"),
    ),
    (
        "import",
        lambda its: draft_of(its, "images:create", upload=its.upload.pk, type="data"),
        lambda its: {"details-name": "imported", "details-min_disk_gb": "12"},
        ("imported", "12 GB", "payload.raw", "2 → 3 of 100"),
    ),
    (
        "full",
        lambda its: reverse("images:create-full-of-server"),
        lambda its: {"server": its.server.pk, "vault": its.vault.pk, "name": "whole"},
        ("whole", "2 → 3 of 100"),
    ),
]
EVERY = pytest.mark.parametrize(
    ("url", "typed", "words"), [case[1:] for case in CASES], ids=[case[0] for case in CASES]
)


def words_of(text: str) -> str:
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", text))


def asked(actor: Any, url: str, typed: dict[str, Any]) -> str:
    answer = client_of(actor).post(url, {"action": "refresh", **typed}, headers=HTMX)
    assert answer.status_code == 200, answer.status_code
    text = answer.content.decode()
    assert text.strip().startswith("<section")
    return words_of(text)


@EVERY
def test_it_follows_the_form_and_makes_nothing(people, things, url, typed, words):
    address = url(things)
    before = [model.objects.count() for model in MADE]
    text = asked(people.bob, address, typed(things))
    assert [word for word in words if word not in text] == [], text
    page = client_of(people.bob).post(address, {"action": "refresh", **typed(things)})
    assert page.status_code == 200
    assert "error-summary" not in page.content.decode(), "what is not filled in yet is no error"
    assert [model.objects.count() for model in MADE] == before


@EVERY
def test_it_stands_beside_the_form_from_the_beginning(people, things, url, typed, words):
    page = client_of(people.bob).get(url(things)).content.decode()
    assert 'id="summary"' in page
    form = re.search(r'hx-include="#([\w-]+)"', page)
    assert form
    assert f'id="{form[1]}"' in page


@EVERY
def test_strangers_are_told_nothing(people, things, url, typed, words):
    answer = client_of(people.carol).post(url(things), {"action": "refresh", **typed(things)}, headers=HTMX)
    assert answer.status_code in (200, 404)
    assert "gold" not in answer.content.decode()


def test_the_reason_is_the_services(people, things):
    addresses = [url(things) for _name, url, _typed, _words in CASES]
    people.bob.project.quotas = {
        "images": 2,
        "disk_gb": 60,
        "vault_gb": 100,
        "servers": 1,
        "bucket_bytes": 10,
    }
    people.bob.project.save()
    for address, (name, _url, typed, _words) in zip(addresses, CASES, strict=True):
        text = asked(people.bob, address, typed(things))
        assert ("is reached" in text) == (name != "backup"), name

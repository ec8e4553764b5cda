"""Encrypted images and their servers (§2.25): rules, services, pages, and what guests and files say."""

import subprocess
from inspect import signature
from pathlib import Path

import pytest
from django.conf import settings
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from images.change_os.rules import can_become
from images.change_os.services import change_os
from images.fields.rules import can_encrypt
from images.launch.rules import can_launch
from images.models import Image
from images.modify.services import modify_image
from images.verify.store_check import differences
from imsconsole.cloud.disks.rules import can_attach_disk, can_capture_disk, can_capture_server, can_grow_disk
from imsconsole.cloud.engines import engine_for
from imsconsole.cloud.hosts import host_of
from imsconsole.cloud.keys.services import disable_key, enable_key
from imsconsole.cloud.models import Key, Server
from imsconsole.cloud.servers.rules import can_reboot, can_start
from imsconsole.cloud.servers.services import reboot_server, start_server, stop_server
from imsconsole.cloud.system_disk.rules import can_undo_change_os
from imsconsole.cloud.system_disk.services import undo_change_os
from imsconsole.core.now import now
from imsconsole.core.rules import Refused
from imsconsole.jobs.models import Job
from imsconsole.jobs.services import retry_job
from tests.cloud.conftest import _short_stop, engine  # noqa: F401
from tests.cloud.disks.disks import free_disk
from tests.cloud.servers.machines import REGION, bootable_image, order
from tests.conftest import client_of
from tests.engine.guests import marking_disk, wait_for
from tests.factories import DiskFactory, ImageFactory, KeyFactory, KeyGrantFactory, ServerFactory
from tests.images.create.importing import DETAILS, ISOS, draft_after, image_of, imported
from tests.support.plaintext import holders_of, secrets_of
from tests.support.workers import finish, run_jobs

pytestmark = pytest.mark.django_db
CONFIRM = {}
MARKER = b"MARKER-of-an-image"
LOGIN = {"user_data": "#!/bin/sh\n"}


@pytest.fixture
def key(people) -> Key:
    return KeyFactory(project=people.bob.project, name="vault-1")


# rules -----------------------------------------------------------------------------------------------


def test_neither_iso_nor_bare_metal_images_are_encrypted(people, key) -> None:
    """R66, R33."""
    assert can_encrypt("system", key, people.bob)
    assert can_encrypt("data", key, people.bob)
    assert can_encrypt("system", None, people.bob)
    assert can_encrypt("iso", key, people.bob).code == "iso-not-encrypted"
    assert can_encrypt("system", key, people.bob, use="bms").code == "bms-not-encrypted"


def test_where_no_key_can_be_made_the_default_one_is_used_if_there_is_one(
    people, key, settings, tmp_path
) -> None:
    settings.IMS_MASTER_KEY, settings.MASTER_KEY_FILE = "", tmp_path / "gone"
    assert can_encrypt("system", None, people.bob).code == "master-key-missing"
    Key.objects.update(is_default=True)
    assert can_encrypt("system", None, people.bob)


def test_only_a_key_that_may_be_used_encrypts(people, key) -> None:
    """R47, R90."""
    assert can_encrypt("system", key, people.carol).code == "key-not-granted"
    KeyGrantFactory(key=key, grantee=people.carol.project)
    assert can_encrypt("system", key, people.carol)
    disable_key(key, actor=people.bob)
    key.refresh_from_db()
    assert can_encrypt("system", key, people.bob).code == "key-not-enabled"


def used(actor, key: Key) -> dict[str, object]:
    """The verdicts on everything that needs a key: an image, its servers and disks."""
    image = ImageFactory(project=actor.project, key=key)
    stopped = ServerFactory(project=actor.project, image=image, ref="there")
    running = ServerFactory(project=actor.project, image=image, ref="there", status="running")
    for server in (stopped, running):
        DiskFactory(server=server, image=image, key=key)
    kept = DiskFactory(server=stopped, beside=True, status="kept", kept_until=None, key=key)
    plain = ServerFactory(project=actor.project, ref="there")
    DiskFactory(server=plain)
    data = DiskFactory(server=plain, role="data", index=1, key=key)
    free = free_disk(actor, key=key)
    host = host_of(actor.region)
    return {
        "launch": can_launch(image, actor),
        "change OS": can_become(plain, image, actor, host),
        "undo": can_undo_change_os(kept, actor, host),
        "start": can_start(stopped, actor, host),
        "reboot": can_reboot(running, actor),
        "start with a data disk": can_start(plain, actor, host),
        "attach": can_attach_disk(free, actor),
        "make an image of its server": can_capture_server(stopped, actor),
        "make an image": can_capture_disk(free, actor),
        "grow": can_grow_disk(free, actor),
        "grow what a server has": can_grow_disk(data, actor),
    }


@pytest.mark.parametrize("state", ["disabled", "pending-deletion", "deleted"])
def test_a_key_that_is_not_enabled_stops_everything_that_needs_it(people, state) -> None:
    """R90."""
    assert all(used(people.bob, KeyFactory(project=people.bob.project)).values())
    gone = {"pending-deletion": {"delete_at": now()}}.get(state, {})
    key = KeyFactory(project=people.bob.project, state=state, **gone)
    verdicts = used(people.bob, key)
    code = "key-gone" if state == "deleted" else "key-not-enabled"
    assert {name: verdict.code for name, verdict in verdicts.items()} == dict.fromkeys(verdicts, code)


def test_a_grant_that_is_withdrawn_stops_everything_that_needs_it(people) -> None:
    """R48."""
    key = KeyFactory(project=people.carol.project)
    grant = KeyGrantFactory(key=key, grantee=people.bob.project)
    assert all(used(people.bob, key).values())
    grant.delete()
    assert {verdict.code for verdict in used(people.bob, key).values()} == {"key-not-granted"}


@pytest.mark.slow(reason="the queries of a page are counted with few rows and with many")
def test_the_list_of_servers_costs_the_same_with_encrypted_disks(people, key) -> None:
    client = client_of(people.bob)

    def add(count: int) -> None:
        for _ in range(count):
            server = ServerFactory(project=people.bob.project, ref="there")
            DiskFactory(server=server, key=key)

    def cost(url: str) -> int:
        with CaptureQueriesContext(connection) as queries:
            assert client.get(url).status_code == 200
        return len(queries)

    url = reverse("servers:list")
    add(1)
    client.get(url)
    few = cost(url)
    add(20)
    assert cost(url) == few


# the wizard ------------------------------------------------------------------------------------------


def whole(client, address: str, **chosen: str) -> tuple[str, Image]:
    """Steps 2 and 3: what the last page says, and the image."""
    confirm = client.post(address, {**DETAILS, **chosen})["Location"]
    page = client.get(confirm).content.decode()
    assert not Image.objects.exists()
    return page, image_of(client.post(confirm, CONFIRM))


@pytest.mark.slow(reason="QEMU takes seconds to measure how it derives keys")
def test_the_wizard_offers_the_keys_one_may_use_and_encrypts_with_the_chosen_one(people, key, disks) -> None:
    client = client_of(people.bob)
    KeyFactory(project=people.carol.project, name="of-carol")
    KeyFactory(project=people.bob.project, name="is-off", state="disabled")
    address = draft_after(client, (disks / "disk.raw").read_bytes())
    page = client.get(address).content.decode()
    assert {name for name in ("vault-1", "of-carol", "is-off", "ims/default") if name in page} == {
        "vault-1",
        "ims/default",
    }
    page, image = whole(client, address, **{"details-encrypt": "on", "details-key": str(key.pk)})
    assert "with the key vault-1" in page
    assert image.key == key
    assert image.name in client.get(key.get_absolute_url()).content.decode()
    (job,) = Job.objects.all()
    assert finish(job).state == "done", job.error_sentence
    (disk,) = image.disks.all()
    with engine_for(REGION).open(disk.ref) as stored:
        assert b"the content of a disk" not in stored.read()
    assert list(differences()) == []


def test_without_a_choice_it_is_the_default_key_made_on_first_use(people, disks) -> None:
    client = client_of(people.bob)
    address = draft_after(client, (disks / "disk.raw").read_bytes())
    assert client.get(address).status_code == 200
    assert not Key.objects.exists()
    page, image = whole(client, address, **{"details-encrypt": "on", "details-key": ""})
    assert "with the key ims/default" in page
    assert image.key == Key.objects.get(is_default=True)


def test_a_key_without_the_box_encrypts_nothing(people, key, disks) -> None:
    client = client_of(people.bob)
    address = draft_after(client, (disks / "disk.raw").read_bytes())
    page, image = whole(client, address, **{"details-key": str(key.pk)})
    assert "Not encrypted" in page
    assert image.key is None


def test_an_iso_is_not_asked_for_a_key(people) -> None:
    """R66."""
    client = client_of(people.bob)
    address = draft_after(client, ISOS["ipxe.iso"].read_bytes(), name="ipxe.iso", type="iso")
    assert "details-encrypt" not in client.get(address).content.decode()


@pytest.mark.slow(reason="a disk is uploaded, and the wizard sent twice")
def test_a_key_that_is_disabled_meanwhile_is_refused_with_a_sentence(people, key, disks) -> None:
    """R90."""
    client = client_of(people.bob)
    address = draft_after(client, (disks / "disk.raw").read_bytes())
    chosen = {**DETAILS, "details-encrypt": "on", "details-key": str(key.pk)}
    confirm = client.post(address, chosen)["Location"]
    disable_key(key, actor=people.bob)
    assert client.post(confirm, CONFIRM).status_code == 302
    assert not Image.objects.exists()
    answer = client.post(address, chosen)
    assert "is not enabled, so nothing that is encrypted with it can be used" in answer.content.decode()


def test_the_key_of_an_image_is_not_changed_in_place(people, key) -> None:
    """R89: neither a form nor the service takes one."""
    image = ImageFactory(project=people.bob.project, name="mine")
    client = client_of(people.bob)
    client.post(
        reverse("images:modify", args=[image.pk]), {"name": "mine", "key": str(key.pk), "encrypt": "on"}
    )
    image.refresh_from_db()
    assert image.key is None
    assert "key" not in signature(modify_image).parameters


# what guests and files say ---------------------------------------------------------------------------


def as_it_is(server: Server) -> Server:
    server.refresh_from_db()
    return server


@pytest.mark.guest
def test_an_encrypted_image_from_its_file_to_a_server_and_back(people, key, engine, tmp_path) -> None:  # noqa: F811
    """R90, R91: no plaintext and no key in any file. A key that goes between an order and its work fails the
    work with its sentence; one that is disabled stops a start, and so does a master key that is not there.
    """
    marking_disk(tmp_path / "disk.raw", MARKER)
    convert = ["qemu-img", "convert", "-f", "raw", "-O", "qcow2", "disk.raw", "disk.qcow2"]
    subprocess.run(convert, cwd=tmp_path, check=True)
    made = imported(people.bob, tmp_path / "disk.qcow2", encrypt=True, key=key)
    run_jobs()
    image = Image.objects.get(pk=made.image.pk)
    assert image.status == "active", image.error_sentence
    plain = bootable_image(people.bob, word="PLAIN SYSTEM")
    (server,) = order(people.bob, plain)
    run_jobs()

    change_os(as_it_is(server), image=image, stop_first=True, actor=people.bob, **LOGIN)
    Key.objects.filter(pk=key.pk).update(state="disabled")
    run_jobs()
    assert as_it_is(server).status == "change-os-failed"
    assert "vault-1" in server.status_sentence
    assert [disk.key for disk in server.disks.attached()] == [None]
    Key.objects.filter(pk=key.pk).update(state="enabled")
    retry_job(Job.objects.filter(kind="server.change-os").get(), actor=people.bob)
    run_jobs()
    wait_for(engine, as_it_is(server).ref, "COUNTING")
    system = server.disks.attached().get()
    assert system.key == key
    assert holders_of(MARKER, *secrets_of(key)) == []

    stop_server(server, actor=people.bob)
    run_jobs()
    disable_key(key, actor=people.bob)
    with pytest.raises(Refused, match="“vault-1” is not enabled"):
        start_server(as_it_is(server), actor=people.bob)
    page = client_of(people.bob).get(server.get_absolute_url()).content.decode()
    assert "nothing that is encrypted with it can be used" in page
    assert "nothing that is encrypted with it can be used" in (
        client_of(people.bob).get(image.get_absolute_url()).content.decode()
    )
    change_os(server, image=plain, actor=people.bob, **LOGIN)
    run_jobs()
    wait_for(engine, as_it_is(server).ref, "PLAIN SYSTEM", times=2)
    assert server.disks.attached().get().key is None
    (kept,) = server.disks.kept().filter(key=key)
    with pytest.raises(Refused, match="vault-1"):
        undo_change_os(kept, actor=people.bob)

    enable_key(key, actor=people.bob)
    undo_change_os(kept, actor=people.bob)
    run_jobs()
    wait_for(engine, as_it_is(server).ref, "COUNTING", times=2)
    assert server.disks.attached().get() == system
    assert list(differences()) == []
    assert holders_of(MARKER, *secrets_of(key)) == []

    settings_file = Path(settings.MASTER_KEY_FILE)
    kept = settings_file.rename(settings_file.with_name("master_key.kept"))
    try:
        stop_server(server, actor=people.bob)
        run_jobs()
        start_server(as_it_is(server), actor=people.bob)
        run_jobs()
        assert as_it_is(server).status == "stopped"
        assert "master key number 1" in server.status_sentence
    finally:
        kept.rename(settings_file)
    start_server(server, actor=people.bob)
    run_jobs()
    assert as_it_is(server).status == "running"
    reboot_server(server, actor=people.bob)
    run_jobs()
    assert as_it_is(server).status == "running"

"""What the local engine promises beyond the contract: all there is to be able to, costs, reasons, and one process per guest."""

from dataclasses import fields, replace
from pathlib import Path
from uuid import uuid4

import pytest

from imsconsole.cloud.hosts import LACKING
from imsconsole.core.errors import Conflict, Unavailable
from imsconsole.engine.local.engine import LocalEngine
from imsconsole.engine.types import Capabilities, Power
from tests.engine.contract_capture import counting_server, interrupted
from tests.engine.contract_encryption import Material, encrypted_image, new_key
from tests.engine.guests import (
    Stopped,
    TestWork,
    server_spec,
    state_of,
    stored_image,
    tiny_disk,
    used_bytes,
    wait_until,
)


def test_nothing_is_lacking(local: LocalEngine) -> None:
    able = local.capabilities()
    assert {field.name for field in fields(Capabilities)} >= set(LACKING)
    assert [ability for ability in LACKING if not getattr(able, ability)] == []


def test_a_copy_costs_no_bytes(local: LocalEngine, place: Path) -> None:
    source = stored_image(local, place)
    before = used_bytes(place)
    local.copy(uuid4(), source.ref, work=TestWork())
    assert used_bytes(place) - before < source.size_bytes


def test_work_is_held_twice_and_no_more(local: LocalEngine, place: Path) -> None:
    work = TestWork()
    local.copy(uuid4(), stored_image(local, place).ref, work=work)
    assert work.holds == 2


@pytest.mark.guest
def test_why_a_server_is_stopped_is_known(local: LocalEngine, place: Path) -> None:
    image = stored_image(local, place, "BYE", end="poweroff")
    server = local.create_server(server_spec(), image.ref, work=TestWork())
    assert state_of(local, server).reason == "never-started"
    local.start(server, work=TestWork())
    assert local.stop(server.ref, graceful_s=0, work=TestWork()).reason == "stopped"
    local.start(server, work=TestWork())
    wait_until(lambda: state_of(local, server).power is Power.STOPPED)
    assert state_of(local, server).reason == "guest-shutdown"


@pytest.mark.guest
def test_how_much_memory_a_start_lacks_is_told(local: LocalEngine, place: Path) -> None:
    available, image = local.capabilities().memory_mb, stored_image(local, place)
    server = local.create_server(server_spec(), image.ref, work=TestWork())
    local.start(server, work=TestWork())
    large = local.create_server(server_spec(memory_mb=available), image.ref, work=TestWork())
    with pytest.raises(Unavailable) as refusal:
        local.start(large, work=TestWork())
    assert refusal.value.values == {"needed_mb": available, "free_mb": available - server.memory_mb}
    assert state_of(local, large).reason == "never-started"


@pytest.mark.guest
def test_what_is_refused_for_want_of_a_key_does_not_touch_the_process(
    local: LocalEngine, place: Path
) -> None:
    material = Material()
    key = new_key(material)
    spec = server_spec()
    spec = replace(spec, disks=(replace(spec.disks[0], key=key),))
    image = encrypted_image(local, tiny_disk(place / "source.raw"), key)
    server = local.start(local.create_server(spec, image.ref, work=TestWork()), work=TestWork())
    pid = state_of(local, server).pid
    material.is_enabled = False
    local.start(server, work=TestWork())
    with pytest.raises(Conflict):
        local.reboot(server, graceful_s=0, work=TestWork())
    assert state_of(local, server).pid == pid


@pytest.mark.guest
def test_a_capture_whose_worker_died_is_a_scrap_of_its_token(local: LocalEngine, place: Path) -> None:
    server, work = counting_server(local, place), interrupted()
    local.start(server, work=TestWork())
    with pytest.raises(Stopped):
        local.capture(server, {uuid4(): disk for disk in server.disks}, work=work)
    assert local.inventory().scraps == {work.token}

"""The local engine encrypts as every engine does; and where its keys are, and where they are not."""

import os
import subprocess
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from uuid import uuid4

import pytest

from imsconsole.engine.api import Engine
from imsconsole.engine.conversion import luks
from imsconsole.engine.conversion.limits import CLEAN_ENVIRONMENT
from imsconsole.engine.local.engine import LocalEngine
from imsconsole.engine.local.qmp import qmp
from imsconsole.engine.types import MIB, DiskSpec, Key
from tests.engine.contract_encryption import EncryptionContract, encrypted_image, new_key, plain_of
from tests.engine.guests import COUNTED, TestWork, marking_disk, server_spec, state_of, wait_for

MARKER = b"MARKER-of-the-local-engine"


class TestLocalEncryption(EncryptionContract):
    @pytest.fixture
    def engine(self, local: LocalEngine) -> Engine:
        return local

    @pytest.fixture
    def impatient(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr("imsconsole.engine.local.hotplug.LET_GO_LIMIT_S", 0.2)


def files_of(place: Path) -> Iterator[Path]:
    return (path for path in place.rglob("*") if path.is_file())


def known_in(folder: Path, key: Key) -> bool:
    """Whether the QEMU of that server still has it."""
    with qmp(folder) as talk:
        return luks.name_of(key) in {each["name"] for each in talk.command("qom-list", path="/objects")}


@pytest.mark.slow(reason="QEMU measures how it derives keys")
def test_a_host_that_seems_no_slower_than_it_is_has_its_keys_derived_as_in_use(
    local: LocalEngine, place: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """All other tests hurry it (`tests.support.hurried`)."""
    monkeypatch.delitem(CLEAN_ENVIRONMENT, "LD_PRELOAD", raising=False)
    key, raw = new_key(), marking_disk(place / "source.raw", MARKER)
    image = encrypted_image(local, raw, key)
    assert plain_of(key, local._store.stored(image.ref)) == raw.read_bytes()


@pytest.mark.guest
def test_neither_marker_nor_key_is_in_any_file_argument_or_descriptor(
    local: LocalEngine, place: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The guest writes the marker to both of its disks; there it is, and in plain nowhere."""
    key, raw = new_key(), marking_disk(place / "source.raw", MARKER)
    words = [key.material(), key.material().hex().encode(), MARKER]
    ran: list[str] = []
    started = subprocess.Popen.__init__

    def noted(process, command, *args, **kwargs):
        ran.append(f"{command} {kwargs.get('env')}")
        started(process, command, *args, **kwargs)

    monkeypatch.setattr(subprocess.Popen, "__init__", noted)
    image = encrypted_image(local, raw, key)
    raw.unlink()
    spec = server_spec()
    data = DiskSpec(uuid4(), local.create_disk(uuid4(), 16 * MIB, work=TestWork(), key=key), 1, 16 * MIB, key)
    server = local.create_server(
        replace(spec, disks=(replace(spec.disks[0], key=key), data)), image.ref, work=TestWork()
    )
    pid = state_of(local, local.start(server, work=TestWork())).pid
    wait_for(local, server.ref, "COUNTING")
    folder = local._store.server(server.ref)
    assert not known_in(folder, key)
    later = replace(data, id=uuid4(), index=2)
    ref = local.create_disk(later.id, 16 * MIB, work=TestWork(), image_ref=image.ref, key=key)
    later = replace(later, ref=ref)
    local.attach(server, later, work=TestWork())
    assert not known_in(folder, key)
    assert f"guest={server.id}" in Path(f"/proc/{pid}/cmdline").read_text()
    told = [Path(f"/proc/{pid}/{name}").read_bytes() for name in ("cmdline", "environ")]
    memory = []
    for link in Path(f"/proc/{pid}/fd").iterdir():
        with suppress(FileNotFoundError):  # closed since it was listed
            if "memfd" in os.readlink(link):
                memory.append(link.read_bytes())
    told += memory
    assert memory, "it was given one, which is empty now"
    assert len(ran) >= 5
    told += [line.encode() for line in ran]
    assert not [word for word in words for text in told if word in text]

    local.stop(server.ref, graceful_s=0, work=TestWork())
    places = {path: path.read_bytes() for path in files_of(place)}
    assert {path.name for path in places} >= {"base.qcow2", "disk.qcow2", "serial.log", "stderr.log"}
    assert [path for path, text in places.items() for word in words if word in text] == []
    system = folder / server.disks[0].ref.partition("/")[2]
    for layers in ((system / "disk.qcow2", system / "base.qcow2"), (local._store.disk(data.ref),)):
        assert MARKER in plain_of(key, *layers)[COUNTED[0] * 512 :][:512]

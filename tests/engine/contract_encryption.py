"""The promises about encrypted disks (R90, R91). Every engine inherits them.

There are few tests, and each asks much.
"""

import json
import os
import subprocess
import tempfile
from dataclasses import replace
from pathlib import Path
from uuid import uuid4

import pytest

from imsconsole.core.errors import Conflict
from imsconsole.engine.api import Engine
from imsconsole.engine.types import GIB, MIB, DiskSpec, FileSink, FileSource, Key, Power, StoredDisk
from tests.engine.contract import nothing_in
from tests.engine.guests import (
    COUNTED,
    Stopped,
    TestWork,
    marking_disk,
    server_spec,
    state_of,
    stop,
    stop_at,
    stored_image,
    tiny_disk,
    wait_for,
)
from tests.engine.promises import Content, Promises, by

MARKER = b"MARKER-of-the-contract"
ONE = os.urandom(32)  # the material of a key
_made: list[tuple[bytes, StoredDisk]] = []  # once


class Material:
    """A key's material, which can be withdrawn."""

    def __init__(self, content: bytes = b"") -> None:
        self.bytes = content or os.urandom(32)
        self.is_enabled = True

    def __call__(self) -> bytes:
        if not self.is_enabled:
            raise Conflict("key-not-enabled", name="test")
        return self.bytes


def new_key(material: Material | None = None) -> Key:
    return Key(uuid4(), material or Material())


def plain_of(key: Key, *layers: Path) -> bytes:
    """What a guest sees of a qcow2 file, and of those under it: as much as anybody wrote."""
    with tempfile.TemporaryDirectory() as folder:
        secret, raw = Path(folder, "secret"), Path(folder, "raw")
        secret.write_bytes(key.material().hex().encode())
        node: dict[str, object] = {}
        for layer in reversed(layers):
            node = {
                "driver": "qcow2",
                "encrypt": {"format": "luks", "key-secret": "s"},
                "file": {"driver": "file", "filename": str(layer)},
                **({"backing": node} if node else {}),
            }
        command = ["qemu-img", "convert", "--object", f"secret,id=s,file={secret}", "-O", "raw"]
        subprocess.run([*command, f"json:{json.dumps(node)}", raw], check=True)
        with raw.open("rb") as plain:
            return plain.read(4 * MIB)


def decrypted(content: Content, place: Path, stored: StoredDisk, key: Key) -> bytes:
    (place / "stored.qcow2").write_bytes(content(stored.ref))
    return plain_of(key, place / "stored.qcow2")


def encrypted_image(engine: Engine, raw: Path, key: Key) -> StoredDisk:
    return engine.ingest(uuid4(), FileSource(raw), format="raw", work=TestWork(), key=key)


def secret_system(engine: Engine, place: Path, key: Key) -> StoredDisk:
    """A stored disk that says COUNTING and is encrypted with `ONE`: made by the first who asks, brought to the others."""
    if not _made:
        stored = encrypted_image(engine, marking_disk(place / "secret.raw", MARKER), key)
        with engine.open(stored.ref) as stream:
            _made.append((stream.read(), stored))
        return stored
    content, stored = _made[0]
    (place / "secret.qcow2").write_bytes(content)
    source = FileSource(place / "secret.qcow2")
    return engine.transfer(uuid4(), source, checksum=stored.checksum, format="qcow2", work=TestWork())


class EncryptionContract(Promises):
    @pytest.mark.slow(reason="copies are made and read again and again")
    @by("encryption")
    def test_copies_are_encrypted_get_another_key_and_are_decrypted(
        self, engine: Engine, content: Content, place: Path
    ) -> None:
        """R24, R89: equal content, in plain nowhere but where no key was wanted. Each is made once; one that ends early leaves nothing."""
        raw, first, second = marking_disk(place / "source.raw", MARKER), new_key(), new_key()
        plain = engine.ingest(uuid4(), FileSource(raw), format="raw", work=TestWork())
        assert MARKER in content(plain.ref)
        disk_id = uuid4()
        for work in (TestWork(on_report=stop), TestWork(on_hold=stop_at(2))):
            with pytest.raises(Stopped):
                engine.copy(disk_id, plain.ref, work=work, new_key=first)
            assert engine.inventory().stored == {plain.ref}
            assert not engine.inventory().scraps
        made = engine.copy(disk_id, plain.ref, work=TestWork(), new_key=first)
        one = engine.copy(disk_id, plain.ref, work=TestWork(), new_key=first)
        assert engine.inventory().stored == {plain.ref, one.ref}
        assert one.checksum == made.checksum
        engine.delete(plain.ref, work=TestWork())
        two = engine.copy(uuid4(), one.ref, work=TestWork(), key=first, new_key=second)
        for stored, key in ((one, first), (two, second)):
            assert MARKER not in content(stored.ref)
            assert decrypted(content, place, stored, key) == raw.read_bytes()
            assert engine.verify(stored.ref, stored.checksum, work=TestWork())
        for wrong in (first, None):
            with pytest.raises(Conflict) as refusal:
                engine.copy(uuid4(), two.ref, work=TestWork(), key=wrong, new_key=new_key())
            assert refusal.value.code == "wrong-key"
        back = engine.copy(uuid4(), two.ref, work=TestWork(), key=second)
        sink = FileSink(place / "exported.raw")
        engine.export(back.ref, sink, format="raw", work=TestWork())
        assert sink.path.read_bytes() == raw.read_bytes()
        assert engine.inventory().stored == {one.ref, two.ref, back.ref}
        assert not engine.inventory().scraps

    @pytest.mark.guest
    @by("encryption")
    def test_what_is_stored_with_a_key_is_nowhere_in_plain_becomes_a_disk_with_it_and_starts(
        self, engine: Engine, content: Content, place: Path
    ) -> None:
        raw, key = tiny_disk(place / "source.raw", MARKER.decode()), new_key()
        assert MARKER in raw.read_bytes()
        stored = encrypted_image(engine, raw, key)
        assert engine.system_on(stored.ref).os_id == ""
        assert stored.virtual_size_bytes == 4 * MIB
        assert MARKER not in content(stored.ref)
        assert engine.verify(stored.ref, stored.checksum, work=TestWork())
        assert decrypted(content, place, stored, key) == raw.read_bytes()

        sink = FileSink(place / "exported.raw")
        engine.export(stored.ref, sink, format="raw", work=TestWork(), key=key)
        assert sink.path.read_bytes() == raw.read_bytes()
        with pytest.raises(Conflict) as refusal:
            engine.export(stored.ref, sink, format="raw", work=TestWork())
        assert refusal.value.code == "wrong-key"

        spec = server_spec()
        spec = replace(spec, disks=(replace(spec.disks[0], key=key),))
        server = engine.create_server(spec, stored.ref, work=TestWork())
        server = engine.start(server, work=TestWork())
        wait_for(engine, server.ref, MARKER.decode())
        engine.delete_server(server.ref, work=TestWork())

        disk = DiskSpec(uuid4(), "", 1, 8 * MIB, key)
        disk = replace(
            disk, ref=engine.create_disk(disk.id, 8 * MIB, work=TestWork(), image_ref=stored.ref, key=key)
        )
        disk = replace(disk, ref=engine.grow_disk(disk, 16 * MIB, work=TestWork()), size_bytes=16 * MIB)
        engine.delete(stored.ref, work=TestWork())
        (again,) = engine.capture(None, {uuid4(): disk}, work=TestWork()).values()
        engine.delete_disk(disk.ref, work=TestWork())
        assert again.virtual_size_bytes == 16 * MIB
        assert MARKER not in content(again.ref)
        assert decrypted(content, place, again, key).startswith(raw.read_bytes())
        engine.delete(again.ref, work=TestWork())
        assert nothing_in(engine)

    @pytest.mark.guest
    @by("encryption")
    def test_an_encrypted_server_starts_grows_and_is_captured_with_its_key(
        self, engine: Engine, content: Content, place: Path
    ) -> None:
        """R91; its two disks have a key each."""
        key, other = new_key(Material(ONE)), new_key()
        image = secret_system(engine, place, key)
        spec = server_spec()
        data = DiskSpec(uuid4(), "", 1, 16 * MIB, other)
        data = replace(data, ref=engine.create_disk(data.id, data.size_bytes, work=TestWork(), key=other))
        spec = replace(spec, disks=(replace(spec.disks[0], key=key), data))
        server = engine.create_server(spec, image.ref, work=TestWork())
        engine.delete(image.ref, work=TestWork())
        server = engine.start(server, work=TestWork())
        wait_for(engine, server.ref, "COUNTING")
        for disk in server.disks:
            engine.grow_disk(disk, disk.size_bytes + 16 * MIB, server=server, work=TestWork())
        running = engine.capture(server, {uuid4(): server.disks[1]}, work=TestWork())
        engine.stop(server.ref, graceful_s=0, work=TestWork())
        for disk in server.disks:
            engine.grow_disk(disk, disk.size_bytes + 32 * MIB, server=server, work=TestWork())
        stopped = engine.capture(server, {uuid4(): server.disks[0]}, work=TestWork())
        seen = [
            (decrypted(content, place, stored, each), stored.virtual_size_bytes, content(stored.ref))
            for stored, each in zip([*running.values(), *stopped.values()], (other, key), strict=True)
        ]
        assert [size for _, size, _ in seen] == [32 * MIB, GIB + 32 * MIB]
        assert all(plain[COUNTED[0] * 512 :][:512].count(MARKER) == 1 for plain, _, _ in seen)
        assert not any(MARKER in cipher for _, _, cipher in seen)
        mark = state_of(engine, server.ref).console
        server = engine.start(server, work=TestWork())
        assert state_of(engine, server.ref).power is Power.RUNNING
        wait_for(engine, server.ref, "COUNTING", after=mark)

    @pytest.mark.guest
    @by("encryption")
    def test_a_key_that_is_another_or_withheld_opens_nothing_stops_nothing_and_a_change_of_os_may_change_it(
        self, engine: Engine, place: Path, impatient: None
    ) -> None:
        """R90."""
        material, raw = Material(ONE), tiny_disk(place / "source.raw")
        key, plain = new_key(material), stored_image(engine, place, "PLAIN SYSTEM")
        image = secret_system(engine, place, key)
        disk = DiskSpec(uuid4(), "", 1, 16 * MIB, key)
        ref = engine.create_disk(disk.id, 16 * MIB, work=TestWork(), image_ref=image.ref, key=key)
        disk, spec = replace(disk, ref=ref), server_spec()
        secret = replace(spec.disks[0], id=uuid4(), key=key)
        for disks, ref in ((spec.disks, image.ref), ((secret,), plain.ref)):
            with pytest.raises(Conflict) as refusal:
                engine.create_server(replace(spec, disks=disks), ref, work=TestWork())
            assert refusal.value.code == "wrong-key"
        server = engine.create_server(spec, plain.ref, work=TestWork())
        changed = engine.switch_system_disk(server, secret, image.ref, work=TestWork())
        for wrong in (None, new_key()):
            locked = replace(changed.disks[0], key=wrong)
            for refused in (
                lambda locked=locked: engine.start(replace(changed, disks=(locked,)), work=TestWork()),
                lambda locked=locked: engine.grow_disk(locked, 2 * GIB, work=TestWork()),
                lambda locked=locked: engine.capture(server, {uuid4(): locked}, work=TestWork()),
            ):
                with pytest.raises(Conflict) as refusal:
                    refused()
                assert refusal.value.code == "wrong-key"
        assert state_of(engine, server.ref).reason == "start-failed"
        changed = engine.start(changed, work=TestWork())
        wait_for(engine, server.ref, "COUNTING")

        material.is_enabled = False
        changed = engine.start(changed, work=TestWork())
        assert state_of(engine, changed).power is Power.RUNNING
        for refused in (
            lambda: engine.attach(changed, disk, work=TestWork()),
            lambda: engine.reboot(changed, graceful_s=0, work=TestWork()),
            lambda: encrypted_image(engine, raw, key),
            lambda: engine.create_disk(uuid4(), MIB, work=TestWork(), key=key),
            lambda: engine.create_server(replace(server_spec(), disks=(secret,)), image.ref, work=TestWork()),
            lambda: engine.capture(changed, {uuid4(): changed.disks[0]}, work=TestWork()),
            lambda: engine.grow_disk(disk, 32 * MIB, work=TestWork()),
        ):
            with pytest.raises(Conflict) as refusal:
                refused()
            assert refusal.value.code == "key-not-enabled"
        assert state_of(engine, server.ref).power is Power.RUNNING
        assert not engine.inventory().scraps
        engine.stop(server.ref, graceful_s=0, work=TestWork())
        incoming = replace(secret, id=uuid4())
        for refused in (
            lambda: engine.start(changed, work=TestWork()),
            lambda: engine.switch_system_disk(changed, incoming, image.ref, work=TestWork()),
        ):
            with pytest.raises(Conflict) as refusal:
                refused()
            assert refusal.value.code == "key-not-enabled"
        assert state_of(engine, server.ref).power is Power.STOPPED

        material.is_enabled = True
        mark = state_of(engine, server.ref).console
        changed = engine.start(changed, work=TestWork())
        wait_for(engine, server.ref, "COUNTING", after=mark)
        for _ in range(2):
            disk = replace(disk, ref=engine.attach(changed, disk, work=TestWork()))
        with pytest.raises(Conflict) as refusal:
            engine.detach(changed, disk, work=TestWork())
        assert refusal.value.code == "guest-holds-disk", "a boot sector lets go of nothing"

        engine.stop(server.ref, graceful_s=0, work=TestWork())
        former = engine.switch_system_disk(changed, server.disks[0], work=TestWork())
        former = engine.start(former, work=TestWork())
        wait_for(engine, server.ref, "PLAIN SYSTEM")

"""No conversion writes more than was measured before, or than it may; and free space is asked first."""

import subprocess
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from uuid import uuid4

import pytest

from imsconsole.core.errors import Conflict, NoSpace
from imsconsole.core.room import SPARE_BYTES
from imsconsole.core.sentences import sentence_of
from imsconsole.engine.conversion.qemu_img import QemuImg
from imsconsole.engine.local.engine import LocalEngine
from imsconsole.engine.types import GIB, MIB, FileSink, FileSource, Key
from tests.engine.contract import nothing_in
from tests.engine.guests import TestWork, stored_image, used_bytes
from tests.support.faults import free_space

pytestmark = pytest.mark.slow(reason="full disks are made and converted")

SIZE = 24 * MIB


@pytest.fixture(scope="module")
def bomb() -> Iterator[Path]:
    """A small qcow2 file that holds a full disk."""
    with tempfile.TemporaryDirectory(prefix="ims-engine-", dir="/tmp") as name:
        (folder := Path(name)).chmod(0o711)
        full, path = folder / "full.raw", folder / "bomb.qcow2"
        full.write_bytes(b"\x5a" * SIZE)
        subprocess.run(["qemu-img", "convert", "-c", "-f", "raw", "-O", "qcow2", full, path], check=True)
        full.unlink()
        assert path.stat().st_size < MIB
        yield path


def watched(engine: LocalEngine) -> tuple[TestWork, list[int]]:
    """Work that notes what lies in the region while it goes on."""
    seen: list[int] = []
    return TestWork(on_report=lambda: seen.append(used_bytes(engine._store.root))), seen


@pytest.mark.parametrize("key", [None, Key(uuid4(), lambda: bytes(range(32)))], ids=["plain", "encrypted"])
def test_a_bomb_is_not_begun_where_it_does_not_fit(local: LocalEngine, bomb: Path, key: Key | None) -> None:
    work, seen = watched(local)
    with pytest.raises(Conflict) as refusal:
        local.ingest(uuid4(), FileSource(bomb), format="qcow2", work=work, key=key, limit_bytes=SIZE // 2)
    assert refusal.value.code == "beyond-limit"
    assert str(SIZE // 2) in sentence_of(refusal.value)
    assert nothing_in(local)
    assert max(seen) < 2 * MIB
    assert local.ingest(
        uuid4(), FileSource(bomb), format="qcow2", work=TestWork(), key=key, limit_bytes=SIZE + 8 * MIB
    )


class Fooled(QemuImg):
    """Measures a hundredth of what it takes."""

    def _measured(self, *args: object) -> int:
        return super()._measured(*args) // 100  # type: ignore[arg-type]


def test_a_conversion_ends_where_it_was_measured_to_end(local: LocalEngine, bomb: Path) -> None:
    """Whatever a file makes of the program that reads it."""
    local._qemu_img = Fooled(local._users, local._store.room)
    work, seen = watched(local)
    with pytest.raises(NoSpace):
        local.ingest(uuid4(), FileSource(bomb), format="qcow2", work=work)
    assert nothing_in(local)
    assert max(seen) < 4 * MIB


@pytest.mark.parametrize("format", ["raw", "vhd", "vmdk", "qcow2"])
def test_an_export_ends_at_its_limit(local: LocalEngine, place: Path, bomb: Path, format: str) -> None:
    image = local.ingest(uuid4(), FileSource(bomb), format="qcow2", work=TestWork())
    before, out = used_bytes(local._store.root), place / "out"
    work, seen = watched(local)
    with pytest.raises(Conflict) as refusal:
        local.export(image.ref, FileSink(out), format=format, work=work, limit_bytes=SIZE // 2)
    assert refusal.value.code == "beyond-limit"
    assert not out.exists()
    assert max(seen) - before <= SIZE // 2
    made = local.export(image.ref, FileSink(out), format=format, work=TestWork(), limit_bytes=2 * SIZE)
    assert made.size_bytes == out.stat().st_size


def test_free_space_that_others_were_promised_is_not_free(
    local: LocalEngine, place: Path, bomb: Path
) -> None:
    image, raw = stored_image(local, place), place / "other.raw"
    raw.write_bytes(b"\x5a" * MIB)
    key, work = Key(uuid4(), lambda: bytes(range(32))), TestWork
    with bomb.open("rb") as stream:
        content = stream.read()

    class Elsewhere:
        """Bytes that are no file here."""

        size_bytes = len(content)

        def open(self, offset: int = 0) -> object:
            file = bomb.open("rb")
            file.seek(offset)
            return file

    verbs: dict[str, Callable[[], object]] = {
        "ingest": lambda: local.ingest(uuid4(), FileSource(bomb), format="qcow2", work=work()),
        "ingest raw": lambda: local.ingest(uuid4(), FileSource(raw), format="raw", work=work()),
        "ingest iso": lambda: local.ingest(uuid4(), Elsewhere(), format="iso", work=work()),  # type: ignore[arg-type]
        "copy": lambda: local.copy(uuid4(), image.ref, work=work(), new_key=key),
        "export": lambda: local.export(image.ref, FileSink(place / "out"), format="raw", work=work()),
        "create_disk": lambda: local.create_disk(uuid4(), GIB, image_ref=image.ref, work=work()),
        "transfer": lambda: local.transfer(
            uuid4(), Elsewhere(), checksum="sha256:", format="iso", work=work()
        ),  # type: ignore[arg-type]
    }
    there = local.inventory()
    room = local._store.room
    with free_space(GIB + SPARE_BYTES), room.kept(place / "another", GIB):
        for name, verb in verbs.items():
            with pytest.raises(NoSpace):
                verb()
            assert local.inventory().stored == there.stored, name
    for name in ("ingest", "ingest raw", "copy", "export", "create_disk"):
        assert verbs[name](), name

"""Small qcow2 files with anything in their header, tables and counts: a clear refusal or a right result, and nothing else.

`EXAMPLES=5000 pytest tests/engine/test_qcow2_mutations.py` tries that many, others each time.
"""

import os
import struct
import subprocess
import tempfile
from contextlib import suppress
from functools import cache
from pathlib import Path
from uuid import uuid4

import pytest
from hypothesis import HealthCheck, event, given, settings
from hypothesis import strategies as st

from imsconsole.core.errors import BadImage, Conflict
from imsconsole.engine.conversion.qcow2 import header_of
from imsconsole.engine.inspection import Inspector, inspect_file
from imsconsole.engine.inspection.finished import file_view
from imsconsole.engine.inspection.qcow2 import read
from imsconsole.engine.inspection.view import Unseen, View
from imsconsole.engine.local.engine import LocalEngine
from imsconsole.engine.types import GIB, MIB, FileSource
from tests.engine.guests import TestWork, used_bytes

EXAMPLES = int(os.environ.get("EXAMPLES", "0"))
SECRET = b"of another file on this host"
LIMIT = GIB
CAP = 8 * MIB
SIZE = MIB
NAME = 0x180  # where the name of a backing file is put
KINDS = {
    "plain": ("-o", "cluster_size=4096"),
    "large clusters": (),
    "old": ("-o", "compat=0.10,cluster_size=512"),
    "extended": ("-o", "extended_l2=on,cluster_size=16384"),
    "narrow counts": ("-o", "refcount_bits=1,cluster_size=4096"),
    "wide counts": ("-o", "refcount_bits=64,cluster_size=4096"),
    "compressed": ("-c", "-o", "cluster_size=4096"),
    "zstd": ("-c", "-o", "compression_type=zstd,cluster_size=4096"),
}
HEADER = (
    *((place, ">I") for place in (0, 4, 16, 20, 32, 36, 56, 60, 96, 100, 104, 108, 112)),
    *((place, ">Q") for place in (8, 24, 40, 48, 64, 72, 80, 88)),
)
NUMBERS = (
    0,
    1,
    2,
    3,
    7,
    9,
    21,
    63,
    64,
    511,
    512,
    4096,
    65536,
    2**20,
    2**31,
    2**32 - 1,
    2**40,
    2**56 - 512,
    2**62,
    2**63,
    2**64 - 1,
)
FLAGS = (0, 1, 1 << 62, 1 << 63, 3 << 62)


@cache
def made(kind: str) -> bytes:
    """A file of that kind, with a disk of random content, zeros and a pattern, and a snapshot where it can have one."""
    with tempfile.TemporaryDirectory() as folder:
        raw, path = Path(folder, "raw"), Path(folder, "made")
        raw.write_bytes(b"\x5a" * (SIZE // 4) + bytes(SIZE // 2) + bytes(range(256)) * (SIZE // 1024))
        convert = ["qemu-img", "convert", "-f", "raw", "-O", "qcow2", *KINDS[kind], raw, path]
        subprocess.run(convert, check=True)
        if kind in ("plain", "old"):
            subprocess.run(["qemu-img", "snapshot", "-c", "before", path], check=True)
        return path.read_bytes()


def tables_of(content: bytes) -> list[tuple[int, int]]:
    """Where the L1 table, the first L2 table, the counts' table and first block, and the snapshots lie; how many numbers each."""
    bits, entries, l1, counts = (
        struct.unpack(">I12xIQQ", content[20:56])[0],
        *struct.unpack(">IQQ", content[36:56]),
    )
    cluster = 1 << bits
    places = [(l1, entries), (counts, 8), (struct.unpack(">Q", content[64:72])[0], 8)]
    for table in (l1, counts):
        first = struct.unpack(">Q", content[table : table + 8])[0] & ((1 << 56) - 512)
        places.append((first, cluster // 8))
    return [(at, max(1, count)) for at, count in places if at]


@st.composite
def mutated(draw: st.DrawFn) -> bytes:
    """One of them, with some of its numbers exchanged, and perhaps another file named, or the end cut off."""
    content = bytearray(made(draw(st.sampled_from(sorted(KINDS)))))
    tables = tables_of(bytes(content))
    for _ in range(draw(st.integers(1, 4))):
        if draw(st.integers(0, 2)):
            table, count = draw(st.sampled_from(tables))
            place, form = table + 8 * draw(st.integers(0, count - 1)), ">Q"
            number = draw(st.sampled_from(FLAGS)) | 512 * draw(st.integers(0, len(content) // 512 + 8))
        else:
            place, form = draw(st.sampled_from(HEADER))
            number = draw(st.sampled_from(NUMBERS))
        size = struct.calcsize(form)
        if place + size <= len(content):
            content[place : place + size] = struct.pack(form, number % (1 << 8 * size))
    name = os.fsencode(
        draw(st.sampled_from([""] * 20 + ["PLACE/secret", "json:{}", "nbd://127.0.0.1:1", "/dev/zero"]))
    )
    if name:
        content[NAME : NAME + len(name)] = name
        content[8:20] = struct.pack(">QI", NAME, len(name))
    return bytes(content[: draw(st.sampled_from([len(content)] * 6 + [100, 4096, len(content) // 2]))])


def examples(few: int) -> settings:
    return settings(
        max_examples=EXAMPLES or few,
        derandomize=not EXAMPLES,
        database=None,
        suppress_health_check=[
            HealthCheck.function_scoped_fixture,
            HealthCheck.too_slow,
            HealthCheck.data_too_large,
        ],
    )


@pytest.mark.slow(reason="some hundred files are made and read")
@examples(300)
@given(content=mutated())
def test_our_own_readers_refuse_or_understand_it(content: bytes) -> None:
    with suppress(BadImage, Unseen):
        read(View(content[:4096]))
    with suppress(BadImage):
        inspector = Inspector(LIMIT)
        inspector.feed(content)
        inspector.finish()
    with tempfile.NamedTemporaryFile() as file:
        file.write(content)
        file.flush()
        with file_view(Path(file.name)) as view, suppress(BadImage):
            facts = read(view)
            assert header_of(Path(file.name)) == (facts.virtual_size_bytes, False)


@pytest.fixture
def engine(place: Path) -> LocalEngine:
    (place / "secret").write_bytes(SECRET * 4096)
    return LocalEngine(place / "region", memory_mb=256)


@pytest.mark.slow(reason="files are made, examined and converted")
@examples(40)
@given(content=mutated())
def test_an_import_refuses_it_or_is_right(engine: LocalEngine, place: Path, content: bytes) -> None:
    """As qemu-img sees it; within its cap, and without a byte of another file."""
    path = place / "file"
    path.write_bytes(content.replace(b"PLACE/secret", os.fsencode(place / "secret")[:40]))
    path.chmod(0o600)
    before = used_bytes(engine._store.root)
    try:
        found = inspect_file(path, limit_virtual_bytes=LIMIT, run=engine.qemu_img)
        stored = engine.ingest(
            uuid4(),
            FileSource(path),
            format=found.format,
            work=TestWork(),
            limit_bytes=min(CAP, found.needed_bytes),
        )
    except (BadImage, Conflict) as error:
        event(error.code)
        assert error.code in REFUSALS  # noqa: PT017
        assert used_bytes(engine._store.root) == before
        return
    finally:
        assert not engine.inventory().scraps
    event("imported")
    where = engine._store.stored(stored.ref)
    assert stored.size_bytes <= min(CAP, found.needed_bytes)
    compared = subprocess.run(
        ["qemu-img", "compare", "-f", found.format, "-F", "qcow2", path, where],
        capture_output=True,
        check=False,
    )
    assert compared.returncode == 0, compared.stdout
    with tempfile.TemporaryDirectory() as folder:
        subprocess.run(["qemu-img", "convert", "-O", "raw", where, f"{folder}/raw"], check=True)
        assert SECRET not in Path(folder, "raw").read_bytes()
    engine.delete(stored.ref, work=TestWork())


REFUSALS = {
    "absurd-header", "ambiguous", "backing-file", "corrupt", "data-file", "empty", "encrypted", "not-an-image",
    "beyond-limit", "too-complex", "too-large", "truncated", "unknown-features", "unsafe-structure",
}  # fmt: skip

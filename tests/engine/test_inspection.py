"""Inspection: good files are recognised, hostile ones refused, each with its own code and sentence."""

import ast
import contextlib
import re
import signal
import struct
import subprocess
import tempfile
import tracemalloc
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from images.uploads.sentences import INSPECTION
from imsconsole.core.errors import BadImage, NoSpace, Unavailable
from imsconsole.core.sentences import sentence
from imsconsole.engine import inspection
from imsconsole.engine.inspection import WARNINGS, Inspector, inspect_file
from imsconsole.engine.local.engine import LocalEngine
from imsconsole.engine.types import GIB, MIB, Found
from tests.engine.hostile import (
    SECTOR,
    SIZE,
    Case,
    Disks,
    crowded,
    patch,
    put,
    qemu_img,
    run_limited,
    sealed,
    vhd,
)
from tests.engine.hostile_cases import CASES
from tests.engine.hostile_ovas import HOSTILE

LIMIT = 1024 * GIB
GRUB_ISO = Path("/usr/lib/grub-rescue/grub-rescue-cdrom.iso")
IPXE_ISO = Path("/usr/lib/ipxe/ipxe.iso")
QUICK = settings(derandomize=True, database=None, max_examples=60)


@pytest.fixture(scope="module")
def disks(tmp_path_factory: pytest.TempPathFactory) -> Disks:
    return Disks(tmp_path_factory.mktemp("disks"))


def stream(data: bytes, claimed: str = "", *, chunk: int = 65536, limit: int = LIMIT) -> Found:
    inspector = Inspector(limit_virtual_bytes=limit)
    for start in range(0, len(data), chunk):
        inspector.feed(data[start : start + chunk])
    return inspector.finish(claimed)


def finished(path: Path, claimed: str = "", limit: int = LIMIT) -> Found:
    return inspect_file(path, limit_virtual_bytes=limit, run=run_limited, claimed=claimed)


def outcome(data: bytes, chunk: int, claimed: str = "", limit: int = LIMIT) -> Found | str:
    try:
        return stream(data, claimed, chunk=chunk, limit=limit)
    except BadImage as error:
        return error.code


GOOD = {
    "qcow1": ("qcow", ""),
    "qcow2": ("qcow2", ""),
    "vmdk": ("vmdk", "monolithicSparse"),
    "stream": ("vmdk", "streamOptimized"),
    "vhd": ("vhd", "dynamic"),
    "fixed": ("vhd", "fixed"),
    "vhdx": ("vhdx", ""),
    "vdi": ("vdi", "dynamic"),
}


@pytest.mark.parametrize("name", GOOD)
def test_a_disk_in_each_format_is_recognised_in_the_stream_and_as_a_file(disks: Disks, name: str) -> None:
    kind, variant = GOOD[name]
    path = disks.path(name)
    size = qemu_size(path, {"vhd": "vpc"}.get(kind, kind))
    arrived, stored = stream(disks.get(name), kind), finished(path, kind)
    for found in (arrived, stored):
        assert (found.format, found.variant, found.virtual_size_bytes) == (kind, variant, size)
        assert found.size_bytes == path.stat().st_size
        assert found.warnings == ()
    assert (stored.partition_table, stored.boot_modes) == ("gpt", ("uefi",))
    assert arrived.sha256 == subprocess.check_output(["sha256sum", path], text=True).split()[0]


def qemu_size(path: Path, kind: str) -> int:
    out = subprocess.check_output(["qemu-img", "info", "-f", kind, "--output=json", path], text=True)
    return int(re.findall(r'"virtual-size": (\d+)', out)[-1])


@pytest.mark.parametrize(
    ("name", "table", "modes"), [("gpt.raw", "gpt", ("uefi",)), ("mbr.raw", "mbr", ("bios",))]
)
def test_a_raw_disk_shows_its_partition_table(disks: Disks, name: str, table: str, modes: tuple) -> None:
    path = disks.folder / name
    for found in (stream(path.read_bytes()), finished(path)):
        assert (found.format, found.partition_table, found.boot_modes) == ("raw", table, modes)
        assert found.virtual_size_bytes == SIZE


@pytest.mark.parametrize("command", [("mkfs.ext4", "-q", "-F"), ("mkfs.vfat",)])
def test_a_bare_file_system_is_a_raw_disk_with_a_warning(tmp_path: Path, command: tuple[str, ...]) -> None:
    path = tmp_path / "fs.raw"
    path.write_bytes(bytes(2 * MIB))
    subprocess.run([*command, path], check=True, capture_output=True)
    for found in (stream(path.read_bytes()), finished(path)):
        assert (found.format, found.partition_table) == ("raw", "")
        assert found.warnings == ("no-partition-table",)


def test_a_disk_without_any_structure_is_believed_when_it_is_said_to_be_raw(tmp_path: Path) -> None:
    path = tmp_path / "blank.raw"
    path.write_bytes(bytes(MIB + 100))
    for found in (stream(path.read_bytes(), "raw"), finished(path, "raw")):
        assert found.virtual_size_bytes == MIB + SECTOR
        assert found.warnings == ("no-partition-table", "padded")


@pytest.mark.parametrize(("path", "modes"), [(GRUB_ISO, {"bios"}), (IPXE_ISO, {"bios", "uefi"})])
def test_a_hybrid_iso_is_an_iso(path: Path, modes: set[str], tmp_path: Path) -> None:
    copy = tmp_path / "cd.iso"
    copy.write_bytes(path.read_bytes())
    for found in (stream(path.read_bytes(), "iso"), finished(copy, "iso")):
        assert (found.format, found.variant, found.partition_table) == ("iso", "hybrid", "mbr")
        assert (found.virtual_size_bytes, set(found.boot_modes)) == (path.stat().st_size, modes)


def test_an_iso_whose_system_area_is_blank_is_a_plain_iso() -> None:
    found = stream(put(IPXE_ISO.read_bytes(), 0, bytes(SECTOR)))
    assert (found.format, found.variant, found.partition_table) == ("iso", "", "")


def test_a_stream_optimised_vmdk_with_a_footer_is_taken(disks: Disks, tmp_path: Path) -> None:
    path = tmp_path / "footed.vmdk"
    path.write_bytes(disks.footed)
    for found in (stream(disks.footed), finished(path)):
        assert (found.variant, found.virtual_size_bytes) == ("streamOptimized", SIZE)


def test_a_vhd_whose_geometry_is_smaller_than_its_size_is_taken_with_a_warning(disks: Disks) -> None:
    data = vhd(disks.get("vhd"), 56, ">HBB", 10, 16, 63)
    assert stream(data).warnings == ("vhd-geometry",)
    assert stream(data).virtual_size_bytes == 10 * 16 * 63 * SECTOR
    footer = sealed(patch(data[:SECTOR], 28, ">4s", b"win "), 64)
    assert stream(footer + data[SECTOR:-SECTOR] + footer).warnings == ()


def test_a_qcow2_with_snapshots_is_taken_with_a_warning(disks: Disks, tmp_path: Path) -> None:
    path = tmp_path / "snapshots.qcow2"
    path.write_bytes(disks.get("qcow2"))
    qemu_img("snapshot", "-c", "one", path.name, cwd=tmp_path)
    assert "snapshots" in finished(path).warnings
    assert stream(path.read_bytes()).warnings == ("snapshots",)


def test_a_partition_that_ends_behind_the_disk_is_a_warning_inside_a_container(
    disks: Disks, tmp_path: Path
) -> None:
    half = tmp_path / "half.raw"
    half.write_bytes((disks.folder / "gpt.raw").read_bytes()[: SIZE // 2])
    qemu_img("convert", "-f", "raw", "-O", "qcow2", half.name, "half.qcow2", cwd=tmp_path)
    assert finished(tmp_path / "half.qcow2").warnings == ("partition-beyond-end",)


def test_a_gpt_disk_with_a_bios_boot_partition_boots_both_ways(disks: Disks) -> None:
    data = (disks.folder / "gpt.raw").read_bytes()
    second = 2 * SECTOR + 128
    bios_boot = bytes.fromhex("4861682149646f6e744e656564454649")
    assert stream(put(data, second, bios_boot)).boot_modes == ("bios", "uefi")


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_a_hostile_file_is_refused_while_it_arrives(disks: Disks, case: Case) -> None:
    data = disks.hostile(case)
    if case.late:
        assert stream(data, case.claimed).format
        return
    with pytest.raises(BadImage) as refusal:
        stream(data, case.claimed)
    assert refusal.value.code == case.code


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_a_hostile_file_is_refused_when_it_is_finished(disks: Disks, case: Case, tmp_path: Path) -> None:
    path = tmp_path / "upload"
    path.write_bytes(disks.hostile(case))
    with pytest.raises(BadImage) as refusal:
        finished(path, case.claimed)
    assert refusal.value.code == case.code
    assert "%(" not in sentence(refusal.value.code, refusal.value.values)
    assert sorted(tmp_path.iterdir()) == [path]


def test_a_refusal_comes_long_before_the_end_of_the_file() -> None:
    inspector = Inspector(limit_virtual_bytes=LIMIT)
    with pytest.raises(BadImage, match="not-an-image"):
        inspector.feed(b"<html>" + b" " * 65536)


def test_a_raw_disk_is_refused_as_soon_as_it_outgrows_the_limit(disks: Disks) -> None:
    inspector = Inspector(limit_virtual_bytes=4 * MIB)
    data = (disks.folder / "mbr.raw").read_bytes()
    inspector.feed(data[: 4 * MIB])
    with pytest.raises(BadImage, match="too-large"):
        inspector.feed(data[4 * MIB : 5 * MIB])


def test_the_inspector_holds_a_few_mebibytes_whatever_the_file_holds() -> None:
    piece = bytes(range(256)) * 4096
    inspector = Inspector(limit_virtual_bytes=LIMIT)
    tracemalloc.start()
    for _ in range(24):
        inspector.feed(piece)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 16 * MIB
    assert inspector.finish("raw").size_bytes == 24 * MIB


@pytest.mark.slow(reason="a disk of each format is read again for each way to cut it")
@QUICK
@given(data=st.data())
def test_where_the_chunks_are_cut_does_not_matter(disks: Disks, data: st.DataObject) -> None:
    small = [case for case in CASES if len(disks.hostile(case)) < MIB]
    case = data.draw(st.sampled_from(small))
    content = disks.hostile(case)
    chunk = data.draw(st.integers(min_value=100, max_value=200_000))
    assert outcome(content, chunk, case.claimed) == outcome(content, 10 * MIB, case.claimed)


# where each format keeps what is believed: (start, length)
HEADERS = {
    "qcow1": [(0, 64), (4096, 256)],
    "qcow2": [(0, 128)],
    "vmdk": [(0, 80), (512, 600)],
    "stream": [(0, 80), (512, 600)],
    "vhd": [(0, 88), (512, 64)],
    "vdi": [(0x40, 0x190)],
    "vhdx": [(64 * 1024, 80), (192 * 1024, 80), (3 * MIB, 224), (3 * MIB + 64 * 1024, 32)],
    "mbr.raw": [(440, 72)],
    "gpt.raw": [(440, 160), (1024, 256)],
}


@st.composite
def damages(draw: st.DrawFn) -> tuple[str, list[tuple[int, int]], int]:
    """A format, bits to flip, and how much of the file is left (in thousandths)."""
    name = draw(st.sampled_from(sorted(HEADERS)))
    flips = []
    for _ in range(draw(st.integers(0, 6))):
        start, length = draw(st.sampled_from(HEADERS[name]))
        flips.append((start + draw(st.integers(0, length - 1)), draw(st.integers(0, 7))))
    return name, flips, draw(st.one_of(st.just(1000), st.integers(0, 999)))


def damaged(disks: Disks, damage: tuple[str, list[tuple[int, int]], int]) -> bytes:
    name, flips, left = damage
    data = bytearray(disks.get(name)[: 4 * MIB if name == "vhdx" else SIZE])
    for place, bit in flips:
        data[place] ^= 1 << bit
    if name == "vhd":  # else the checksum would stop nearly all of them
        data[:SECTOR] = sealed(bytes(data[:SECTOR]), 64)
        data[SECTOR : 3 * SECTOR] = sealed(bytes(data[SECTOR : 3 * SECTOR]), 36)
        data += data[:SECTOR]
    return bytes(data[: len(data) * left // 1000])


@pytest.mark.slow(reason="hundreds of cases are made up")
@settings(QUICK, max_examples=250)
@given(damage=damages(), claimed=st.sampled_from(["", "raw"]))
def test_damage_is_refused_or_harmless_and_never_gets_past_the_limit(
    disks: Disks, damage: tuple, claimed: str
) -> None:
    limit = 16 * MIB
    found = outcome(damaged(disks, damage), MIB, claimed, limit)
    assert found in INSPECTION if isinstance(found, str) else 0 < found.virtual_size_bytes <= limit


@settings(QUICK, max_examples=40)
@given(damage=damages())
def test_damage_of_the_finished_file_is_refused_or_harmless(
    disks: Disks, tmp_path_factory: pytest.TempPathFactory, damage: tuple
) -> None:
    path = tmp_path_factory.getbasetemp() / "damaged"
    path.write_bytes(damaged(disks, damage))
    with contextlib.suppress(BadImage):
        assert 0 < finished(path, limit=16 * MIB).virtual_size_bytes <= 16 * MIB


@QUICK
@given(content=st.binary(max_size=2000), claimed=st.sampled_from(["", "raw", "qcow2", "iso"]))
def test_any_bytes_are_refused_or_taken_as_raw(content: bytes, claimed: str) -> None:
    found = outcome(content, 512, claimed)
    assert found in INSPECTION if isinstance(found, str) else found.format == "raw"


@pytest.mark.parametrize(
    "ended",
    [(-signal.SIGXCPU, "", ""), (-signal.SIGABRT, "", ""), (1, "", "Check failed: Cannot allocate memory")],
)
def test_what_qemu_img_cannot_read_within_its_limits_is_too_complex(
    disks: Disks, ended: tuple[int, str, str]
) -> None:
    path = disks.path("qcow2")
    with pytest.raises(BadImage, match="too-complex"):
        inspect_file(path, limit_virtual_bytes=LIMIT, run=lambda _arguments: ended)


@pytest.mark.parametrize(
    "ended",
    [
        (1, "", "prlimit: failed to set the CPU resource limit: Operation not permitted"),
        (127, "", "setpriv: failed to execute qemu-img: No such file or directory"),
        (-signal.SIGABRT, "", "qemu: qemu_thread_create: Resource temporarily unavailable"),
    ],
)
def test_what_this_host_lacks_is_not_the_file_s_fault(disks: Disks, ended: tuple[int, str, str]) -> None:
    path = disks.path("qcow2")
    with pytest.raises(Unavailable):
        inspect_file(path, limit_virtual_bytes=LIMIT, run=lambda _arguments: ended)


@pytest.mark.slow(reason="a limit of CPU is a second at least")
def test_a_small_file_that_takes_long_to_check_is_too_complex(
    tmp_path: Path, place: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("imsconsole.engine.conversion.qemu_img.INFO_CPU_LIMIT_S", 1)
    (tmp_path / "crowded").write_bytes(crowded())
    engine = LocalEngine(place / "engine", memory_mb=256)
    with pytest.raises(BadImage, match="too-complex"):
        inspect_file(tmp_path / "crowded", limit_virtual_bytes=LIMIT, run=engine.qemu_img)


@pytest.mark.parametrize(
    "ended", [(1, "", "qemu-img: error writing: No space left on device"), (-signal.SIGXFSZ, "", "")]
)
def test_a_full_disk_is_not_the_file_s_fault(disks: Disks, ended: tuple[int, str, str]) -> None:
    path = disks.path("qcow2")
    with pytest.raises(NoSpace):
        inspect_file(path, limit_virtual_bytes=LIMIT, run=lambda _arguments: ended)


@pytest.mark.parametrize(
    ("info", "code"),
    [
        ('{"virtual-size": 8388608, "backing-filename": "/x"}', "backing-file"),
        ('{"virtual-size": 8388608, "encrypted": true}', "encrypted"),
        ('{"virtual-size": 8388608, "format-specific": {"data": {"data-file": "/x"}}}', "data-file"),
        ('{"virtual-size": 8388608, "children": [{"name": "data-file"}]}', "data-file"),
        (
            '{"virtual-size": 8388608, "format-specific": {"data": {"extents": [{"filename": "/x"}]}}}',
            "vmdk-extents",
        ),
        ('{"virtual-size": 4096}', "corrupt"),
        ("", "corrupt"),
    ],
)
def test_what_qemu_img_reports_is_refused_even_when_our_own_checks_saw_nothing(
    disks: Disks, info: str, code: str
) -> None:
    with pytest.raises(BadImage) as refusal:
        inspect_file(
            disks.path("qcow2"),
            limit_virtual_bytes=LIMIT,
            run=lambda _arguments: (0, info, ""),
        )
    assert refusal.value.code == code


def test_the_local_engine_runs_qemu_img_for_the_inspection(disks: Disks) -> None:
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder)
        root.chmod(0o755)
        path = root / "upload.qcow2"
        path.write_bytes(disks.get("qcow2"))
        engine = LocalEngine(root / "regions" / "engine", memory_mb=256)
        found = inspect_file(path, limit_virtual_bytes=LIMIT, run=engine.qemu_img)
        assert (found.format, found.partition_table, found.boot_modes) == ("qcow2", "gpt", ("uefi",))
        assert {entry.name for entry in root.iterdir()} == {"upload.qcow2", "regions"}


def test_no_more_is_kept_of_what_qemu_img_says_than_is_read(tmp_path: Path, place: Path) -> None:
    (tmp_path / "crowded").write_bytes(crowded(8, is_sound=False))
    engine = LocalEngine(place / "engine", memory_mb=256)
    _code, _out, errors = engine.qemu_img(["check", "-f", "qcow2", str(tmp_path / "crowded")])
    assert 60_000 < len(errors) <= 64 * 1024


def refusals() -> Iterator[tuple[str, set[str]]]:
    """Every `BadImage("code", name=…)` in the source of the inspection."""
    for source in Path(inspection.__file__).parent.glob("*.py"):
        for node in ast.walk(ast.parse(source.read_text())):
            if isinstance(node, ast.Call) and getattr(node.func, "id", "") == "BadImage":
                first = node.args[0]
                names = {keyword.arg or "" for keyword in node.keywords}
                if isinstance(first, ast.Constant):
                    yield str(first.value), names
                else:  # vmdk.refuse_extents
                    yield from ((code, names) for code in ("vmdk-flat", "vmdk-extents"))


def test_every_refusal_has_a_sentence_and_carries_its_values() -> None:
    found = list(refusals())
    assert len({code for code, _ in found}) > 20
    for code, names in found:
        places = set(re.findall(r"%\((\w+)\)s", str(INSPECTION[code])))
        assert places <= names, code


def test_every_sentence_belongs_to_a_refusal_or_a_warning() -> None:
    assert {code for code, _ in refusals()} | WARNINGS == set(INSPECTION)


def test_every_refusal_but_that_of_the_limits_and_of_the_library_has_a_hostile_file() -> None:
    untested = {code for code, _ in refusals()} - {case.code for case in CASES}
    untested -= {code for code, _build in HOSTILE.values()}
    assert untested == {"too-complex", "unsafe-structure"}


def test_the_librarys_veto_counts(disks: Disks) -> None:
    bad_marker = len(disks.footed) - 1536 + 100
    with pytest.raises(BadImage, match="unsafe-structure"):
        stream(patch(disks.footed, bad_marker, "<I", 1))
    assert struct.unpack_from("<I", disks.footed, bad_marker) == (0,)

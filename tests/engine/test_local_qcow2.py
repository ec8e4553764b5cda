"""The qcow2 files that are written without a program, as qemu-img sees them."""

import hashlib
import json
import random
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from imsconsole.core.errors import BadImage, NoSpace
from imsconsole.engine.conversion.qcow2 import (
    CLUSTER,
    COUNTS,
    ENTRIES,
    _tables,
    header_of,
    write_blank,
    write_raw,
)
from imsconsole.engine.types import GIB, MIB

SIZES = (512, CLUSTER, 3 * MIB + 512, 100 * GIB, 20 * 1024 * GIB)


def qemu_img(*arguments: str | Path) -> dict[str, Any]:
    """What a command says of a sound file."""
    ran = subprocess.run(["qemu-img", *arguments, "--output=json"], capture_output=True, text=True)
    assert ran.returncode == 0, ran.stdout + ran.stderr
    found: dict[str, Any] = json.loads(ran.stdout)
    return found


def progress(_done: int, _total: int) -> None:
    return None


@pytest.mark.parametrize("size_bytes", SIZES)
def test_a_blank_disk_and_a_layer_over_it_are_sound(tmp_path: Path, size_bytes: int) -> None:
    base, layer = tmp_path / "base.qcow2", tmp_path / "layer.qcow2"
    for path, under in ((base, ""), (layer, base.name)):
        with path.open("wb") as out:
            write_blank(out, size_bytes, under)
        qemu_img("check", "-f", "qcow2", path)
        assert header_of(path) == (size_bytes, False)
        info = qemu_img("info", "-f", "qcow2", path)
        assert info["virtual-size"] == size_bytes
        assert info.get("backing-filename") == (under or None)
        assert info.get("backing-filename-format") == ("qcow2" if under else None)


def test_what_a_guest_writes_goes_into_the_layer(tmp_path: Path) -> None:
    base, layer = tmp_path / "base.qcow2", tmp_path / "layer.qcow2"
    with base.open("wb") as out, layer.open("wb") as over:
        write_blank(out, GIB)
        write_blank(over, 2 * GIB, base.name)
    before = base.read_bytes()
    write = ["qemu-io", "-f", "qcow2", "-c", "write -P 7 1500M 1M", "-c", "read -P 0 100M 1M", layer]
    assert subprocess.run(write, capture_output=True).returncode == 0
    assert qemu_img("check", "-f", "qcow2", layer)["allocated-clusters"] == MIB // CLUSTER
    assert base.read_bytes() == before


@pytest.mark.parametrize(
    "size_bytes", [1, 511, CLUSTER, CLUSTER + 1, 5 * MIB + 700, ENTRIES * CLUSTER + 3 * MIB]
)
def test_a_raw_disk_keeps_its_content_without_its_zeros(tmp_path: Path, size_bytes: int) -> None:
    """Across pieces, L2 tables and an end within a sector; some of the zeros are written, some are holes."""
    source, made, dice = tmp_path / "source.raw", tmp_path / "made.qcow2", random.Random(size_bytes)
    with source.open("wb") as file:
        file.truncate(size_bytes)
        for content in (bytes(2 * MIB), *(dice.randbytes(dice.randrange(1, 300_000)) for _ in range(12))):
            at = dice.randrange(size_bytes)
            file.seek(at)
            file.write(content[: size_bytes - at])
    with source.open("rb") as file, made.open("wb") as out:
        sha256 = write_raw(file, out, progress)
    assert sha256 == hashlib.sha256(made.read_bytes()).hexdigest()
    qemu_img("check", "-f", "qcow2", made)
    compare = ["qemu-img", "compare", "-f", "raw", "-F", "qcow2", source, made]
    assert subprocess.run(compare, capture_output=True).returncode == 0
    assert header_of(made)[0] == -(-size_bytes // 512) * 512
    assert made.stat().st_size < 16 * MIB


def test_written_zeros_take_no_room(tmp_path: Path) -> None:
    source, made = tmp_path / "source.raw", tmp_path / "made.qcow2"
    source.write_bytes(bytes(8 * MIB) + b"end")
    with source.open("rb") as file, made.open("wb") as out:
        write_raw(file, out, progress)
    assert qemu_img("check", "-f", "qcow2", made)["allocated-clusters"] == 1


def test_more_clusters_than_a_block_counts_are_counted(tmp_path: Path) -> None:
    """The data would be gigabytes: a hole stands for them."""
    for used in (COUNTS - 20, COUNTS, 3 * COUNTS):
        path = tmp_path / str(used)
        with path.open("wb") as out:
            for piece in _tables(used * CLUSTER, b"\1" * used):
                out.write(piece)
            out.truncate(out.tell() + used * CLUSTER)
        assert qemu_img("check", "-f", "qcow2", path)["allocated-clusters"] == used


@pytest.mark.parametrize("size", [MIB, 70 * MIB])
def test_its_size_is_asked_before_it_is_begun(tmp_path: Path, size: int) -> None:
    source, made = tmp_path / "source.raw", tmp_path / "made.qcow2"
    source.write_bytes(b"\5" * size)
    asked: list[int] = []

    @contextmanager
    def admitted(size_bytes: int) -> Iterator[None]:
        asked.append(size_bytes)
        if len(asked) == 1:
            raise NoSpace
        yield

    with source.open("rb") as file, made.open("wb") as out:
        with pytest.raises(NoSpace):
            write_raw(file, out, progress, admitted)
        assert not made.stat().st_size
        write_raw(file, out, progress, admitted)
    assert asked == [made.stat().st_size] * 2


@pytest.mark.parametrize("content", [b"", b"QFI\xfb", b"\0" * 512])
def test_what_is_no_qcow2_has_no_header(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "file"
    path.write_bytes(content)
    with pytest.raises(BadImage):
        header_of(path)

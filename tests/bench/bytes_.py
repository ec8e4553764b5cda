"""Server disks against bare `qemu-img create -b`, import against bare `qemu-img convert`."""

import hashlib
import os
import subprocess
from pathlib import Path
from uuid import UUID, uuid4

from imsconsole.engine.local.engine import LocalEngine
from imsconsole.engine.types import GIB, MIB, DiskSpec, FileSink, FileSource, Key, Seed, ServerSpec, Unwatched
from tests.bench.figures import Figure
from tests.bench.timing import Pair, paired

TITLE = "Bytes, to a bare tool"


def figures(base: Path) -> list[Figure]:
    engine = LocalEngine(base / "regions" / "bench", memory_mb=1024)
    return [
        *_ingest(engine, base, 256 * MIB),
        *(_export(engine, base, format) for format in ("qcow2", "vmdk", "vhd", "raw", "stored")),
        *_captures(engine, base),
        *_copies(engine, base),
        *(_overlay(engine, base, size) for size in (1 * GIB, 100 * GIB)),
    ]


def _ingest(engine: LocalEngine, base: Path, size: int) -> list[Figure]:
    """The whole way of an imported disk: written as qcow2, hashed, on the disk, its final name."""
    source, target = base / "source.raw", base / "target.qcow2"
    with source.open("wb") as file:
        for _ in range(size // MIB):
            file.write(os.urandom(MIB))
    source.chmod(0o644)

    def ours() -> None:
        engine.delete(
            engine.ingest(uuid4(), FileSource(source), format="raw", work=Unwatched()).ref, work=Unwatched()
        )

    def bare() -> None:
        subprocess.run(["qemu-img", "convert", "-f", "raw", "-O", "qcow2", source, target], check=True)

    def durable() -> None:
        """What has to be done at least: what is stored is on the disk, and its SHA-256 is known."""
        bare()
        subprocess.run(["sync", target], check=True)
        with target.open("rb") as file:
            hashlib.file_digest(file, "sha256")

    said = f"{size // MIB} MiB"
    return [
        _figure("import of random bytes", said, paired(ours, bare), 1.2),
        _figure("import of random bytes, to convert + sync + SHA-256", said, paired(ours, durable)),
    ]


def _export(engine: LocalEngine, base: Path, format: str) -> Figure:
    """The whole way of an exported disk: convert, hash, to the disk, into its place; fast export against `cp`."""
    stored = engine.ingest(uuid4(), FileSource(base / "source.raw"), format="raw", work=Unwatched())
    image, made, target = base / "regions" / "bench" / "images" / stored.ref, base / "exported", base / "bare"

    def ours() -> None:
        engine.export(stored.ref, FileSink(made), format=format, work=Unwatched())

    def bare() -> None:
        convert = ["qemu-img", "convert", "-f", "qcow2", "-O", {"vhd": "vpc"}.get(format, format)]
        command = ["cp"] if format == "stored" else convert
        subprocess.run([*command, image, target], check=True)

    figure = _figure(f"export as {format}", f"{stored.size_bytes // MIB} MiB", paired(ours, bare, 3))
    engine.delete(stored.ref, work=Unwatched())
    for path in (made, target):
        path.unlink()
    return figure


def _captures(engine: LocalEngine, base: Path) -> list[Figure]:
    """The disk of a server at rest and of a running one into the store, against converting the chain; and back."""
    stored = engine.ingest(uuid4(), FileSource(base / "source.raw"), format="raw", work=Unwatched())
    server = engine.create_server(_server(uuid4(), stored.virtual_size_bytes), stored.ref, work=Unwatched())
    folder, target = base / "regions" / "bench" / "servers", base / "captured.qcow2"
    (disk,) = folder.glob(f"{server.ref}/system-*/disk.qcow2")
    size, found = f"{stored.size_bytes // MIB} MiB", []

    def ours() -> None:
        for each in engine.capture(server, {uuid4(): server.disks[0]}, work=Unwatched()).values():
            engine.delete(each.ref, work=Unwatched())

    def bare() -> None:
        subprocess.run(["qemu-img", "convert", "-U", "-f", "qcow2", "-O", "qcow2", disk, target], check=True)

    def backup() -> None:
        """As a backup is made: captured, then read again."""
        for each in engine.capture(server, {uuid4(): server.disks[0]}, work=Unwatched()).values():
            assert engine.verify(each.ref, each.checksum, work=Unwatched())
            engine.delete(each.ref, work=Unwatched())

    def disk_from() -> None:
        size_bytes = stored.virtual_size_bytes
        engine.delete_disk(
            engine.create_disk(uuid4(), size_bytes, work=Unwatched(), image_ref=stored.ref), work=Unwatched()
        )

    def copied() -> None:
        subprocess.run(["cp", base / "regions" / "bench" / "images" / stored.ref, target], check=True)

    for what in ("capture of a disk at rest", "capture of a running guest's disk"):
        if "running" in what:
            engine.start(server, work=Unwatched())
        found.append(_figure(what, size, paired(ours, bare, 3)))
    found.append(_figure("backup of a running guest's disk", size, paired(backup, bare, 3)))
    found.append(_figure("disk from a data disk image", size, paired(disk_from, copied, 3)))
    engine.delete_server(server.ref, work=Unwatched())
    engine.delete(stored.ref, work=Unwatched())
    target.unlink()
    return found


def _copies(engine: LocalEngine, base: Path) -> list[Figure]:
    """A stored disk once more: brought from another region against `cp`, encrypted against `qemu-img`."""
    stored = engine.ingest(uuid4(), FileSource(base / "source.raw"), format="raw", work=Unwatched())
    near = base / "regions" / "bench" / "images" / stored.ref
    far, target, secret = (
        LocalEngine(base / "regions" / "far", memory_mb=1024),
        base / "bare",
        base / "secret",
    )
    key, size = Key(uuid4(), lambda: bytes(range(32))), f"{stored.size_bytes // MIB} MiB"
    secret.write_text(bytes(range(32)).hex())

    def encrypted() -> None:
        engine.delete(engine.copy(uuid4(), stored.ref, work=Unwatched(), new_key=key).ref, work=Unwatched())

    def brought() -> None:
        what = {"checksum": stored.checksum, "format": "qcow2"}
        far.delete(far.transfer(uuid4(), FileSource(near), work=Unwatched(), **what).ref, work=Unwatched())

    def cp() -> None:
        subprocess.run(["cp", "--sparse=always", near, target], check=True)

    def luks() -> None:
        options = "encrypt.format=luks,encrypt.key-secret=s,encrypt.hash-alg=sha512,encrypt.iter-time=10"
        command = [
            "qemu-img",
            "convert",
            "--object",
            f"secret,id=s,file={secret}",
            "-f",
            "qcow2",
            "-O",
            "qcow2",
        ]
        subprocess.run([*command, "-o", options, near, target], check=True)

    found = [
        _figure("copy, encrypted", size, paired(encrypted, luks, 3)),
        _figure("copy to another region, compared", size, paired(brought, cp), 1.2),
    ]
    engine.delete(stored.ref, work=Unwatched())
    for path in (target, secret):
        path.unlink()
    return found


def _overlay(engine: LocalEngine, base: Path, size: int) -> Figure:
    """A server's folder with its system disk."""
    empty, target = base / "empty.raw", base / "overlay.qcow2"
    with empty.open("wb") as file:
        file.truncate(size)
    empty.chmod(0o644)
    stored = engine.ingest(uuid4(), FileSource(empty), format="raw", work=Unwatched())
    image = base / "regions" / "bench" / "images" / stored.ref

    def ours() -> None:
        server = engine.create_server(_server(uuid4(), size), stored.ref, work=Unwatched())
        engine.delete_server(server.ref, work=Unwatched())

    def bare() -> None:
        subprocess.run(
            ["qemu-img", "create", "-q", "-f", "qcow2", "-F", "qcow2", "-b", image, target], check=True
        )

    return _figure("server's disk", f"{size // GIB} GiB", paired(ours, bare), 1.5)


def _server(server_id: UUID, size: int) -> ServerSpec:
    return ServerSpec(
        id=server_id,
        name="bench",
        vcpus=1,
        memory_mb=128,
        architecture="x86",
        boot_mode="bios",
        mac="fa:16:3e:00:00:01",
        private_ip="192.168.0.10",
        seed=Seed(str(server_id), "bench"),
        disks=(DiskSpec(uuid4(), "", 0, size),),
    )


def _figure(what: str, size: str, pair: Pair, goal: float | None = None) -> Figure:
    return Figure(what, pair.ratio, "×", goal, how=f"{size}: {pair.ours:.0f} to {pair.bare:.0f} ms")

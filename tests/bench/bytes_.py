"""Server disks against bare `qemu-img create -b`, import against bare `qemu-img convert`."""

import os
import subprocess
from pathlib import Path
from uuid import UUID, uuid4

from imsconsole.engine.local.engine import LocalEngine
from imsconsole.engine.types import GIB, MIB, DiskSpec, FileSink, FileSource, Key, Seed, ServerSpec
from tests.bench.timing import median_ms


class Unwatched:
    """Work that nobody watches."""

    def __init__(self) -> None:
        self.token = uuid4().hex

    def report(self, done: int, total: int) -> None:
        pass

    def hold(self) -> None:
        pass


def table(base: Path) -> tuple[str, list[str], list[list[str]]]:
    engine = LocalEngine(base / "regions" / "bench", memory_mb=1024)
    rows = [
        _ingest(engine, base, 256 * MIB),
        *(_export(engine, base, format) for format in ("qcow2", "vmdk", "vhd", "raw", "stored")),
        *_captures(engine, base),
        *_copies(engine, base),
        *(_overlay(engine, base, size) for size in (1 * GIB, 100 * GIB)),
    ]
    return "Bytes", ["what", "size", "ours ms", "bare ms", "ratio"], rows


def _ingest(engine: LocalEngine, base: Path, size: int) -> list[str]:
    """The whole way of an imported disk: convert, hash, final name."""
    source, target = base / "source.raw", base / "target.qcow2"
    with source.open("wb") as file:
        for _ in range(size // MIB):
            file.write(os.urandom(MIB))
    source.chmod(0o644)

    def ours() -> None:
        engine.delete(engine.ingest(uuid4(), FileSource(source), format="raw", work=Unwatched()).ref)

    def bare() -> None:
        subprocess.run(["qemu-img", "convert", "-f", "raw", "-O", "qcow2", source, target], check=True)

    return _row("import of random bytes", f"{size // MIB} MiB", median_ms(ours, 3), median_ms(bare, 3))


def _export(engine: LocalEngine, base: Path, format: str) -> list[str]:
    """The whole way of an exported disk: convert, hash, to the disk, into its place; fast export against `cp`."""
    stored = engine.ingest(uuid4(), FileSource(base / "source.raw"), format="raw", work=Unwatched())
    image, made, target = base / "regions" / "bench" / "images" / stored.ref, base / "exported", base / "bare"

    def ours() -> None:
        engine.export(stored.ref, FileSink(made), format=format, work=Unwatched())

    def bare() -> None:
        convert = ["qemu-img", "convert", "-f", "qcow2", "-O", {"vhd": "vpc"}.get(format, format)]
        command = ["cp"] if format == "stored" else convert
        subprocess.run([*command, image, target], check=True)

    row = _row(
        f"export as {format}", f"{stored.size_bytes // MIB} MiB", median_ms(ours, 3), median_ms(bare, 3)
    )
    engine.delete(stored.ref)
    for path in (made, target):
        path.unlink()
    return row


def _captures(engine: LocalEngine, base: Path) -> list[list[str]]:
    """The disk of a server at rest and of a running one into the store, against converting the chain; and back."""
    stored = engine.ingest(uuid4(), FileSource(base / "source.raw"), format="raw", work=Unwatched())
    server = engine.create_server(_server(uuid4(), stored.virtual_size_bytes), stored.ref, work=Unwatched())
    folder, target = base / "regions" / "bench" / "servers", base / "captured.qcow2"
    (disk,) = folder.glob(f"{server.ref}/system-*/disk.qcow2")
    size, rows = f"{stored.size_bytes // MIB} MiB", []

    def ours() -> None:
        for each in engine.capture(server, {uuid4(): server.disks[0]}, work=Unwatched()).values():
            engine.delete(each.ref)

    def bare() -> None:
        subprocess.run(["qemu-img", "convert", "-U", "-f", "qcow2", "-O", "qcow2", disk, target], check=True)

    def backup() -> None:
        """As a backup is made: captured, then read again."""
        for each in engine.capture(server, {uuid4(): server.disks[0]}, work=Unwatched()).values():
            assert engine.verify(each.ref, each.sha256, work=Unwatched())
            engine.delete(each.ref)

    def disk_from() -> None:
        size_bytes = stored.virtual_size_bytes
        engine.delete_disk(engine.create_disk(uuid4(), size_bytes, work=Unwatched(), image_ref=stored.ref))

    def copied() -> None:
        subprocess.run(["cp", base / "regions" / "bench" / "images" / stored.ref, target], check=True)

    for what in ("capture of a disk at rest", "capture of a running guest's disk"):
        if "running" in what:
            engine.start(server)
        rows.append(_row(what, size, median_ms(ours, 3), median_ms(bare, 3)))
    rows.append(_row("backup of a running guest's disk", size, median_ms(backup, 3), median_ms(bare, 3)))
    rows.append(_row("disk from a data disk image", size, median_ms(disk_from, 3), median_ms(copied, 3)))
    engine.delete_server(server.ref)
    engine.delete(stored.ref)
    target.unlink()
    return rows


def _copies(engine: LocalEngine, base: Path) -> list[list[str]]:
    """A stored disk once more: linked and brought from another region against `cp`, encrypted against `qemu-img`."""
    stored = engine.ingest(uuid4(), FileSource(base / "source.raw"), format="raw", work=Unwatched())
    near = base / "regions" / "bench" / "images" / stored.ref
    far, target, secret = (
        LocalEngine(base / "regions" / "far", memory_mb=1024),
        base / "bare",
        base / "secret",
    )
    key, size = Key(uuid4(), lambda: bytes(range(32))), f"{stored.size_bytes // MIB} MiB"
    secret.write_text(bytes(range(32)).hex())

    def linked() -> None:
        engine.delete(engine.copy(uuid4(), stored.ref, work=Unwatched()).ref)

    def encrypted() -> None:
        engine.delete(engine.copy(uuid4(), stored.ref, work=Unwatched(), new_key=key).ref)

    def brought() -> None:
        what = {"sha256": stored.sha256, "format": "qcow2"}
        far.delete(far.transfer(uuid4(), FileSource(near), work=Unwatched(), **what).ref)

    def cp() -> None:
        subprocess.run(["cp", near, target], check=True)

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

    pairs = (
        ("copy in the region", linked, cp),
        ("copy, encrypted", encrypted, luks),
        ("copy to another region", brought, cp),
    )
    rows = [_row(what, size, median_ms(ours, 3), median_ms(bare, 3)) for what, ours, bare in pairs]
    engine.delete(stored.ref)
    for path in (target, secret):
        path.unlink()
    return rows


def _overlay(engine: LocalEngine, base: Path, size: int) -> list[str]:
    """A server's folder with its system disk and seed."""
    empty, target = base / "empty.raw", base / "overlay.qcow2"
    with empty.open("wb") as file:
        file.truncate(size)
    empty.chmod(0o644)
    stored = engine.ingest(uuid4(), FileSource(empty), format="raw", work=Unwatched())
    image = base / "regions" / "bench" / "images" / stored.ref

    def ours() -> None:
        server = engine.create_server(_server(uuid4(), size), stored.ref, work=Unwatched())
        engine.delete_server(server.ref)

    def bare() -> None:
        subprocess.run(
            ["qemu-img", "create", "-q", "-f", "qcow2", "-F", "qcow2", "-b", image, target], check=True
        )

    return _row("server's disk and seed", f"{size // GIB} GiB", median_ms(ours), median_ms(bare))


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


def _row(what: str, size: str, ours: float, bare: float) -> list[str]:
    return [what, size, f"{ours:.0f}", f"{bare:.0f}", f"{ours / bare:.2f}"]

"""Disks with a root file system whose `os-release` says something."""

import subprocess
from pathlib import Path

from imsconsole.engine.types import MIB

DEBIAN = 'PRETTY_NAME="Debian GNU/Linux 12 (bookworm)"\nNAME="Debian GNU/Linux"\nVERSION_ID="12"\nID=debian\n'
TABLES = {"gpt": "label: gpt\nstart=2048,size=2048,type=U\nstart=8192,type=L\n", "mbr": "label: dos\nstart=8192,type=83\n",
          "logical": "label: dos\nstart=2048,type=5\nstart=8192,type=83\n"}  # fmt: skip
ROOT_AT = 8192 * 512


def root_of(folder: Path, release: str = DEBIAN, *, link: bool = True) -> Path:
    """A folder as a root file system has it: `etc/os-release` leads to `usr/lib`."""
    for name in ("usr/lib", "etc", "var"):
        (folder / name).mkdir(parents=True)
    if link:
        (folder / "usr/lib/os-release").write_text(release)
        (folder / "etc/os-release").symlink_to("../usr/lib/os-release")
    else:
        (folder / "etc/os-release").write_text(release)
    for number in range(300):  # a directory of several blocks
        (folder / f"usr/lib/library-with-a-long-name-{number}.so").touch()
    return folder


def make_ext(path: Path, root: Path, kind: str = "ext4", *options: str, size_mib: int = 12) -> Path:
    """A bare file system with that content."""
    path.write_bytes(b"")
    with path.open("r+b") as file:
        file.truncate(size_mib * MIB)
    command = ["mke2fs", "-q", "-F", "-t", kind, *options, "-d", root, path]
    subprocess.run(command, check=True, capture_output=True)
    return path


def make_disk(path: Path, root: Path, table: str = "gpt", kind: str = "ext4", *options: str) -> Path:
    """A raw disk with a partition table and the root file system on it."""
    part = make_ext(path.with_suffix(".part"), root, kind, *options)
    with path.open("xb") as disk:
        disk.truncate(ROOT_AT + 13 * MIB)
    subprocess.run(
        ["sfdisk", "-q", "--no-tell-kernel", path],
        input=TABLES[table],
        text=True,
        check=True,
        capture_output=True,
    )
    with path.open("r+b") as disk:
        disk.seek(ROOT_AT)
        disk.write(part.read_bytes())
    part.unlink()
    return path


def make_xfs(path: Path, root: Path, *options: str) -> Path:
    """A bare XFS with that content; the file is sparse."""
    with path.open("xb") as file:
        file.truncate(300 * MIB)
    plan = path.with_suffix(".plan")
    plan.write_text("/none\n0 0\n" + _planned(root, "d--755 0 0"))
    subprocess.run(["mkfs.xfs", "-q", "-p", plan, *options, path], check=True, capture_output=True)
    plan.unlink()
    return path


def _planned(folder: Path, head: str) -> str:
    """A folder as mkfs.xfs reads it."""
    lines = [head]
    for each in sorted(folder.iterdir()):
        if each.is_symlink():
            lines.append(f"{each.name} l--777 0 0 {each.readlink()}")
        elif each.is_dir():
            lines.append(f"{each.name} {_planned(each, 'd--755 0 0')}".rstrip("\n"))
        else:
            lines.append(f"{each.name} ---644 0 0 {each}")
    return "\n".join([*lines, "$", ""])

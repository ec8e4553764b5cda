"""Builds bootable guests from Debian's packages, without root and without installing anything.

A guest is Debian's cloud kernel, BusyBox and `guest_init.sh`, which tells on the serial port and
on the screen who it is and what it found in its seed. It can be signed in to, also by SSH.
"""

import hashlib
import os
import re
import shutil
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import Literal

from images.public.programs import CannotBuildError, locked, run_program, scratch
from imsconsole.engine.types import MIB

KERNEL = "linux-image-cloud-amd64"
PROGRAMS = (
    "busybox-static",
    "dropbear-bin",
    "libc6",
    "libcrypt1",
    "libtomcrypt1",
    "libtommath1",
    "zlib1g",
    "libgmp10",
)
LOADERS = {  # of the UEFI disk; signed, as the kernel is, so that it starts with Secure Boot too
    "BOOTX64.EFI": ("shim-signed", "shimx64.efi.signed"),
    "grubx64.efi": ("grub-efi-amd64-signed", "grubx64.efi.signed"),
}
MODULES = (
    "virtio_pci",
    "virtio_blk",
    "virtio_net",
    "virtio_scsi",
    "virtio_rng",
    "sr_mod",
    "isofs",
    "button",
    "evdev",
    "efivarfs",
)
COMMAND_LINE = (
    "console=tty0 console=ttyS0,115200 quiet loglevel=3 panic=5 net.ifnames=0 rdinit=/init"
    " cryptomgr.notests nokaslr"  # an eighth of what it takes to start without KVM
)
INIT = Path(__file__).with_name("guest_init.sh")
PARTITION_AT = 1 * MIB
DISK_BYTES = 64 * MIB
DEPENDS = re.compile(rb"\0depends=([^\0]*)\0")
LIBRARIES = ("libc.so.6", "libcrypt.so.1", "libtomcrypt.so.1", "libtommath.so.1", "libz.so.1", "libgmp.so.10")
MBR_PLACES = ("/usr/lib/syslinux/mbr/mbr.bin", "/usr/lib/SYSLINUX/mbr.bin")

BootMode = Literal["bios", "uefi"]

ETC = {
    "passwd": "root:x:0:0:root:/root:/bin/sh\n",
    "group": "root:x:0:\n",
    "shadow": "root:*:19000:0:99999:7:::\n",
    "shells": "/bin/sh\n",
    "inittab": "ttyS0::respawn:/bin/getty -L 115200 ttyS0 vt100\ntty1::respawn:/bin/getty 38400 tty1\n",
    "issue": "BusyBox demo guest, \\n on \\l\n",
    "acpi/PWRF/00000080": "#!/bin/sh\nsync\necho 'IMS-GUEST power off' > /dev/ttyS0\n/bin/busybox poweroff -f\n",
    "udhcpc.script": (
        '#!/bin/sh\n[ "$1" = bound ] || exit 0\nip addr add "$ip/$mask" dev "$interface"\n'
        '[ -n "$router" ] && ip route add default via "$router"\n'
        'for server in $dns; do echo "nameserver $server"; done > /etc/resolv.conf\n'
    ),
}


@dataclass(frozen=True)
class KernelFiles:
    """A kernel taken out of its package."""

    version: str
    vmlinuz: Path
    modules: Path  # the folder that holds kernel/…/*.ko


def fetch_kernel(cache: Path) -> KernelFiles:
    """Debian's cloud kernel from the package mirror, kept in `cache`. Raises CannotBuildError."""
    with locked(cache):
        package = _kernel_package(cache)
        root = _unpacked(package, cache)
    vmlinuz = next((root / "boot").glob("vmlinuz-*"))
    version = vmlinuz.name.removeprefix("vmlinuz-")
    return KernelFiles(version, vmlinuz, next(root.glob(f"**/lib/modules/{version}")))


def _kernel_package(cache: Path) -> str:
    """The package the metapackage stands for: what was fetched before, else what the mirror has."""
    for folder in sorted(cache.glob("linux-image-*-cloud-amd64")):
        return folder.name
    found = re.search(
        r"Depends: (linux-image-\S+-cloud-amd64)", run_program(["apt-cache", "depends", KERNEL], cache)
    )
    if not found:
        raise CannotBuildError(f"no kernel behind {KERNEL}")
    return found[1]


def _unpacked(package: str, cache: Path) -> Path:
    """The files of a package, in a folder named after it; whole or not there."""
    final = cache / package
    if final.is_dir():
        return final
    with scratch(cache) as folder:
        run_program(["apt-get", "-q", "-o", "APT::Sandbox::User=root", "download", package], folder)
        run_program(["dpkg-deb", "-x", str(next(folder.glob("*.deb"))), "files"], folder)
        (folder / "files").rename(final)
    return final


def build_guest(path: Path, *, name: str, boot_mode: BootMode, work_dir: Path) -> None:
    """Write a raw 64 MiB disk to `path` that boots and says `identity=<name>`.

    Packages are kept in `work_dir` for the next one. Raises CannotBuildError.
    """
    kernel = fetch_kernel(work_dir)
    with scratch(work_dir) as folder:
        initrd = build_initrd(folder, kernel, name, work_dir)
        disk = folder / "disk"
        with disk.open("xb") as out:
            out.truncate(DISK_BYTES)
        files = {"vmlinuz": kernel.vmlinuz, "initrd.img": initrd}
        if boot_mode == "bios":
            _bios_disk(disk, files)
        else:
            _uefi_disk(disk, {**files, **_loaders(work_dir)})
        shutil.move(disk, path)


def built_guest(cache: Path, *, name: str, boot_mode: BootMode) -> Path:
    """The disk of `build_guest`, built once and kept in `cache`; not to be written to."""
    recipe = hashlib.sha256(f"{name}\0{boot_mode}\0{COMMAND_LINE}\0{ETC}\0{MODULES}\0{LOADERS}".encode())
    recipe.update(INIT.read_bytes())
    final = cache / f"guest-{recipe.hexdigest()[:16]}.raw"
    if not final.exists():
        part = cache / f"{final.name}.{os.getpid()}"
        build_guest(part, name=name, boot_mode=boot_mode, work_dir=cache)
        part.rename(final)
    return final


def build_initrd(
    folder: Path,
    kernel: KernelFiles,
    name: str,
    cache: Path,
    init: Path = INIT,
    etc: Mapping[str, bytes] = MappingProxyType({}),
) -> Path:
    """BusyBox, the modules, files of /etc besides ours, and `init`, the first process; packed, in `folder`.

    Raises CannotBuildError.
    """
    root = folder / "root"
    for part in ("bin", "sbin", "etc/acpi/PWRF", "modules", "root", "usr/sbin"):
        (root / part).mkdir(parents=True)
    _programs(root, cache)
    _modules(root / "modules", kernel)
    for place, text in {**ETC, "identity": f"{name}\n"}.items():
        (root / "etc" / place).write_text(text)
    for place, content in etc.items():
        (root / "etc" / place).write_bytes(content)
    for script in ("acpi/PWRF/00000080", "udhcpc.script"):
        (root / "etc" / script).chmod(0o755)
    shutil.copy(init, root / "init")
    (root / "init").chmod(0o755)
    names = "\n".join(sorted(str(entry.relative_to(root)) for entry in root.rglob("*")))
    run_program(
        ["cpio", "--quiet", "-o", "-H", "newc", "-R", "0:0", "-F", str(folder / "initrd")], root, given=names
    )
    run_program(["gzip", "-1", "initrd"], folder)
    return folder / "initrd.gz"


def _programs(root: Path, cache: Path) -> None:
    with locked(cache):
        unpacked = {package: _unpacked(package, cache) for package in PROGRAMS}
    shutil.copy(_find(unpacked["busybox-static"], "busybox"), root / "bin/busybox")
    (root / "bin/sh").symlink_to("busybox")
    shutil.copy(_find(unpacked["dropbear-bin"], "dropbear"), root / "usr/sbin/dropbear")
    libraries = root / "lib/x86_64-linux-gnu"
    libraries.mkdir(parents=True)
    (root / "lib64").mkdir()
    for library in LIBRARIES:
        found = next(path for tree in unpacked.values() for path in tree.rglob(library))
        shutil.copy(found.resolve(), libraries / library)
    shutil.copy(
        _find(unpacked["libc6"], "ld-linux-x86-64.so.2").resolve(), root / "lib64/ld-linux-x86-64.so.2"
    )


def _find(tree: Path, name: str) -> Path:
    """A program of a package. A link of the package itself may point nowhere here."""
    return next(path for path in sorted(tree.rglob(name)) if path.exists() and path.is_file())


def _modules(folder: Path, kernel: KernelFiles) -> None:
    """The modules and what they need, in the order to load them (`order`)."""
    files = {path.stem.replace("-", "_"): path for path in kernel.modules.rglob("*.ko")}
    order: list[str] = []
    for name in MODULES:
        _with_needed(name, files, order)
    for name in order:
        shutil.copy(files[name], folder / f"{name}.ko")
    (folder / "order").write_text("".join(f"{name}\n" for name in order))


def _with_needed(name: str, files: dict[str, Path], order: list[str]) -> None:
    if name in order or name not in files:  # built in
        return
    found = DEPENDS.search(files[name].read_bytes())
    for needed in filter(None, found[1].decode().split(",") if found else []):
        _with_needed(needed.replace("-", "_"), files, order)
    order.append(name)


def _bios_disk(disk: Path, files: dict[str, Path]) -> None:
    """MBR, one FAT16 partition, SYSLINUX."""
    run_program(
        ["sfdisk", "--quiet", "--no-tell-kernel", disk.name],
        disk.parent,
        given="label: dos\nstart=2048, type=6, bootable\n",
    )
    menu = disk.with_name("syslinux.cfg")
    menu.write_text(f"DEFAULT demo\nLABEL demo\nKERNEL vmlinuz\nINITRD initrd.img\nAPPEND {COMMAND_LINE}\n")
    _format(disk, [])
    _copy_in(disk, {**files, "syslinux.cfg": menu})
    run_program(["syslinux", "--offset", str(PARTITION_AT), "--install", disk.name], disk.parent)
    code = next((Path(place) for place in MBR_PLACES if Path(place).exists()), None)
    if code is None:
        raise CannotBuildError("mbr.bin of syslinux-common is missing")
    with disk.open("r+b") as out:
        out.write(code.read_bytes()[:440])


def _uefi_disk(disk: Path, files: dict[str, Path]) -> None:
    """GPT, an EFI system partition; of the loaders the first starts the second, which finds its menu where Debian has it."""
    run_program(
        ["sfdisk", "--quiet", "--no-tell-kernel", disk.name],
        disk.parent,
        given="label: gpt\nstart=2048, type=U\n",
    )
    menu = disk.with_name("grub.cfg")
    menu.write_text(
        f"search --file --set=root /vmlinuz\nlinux /vmlinuz {COMMAND_LINE}\ninitrd /initrd.img\nboot\n"
    )
    _format(disk, ["-F"])
    run_program(["mmd", "-i", _partition(disk), "::EFI", "::EFI/BOOT", "::EFI/debian"], disk.parent)
    _copy_in(disk, {**files, "EFI/debian/grub.cfg": menu})


def _loaders(cache: Path) -> dict[str, Path]:
    with locked(cache):
        return {
            f"EFI/BOOT/{name}": _find(_unpacked(package, cache), file)
            for name, (package, file) in LOADERS.items()
        }


def _format(disk: Path, options: Sequence[str]) -> None:
    """A FAT file system from PARTITION_AT to the end, less what a GPT keeps there."""
    sectors = (DISK_BYTES - 2 * PARTITION_AT) // 512
    geometry = ["-T", str(sectors), "-h", "16", "-s", "63", "-H", str(PARTITION_AT // 512)]
    run_program(["mformat", *options, *geometry, "-i", _partition(disk), "::"], disk.parent)


def _copy_in(disk: Path, files: dict[str, Path]) -> None:
    for place, source in files.items():
        run_program(["mcopy", "-i", _partition(disk), str(source), f"::{place}"], disk.parent)


def _partition(disk: Path) -> str:
    return f"{disk.name}@@{PARTITION_AT}"

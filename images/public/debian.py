"""Builds a Debian cloud image from Debian's packages: BIOS and UEFI on one disk, cloud-init, a root that grows.

It needs no root: mmdebstrap uses a user namespace, fakeroot remembers owners. As on Debian's own cloud
images, the partition of the system is the last one, so cloud-init's growpart can enlarge it.
"""

import struct
from collections.abc import Callable
from pathlib import Path

from images.public.programs import run_long_program, run_program, scratch
from imsconsole.engine.types import GIB, MIB

SUITE = "bookworm"
PACKAGES = (
    "systemd-sysv,systemd-resolved,systemd-timesyncd,udev,dbus,linux-image-cloud-amd64,initramfs-tools,"
    "cloud-init,cloud-guest-utils,e2fsprogs,openssh-server,sudo,iproute2,ca-certificates,less,vim-tiny"
)
DISK_BYTES = 2 * GIB
SECTOR = 512
CORE_AT, ESP_AT, ROOT_AT = 1 * MIB, 2 * MIB, 16 * MIB  # where the partitions begin
LAST_BYTES = 1 * MIB  # for the second partition table
TABLE = f"""label: gpt
start={CORE_AT // SECTOR}, size={MIB // SECTOR}, type=21686148-6449-6E6F-744E-656564454649
start={ESP_AT // SECTOR}, size={(ROOT_AT - ESP_AT) // SECTOR}, type=U
start={ROOT_AT // SECTOR}, size={(DISK_BYTES - LAST_BYTES - ROOT_AT) // SECTOR}, type=L
"""
GRUB = Path("/usr/lib/grub/i386-pc")
GRUB_MODULES = "part_gpt ext2 fat search search_label linux configfile normal echo"
GRUB_MENU = "search --label --set=root root\nconfigfile ($root)/boot/grub/grub.cfg\n"
# what the Linux kernel and GRUB 2.06 read; mke2fs would take newer ones, too
FEATURES = "^metadata_csum_seed,^orphan_file"


def build_debian(
    path: Path, *, work_dir: Path, mirror: str, beat: Callable[[], None], limit_s: float
) -> None:
    """Write a raw disk to `path`, in the file system of `work_dir`, where it is built.

    `mirror` is the address of a Debian archive, empty for Debian's own. `beat` is called every second and
    may raise; then nothing is left. Raises CannotBuildError.
    """
    work_dir.mkdir(mode=0o711, exist_ok=True)
    with scratch(work_dir) as folder:
        disk = folder / "disk"
        with disk.open("xb") as out:
            out.truncate(DISK_BYTES)
        run_program(["sfdisk", "--quiet", disk.name], folder, given=TABLE)
        _make_system(disk, mirror, beat, limit_s)
        _make_uefi(disk)
        _make_bios(disk)
        disk.rename(path)


def _make_system(disk: Path, mirror: str, beat: Callable[[], None], limit_s: float) -> None:
    """Install the packages, and write them into the last partition."""
    folder = disk.parent
    setup = Path(__file__).with_name("debian_setup.sh").read_text()
    install = ["mmdebstrap", "--variant=minbase", f"--include={PACKAGES}", "--format=tar"]
    install += [f"--customize-hook={setup}", SUITE, "system.tar", *([mirror] if mirror else [])]
    run_long_program(install, folder, beat=beat, limit_s=limit_s)
    blocks = (DISK_BYTES - LAST_BYTES - ROOT_AT) // 1024
    format_it = f"mke2fs -q -t ext4 -L root -O {FEATURES} -E offset={ROOT_AT} -d system {disk.name} {blocks}k"
    script = f"mkdir system && tar -xf system.tar -C system && {format_it}"
    run_long_program(["fakeroot", "sh", "-c", script], folder, beat=beat, limit_s=limit_s)


def _make_uefi(disk: Path) -> None:
    """A FAT partition with GRUB where firmware looks for it."""
    part = f"{disk.name}@@{ESP_AT}"
    sectors = str((ROOT_AT - ESP_AT) // SECTOR)
    _make_grub(disk.parent, "x86_64-efi", "BOOTX64.EFI", "efi_gop")
    geometry = ["-T", sectors, "-h", "16", "-s", "63", "-H", str(ESP_AT // SECTOR), "-v", "EFI"]
    run_program(["mformat", *geometry, "-i", part, "::"], disk.parent)
    run_program(["mmd", "-i", part, "::EFI", "::EFI/BOOT"], disk.parent)
    run_program(["mcopy", "-i", part, "BOOTX64.EFI", "::EFI/BOOT/BOOTX64.EFI"], disk.parent)


def _make_bios(disk: Path) -> None:
    """GRUB's boot sector and its core, each told where the rest is: grub-bios-setup wants a real device.

    GRUB's sources, boot.S and diskboot.S: the boot sector has the core's first sector at 0x5C, the core's
    first sector ends with where the others are (start, count, segment).
    """
    _make_grub(disk.parent, "i386-pc", "core.img", "biosdisk")
    core = bytearray((disk.parent / "core.img").read_bytes())
    start, sectors = CORE_AT // SECTOR, -(-len(core) // SECTOR)
    core[SECTOR - 12 : SECTOR] = struct.pack("<QHH", start + 1, sectors - 1, 0x820)
    boot = bytearray((GRUB / "boot.img").read_bytes()[:440])
    boot[0x5C:0x64] = struct.pack("<Q", start)
    boot[0x66:0x68] = b"\x90\x90"  # a hard disk: mind BIOSes that call it a floppy
    with disk.open("r+b") as out:
        out.write(boot)
        out.seek(CORE_AT)
        out.write(core)


def _make_grub(folder: Path, target: str, name: str, modules: str) -> None:
    (folder / "grub.cfg").write_text(GRUB_MENU)
    command = ["grub-mkimage", "-O", target, "-o", name, "-p", "/boot/grub", "-c", "grub.cfg"]
    run_program([*command, *GRUB_MODULES.split(), *modules.split()], folder)
